import { type Command, InvalidArgumentError, Option } from 'commander';
import { isStorable } from '../contract/storable.js';
import { logLevels } from '../install/config/index.js';

export type LogLevel = (typeof logLevels)[number];

/** Options that every command understands. A member is undefined when neither given nor defaulted here. */
export interface GlobalOptions {
  readonly databaseUrl?: string | undefined;
  readonly schema?: string | undefined;
  readonly config?: string | undefined;
  readonly dataFolder?: string | undefined;
  readonly deployment?: string | undefined;
  readonly deliveryAllow?: string | undefined;
  readonly logLevel?: LogLevel | undefined;
  readonly json: boolean;
  readonly color: boolean;
  readonly quiet: boolean;
}

/** Adds the global options to the program; commander accepts them before and after the command. */
export function addGlobalOptions(program: Command): void {
  program
    .option('--database-url <url>', 'address of the database (IU_DATABASE_URL); without one the embedded PostgreSQL')
    .option('--schema <name>', 'schema IU Core is installed in (IU_SCHEMA; default public)')
    .option('--config <file>', 'configuration file (IU_CONFIG)')
    .option('--data-folder <path>', 'data folder of the embedded PostgreSQL (IU_DATA_FOLDER)')
    .option('--deployment <name>', 'name of this installation (IU_DEPLOYMENT); a copy under another name sends nothing')
    .option('--delivery-allow <list>', 'private or plain-http hosts that may be sent to, by comma (IU_DELIVERY_ALLOW)')
    .option('--json', 'print JSON with camelCase keys; errors are one JSON object on stderr')
    .addOption(new Option('--log-level <level>', 'what is logged to stderr (IU_LOG_LEVEL)').choices(logLevels))
    .option('--no-color', 'no colours, also on a terminal (NO_COLOR)')
    .option('--quiet', 'print results only, no progress and no advice');
}

/** The global options as given with this command. */
export function globalOptionsOf(command: Command): GlobalOptions {
  const { databaseUrl, schema, config, dataFolder, deployment, deliveryAllow, logLevel, json, color, quiet } =
    command.optsWithGlobals();
  return {
    databaseUrl,
    schema,
    config,
    dataFolder,
    deployment,
    deliveryAllow,
    logLevel,
    json: json === true,
    color: color !== false,
    quiet: quiet === true,
  };
}

/** Parser of an option that takes a whole number in a range. */
export function wholeNumber(lowest: number, highest: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= lowest && value <= highest) return value;
    throw new InvalidArgumentError(`It has to be a whole number from ${lowest} to ${highest}.`);
  };
}

/** Parser of an id that the database counts up (bigint); it stays text. */
export function countedId(text: string): string {
  if (/^[1-9]\d{0,17}$/.test(text)) return text;
  throw new InvalidArgumentError('It has to be a positive whole number.');
}

const uuidShape = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

/** Parser of an event id: its uuid, or its seq. */
export function eventIdOrSeq(text: string): string {
  if (uuidShape.test(text)) return text.toLowerCase();
  if (/^[1-9]\d{0,17}$/.test(text)) return text;
  throw new InvalidArgumentError('It has to be the id (a uuid) or the seq of an event.');
}

/** Parser of a uuid. */
export function uuidText(text: string): string {
  if (uuidShape.test(text)) return text.toLowerCase();
  throw new InvalidArgumentError('It has to be a uuid.');
}

/** PostgreSQL refuses 31 February and the year 0; a Date makes other days of them. */
function isCalendarDay(text: string): boolean {
  return !text.startsWith('0000') && new Date(`${text}T00:00:00Z`).toISOString().startsWith(text);
}

const relativeTime = /^(\d{1,6})(s|m|h|d)$/;
const secondsOfUnit: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** Parser of a point in time: ISO 8601, or so long ago (`90s`, `15m`, `2h`, `7d`). The result is ISO 8601. */
export function pointInTime(text: string): string {
  const relative = relativeTime.exec(text);
  if (relative !== null) {
    const seconds = Number(relative[1]) * (secondsOfUnit[relative[2] ?? ''] ?? 0);
    const then = new Date(Date.now() - seconds * 1000);
    if (then.getUTCFullYear() >= 1) return then.toISOString();
  }
  // Checked here and passed on as written: a Date would drop the microseconds.
  if (/^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}(:?\d{2})?)?)?$/.test(text)) {
    const probe = Date.parse(text.replace(' ', 'T').replace(/(:\d{2}(?:\.\d+)?[+-]\d{2})$/, '$1:00'));
    if (!Number.isNaN(probe) && isCalendarDay(text.slice(0, 10))) return text;
  }
  throw new InvalidArgumentError('It has to be a time such as 2026-03-01T12:00:00Z, or an age such as 15m, 2h or 7d.');
}

/** Parser of a length of time in seconds: `90`, `90s`, `15m`, `2h`, `7d`. */
export function lengthInSeconds(text: string): number {
  const match = /^(\d{1,9})(s|m|h|d)?$/.exec(text);
  const seconds = match === null ? 0 : Number(match[1]) * (secondsOfUnit[match[2] ?? 's'] ?? 0);
  if (seconds >= 1 && seconds <= 2_147_483_647) return seconds;
  throw new InvalidArgumentError('It has to be a length of time such as 90s, 15m, 2h or 7d.');
}

/** An option that takes a length of time, with its default as a person would give it, such as `4h`. */
export function timeOption(flags: string, description: string, usual: string): Option {
  return new Option(flags, description).argParser(lengthInSeconds).default(lengthInSeconds(usual), usual);
}

/** Parser of an option that takes a JSON object; it stays text, so that its numbers stay what they are. */
export function jsonObjectText(text: string): string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    parsed = undefined;
  }
  // Commander quotes the value in front of these messages; the error report cuts that off, because it may be a payload.
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw new InvalidArgumentError('It has to be a JSON object.');
  if (!isStorable(parsed))
    throw new InvalidArgumentError('It may hold neither NUL characters nor unpaired surrogates.');
  return text;
}
