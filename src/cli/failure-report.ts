import { CommanderError } from 'commander';
import { exitCodes } from '../contract/errors/exit-codes.js';
import { errorEntry, IuError, iuErrorFromPg } from '../contract/errors/index.js';
import { connectionErrorFrom, errorCode } from '../store/failure.js';
import { renderJson } from './json.js';
import { printable } from './printable.js';
import { rightsHint } from './refused-right.js';

/**
 * SQLSTATE classes whose message names objects only: 23 constraints, 25 transaction state, 40 rollback, 42 syntax and
 * access, 53 resources, 55 object state, 57 intervention. Messages of other classes (22: data) quote the value.
 */
const classesNamingObjectsOnly: ReadonlySet<string> = new Set(['23', '25', '40', '42', '53', '55', '57']);

/** character_not_in_repertoire and untranslatable_character. */
const unstorableText: ReadonlySet<string> = new Set(['22021', '22P05']);

function databaseRefusal(error: unknown): IuError | undefined {
  const code = errorCode(error);
  if (code === undefined || !/^[0-9A-Z]{5}$/.test(code) || !(error instanceof Error)) return undefined;
  const said = classesNamingObjectsOnly.has(code.slice(0, 2)) ? `: ${error.message}` : '';
  if (code === '42501') {
    const hint = rightsHint(error.message);
    const message = `The role may not do this${said} (${code}).`;
    return new IuError('IU004', { message, sqlState: code, ...(hint === undefined ? {} : { hint }) });
  }
  if (unstorableText.has(code))
    return new IuError('IU031', {
      message: `A text holds a NUL character or an unpaired surrogate, which PostgreSQL cannot store (SQLSTATE ${code}).`,
      sqlState: code,
    });
  return new IuError('IU035', {
    message: `The database refused the statement${said} (SQLSTATE ${code}).`,
    sqlState: code,
  });
}

/** A file or folder that cannot be used: node names the call and the path. Errors of a connection have no path. */
function fileFailure(error: unknown): IuError | undefined {
  if (!(error instanceof Error) || !('path' in error) || !('syscall' in error) || error.syscall === 'connect')
    return undefined;
  return new IuError('IU040', {
    message: `A file cannot be used: ${errorCode(error)}, ${error.syscall} ${error.path}.`,
  });
}

function usageError(error: CommanderError): IuError {
  // Commander quotes the refused value: "option '--x <json>' argument '{...}' is invalid. It has to be ...". The value may
  // be a payload or an address with a password, so only the option and the reason stay.
  const text = error.message
    .replace(/^error: /, '')
    .replace('\n(', ' (')
    .replace(/^(unknown option '[^'=]*)=[\s\S]*?'/, "$1'");
  const option = /^option '([^']*)' argument '[\s\S]*' is invalid\. ([\s\S]*)$/.exec(text);
  if (option !== null) return new IuError('IU031', { message: `The value of ${option[1]} is invalid. ${option[2]}` });
  const argument = /^command-argument value '[\s\S]*' is invalid for argument '([^']*)'\. ([\s\S]*)$/.exec(text);
  if (argument !== null)
    return new IuError('IU031', { message: `The value of <${argument[1]}> is invalid. ${argument[2]}` });
  return new IuError('IU030', { message: text });
}

/** The longest lists of what is in the way stay whole. */
const mostCharacters = 8000;

/** Any error as an IuError whose message holds no value of a row, a payload or a secret. */
export function asIuError(error: unknown): IuError {
  if (error instanceof CommanderError) return usageError(error);
  return (
    iuErrorFromPg(error) ??
    fileFailure(error) ??
    // A server that ends a session or refuses a login says so with a SQLSTATE like any refusal. Of a missing right more is known than that.
    (errorCode(error) === '42501' ? undefined : connectionErrorFrom(error)) ??
    databaseRefusal(error) ??
    new IuError('IU039', { message: `A defect of iu-core: ${error instanceof Error ? error.name : typeof error}.` })
  );
}

/** A message that quotes a name of megabytes would push everything else off the screen. */
function shortened(text: string): string {
  return text.length <= mostCharacters ? text : `${text.slice(0, mostCharacters)}… (${text.length} characters)`;
}

/** How an error is reported. */
export interface ReportMode {
  readonly json: boolean;
  /** Adds the stack of the original error: for --log-level debug only, it can hold more than the message. */
  readonly withStack: boolean;
}

/** The text for stderr and the exit code of an error. */
export function reportOf(error: unknown, mode: ReportMode): { readonly text: string; readonly exitCode: number } {
  const known = asIuError(error);
  const exitCode = errorEntry(known.code)?.exitCode ?? exitCodes.failed.code;
  const stack = mode.withStack && error instanceof Error ? error.stack : undefined;
  if (mode.json) {
    const name = errorEntry(known.code)?.name;
    const body = { code: known.code, name, message: known.message, hint: known.hint, exitCode, stack };
    return { text: `${renderJson({ error: body })}\n`, exitCode };
  }
  const lines = [`iu: ${known.code} ${shortened(printable(known.message))}`];
  if (known.hint !== undefined && known.hint !== '') lines.push(`    ${printable(known.hint)}`);
  if (stack !== undefined) lines.push(stack);
  return { text: `${lines.join('\n')}\n`, exitCode };
}
