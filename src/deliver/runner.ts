import { randomBytes } from 'node:crypto';
import type { SendOutcome } from '../contract/delivery/delivery.js';
import { type Clock, systemClock } from '../route/clock.js';
import { LastKnown } from '../route/last-known.js';
import { silentLog, type WorkerLog } from '../route/log.js';
import { AdaptivePoll } from '../route/poll.js';
import type { ClaimedDelivery, DeliveryRoute, DeliverySession, Settlement } from '../store/delivery-session.js';
import { Beats } from './beats.js';
import { HeldLeases } from './held-leases.js';
import { holdSentence } from './hold.js';
import { LocalDelivery } from './local.js';
import { OpenTargets } from './open-targets.js';
import { bytesToAsk, heldPerSlot, RouteQueue, roomsOf, type WaitingDelivery } from './route-queue.js';
import type { RunnerOptions, RunnerPorts, RunnerState } from './runner-options.js';
import { SessionKeeper } from './session-keeper.js';
import { Settling } from './settling.js';
import { SkewCheck, skewCheckMilliseconds } from './skew.js';
import { Wake } from './wake.js';

export type { RunnerOptions, RunnerPorts, RunnerState };

/** A closed gate or a stopped route is noticed within this; the promise is one second. */
const stateMilliseconds = 250;
/** A send that could not be over before its lease ends is not begun. */
const leaseMarginMilliseconds = 2000;
/** What was judged longer ago than this is not sent before it was judged again: a paused process, a database out of reach. */
const staleMilliseconds = 1000;
/** Attempts to connect in a row after which `once` gives up. */
const onceConnectAttempts = 5;

/** Claims deliveries, sends them with no transaction open, and settles what became of them. See ARCHITECTURE.md, "Delivery". */
export class DeliveryRunner {
  readonly #clock: Clock;
  readonly #log: WorkerLog;
  readonly #slots: number;
  readonly #leaseSeconds: number;
  readonly #claims: SessionKeeper;
  readonly #settles: SessionKeeper;
  readonly #local: LocalDelivery;
  readonly #stop = new AbortController();
  /** Never aborted: the stop signal must not keep the last results from being written. */
  readonly #never = new AbortController();
  readonly #poll = new AdaptivePoll();
  readonly #queues = new Map<string, RouteQueue>();
  readonly #targets: OpenTargets;
  readonly #results: Settling;
  readonly #leases: HeldLeases;
  readonly #skew: SkewCheck;
  readonly #beats: Beats;
  readonly #lastKnown: LastKnown;
  readonly #counts = { sent: 0, failed: 0, unknown: 0, released: 0, refused: 0, deadLettered: 0 };
  readonly #claimWake = new Wake();
  readonly #settleWake = new Wake();
  #active = 0;
  #waiting = 0;
  /** Payloads of what waits and what is being sent. */
  #heldBytes = 0;
  #turn = 0;
  #hold: string | null = null;
  #stateAt = 0;
  #judgedAt = Number.NEGATIVE_INFINITY;
  #error: unknown;
  #claiming = false;
  #claimsEnded = false;

