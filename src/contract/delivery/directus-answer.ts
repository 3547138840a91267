import type { SendOutcome } from './delivery.js';

/** How an answer of Directus was read. */
export interface DirectusAnswer {
  readonly status: number;
  readonly text: string;
  /** True when `text` is only the beginning. */
  readonly cut: boolean;
}

/** An error as Directus writes it: alone, or in the list `errors` with the code in `extensions`. */
interface DirectusError {
  readonly code: string;
  readonly status: number | undefined;
}

/**
 * What the answer of a flow means. `outcome` is what the status alone says.
 *
 * A server up to 11.3 answers 200 when an operation of the flow failed, with the error in the body, so the body of a 2xx is looked
 * at: `{"errors":[…]}`, or an object with a `code` and a numeric `status` of 400 or more, is failed `flow_failed`. When
 * `isStored` names the code (such as RECORD_NOT_UNIQUE on a field that holds the delivery id) an earlier attempt has stored it: sent.
 *
 * 403 is what Directus answers for an unknown flow, an inactive one and a wrong method alike; it is tried again and says so.
 */
export function directusOutcome(
  outcome: SendOutcome,
  answer: DirectusAnswer,
  isStored: (code: string) => boolean,
): SendOutcome {
  const error = directusErrorOf(answer);
  if (error !== undefined && isStored(error.code)) return { status: 'sent', detail: `${answer.status} already stored` };
  if (outcome.status === 'failed' && answer.status === 403) {
    return {
      ...outcome,
      failureDetail: `${outcome.failureDetail} (the flow is unknown, inactive, or not triggered by POST)`,
    };
  }
  if (outcome.status !== 'sent') return outcome;
  if (error !== undefined) {
    const status = error.status === undefined ? '' : ` (${error.status})`;
    return {
      status: 'failed',
      failureCode: 'flow_failed',
      failureDetail: `${answer.status}, but the flow failed: ${error.code}${status}`,
    };
  }
  if (answer.status === 204)
    return { status: 'sent', detail: '204, the flow runs by itself and its result is not known' };
  return outcome;
}

/** The error in an answer; undefined when it holds none. An answer that was cut is recognised by how it begins. */
function directusErrorOf({ text, cut }: DirectusAnswer): DirectusError | undefined {
  if (!/^\s*\{/.test(text)) return undefined;
  if (cut) return /^\s*\{\s*"errors"\s*:\s*\[\s*\{/.test(text) ? { code: 'errors', status: undefined } : undefined;
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(body)) return undefined;
  if (Array.isArray(body.errors) && body.errors.length > 0)
    return errorIn(body.errors[0]) ?? { code: 'errors', status: undefined };
  const error = errorIn(body);
  return error?.status !== undefined && error.status >= 400 ? error : undefined;
}

function errorIn(value: unknown): DirectusError | undefined {
  if (!isObject(value)) return undefined;
  const extensions = isObject(value.extensions) ? value.extensions : value;
  // A code of Directus is a constant in capitals; anything else is text of somebody and is not kept.
  const code =
    typeof extensions.code === 'string' && /^[A-Z][A-Z0-9_]{0,63}$/.test(extensions.code) ? extensions.code : undefined;
  if (code === undefined) return undefined;
  return { code, status: typeof value.status === 'number' ? value.status : undefined };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
