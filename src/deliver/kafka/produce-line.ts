import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import type { SendOutcome } from '../../contract/delivery/delivery.js';
import { byDeadline, DeadlineReached } from '../broker/deadline.js';
import type { KafkaProducer, KafkaRecord } from './client.js';
import {
  connectFailureCode,
  errorText,
  type PartitionVerdict,
  verdictsOfAnswer,
  verdictsOfError,
  verdictWithoutAnswer,
} from './verdict.js';
import { failed, type KafkaMessage, outcomeAtDeadline, outcomeOf, startWaiting, type Waiting } from './waiting.js';

/** What the line needs of a cluster; `target.ts` gives the real one. */
export interface ProduceSite {
  readonly topic: string;
  /** A new producer; not connected yet. */
  open(): KafkaProducer;
  discard(producer: KafkaProducer): Promise<void>;
  /** Same key, same partition: the rule of Kafka's own clients. */
  partitionOf(key: Buffer, partitions: number): number;
  /** Why this broker may not be connected to, undefined when it may. */
  refusalOf(host: string, port: number): string | undefined;
  log(message: string, fields: Readonly<Record<string, unknown>>): void;
}

interface Placed {
  readonly waiting: Waiting;
  readonly record: KafkaRecord;
}

/** Why something was not written in a try. */
interface Unreached {
  readonly failureCode: string;
  readonly detail: string;
}

interface Placement {
  readonly placed: readonly Placed[];
  readonly unreached: readonly { readonly waiting: Waiting; readonly why: Unreached }[];
}

/** A broker takes a batch of 1 MiB by default, all records of a partition together; half of it leaves room. */
const mostBatchBytes = 512 * 1024;
const mostBatchMessages = 500;
/** Leaders and partitions change without us; after this long they are asked for again. */
const metadataSeconds = 30;
const firstPauseMilliseconds = 50;
const longestPauseMilliseconds = 500;
/** An election of a leader or a coordinator that loads is over after about this many tries, or not soon. */
const mostTransientTries = 6;

const transientCodes: ReadonlySet<string> = new Set([
  'coordinator_loading',
  'coordinator_not_available',
  'leader_not_available',
]);
/** Answers to a producer whose sequence numbers the broker does not accept any more. */
const fencingCodes: ReadonlySet<string> = new Set(['out_of_order_sequence', 'producer_fenced', 'producer_unknown']);

/**
 * Sends the messages of one route in one line: while a request is on its way the next messages gather and go together.
 *
 * One request at a time, because the client takes the sequence number of a partition when it builds a request and counts it up when
 * the answer is there: 64 sends at once get one number, the broker confirms 64 and stores one (measured with 1.35.0 and Kafka 4.3.1).
 * A request without a clear answer is repeated, with the same messages under the same numbers, until the last of them reaches its
 * deadline: the broker recognises what it has. After that the producer is given up, since the next one to use its numbers would lose.
 */
export class ProduceLine {
  readonly #site: ProduceSite;
  readonly #queue: Waiting[] = [];
  #producer: KafkaProducer | undefined;
  #metadataAt = Number.NEGATIVE_INFINITY;
  #running: Promise<void> | undefined;
  #isClosed = false;

  constructor(site: ProduceSite) {
    this.#site = site;
  }

