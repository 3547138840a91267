import { codeOfForeignError } from '../foreign-code.js';
import { adoptionErrors } from './adoption.js';
import { cliErrors } from './cli.js';
import { connectionErrors } from './connection.js';
import { cutErrors } from './cut.js';
import { cutPipelineErrors } from './cut-pipeline.js';
import { cutSourcesErrors } from './cut-sources.js';
import { deadLettersErrors } from './dead-letters.js';
import { deliveryErrors } from './delivery.js';
import { deliveryBrokersErrors } from './delivery-brokers.js';
import { deliveryTargetsErrors } from './delivery-targets.js';
import type { ErrorEntry } from './entry.js';
import { gatesErrors } from './gates.js';
import { goingLiveErrors } from './going-live.js';
import { installErrors } from './install.js';
import { logErrors } from './log.js';
import { operateErrors } from './operate.js';
import { partitionsErrors } from './partitions.js';
import { retentionErrors } from './retention.js';
import { routingErrors } from './routing.js';
import { structureErrors } from './structure.js';
import { unitsErrors } from './units.js';

export type { ErrorEntry } from './entry.js';

/** Every registered error, ordered by code. */
export const errorEntries: readonly ErrorEntry[] = [
  ...connectionErrors,
  ...logErrors,
  ...unitsErrors,
  ...routingErrors,
  ...deliveryErrors,
  ...deadLettersErrors,
  ...gatesErrors,
  ...goingLiveErrors,
  ...deliveryTargetsErrors,
  ...deliveryBrokersErrors,
  ...structureErrors,
  ...cutErrors,
  ...cutPipelineErrors,
  ...retentionErrors,
  ...partitionsErrors,
  ...cutSourcesErrors,
  ...installErrors,
  ...operateErrors,
  ...adoptionErrors,
  ...cliErrors,
].sort((left, right) => (left.code < right.code ? -1 : left.code > right.code ? 1 : 0));

const entryByCode = new Map(errorEntries.map((entry) => [entry.code, entry]));

/** The registry entry of a code, or undefined when nobody registered it. */
export function errorEntry(code: string): ErrorEntry | undefined {
  return entryByCode.get(code);
}

/** True for a SQLSTATE of our own class. */
export function isIuCode(code: unknown): code is string {
  return typeof code === 'string' && /^IU[0-9A-Z]{3}$/.test(code);
}

/** What a caller may say about an error. `message` replaces the registered meaning; no payload values, no secrets. */
export type IuErrorDetails = Readonly<Record<string, unknown>> & { readonly message?: string; readonly hint?: string };

/** The one error class: which case it is stands in `code`, everything else is looked up in the registry. */
export class IuError extends Error {
  readonly code: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly hint: string | undefined;

  constructor(code: string, details: IuErrorDetails = {}, options?: ErrorOptions) {
    const { message, hint, ...rest } = details;
    super(message ?? errorEntry(code)?.meaning ?? code, options);
    this.name = 'IuError';
    this.code = code;
    this.details = rest;
    this.hint = hint ?? errorEntry(code)?.action;
  }

  /** Exit code of the command line for this error; 1 when nobody registered the code. */
  get exitCode(): number {
    return errorEntry(this.code)?.exitCode ?? 1;
  }

  /** HTTP status for this error; 500 when nobody registered the code. */
  get httpStatus(): number {
    return errorEntry(this.code)?.httpStatus ?? 500;
  }
}

/**
 * An error that PostgreSQL raised with a code of our class, as an IuError; undefined for anything else.
 *
 * Only message and hint cross over: `detail`, `where`, `internalQuery` and the parameters of a pg error can hold row
 * values, so neither they nor the pg error itself (as `cause`) travel with it.
 */
export function iuErrorFromPg(error: unknown): IuError | undefined {
  if (error instanceof IuError) return error;
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  const foreign = codeOfForeignError(error);
  if (foreign !== undefined) return new IuError(foreign);
  if (!isIuCode(error.code)) return undefined;
  const message = 'message' in error && typeof error.message === 'string' ? { message: error.message } : {};
  const hint = 'hint' in error && typeof error.hint === 'string' ? { hint: error.hint } : {};
  return new IuError(error.code, { ...message, ...hint });
}
