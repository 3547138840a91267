import { keptAnswerText } from '../../contract/delivery/answer-text.js';

/**
 * What became of the messages of one partition in one produce request.
 *
 * `unwritten`: no byte of it left. `refused`: the broker answered no. `unclear`: it may or may not be in the log.
 */
export type PartitionVerdict =
  | { readonly kind: 'stored'; readonly baseOffset: bigint }
  | { readonly kind: 'refused'; readonly failureCode: string; readonly permanent?: true; readonly isStale?: true }
  | { readonly kind: 'unwritten'; readonly failureCode: string }
  | { readonly kind: 'unclear'; readonly failureCode: string };

/** Answers of a broker that say for certain that nothing was appended, by their number in the Kafka protocol. */
const refusals: Readonly<
  Record<number, { readonly failureCode: string; readonly permanent?: true; readonly isStale?: true }>
> = {
  2: { failureCode: 'corrupt_message' },
  3: { failureCode: 'topic_missing', isStale: true },
  5: { failureCode: 'leader_not_available', isStale: true },
  6: { failureCode: 'leader_changed', isStale: true },
  10: { failureCode: 'message_too_large', permanent: true },
  14: { failureCode: 'coordinator_loading' },
  15: { failureCode: 'coordinator_not_available' },
  17: { failureCode: 'topic_invalid' },
  18: { failureCode: 'message_too_large', permanent: true },
  19: { failureCode: 'not_enough_replicas' },
  29: { failureCode: 'topic_not_authorized' },
  31: { failureCode: 'cluster_not_authorized' },
  32: { failureCode: 'timestamp_refused' },
  45: { failureCode: 'out_of_order_sequence' },
  47: { failureCode: 'producer_fenced' },
  59: { failureCode: 'producer_unknown' },
  74: { failureCode: 'leader_changed', isStale: true },
  87: { failureCode: 'record_refused', permanent: true },
  89: { failureCode: 'throttled' },
  90: { failureCode: 'producer_fenced' },
};

/** Answers after which the message may be in the log all the same; every number that stands in neither table counts as one. */
const unclearAnswers: Readonly<Record<number, string>> = {
  [-1]: 'server_error',
  7: 'replication_timeout',
  13: 'network_exception',
  20: 'not_enough_replicas_after_append',
  46: 'duplicate_sequence',
  56: 'storage_error',
};

/** The verdict that an error code of a produce response stands for; 0 is success. */
export function verdictOfCode(errorCode: number, baseOffset: bigint): PartitionVerdict {
  if (errorCode === 0) return { kind: 'stored', baseOffset };
  const refusal = refusals[errorCode];
  if (refusal !== undefined) return { kind: 'refused', ...refusal };
  return { kind: 'unclear', failureCode: unclearAnswers[errorCode] ?? `kafka_error_${errorCode}` };
}

interface PartitionAnswer {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
}

interface ProduceAnswer {
  readonly offsets?: readonly PartitionAnswer[];
}

/** What an error of the client may hold, as far as it is looked at. */
interface ClientError {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly message?: unknown;
  readonly cause?: unknown;
  readonly errors?: unknown;
  readonly apiCode?: unknown;
  readonly produced?: ProduceAnswer;
  readonly response?: {
    readonly responses?: readonly {
      readonly partitionResponses?: readonly { index: number; errorCode: number; baseOffset: bigint }[];
    }[];
  };
}

/** Verdicts by partition number. A partition of the request that has none answered nothing: see `verdictWithoutAnswer`. */
export function verdictsOfAnswer(answer: ProduceAnswer): Map<number, PartitionVerdict> {
  return new Map(
    (answer.offsets ?? []).map(({ partition, offset }) => [partition, { kind: 'stored', baseOffset: offset }]),
  );
}

/**
 * The same for a request that the client reports as failed: some of its partitions may have been stored. `requested` are its
 * partitions.
 *
 * An answer that names a partition twice, or one that was not asked about, counts as none: 1.35.0 of the client reads past the new
 * leader that a broker adds to `leader changed` as if it were the next partition.
 *
 * `isSequenceLost` is true when the client has not counted what was stored: it would give the sequence numbers of those messages to
 * the next ones, and the broker would confirm these as duplicates without storing them. The producer has to be replaced.
 */