  /** Never throws, and settles by the deadline: what was in no request as `failed`, everything else as `unknown`. */
  send(message: KafkaMessage, deadlineMilliseconds: number): Promise<SendOutcome> {
    if (this.#isClosed) return Promise.resolve(failed('target_closed', 'The target is closed.'));
    const { waiting, outcome } = startWaiting(message, deadlineMilliseconds);
    this.#queue.push(waiting);
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    return outcome;
  }

  /** Ends everything at once; what waits is settled. A second call does nothing. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const closed = failed('target_closed', 'The target was closed before this was sent.');
    for (const waiting of this.#queue) waiting.settle(closed);
    await this.#giveUpProducer();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#isClosed) {
      // A turn of the event loop, so that sends that come together, or after the last answer, get into one batch.
      await nextTurn();
      const batch = this.#nextBatch();
      if (batch.length === 0) return;
      try {
        await this.#sendBatch(batch);
      } catch (error) {
        // A defect of ours or of the client: nothing may be left without an outcome.
        this.#site.log('A batch for Kafka broke', { error: errorText(error) });
        for (const waiting of batch) {
          waiting.mayBeStored ||= waiting.isInRequest;
          waiting.settle(outcomeOf(waiting, 'client_broken', errorText(error)));
        }
        await this.#giveUpProducer('the client broke');
      }
    }
  }

  #nextBatch(): Waiting[] {
    const batch: Waiting[] = [];
    let bytes = 0;
    for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
      if (!next.isSettled) {
        const isFull = bytes + next.bytes > mostBatchBytes || batch.length === mostBatchMessages;
        if (batch.length > 0 && (isFull || next.isAlone || batch[0]?.isAlone)) break;
        batch.push(next);
        bytes += next.bytes;
      }
      this.#queue.shift();
    }
    return batch;
  }

  async #sendBatch(batch: readonly Waiting[]): Promise<void> {
    const deadlineAt = Math.max(...batch.map((waiting) => waiting.deadlineAt));
    let open: readonly Waiting[] = batch;
    for (let tries = 1; !this.#isClosed; tries += 1) {
      this.#producer ??= this.#site.open();
      const producer = this.#producer;
      const { placed, unreached } = await this.#place(producer, open, deadlineAt);
      const left = settleUnreached(unreached, tries);
      open = placed.length === 0 ? left : [...(await this.#request(producer, placed, deadlineAt, tries)), ...left];
      if (open.length === 0) return;
      const timeLeft = deadlineAt - performance.now();
      if (timeLeft <= 0) break;
      await delay(Math.min(firstPauseMilliseconds * 2 ** (tries - 1), longestPauseMilliseconds, timeLeft));
      this.#metadataAt = Number.NEGATIVE_INFINITY;
    }
    for (const waiting of open) waiting.settle(outcomeAtDeadline(waiting));
    if (open.some((waiting) => waiting.mayBeStored)) await this.#giveUpProducer('no clear answer by the deadline');
  }

  /** Chooses partitions and connects to their leaders, so that a later failure of the request means that it may have been written. */
  async #place(producer: KafkaProducer, open: readonly Waiting[], deadlineAt: number): Promise<Placement> {
    const nowhere = (why: Unreached) => ({ placed: [], unreached: open.map((waiting) => ({ waiting, why })) });
    const { topic } = this.#site;
    try {
      const isOld = performance.now() - this.#metadataAt > metadataSeconds * 1000;
      const metadata = await byDeadline(producer.metadata({ topics: [topic], forceUpdate: isOld }), deadlineAt);
      if (isOld) this.#metadataAt = performance.now();
      const partitions = metadata.topics.get(topic)?.partitions ?? [];
      if (partitions.length === 0) return nowhere({ failureCode: 'topic_missing', detail: `No topic ${topic}.` });
      const whyNot = new Map<number, Unreached | undefined>();
      const placement = { placed: [] as Placed[], unreached: [] as { waiting: Waiting; why: Unreached }[] };
      for (const waiting of open) {
        waiting.partition ??= this.#site.partitionOf(waiting.message.key, partitions.length);
        const leader = partitions[waiting.partition]?.leader ?? -1;
        if (!whyNot.has(leader)) {
          whyNot.set(leader, await this.#reach(producer, leader, metadata.brokers.get(leader), deadlineAt));
        }
        const why = whyNot.get(leader);
        if (why !== undefined) placement.unreached.push({ waiting, why });
        else placement.placed.push({ waiting, record: { ...waiting.message, topic, partition: waiting.partition } });
      }
      if (placement.placed.length > 0 && producer.producerId === undefined) {
        await byDeadline(producer.initIdempotentProducer({}), deadlineAt);
      }
      return placement;
    } catch (error) {
      // A connection that hangs stays in the client's pool, and the next try would wait for the same one.
      if (!open.some((waiting) => waiting.mayBeStored)) await this.#giveUpProducer();
      this.#metadataAt = Number.NEGATIVE_INFINITY;
      return nowhere(unreachedBy(error));
    }
  }

  /** Connects to a leader; says why not. */
  async #reach(
    producer: KafkaProducer,
    leader: number,
    broker: { readonly host: string; readonly port: number } | undefined,
    deadlineAt: number,
  ): Promise<Unreached | undefined> {
    const { topic } = this.#site;
    if (broker === undefined) {
      return { failureCode: 'leader_not_available', detail: `A partition of ${topic} has no leader.` };
    }
    const refusal = this.#site.refusalOf(broker.host, broker.port);
    if (refusal !== undefined) return { failureCode: 'address_refused', detail: refusal };
    try {
      await byDeadline(producer.connectToBrokers([leader]), deadlineAt);
      return undefined;
    } catch (error) {
      this.#metadataAt = Number.NEGATIVE_INFINITY;
      return unreachedBy(error);
    }
  }

