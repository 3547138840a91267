import type { SendOutcome } from '../../contract/delivery/delivery.js';
import type { KafkaRecord } from './client.js';

/** A message without its place in the topic. */
export type KafkaMessage = Omit<KafkaRecord, 'topic' | 'partition'>;

/** One send on its way. */
export interface Waiting {
  readonly message: KafkaMessage;
  readonly bytes: number;
  /** By performance.now(). */
  readonly deadlineAt: number;
  /** Once chosen it stays: the sequence numbers of a request are those of its partition. */
  partition: number | undefined;
  /** True from the first request that carried it and got no clear answer. */
  mayBeStored: boolean;
  isInRequest: boolean;
  /** After a batch with others was too large: it goes alone. */
  isAlone: boolean;
  isSettled: boolean;
  /** The first outcome counts. */
  settle(outcome: SendOutcome): void;
}

/** A send that settles at its deadline at the latest. */
export function startWaiting(
  message: KafkaMessage,
  deadlineMilliseconds: number,
): { readonly waiting: Waiting; readonly outcome: Promise<SendOutcome> } {
  let resolve: (outcome: SendOutcome) => void = () => undefined;
  const outcome = new Promise<SendOutcome>((settled) => {
    resolve = settled;
  });
  const timer = setTimeout(() => waiting.settle(outcomeAtDeadline(waiting)), deadlineMilliseconds);
  const waiting: Waiting = {
    message,
    bytes: message.value.length + message.key.length + headerBytes(message.headers),
    deadlineAt: performance.now() + deadlineMilliseconds,
    partition: undefined,
    mayBeStored: false,
    isInRequest: false,
    isAlone: false,
    isSettled: false,
    settle: (result) => {
      if (waiting.isSettled) return;
      waiting.isSettled = true;
      clearTimeout(timer);
      resolve(result);
    },
  };
  return { waiting, outcome };
}

function headerBytes(headers: ReadonlyMap<Buffer, Buffer>): number {
  let bytes = 0;
  for (const [name, value] of headers) bytes += name.length + value.length;
  return bytes;
}

export function failed(failureCode: string, failureDetail: string): SendOutcome {
  return { status: 'failed', failureCode, failureDetail };
}

/** `unknown` for what an earlier request may have stored, whatever the last one said. */
export function outcomeOf(waiting: Waiting, failureCode: string, failureDetail: string): SendOutcome {
  return { status: waiting.mayBeStored ? 'unknown' : 'failed', failureCode, failureDetail };
}

/** What is known when time is up: only what was in no request is certain. */
export function outcomeAtDeadline(waiting: Waiting): SendOutcome {
  if (waiting.mayBeStored || waiting.isInRequest) {
    return { status: 'unknown', failureCode: 'no_answer', failureDetail: 'No clear answer came before the deadline.' };
  }
  return failed('not_sent_in_time', 'The deadline was reached before this could be sent.');
}
