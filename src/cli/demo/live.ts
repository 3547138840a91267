import { randomBytes } from 'node:crypto';
import { IuError } from '../../contract/errors/index.js';
import { sendTest } from '../../deliver/test-send.js';
import { recordChecks } from '../../install/record-checks.js';
import { type Database, openDatabase } from '../../store/database.js';
import { replayDeadLetter } from '../../store/dead-letters.js';
import type { DeliveryRoute } from '../../store/delivery-session.js';
import {
  claimDeployment,
  claimedDeployment,
  deliveryCounts,
  demoLogin,
  liveRouteState,
  markAsDemo,
  openDeadLetters,
} from '../../store/demo-live.js';
import { setGate } from '../../store/gates.js';
import {
  approveRequest,
  changeRoute,
  goLive,
  recordEvidence,
  requestLive,
  routeReadiness,
} from '../../store/going-live.js';
import { addRoute, setRouteEnabled } from '../../store/routes.js';
import { routeToSend } from '../../store/test-send.js';
import { DemoReceiver } from './receiver.js';

/** Name of the demo's installation: its runner says the same, so it may send. */
const demoDeployment = 'iu-demo';
/** The one route of the demo that goes live. */
export const liveRouteCode = 'demo.receiver.webhook';

const reason = 'iu demo: to the receiver beside it';
const deliveryGate = 'iu_core.delivery_enabled';
const logins = { requester: 'iu_demo_requester', approver: 'iu_demo_approver' } as const;

/** The live half of the demo: a receiver beside it, and one route on its way to live. Everything it does is said. */
export class LiveDemo {
  readonly #secret = `whsec_${randomBytes(32).toString('base64')}`;
  #receiver: DemoReceiver | undefined;

  constructor(
    private readonly database: Database,
    private readonly say: (sentence: string) => void,
  ) {}

  /** What the worker process of the demo needs in order to send. */
  get surroundings() {
    return {
      environment: { IU_DEMO_SECRET: this.#secret },
      deliveryAllow: `127.0.0.1:${this.#receiver?.port ?? 1}`,
      deployment: demoDeployment,
    };
  }

  get duplicates(): number {
    return this.#receiver?.duplicates ?? 0;
  }

  /** Starts the receiver and adds the route to it, in dry-run. What somebody changed since stays as it is. */
  async prepare(): Promise<void> {
    const { pool } = this.database;
    await this.#mark();
    const before = await liveRouteState(pool, liveRouteCode);
    const start = (port: number) => DemoReceiver.start(port, this.#secret, this.database.url, before?.live !== true);
    this.#receiver = (await start(before?.port ?? 0)) ?? (await start(0));
    if (this.#receiver === undefined) {
      this.say('The example receiver did not start: nothing goes live in this run.');
      return;
    }
    const target = `http://127.0.0.1:${this.#receiver.port}/hook`;
    if (before === undefined) {
      const route = {
        route_code: liveRouteCode,
        event_domain: 'iu',
        target_kind: 'webhook',
        target_ref: target,
        target_config: { secrets: ['env:IU_DEMO_SECRET'] },
        ordering: 'subject',
        note: 'demo: the route that goes live, to the receiver on this machine',
      };
      await addRoute(pool, JSON.stringify(route));
      await setRouteEnabled(pool, liveRouteCode, true, reason);
    } else if (before.port !== this.#receiver.port) {
      await changeRoute(pool, liveRouteCode, JSON.stringify({ target_ref: target }), 'the old port is taken');
      this.say(`Port ${before.port} is taken: the route has a new target, so its approval is void.`);
    }
  }

  async #mark(): Promise<void> {
    const { pool } = this.database;
    const client = await pool.connect();
    try {
      await markAsDemo(client);
    } finally {
      client.release();
    }
    if ((await claimedDeployment(pool)) === null) await claimDeployment(pool, demoDeployment, reason);
  }

  /** Takes the route live as a person would: test send, rehearsal, readiness, a request, and another one's approval. */
  async goLive(): Promise<void> {
    const { pool } = this.database;
    const state = await liveRouteState(pool, liveRouteCode);
    if (this.#receiver === undefined || state === undefined || !state.enabled || state.live) return;
    for (const open of [true, false, true])
      await setGate(pool, { key: deliveryGate, open, reason: `${reason}, rehearsed` });
    await this.#testSend();
    await recordChecks(this.database);
    const readiness = await routeReadiness(pool, liveRouteCode);
    const failed = readiness.items.filter((item) => !item.passed);
    if (failed.length > 0) {
      this.say(
        `${liveRouteCode} is not ready and stays in dry-run: ${failed.map((item) => `${item.item} (${item.evidence})`).join(', ')}.`,
      );
      return;
    }
    const requester = await this.#as(logins.requester, ['iu_operator']);
    const approver = await this.#as(logins.approver, ['iu_approver', 'iu_reader']);
    try {
      const request = await requestLive(requester.pool, liveRouteCode, 'demo: show the live path', {
        maxEvents: '100000',
      });
      await approveRequest(approver.pool, request.approval_id, 'demo: seen and approved', {});
      await goLive(requester.pool, liveRouteCode, 'demo: approved by a second name');
    } finally {
      await requester.close();
      await approver.close();
    }
    this.say(
      `${liveRouteCode} is live: ${readiness.items.length} items of readiness passed, asked for by ${logins.requester}, approved by ${logins.approver}.`,
    );
  }

  async #as(login: string, groupRoles: readonly string[]): Promise<Database> {
    const { pool, url, schema } = this.database;
    return openDatabase({
      url: await demoLogin(pool, url, login, groupRoles),
      schema,
      purpose: 'demo',
      maxConnections: 1,
    });
  }

  async #testSend(): Promise<void> {
    const { pool } = this.database;
    const found = await routeToSend(pool, liveRouteCode);
    const [route] = JSON.parse(found?.routeText ?? '[]') as [DeliveryRoute?];
    if (route === undefined) throw new IuError('IU337', { message: `There is no route ${liveRouteCode}.` });
    const { environment, deliveryAllow, deployment } = this.surroundings;
    const test = await sendTest(pool, route, { environment, allow: [deliveryAllow], deployment, log: () => {} });
    await recordEvidence(pool, {
      kind: 'test_send',
      passed: test.passed,
      detailText: JSON.stringify({ code: test.code, detail: test.detail, milliseconds: test.milliseconds }),
      routeCode: liveRouteCode,
      routeVersion: route.version,
    });
  }

  /** Until nothing of the route waits; the dead letter that the receiver made on purpose is replayed on the way. */
  async untilDelivered(stop: AbortSignal, patienceMilliseconds: number): Promise<void> {
    const { pool } = this.database;
    const endsAt = performance.now() + patienceMilliseconds;
    while (!stop.aborted && performance.now() < endsAt) {
      const letters = await openDeadLetters(pool, liveRouteCode);
      for (const letter of letters) {
        await replayDeadLetter(pool, letter, false);
        this.say(`Dead letter ${letter} (the receiver refused it on purpose) replayed.`);
      }
      const { waiting } = await deliveryCounts(pool, liveRouteCode);
      if (letters.length === 0 && waiting === 0) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async stop(): Promise<void> {
    await this.#receiver?.stop();
  }
}