  constructor(
    private readonly ports: RunnerPorts,
    private readonly options: RunnerOptions,
  ) {
    this.#clock = ports.clock ?? systemClock;
    this.#log = ports.log ?? silentLog;
    this.#slots = options.slots ?? 64;
    this.#leaseSeconds = options.leaseSeconds ?? 60;
    // Whatever the caller promised: only one runner may ever give back what was claimed under a name.
    const holder = `${options.runnerId}~${randomBytes(6).toString('base64url')}`;
    this.#leases = new HeldLeases(holder, this.#clock, this.#log);
    this.#results = new Settling(holder, this.#log);
    this.#targets = new OpenTargets((route) => ports.openTarget(route), this.#clock, this.#log, {
      onOpen: () => this.#pump(),
      onUnopened: (queue) => this.#giveUp(queue),
    });
    this.#lastKnown = new LastKnown(holder, this.#log);
    this.#skew = new SkewCheck(this.#clock, options.wallClockSeconds);
    this.#beats = new Beats(options, this.#clock);
    const connect = () => ports.connect();
    this.#claims = new SessionKeeper('claim', connect, this.#clock, this.#log);
    this.#settles = new SessionKeeper('settle', connect, this.#clock, this.#log);
    this.#local = new LocalDelivery(
      new SessionKeeper('targets in the database', connect, this.#clock, this.#log),
      this.#clock,
      { ...options, leases: new HeldLeases(`${holder}:database`, this.#clock, this.#log) },
      (result) => {
        this.#counts.sent += result.sent;
        this.#counts.failed += result.failed;
        this.#counts.deadLettered += result.dead_lettered;
      },
      (error, failures) => this.#lostConnection(error, failures),
    );
  }

  get state(): RunnerState {
    const { codes: unopened } = this.#targets.unopened;
    return { hold: this.#hold, sending: this.#active, waiting: this.#waiting, ...this.#counts, unopened };
  }

  /** There is work: a pass queued something, or somebody rang. */
  wake(): void {
    this.#poll.wake();
    this.#claimWake.ring();
    this.#local.wake();
  }

  /** Claims nothing more, releases what was not sent, waits for what is in flight, and ends. */
  stop(): void {
    this.#stop.abort();
    this.#release(() => true);
    this.#claimWake.ring();
    this.#settleWake.ring();
    this.#local.stop();
  }

  /** Until `stop()`, or until nothing is due when `once` was asked for. Throws when `once` cannot reach the database. */
  async run(): Promise<RunnerState> {
    await Promise.all([this.#claimLoop(), this.#settleLoop(), this.#local.run()]);
    await Promise.all([this.#claims.close(), this.#settles.close()]);
    await this.#targets.closeAll();
    if (this.#error !== undefined) throw this.#error;
    return this.state;
  }

  /** A timer that starts `once` every minute must not find its predecessors waiting for the server. */
  #lostConnection(error: unknown, failures: number): void {
    if (!this.options.once || failures < onceConnectAttempts) return;
    this.#error ??= error;
    this.stop();
  }

  async #claimLoop(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        const isNew = !this.#claims.isOpen;
        const session = await this.#claims.session(this.#stop.signal);
        if (session === undefined) break;
        if (isNew) await this.#lastKnown.check(session);
        await this.#beats.beat(session, this.state, this.#targets.unopened.reasons);
        const isSkewed = await this.#skew.isSkewed(session);
        if (isSkewed) this.#noteHold('clock_skew');
        if (isSkewed && this.options.once) this.#stop.abort();
        await this.#leases.recover(session);
        await this.#targets.closeStopped(session, this.#queues, this.options.deployment);
        for (const route of await this.#targets.unopened.due(session, this.options.deployment)) this.#openRoute(route);
        const wait = isSkewed ? skewCheckMilliseconds / 10 : await this.#claim(session);
        this.#claiming = false;
        this.#claims.worked();
        if (wait > 0) await this.#sleepClaims(wait);
      } catch (error) {
        this.#claiming = false;
        this.#lostConnection(error, await this.#claims.lost(error));
      }
    }
    this.#release(() => true);
    this.#claimsEnded = true;
    this.#settleWake.ring();
    await this.#leases.recoverAtEnd(this.#claims, this.options.stopSeconds);
    // Last: a database that does not answer must not keep what was claimed from being given back.
    await this.#sayGoodbye();
  }

  async #sayGoodbye(): Promise<void> {
    if (!this.#claims.isOpen) return;
    const session = await this.#claims.session(this.#stop.signal);
    if (session !== undefined)
      await this.#beats.beat(session, this.state, this.#targets.unopened.reasons, true).catch(() => {});
  }

  async #sleepClaims(milliseconds: number): Promise<void> {
    const woken = this.#claimWake.renew();
    if (!this.#stop.signal.aborted) await this.#clock.sleep(milliseconds, woken);
  }

  /** Claims once; milliseconds to wait before the next time. */
  async #claim(session: DeliverySession): Promise<number> {
    const startedAt = this.#clock.nowMilliseconds();
    const { rooms, ahead } = roomsOf(this.#queues, this.#targets.unopened.routeIds, this.#slots, startedAt);
    const room = heldPerSlot * this.#slots + ahead - this.#waiting - this.#active - this.#results.length;
    const mostBytes = bytesToAsk(this.#heldBytes);
    if (mostBytes === 0) for (const queue of this.#queues.values()) this.#giveBack(queue.takeBeyondWindow());
    if (room < this.#slots || mostBytes === 0) return 1000; // woken when there is room again
    this.#claiming = true;
    const { hold, deliveries } = await this.#leases.claim(session, {
      limit: room,
      leaseSeconds: this.#leaseSeconds,
      deployment: this.options.deployment,
      inDatabase: false,
      rooms,
      room: 32,
      mostBytes,
    });
    this.#noteHold(hold);
    if (deliveries.length === 0) {
      const busy = this.#waiting + this.#active + this.#results.length > 0;
      if (this.options.once && !busy && !this.#leases.isPending) this.#stop.abort();
      return this.#poll.afterRefusal();
    }
    this.#poll.wake();
    this.#judgedAt = startedAt;
    this.#lastKnown.handed(deliveries);
    for (const { event } of deliveries) this.#heldBytes += event.payloadText.length;
    try {
      await this.#accept(session, deliveries, startedAt + this.#leaseSeconds * 1000);
    } catch (error) {
      // Nothing of it was lined up yet; without this each would become unknown although it was never sent.
      for (const delivery of deliveries) this.#releaseOne(delivery);
      throw error;
    }
    return 0;
  }

  #noteHold(hold: string | null): void {
    if (hold === this.#hold) return;
    this.#hold = hold;
    this.#log(hold === null ? 'info' : 'warn', hold === null ? 'delivering' : holdSentence(hold));
  }

  /** Lines claimed deliveries up behind their routes, and opens targets that are not open yet. */
  async #accept(session: DeliverySession, deliveries: readonly ClaimedDelivery[], leaseEndsAt: number): Promise<void> {
    const missing = new Set<string>();
    for (const delivery of deliveries) {
      const queue = this.#queues.get(delivery.routeId);
      const isUnopened = this.#targets.unopened.has(delivery.routeId, delivery.routeVersion);
      if (queue?.routeVersion !== delivery.routeVersion && !isUnopened) missing.add(delivery.routeId);
    }
    if (missing.size > 0) {
      for (const route of await session.routes([...missing])) this.#openRoute(route);
    }
    for (const delivery of deliveries) {
      const queue = this.#queues.get(delivery.routeId);
      if (queue === undefined || queue.routeVersion !== delivery.routeVersion) {
        // changed between the claim and now, so that the next claim judges it anew; or its target cannot be opened here
        this.#releaseOne(delivery);
        continue;
      }
      queue.waiting.push({ delivery, leaseEndsAt });
      this.#waiting += 1;
    }
    this.#pump();
  }

  #openRoute(route: DeliveryRoute): void {
    const queue = new RouteQueue(route.route_id, route.version, route.route_code);
    const old = this.#queues.get(route.route_id);
    if (old !== undefined) this.#release((one) => one === old);
    this.#queues.set(route.route_id, queue);
    this.#targets.open(route, queue);
  }

  /** Its target cannot be opened here. */
  #giveUp(queue: RouteQueue): void {
    this.#release((one) => one === queue);
    if (this.#queues.get(queue.routeId) === queue) this.#queues.delete(queue.routeId);
    this.#beats.soon();
  }

  /** Starts sends while slots are free, one route after the other, so that each gets its turn. */
  #pump(): void {
    if (this.#stop.signal.aborted) return;
    if (this.#clock.nowMilliseconds() - this.#judgedAt > staleMilliseconds) return; // #watch judges what waits, and goes on here
    const queues = [...this.#queues.values()];
    let idle = 0;
    // What a crash could send twice is what was sent and is not settled: that stays within this, however much is held for a fast route.
    const most = Math.min(this.#slots, heldPerSlot * this.#slots - this.#results.length);
    while (this.#active < most && idle < queues.length) {
      this.#turn = (this.#turn + 1) % queues.length;
      const queue = queues[this.#turn];
      if (queue?.canStart()) {
        this.#start(queue);
        idle = 0;
      } else idle += 1;
    }
    if (!this.#claiming && this.#waiting <= 2 * this.#slots) this.#claimWake.ring();
  }

  #start(queue: RouteQueue): void {
    const next = queue.waiting.shift();
    if (next === undefined || queue.target === undefined) return;
    this.#waiting -= 1;
    const startedAt = this.#clock.nowMilliseconds();
    const remaining = next.leaseEndsAt - startedAt - leaseMarginMilliseconds;
    if (remaining < leaseMarginMilliseconds) {
      this.#releaseOne(next.delivery);
      return;
    }
    this.#active += 1;
    queue.active += 1;
    const finished = (outcome: SendOutcome) => this.#finished(queue, next.delivery, outcome, startedAt);
    void queue.target.send(next.delivery, remaining).then(finished, (error: unknown) => {
      // A target promises not to throw; whatever was written then, nobody knows what became of it.
      const failureDetail = error instanceof Error ? error.name : 'error';
      finished({ status: 'unknown', failureCode: 'target_defect', failureDetail });
    });
  }

  #finished(queue: RouteQueue, delivery: ClaimedDelivery, outcome: SendOutcome, startedAt: number): void {
    this.#active -= 1;
    queue.ended(outcome, this.#slots);
    if (outcome.status === 'failed' && outcome.notTried) {
      this.#releaseOne(delivery);
      if (this.#queues.get(queue.routeId) === queue) this.#targets.giveUp(queue, outcome.failureDetail);
    } else this.#settleLater({ delivery, outcome, milliseconds: this.#clock.nowMilliseconds() - startedAt });
    this.#pump();
  }

  #settleLater(settlement: Settlement): void {
    this.#results.push(settlement);
    this.#heldBytes -= settlement.delivery.event.payloadText.length;
    this.#settleWake.ring();
  }

  /** Gives back what was claimed and not begun. */
  #release(which: (queue: RouteQueue) => boolean): void {
    for (const queue of this.#queues.values()) {
      if (which(queue)) this.#giveBack(queue.waiting.splice(0));
    }
  }

  #giveBack(taken: readonly WaitingDelivery[]): void {
    this.#waiting -= taken.length;
    for (const { delivery } of taken) this.#releaseOne(delivery);
  }

  #releaseOne(delivery: ClaimedDelivery): void {
    this.#settleLater({ delivery, outcome: { status: 'released' }, milliseconds: null });
  }

  async #settleLoop(): Promise<void> {
    const stopMilliseconds = (this.options.stopSeconds ?? 20) * 1000;
    let stopAt = Number.POSITIVE_INFINITY;
    for (;;) {
      const now = this.#clock.nowMilliseconds();
      if (this.#stop.signal.aborted) {
        if (this.#claimsEnded && this.#active === 0 && this.#results.length === 0) break;
        stopAt = Math.min(stopAt, now + stopMilliseconds);
        if (now > stopAt) break;
      }
      if (this.#results.length === 0) {
        const woken = this.#settleWake.renew();
        if (!this.#stop.signal.aborted || this.#active > 0) {
          await this.#clock.sleep(stateMilliseconds, woken);
        } else await this.#clock.sleep(5);
      }
      try {
        const isNew = !this.#settles.isOpen;
        const session = await this.#settles.session(this.#never.signal);
        if (session === undefined) break;
        // Before anything is settled on it: what is known last would be something younger then.
        if (isNew) await this.#lastKnown.check(session);
        await this.#settle(session);
        await this.#watch(session);
        this.#settles.worked();
      } catch (error) {
        await this.#settles.lost(error);
      }
    }
  }

  async #settle(session: DeliverySession): Promise<void> {
    const settled = await this.#results.settle(session);
    if (settled === undefined) return;
    const { batch, result } = settled;
    this.#leases.settled(batch.map(({ delivery }) => delivery));
    for (const { outcome } of batch) this.#counts[outcome.status] += 1;
    this.#counts.refused += result.refused;
    this.#counts.deadLettered += result.dead_lettered;
    if (result.refused > 0) {
      this.#log('warn', 'results came after their lease and were refused', { count: result.refused });
    }
    if (result.dead_lettered > 0) this.#log('warn', 'dead letters written', { count: result.dead_lettered });
    this.ports.onSettled?.(batch, result.refused);
    if (!this.#claiming && this.#waiting <= 2 * this.#slots) this.#claimWake.ring();
    this.#pump();
    await this.#lastKnown.settled(session, batch, result.refused);
  }

  /** May what is held still be sent? */
  async #watch(session: DeliverySession): Promise<void> {
    const now = this.#clock.nowMilliseconds();
    if (this.#waiting === 0 || now < this.#stateAt) return;
    this.#stateAt = now + stateMilliseconds;
    // What waits behind slow sends until its lease is nearly over is given back, or it would become unknown without having been sent.
    for (const queue of this.#queues.values()) this.#giveBack(queue.takeExpiring(now + 2 * leaseMarginMilliseconds));
    const { hold, stopped } = await session.state(this.options.deployment, [...this.#queues.values()]);
    if (hold !== null) this.#noteHold(hold);
    if (hold !== null || stopped.length > 0) this.#release((queue) => hold !== null || stopped.includes(queue.routeId));
    this.#judgedAt = Math.max(this.#judgedAt, now);
    this.#pump();
  }
}
