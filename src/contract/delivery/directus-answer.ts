import type { SendOutcome } from './delivery.js';

/** How an answer of Directus was read. */
export interface DirectusAnswer {
  readonly status: number;
  readonly text: string;
  /** True when `text` is only the beginning. */
  readonly cut: boolean;
}

/** What a route says about answers that do not speak for themselves. */
export interface DirectusReading {
  /** RECORD_NOT_UNIQUE means that an earlier attempt was stored. */
  readonly duplicateIsSent: boolean;
  /** An answer without data counts as sent; otherwise as unknown. */
  readonly emptyIsSent: boolean;
}

/** All of these have the same answer. */
const whyForbidden =
  'the flow is unknown, inactive or not triggered by this method, or it has Error on Reject and an operation was refused';

/** What the data of an answer says about the flow: done, nothing at all, or failed with a code. */
type FlowResult = { readonly kind: 'done' | 'empty' } | { readonly kind: 'failed'; readonly code: string };

/**
 * What the answer of a flow means. `outcome` is what the status alone says.
 *
 * Directus answers 2xx when a flow failed, with whatever its last operation left, so the body of a 2xx is looked at. Seen on 11.3.5 and 11.17.4,
 * with the flow's answer set to the data of the last operation:
 *
 * | last operation | answer | here |
 * | --- | --- | --- |
 * | an item was created | 200 `[1]` | sent |
 * | the database or the permissions refused, an error was thrown | 200 `{"name":"DirectusError","code":"…","status":400}` | failed `flow_failed` |
 * | a condition that is not met | 200 `[{"_original":…,"details":…}]`, newer `[{"name":"DirectusError",…}]` | failed `flow_failed` |
 * | a request that was answered with an error | 200 `{"status":500,"statusText":…,"headers":…,"data":…}` | failed `flow_failed` |
 * | a library threw (a token that is not valid) | 200 `{"name":"JsonWebTokenError","message":…}` | failed `flow_failed` |
 * | a script that threw, a collection that is not there, a request without an answer | 200 `{}` | unknown `flow_unclear` |
 * | none: the flow has no operation | 200 and what was sent, with its headers | unknown `flow_unclear` |
 * | a condition that is met, a log; an asynchronous flow; an unknown operation | 204 | unknown `flow_unclear` |
 *
 * With *Error on Reject* (11.17.4 has it) a failed flow answers with the status of its error, or 500, and the status decides.
 *
 * 403 is what Directus answers for an unknown flow, an inactive one and a wrong method alike; it is tried again and says so.
 */
export function directusOutcome(outcome: SendOutcome, answer: DirectusAnswer, reading: DirectusReading): SendOutcome {
  const result = flowResult(answer);
  if (result.kind === 'failed' && result.code.startsWith('RECORD_NOT_UNIQUE') && reading.duplicateIsSent) {
    return { status: 'sent', detail: `${answer.status} already stored` };
  }
  if (outcome.status === 'failed' && answer.status === 403) {
    return { ...outcome, failureDetail: `403: ${whyForbidden}` };
  }
  if (outcome.status !== 'sent' || result.kind === 'done') return outcome;
  if (result.kind === 'failed') {
    const failureDetail = `${answer.status}, but the flow failed: ${result.code}`;
    return { status: 'failed', failureCode: 'flow_failed', failureDetail };
  }
  if (reading.emptyIsSent) return { status: 'sent', detail: `${answer.status} without data` };
  const failureDetail = `${answer.status} without data: the flow may have failed, or does not wait for its end`;
  return { status: 'unknown', failureCode: 'flow_unclear', failureDetail };
}

function flowResult({ text, cut }: DirectusAnswer): FlowResult {
  if (text.trim() === '') return { kind: 'empty' };
  // The end of it is not there to be parsed; what fails begins in one of these ways.
  if (cut) {
    if (/^\s*\{\s*"errors"\s*:\s*\[\s*\{/.test(text)) return { kind: 'failed', code: 'errors' };
    if (/^\s*\[\s*\{\s*"_original"\s*:/.test(text)) return { kind: 'failed', code: 'condition not met' };
    if (/^\s*\[?\s*\{\s*"name"\s*:\s*"DirectusError"/.test(text)) return { kind: 'failed', code: 'DirectusError' };
    const request = /^\s*\{\s*"status"\s*:\s*([45]\d\d)\s*,\s*"statusText"\s*:/.exec(text);
    if (request !== null) return { kind: 'failed', code: `request (${request[1]})` };
    return { kind: /^\s*\{\s*"\$trigger"\s*:/.test(text) ? 'empty' : 'done' };
  }
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    return { kind: 'done' };
  }
  // A flow that answers with all its data has the one of its last operation among it.
  return resultOf(isObject(data) && '$trigger' in data && '$last' in data ? data.$last : data);
}

function resultOf(data: unknown): FlowResult {
  if (data === null || data === undefined) return { kind: 'empty' };
  if (Array.isArray(data)) {
    const [first] = data;
    if (isObject(first) && '_original' in first && 'details' in first)
      return { kind: 'failed', code: 'condition not met' };
    return isObject(first) && errorName(first) !== undefined ? failedWith(first) : { kind: 'done' };
  }
  if (!isObject(data)) return { kind: 'done' };
  // What is left of an Error of JavaScript when it is written as JSON.
  if (Object.keys(data).length === 0) return { kind: 'empty' };
  // What a flow begins with: no operation has put anything in its place.
  if (['path', 'query', 'body', 'method', 'headers'].every((key) => key in data)) return { kind: 'empty' };
  if (Array.isArray(data.errors) && data.errors.length > 0) {
    const [first] = data.errors;
    const code = isObject(first) ? (codeIn(first.extensions) ?? codeIn(first)) : undefined;
    return { kind: 'failed', code: code ?? 'errors' };
  }
  const isError = errorName(data) !== undefined || (codeIn(data) !== undefined && errorStatus(data) !== undefined);
  if (isError) return failedWith(data);
  const isRequest = 'statusText' in data && 'headers' in data && 'data' in data;
  if (isRequest && errorStatus(data) !== undefined) return { kind: 'failed', code: `request (${data.status})` };
  return { kind: 'done' };
}

/** Names an error by its code, or by its kind where its code is text of somebody. */
function failedWith(error: Readonly<Record<string, unknown>>): FlowResult {
  const name = codeIn(error) ?? errorName(error) ?? 'error';
  const status = errorStatus(error);
  return { kind: 'failed', code: status === undefined ? name : `${name} (${status})` };
}

/** The kind of error that an object is, if it is one: `DirectusError`, `JsonWebTokenError`. */
function errorName({ name }: Readonly<Record<string, unknown>>): string | undefined {
  return typeof name === 'string' && /^[A-Z][A-Za-z]{0,58}Error$/.test(name) ? name : undefined;
}

function errorStatus({ status }: Readonly<Record<string, unknown>>): number | undefined {
  return typeof status === 'number' && status >= 400 ? status : undefined;
}

/** A code of Directus is a constant in capitals; anything else is text of somebody and is not kept. */
function codeIn(value: unknown): string | undefined {
  const code = isObject(value) ? value.code : undefined;
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{0,63}$/.test(code) ? code : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