  /** One request; returns what has no outcome yet and may be repeated. */
  async #request(
    producer: KafkaProducer,
    placed: readonly Placed[],
    deadlineAt: number,
    tries: number,
  ): Promise<readonly Waiting[]> {
    for (const { waiting } of placed) waiting.isInRequest = true;
    let verdicts: Map<number, PartitionVerdict>;
    let failure: unknown;
    let isSequenceLost = false;
    try {
      const messages = placed.map(({ record }) => record);
      verdicts = verdictsOfAnswer(await byDeadline(producer.send({ messages }), deadlineAt));
    } catch (error) {
      failure = error;
      const requested = new Set(placed.map(({ record }) => record.partition));
      ({ verdicts, isSequenceLost } = verdictsOfError(error, requested));
    }
    for (const { waiting } of placed) waiting.isInRequest = false;
    const open = this.#applyVerdicts(placed, verdicts, failure, tries);
    const isFenced = [...verdicts.values()].some((one) => one.kind === 'refused' && fencingCodes.has(one.failureCode));
    if (!isSequenceLost && !isFenced) return open;
    await this.#giveUpProducer('its sequence numbers do not fit any more');
    // The numbers of what may be stored went with the producer; what was refused goes again under new ones.
    const detail = 'The producer had to be replaced before a clear answer came.';
    for (const waiting of open) {
      if (waiting.mayBeStored) waiting.settle(outcomeOf(waiting, 'producer_replaced', detail));
    }
    this.#queue.unshift(...open.filter((waiting) => !waiting.mayBeStored));
    return [];
  }

  #applyVerdicts(
    placed: readonly Placed[],
    verdicts: ReadonlyMap<number, PartitionVerdict>,
    failure: unknown,
    tries: number,
  ): readonly Waiting[] {
    const open: Waiting[] = [];
    const alone: Waiting[] = [];
    const countOf = new Map<number, number>();
    for (const { record } of placed) countOf.set(record.partition, (countOf.get(record.partition) ?? 0) + 1);
    const storedOf = new Map<number, bigint>();
    for (const { waiting, record } of placed) {
      const { partition } = record;
      const verdict = verdicts.get(partition) ?? verdictWithoutAnswer(failure);
      if (verdict.kind === 'stored') {
        const index = storedOf.get(partition) ?? 0n;
        storedOf.set(partition, index + 1n);
        waiting.settle({ status: 'sent', detail: placeText(record, verdict.baseOffset, index) });
      } else if (verdict.kind === 'unclear') {
        waiting.mayBeStored = true;
        open.push(waiting);
      } else if (verdict.kind === 'refused' && verdict.isStale === true && tries < mostTransientTries) {
        open.push(waiting);
      } else if (isOfBatch(verdict, waiting) && (countOf.get(partition) ?? 0) > 1) {
        waiting.isAlone = true;
        alone.push(waiting);
      } else {
        waiting.settle(refusedOutcome(waiting, verdict, errorText(failure)));
      }
    }
    this.#queue.unshift(...alone);
    return open;
  }

  async #giveUpProducer(reason?: string): Promise<void> {
    const producer = this.#producer;
    if (producer === undefined) return;
    this.#producer = undefined;
    this.#metadataAt = Number.NEGATIVE_INFINITY;
    if (reason !== undefined) this.#site.log('A Kafka producer is replaced', { reason });
    await this.#site.discard(producer);
  }
}

/** What an earlier try may have stored stays open, and what passes by itself for some tries; everything else failed. */
function settleUnreached(unreached: Placement['unreached'], tries: number): readonly Waiting[] {
  const open: Waiting[] = [];
  for (const { waiting, why } of unreached) {
    const isTransient = transientCodes.has(why.failureCode) && tries < mostTransientTries;
    if (waiting.mayBeStored || isTransient) open.push(waiting);
    else waiting.settle(failed(why.failureCode, why.detail));
  }
  return open;
}

function unreachedBy(error: unknown): Unreached {
  if (error instanceof DeadlineReached)
    return { failureCode: 'connect_timeout', detail: 'No broker answered in time.' };
  return { failureCode: connectFailureCode(error), detail: errorText(error) };
}

/** A refusal that may be about the others in the batch: a broker measures and checks all records of a partition together. */
function isOfBatch(verdict: PartitionVerdict, waiting: Waiting): boolean {
  return verdict.kind === 'refused' && verdict.permanent === true && !waiting.mayBeStored;
}

function refusedOutcome(
  waiting: Waiting,
  verdict: Exclude<PartitionVerdict, { readonly kind: 'stored' }>,
  detail: string,
): SendOutcome {
  const outcome = outcomeOf(waiting, verdict.failureCode, detail);
  return outcome.status === 'failed' && isOfBatch(verdict, waiting) ? { ...outcome, permanent: true } : outcome;
}

/** A broker that recognises what it has may confirm it with -1, when it does not know the offset any more. */
function placeText({ topic, partition }: KafkaRecord, baseOffset: bigint, index: bigint): string {
  const place = `topic ${topic} partition ${partition}`;
  return baseOffset < 0n ? place : `${place} offset ${baseOffset + index}`;
}
