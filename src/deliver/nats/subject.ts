import type { DeliveryEvent } from '../../contract/delivery/delivery.js';
import { IuError } from '../../contract/errors/index.js';

/** What of an event may stand in a subject. */
const placeholders = ['domain', 'type', 'stream'] as const;

const placeholderForm = /\{([^{}]*)\}/g;

/** Longest subject; servers take 4 KiB for the whole line of a publish by default. */
const mostSubjectCharacters = 512;

/**
 * Reads a target_ref as the subject of each event: `iu.{domain}.{type}`. Throws IU471 when it cannot be published to.
 *
 * A value becomes one token: what is not a letter, digit, `_` or `-` turns into `_`, so that an event type with a dot adds none.
 */
export function subjectOf(targetRef: string, routeCode: string): (event: DeliveryEvent) => string {
  const malformed = (why: string) => new IuError('IU471', { message: `route ${routeCode}: target_ref ${why}` });
  for (const [, name] of targetRef.matchAll(placeholderForm)) {
    if (!placeholders.some((known) => known === name)) {
      throw malformed(`has a placeholder {${name}}; there are ${placeholders.map((known) => `{${known}}`).join(', ')}`);
    }
  }
  const sample = targetRef.replace(placeholderForm, 'x');
  if (!/^[\x21-\x7e]+$/.test(sample)) throw malformed('has white space or other than ASCII characters');
  if (sample.split('.').some((token) => token === '')) throw malformed('has an empty token');
  if (/[*>{}]/.test(sample)) throw malformed('has a wildcard or brace');
  if (sample.startsWith('$')) throw malformed('begins with $, which belongs to the server');
  if (targetRef.length > mostSubjectCharacters) throw malformed(`is longer than ${mostSubjectCharacters} characters`);
  return (event) => targetRef.replace(placeholderForm, (_, name: (typeof placeholders)[number]) => token(event[name]));
}

function token(value: string): string {
  return value.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, 128) || '_';
}
