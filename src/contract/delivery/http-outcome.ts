import type { SendOutcome } from './delivery.js';

/** A complete answer of an HTTP target. */
export interface HttpAnswer {
  readonly status: number;
  /** Value of `retry-after`, undefined without one. */
  readonly retryAfter: string | undefined;
  /** The answer's text, cut and cleaned by the caller; stands behind the status in the detail of a failure. */
  readonly text?: string;
}

/** The target refuses this very event: the same request will get the same answer. */
const permanentStatuses: ReadonlySet<number> = new Set([400, 413, 414, 415, 422, 431]);

/** Longest wait that is passed on, one year; the database bounds it further. */
const mostRetryAfterSeconds = 31_536_000;

/**
 * What an answer means.
 *
 * | status | outcome |
 * | --- | --- |
 * | 2xx | sent |
 * | 3xx | failed `redirect`, tried again: redirects are not followed |
 * | 410 | failed, the route is paused |
 * | 400, 413, 414, 415, 422, 431 | failed for good |
 * | every other | failed, tried again, `retry-after` honoured |
 *
 * `nowMilliseconds` (of the Unix epoch) turns a `retry-after` that is a date into seconds.
 */
export function httpOutcome(answer: HttpAnswer, nowMilliseconds: number): SendOutcome {
  const { status } = answer;
  if (status >= 200 && status <= 299) return { status: 'sent', detail: String(status) };
  const failureDetail = answer.text ? `${status}: ${answer.text}` : String(status);
  const asked = retryAfterSeconds(answer.retryAfter, nowMilliseconds);
  return {
    status: 'failed',
    failureCode: status >= 300 && status <= 399 ? 'redirect' : `http_${status}`,
    failureDetail,
    ...(permanentStatuses.has(status) ? { permanent: true } : {}),
    ...(status === 410 ? { pauseRoute: true } : {}),
    ...(asked !== undefined && !permanentStatuses.has(status) ? { retryAfterSeconds: asked } : {}),
  };
}

const weekday = '(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)';
/** The one form of an HTTP date that may be sent; the two obsolete ones are garbage here, as anything that Date guesses at. */
const httpDate = new RegExp(
  `^${weekday}, \\d{2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \\d{4} \\d{2}:\\d{2}:\\d{2} GMT$`,
);

/** Whole seconds until a target wants to be asked again: from a number of seconds or an HTTP date. Undefined for anything else. */
export function retryAfterSeconds(value: string | undefined, nowMilliseconds: number): number | undefined {
  if (value === undefined) return undefined;
  const text = value.trim();
  if (/^\d{1,400}$/.test(text)) return Math.min(Number(text), mostRetryAfterSeconds);
  if (!httpDate.test(text)) return undefined;
  const seconds = Math.ceil((Date.parse(text) - nowMilliseconds) / 1000);
  return seconds >= 0 ? Math.min(seconds, mostRetryAfterSeconds) : undefined;
}
