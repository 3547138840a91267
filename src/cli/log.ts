import { pino } from 'pino';
import type { LogLevel } from './global-options.js';

/**
 * What may stand in a log line. A field that is not in this list is dropped, so that no payload, secret or address gets
 * into a log because somebody passed a whole row.
 */
const allowedFields = [
  'alive',
  'attempts',
  'attemptsWritten',
  'backlog',
  'batchLimit',
  'change',
  'code',
  'command',
  'count',
  'deadLettered',
  'delayMilliseconds',
  'deliveriesQueued',
  'durationMilliseconds',
  'exitCode',
  'gate',
  'host',
  'pid',
  'port',
  'processId',
  'reason',
  'route',
  'runId',
  'schema',
  'seen',
  'serverVersionNumber',
  'signal',
  'skipped',
  'state',
  'status',
  'version',
  'windowComplete',
  'workerName',
] as const;

export type LogField = (typeof allowedFields)[number];
export type LogFields = Partial<Readonly<Record<LogField, string | number | boolean | null | undefined>>>;

/** One line a call: a fixed sentence, and fields for what varies. */
export interface Logger {
  error(sentence: string, fields?: LogFields): void;
  warn(sentence: string, fields?: LogFields): void;
  info(sentence: string, fields?: LogFields): void;
  debug(sentence: string, fields?: LogFields): void;
}

const allowed: ReadonlySet<string> = new Set(allowedFields);

/** The allowed fields of what a caller passed; nested values are dropped too. */
export function allowedOnly(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).filter(
      ([name, value]) => allowed.has(name) && (typeof value !== 'object' || value === null),
    ),
  );
}

/** JSON lines on the given stream (stderr), so that stdout holds results only. */
export function createLogger(level: LogLevel, stream: { write(text: string): unknown }): Logger {
  const target = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line: string) => void stream.write(line) },
  );
  const at =
    (name: 'error' | 'warn' | 'info' | 'debug') =>
    (sentence: string, fields: LogFields = {}) =>
      target[name](allowedOnly(fields), sentence);
  return { error: at('error'), warn: at('warn'), info: at('info'), debug: at('debug') };
}
