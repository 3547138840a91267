import { IuError, iuErrorFromPg } from '../contract/errors/index.js';

/** Code of any error that has one: SQLSTATE, or Node's name of a network error. */
export function errorCode(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;
}

const networkCodes: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOENT',
  'EPIPE',
  'ETIMEDOUT',
  'EACCES',
]);

const iuCodeOfSqlState: Readonly<Record<string, string>> = {
  '28000': 'IU007',
  '28P01': 'IU007',
  '3D000': 'IU008',
  '42501': 'IU004',
  '53300': 'IU009',
  '57P01': 'IU001',
  '57P02': 'IU001',
  '57P03': 'IU009',
  '25006': 'IU002',
  '08000': 'IU001',
  '08001': 'IU001',
  '08003': 'IU001',
  '08006': 'IU001',
};

/** What pg says, without a code, when a connection is lost or never came about. */
const lostConnection =
  /^(connection terminated|connection timeout|query read timeout|timeout expired|timeout exceeded when trying to connect|client has encountered a connection error)/i;

/** What pg says, without a code, when the server asks for a password and it has none. */
const noPassword = /client password must be a (?:non-empty )?string$/;

/** The place an address names, without user and password, for messages. */
export function placeOf(url: string): string {
  try {
    const parsed = new URL(url);
    const host = parsed.searchParams.get('host') ?? (parsed.hostname || 'localhost');
    return `${host}:${parsed.port || '5432'}${parsed.pathname}`;
  } catch {
    return 'the configured address';
  }
}

/**
 * An error of the connection or of the server as an IuError; undefined for one that is about something else.
 *
 * Never takes over `detail`, `where` or parameters of a pg error, nor the pg error as `cause`: they can hold row values.
 */
export function connectionErrorFrom(error: unknown, url?: string): IuError | undefined {
  const own = iuErrorFromPg(error);
  if (own !== undefined) return own;
  const reason = errorCode(error) ?? errorCode(firstOf(error));
  const place = url === undefined ? '' : ` at ${placeOf(url)}`;
  const text = error instanceof Error ? error.message : '';
  const lost = lostConnection.test(text);
  if (noPassword.test(text)) {
    return new IuError('IU007', {
      message: `The server${place} asks for a password, and there is none.`,
      reason: 'no password',
    });
  }
  if (reason === undefined && !lost) return undefined;
  const code = lost || networkCodes.has(reason ?? '') ? 'IU001' : iuCodeOfSqlState[reason ?? ''];
  if (code === undefined) return undefined;
  return new IuError(code, { message: `${messages[code]}${place} (${reason ?? 'connection lost'}).`, reason });
}

const messages: Readonly<Record<string, string>> = {
  IU001: 'No PostgreSQL server can be reached',
  IU002: 'The server is a standby or read-only',
  IU004: 'The role may not do this',
  IU007: 'The server refused the login',
  IU008: 'The database does not exist',
  IU009: 'The server takes no connection now',
};

/** Node tries IPv6 and IPv4 and reports both as one AggregateError. */
function firstOf(error: unknown): unknown {
  return error instanceof AggregateError ? error.errors[0] : undefined;
}

/** True when the server itself said no: nothing was done, and the connection is good. */
export function isRefusal(error: unknown): boolean {
  return /^(?!E[A-Z]+$)[0-9A-Z]{5}$/.test(errorCode(error) ?? '') && !isConnectionFailure(error);
}

/** True when the same call may succeed on a new connection: the server is away, starting, or failing over. */
export function isConnectionFailure(error: unknown): boolean {
  const code = connectionErrorFrom(error)?.code;
  return code === 'IU001' || code === 'IU002' || code === 'IU009';
}
