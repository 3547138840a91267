import { keptAnswerText } from '../../contract/delivery/answer-text.js';
import type { SendOutcome } from '../../contract/delivery/delivery.js';

/** Answers of JetStream that are told apart, by their error code in the protocol of the server. */
const answers: Readonly<Record<number, { readonly failureCode: string; readonly permanent?: true }>> = {
  10008: { failureCode: 'cluster_not_available' },
  10009: { failureCode: 'cluster_not_available' },
  10023: { failureCode: 'insufficient_resources' },
  10028: { failureCode: 'storage_full' },
  10039: { failureCode: 'jetstream_not_enabled' },
  10047: { failureCode: 'storage_full' },
  10054: { failureCode: 'message_too_large', permanent: true },
  10059: { failureCode: 'stream_missing' },
  10060: { failureCode: 'stream_mismatch' },
  10076: { failureCode: 'jetstream_not_enabled' },
  10077: { failureCode: 'store_failed' },
  10097: { failureCode: 'message_too_large', permanent: true },
  10109: { failureCode: 'stream_sealed' },
};

/** What an error of the client may hold, as far as it is looked at. */
interface ClientError {
  readonly name?: unknown;
  readonly message?: unknown;
  readonly code?: unknown;
  readonly cause?: unknown;
}

/** Outcome of a publish that ended with this error. What is not known for a refusal is `unknown`: bytes may have been written. */
export function publishFailure(error: unknown): SendOutcome {
  const chain = causesOf(error);
  const failureDetail = natsErrorText(error);
  const is = (name: string) => chain.some((one) => one.name === name);
  if (is('JetStreamApiError') || is('StreamNotFoundError')) return answeredFailure(chain, failureDetail);
  // The server itself says that nobody listens on the subject: no stream, JetStream switched off, or no leader at the moment.
  if (is('NoRespondersError') || is('JetStreamNotEnabled')) {
    return { status: 'failed', failureCode: 'no_responders', failureDetail: 'No stream takes this subject now.' };
  }
  if (is('PermissionViolationError')) return { status: 'failed', failureCode: 'subject_not_authorized', failureDetail };
  // Thrown before anything is written, when the message is larger than the server said it takes.
  if (chain.some(({ message }) => typeof message === 'string' && message.includes('max_payload size exceeded'))) {
    return { status: 'failed', failureCode: 'message_too_large', failureDetail, permanent: true };
  }
  if (is('ClosedConnectionError') || is('DrainingConnectionError')) {
    return { status: 'failed', failureCode: 'not_connected', failureDetail };
  }
  if (is('TimeoutError')) {
    return { status: 'unknown', failureCode: 'no_answer', failureDetail: 'No confirmation came before the deadline.' };
  }
  return { status: 'unknown', failureCode: 'connection_lost', failureDetail };
}

function answeredFailure(chain: readonly ClientError[], failureDetail: string): SendOutcome {
  const code = chain.map((one) => one.code).find((one) => typeof one === 'number') as number | undefined;
  const known = answers[code ?? 0];
  // One code for everything a store refuses; a limit is the case worth telling.
  const isFull = code === 10077 && /maximum (messages|bytes)/.test(failureDetail);
  return {
    status: 'failed',
    failureCode: isFull ? 'stream_full' : (known?.failureCode ?? `jetstream_error_${code ?? 0}`),
    failureDetail,
    ...(known?.permanent === true && { permanent: true }),
  };
}

/** Failure code of an error while connecting. */
export function natsConnectFailureCode(error: unknown): string {
  for (const { name, code, message } of causesOf(error)) {
    if (name === 'AuthorizationError' || name === 'UserAuthenticationExpiredError') return 'authentication_failed';
    if (code === 'ECONNREFUSED' || message === 'connection refused') return 'connect_refused';
    if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'name_not_found';
    if (code === 'EHOSTUNREACH' || code === 'ENETUNREACH') return 'connect_unreachable';
    if (typeof code === 'string' && /CERT|SELF_SIGNED|UNABLE_TO/.test(code)) return 'certificate_refused';
    if (typeof message === 'string' && /does not support 'tls'|is not available on this server/.test(message)) {
      return 'tls_not_available';
    }
    if (name === 'TimeoutError') return 'connect_timeout';
  }
  return 'connect_failed';
}

/** Text of an error for people, its causes included, cleaned and cut. It holds no payload. */
export function natsErrorText(error: unknown): string {
  const texts = causesOf(error).map(({ message }) => (typeof message === 'string' ? message : ''));
  return keptAnswerText([...new Set(texts.filter((text) => text !== ''))].join(': '), []);
}

function causesOf(error: unknown): ClientError[] {
  if (typeof error !== 'object' || error === null) return [];
  return [error as ClientError, ...causesOf((error as ClientError).cause)];
}
