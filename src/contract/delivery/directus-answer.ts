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

/** What the data of an answer says about the flow: done, nothing at all, or failed with a code. */
type FlowResult = { readonly kind: 'done' | 'empty' } | { readonly kind: 'failed'; readonly code: string };

/**
 * What the answer of a flow means. `outcome` is what the status alone says.
 *
 * A server up to 11.3 answers 2xx when the flow failed, with whatever its last operation left, so the body of a 2xx is looked at.
 * Seen on 11.3.5, with the flow's answer set to the data of the last operation:
 *
 * | last operation | answer | here |
 * | --- | --- | --- |
 * | an item was created | 200 `[1]` | sent |
 * | the database or the permissions refused | 200 `{"name":"DirectusError","code":"…","status":400}` | failed `flow_failed` |
 * | a condition that is not met | 200 `[{"_original":…,"details":…}]` | failed `flow_failed` |
 * | a script that threw, a collection that is not there | 200 `{}` | unknown `flow_unclear` |
 * | an operation that throws an error; an asynchronous flow; no answer configured | 204 | unknown `flow_unclear` |
 *
 * 403 is what Directus answers for an unknown flow, an inactive one and a wrong method alike; it is tried again and says so.
 */
export function directusOutcome(outcome: SendOutcome, answer: DirectusAnswer, reading: DirectusReading): SendOutcome {
  const result = flowResult(answer);
  if (result.kind === 'failed' && result.code.startsWith('RECORD_NOT_UNIQUE') && reading.duplicateIsSent) {
    return { status: 'sent', detail: `${answer.status} already stored` };
  }
  if (outcome.status === 'failed' && answer.status === 403) {
    return { ...outcome, failureDetail: '403: the flow is unknown, inactive, or not triggered by this method' };
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
    const isUnmet = isObject(data[0]) && '_original' in data[0] && 'details' in data[0];
    return isUnmet ? { kind: 'failed', code: 'condition not met' } : { kind: 'done' };
  }
  if (!isObject(data)) return { kind: 'done' };
  // What is left of an Error of JavaScript when it is written as JSON.
  if (Object.keys(data).length === 0) return { kind: 'empty' };
  if (Array.isArray(data.errors) && data.errors.length > 0) {
    const [first] = data.errors;
    const code = isObject(first) ? (codeIn(first.extensions) ?? codeIn(first)) : undefined;
    return { kind: 'failed', code: code ?? 'errors' };
  }
  const code = codeIn(data);
  if (code === undefined || typeof data.status !== 'number' || data.status < 400) return { kind: 'done' };
  return { kind: 'failed', code: `${code} (${data.status})` };
}

/** A code of Directus is a constant in capitals; anything else is text of somebody and is not kept. */
function codeIn(value: unknown): string | undefined {
  const code = isObject(value) ? value.code : undefined;
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{0,63}$/.test(code) ? code : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