export function verdictsOfError(
  error: unknown,
  requested: ReadonlySet<number>,
): { readonly verdicts: Map<number, PartitionVerdict>; readonly isSequenceLost: boolean } {
  const verdicts = verdictsOfAnswer((error as ClientError | undefined)?.produced ?? {});
  let isSequenceLost = false;
  for (const { response } of errorsIn(error)) {
    const answers = (response?.responses ?? []).flatMap((one) => one.partitionResponses ?? []);
    const named = new Set(answers.map(({ index }) => index));
    if (named.size < answers.length || [...named].some((index) => !requested.has(index))) continue;
    for (const { index, errorCode, baseOffset } of answers) {
      verdicts.set(index, verdictOfCode(errorCode, baseOffset));
      isSequenceLost ||= errorCode === 0;
    }
  }
  return { verdicts, isSequenceLost };
}

/** The verdict over a partition that the broker did not answer for. */
export function verdictWithoutAnswer(error: unknown): PartitionVerdict {
  const parts = partsOf(error);
  if (parts.length > 0 && parts.every(isOfConnecting))
    return { kind: 'unwritten', failureCode: connectFailureCode(error) };
  if (parts.some(isTimeout)) return { kind: 'unclear', failureCode: 'no_answer' };
  const isLost = parts.every(({ code }) => code === 'PLT_KFK_NETWORK');
  return { kind: 'unclear', failureCode: isLost ? 'connection_lost' : 'answer_unreadable' };
}

/** Failure code of an error of the time before a message is written: metadata, connecting, logging in, the number of a producer. */
export function connectFailureCode(error: unknown): string {
  const all = errorsIn(error);
  if (all.some(({ code }) => code === 'PLT_KFK_AUTHENTICATION')) return 'authentication_failed';
  if (all.some(({ message }) => typeof message === 'string' && message.startsWith('Unknown topic')))
    return 'topic_missing';
  const answer = all.find(({ apiCode }) => typeof apiCode === 'number' && apiCode !== 0);
  const verdict = answer === undefined ? undefined : verdictOfCode(answer.apiCode as number, 0n);
  if (verdict !== undefined && verdict.kind !== 'stored') return verdict.failureCode;
  for (const { code } of all) {
    const known = typeof code === 'string' ? systemCodes[code] : undefined;
    if (known !== undefined) return known;
  }
  return all.some(isTimeout) ? 'connect_timeout' : 'connect_failed';
}

/** Text of an error for people: what client and broker say, causes included, cleaned and cut. It holds no payload. */
export function errorText(error: unknown): string {
  const texts = errorsIn(error).map(({ message }) => (typeof message === 'string' ? message : ''));
  // The outer ones only say that something within failed.
  const telling = texts.filter(
    (text) => text !== '' && !/^(Producing messages|Received response with error)/.test(text),
  );
  return keptAnswerText([...new Set(telling)].join(' '), []);
}

const systemCodes: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connect_refused',
  ETIMEDOUT: 'connect_timeout',
  EHOSTUNREACH: 'connect_unreachable',
  ENETUNREACH: 'connect_unreachable',
  ENOTFOUND: 'name_not_found',
  EAI_AGAIN: 'name_not_found',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'certificate_refused',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'certificate_refused',
  SELF_SIGNED_CERT_IN_CHAIN: 'certificate_refused',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'certificate_refused',
  CERT_HAS_EXPIRED: 'certificate_refused',
  ERR_TLS_CERT_ALTNAME_INVALID: 'certificate_refused',
};

/** True for what the client throws when a connection did not come about, so that no request was written to it. */
function isOfConnecting({ message }: ClientError): boolean {
  return typeof message === 'string' && /^Connection (to \S+ (failed|timed out)|ready timed out)/.test(message);
}

function isTimeout({ message }: ClientError): boolean {
  return typeof message === 'string' && /timed out/i.test(message);
}

/** An error that is several, taken apart; causes stay with what they caused. */
function partsOf(error: unknown): ClientError[] {
  if (typeof error !== 'object' || error === null) return [];
  const { errors } = error as ClientError;
  return Array.isArray(errors) && errors.length > 0 ? errors.flatMap(partsOf) : [error as ClientError];
}

/** The error, what it is made of and its causes, depth first. */
function errorsIn(error: unknown): ClientError[] {
  if (typeof error !== 'object' || error === null) return [];
  const { errors, cause } = error as ClientError;
  return [error as ClientError, ...(Array.isArray(errors) ? errors : []).flatMap(errorsIn), ...errorsIn(cause)];
}
