import { randomUUID } from 'node:crypto';
import { IuError } from '../../contract/errors/index.js';
import {
  type Alert,
  type AlertReason,
  type AlertState,
  afterLook,
  afterTry,
  freshAlertState,
  type Observation,
  wayOf,
} from '../../contract/operate/alert.js';
import { openDatabase } from '../../store/database.js';
import { errorCode } from '../../store/failure.js';
import { beatWatchdog, healthReasons, registeredWorkers, silentWatchdogs } from '../../store/health.js';
import { readStateFile, writeStateFile } from './state-file.js';
import type { AlertWay } from './ways.js';

/** What a watchdog is made of. */
export interface WatchdogSettings {
  readonly url: string;
  readonly schema: string;
  /** Name under which it says that it looked. */
  readonly watcher: string;
  readonly host: string;
  readonly everySeconds: number;
  readonly repeatSeconds: number;
  readonly stateFile: string;
  readonly ways: readonly AlertWay[];
  /** How long a statement may go without an answer, whatever is between; 30 s when not said. */
  readonly answerTimeoutSeconds?: number;
  log(level: 'info' | 'warn' | 'error', message: string, fields?: Readonly<Record<string, unknown>>): void;
  /** Clock of this host; Date.now unless a test says otherwise. */
  readonly now?: () => number;
}

/** What a look came to. */
export interface Look {
  readonly healthy: boolean;
  readonly reasons: readonly AlertReason[];
  /** What a way has taken now. */
  readonly told: Alert | null;
  /** Ways that did not take it, and why; it is tried again at the next look. */
  readonly failed: readonly { readonly way: string; readonly why: string }[];
}

/** Asks the database; whatever keeps it from answering is a reason itself. */
export async function observe(
  settings: Pick<
    WatchdogSettings,
    'url' | 'schema' | 'watcher' | 'host' | 'everySeconds' | 'answerTimeoutSeconds' | 'log'
  >,
): Promise<Observation> {
  const { url, schema, watcher } = settings;
  try {
    const database = await openDatabase({
      url,
      schema,
      purpose: 'health watch',
      maxConnections: 1,
      readOnlyAllowed: true,
      connectTimeoutSeconds: 10,
      statementTimeoutSeconds: 20,
      answerTimeoutSeconds: settings.answerTimeoutSeconds ?? 30,
    });
    try {
      const names = await registeredWorkers(database.pool);
      const reasons: AlertReason[] = await healthReasons(database.pool, names);
      if (names.length === 0) reasons.push(noCursorReason);
      for (const reason of await silentWatchdogs(database.pool, watcher)) reasons.push({ worker: null, ...reason });
      const codes = [...new Set(reasons.map((reason) => reason.code))].sort();
      // Health is what it is, also where nobody can write that it was looked at.
      await beatWatchdog(database.pool, { ...settings, healthy: reasons.length === 0, reasons: codes }).catch(() =>
        settings.log('warn', 'the look could not be recorded', { processId: watcher }),
      );
      return { reasons };
    } finally {
      await database.close();
    }
  } catch (error) {
    // The message of a connection failure can hold an address with a user name.
    const code = error instanceof IuError ? error.code : 'no code';
    return { reasons: [{ ...unavailable, message: `${unavailable.message} (${code})` }] };
  }
}

const noCursorReason: AlertReason = {
  worker: null,
  code: 'unregistered',
  message: 'no cursor is registered: nobody decides events',
  action: 'iu cursor register WORKER --domain DOMAIN --from now',
};

const unavailable: AlertReason = {
  worker: null,
  code: 'database_unavailable',
  message: 'the database did not answer',
  action: 'is the server up and reachable from this host? iu doctor',
};

/** A watchdog: each look observes, tells what changed, and keeps what was told. */
export class Watchdog {
  /** What could not be written: kept here, so that a full disk silences nothing and repeats nothing. */
  #unwritten: AlertState | undefined;

  constructor(private readonly settings: WatchdogSettings) {}

  async look(): Promise<Look> {
    const { settings } = this;
    const now = settings.now ?? Date.now;
    const before = this.#unwritten ?? (await this.#read());
    const observation = await observe(settings);
    const state = afterLook(before, observation, {
      ways: settings.ways.map((way) => way.name),
      nowMilliseconds: now(),
      repeatSeconds: settings.repeatSeconds,
      newId: randomUUID,
    });
    // Kept before it is told: a crash in between tells it again under the same id.
    await this.#write(state);
    const { state: after, told, failed } = await tell(state, settings, now);
    if (after !== state) await this.#write(after);
    return { healthy: observation.reasons.length === 0, reasons: observation.reasons, told, failed };
  }

  /** Looks until the signal; a look that takes long puts the next one off. */
  async run(stop: AbortSignal, onLook: (look: Look) => void): Promise<void> {
    while (!stop.aborted) {
      onLook(await this.look());
      await pause(this.settings.everySeconds * 1000, stop);
    }
  }

  async #read(): Promise<AlertState> {
    try {
      const { state, damaged } = await readStateFile(this.settings.stateFile);
      if (damaged) this.settings.log('warn', 'the file of what was told was damaged and is put aside');
      return state;
    } catch (error) {
      // To tell a red health once more is better than not at all.
      this.settings.log('error', 'the file of what was told cannot be read', { code: errorCode(error) });
      return freshAlertState;
    }
  }

  async #write(state: AlertState): Promise<void> {
    try {
      await writeStateFile(this.settings.stateFile, state);
      this.#unwritten = undefined;
    } catch (error) {
      this.#unwritten = state;
      this.settings.log('error', 'what was told cannot be kept in its file', { code: errorCode(error) });
    }
  }
}

async function tell(
  state: AlertState,
  settings: WatchdogSettings,
  now: () => number,
): Promise<{ state: AlertState; told: Alert | null; failed: { way: string; why: string }[] }> {
  let next = state;
  let told: Alert | null = null;
  const failed: { way: string; why: string }[] = [];
  for (const way of settings.ways) {
    const { pending } = wayOf(state, way.name);
    if (pending === null) continue;
    const why = await way.tell(pending);
    next = afterTry(next, way.name, why === undefined, now());
    if (why === undefined) {
      told = pending;
      continue;
    }
    failed.push({ way: way.name, why });
    settings.log('error', 'an alert was not taken', { code: way.name, reason: why, state: pending.kind });
  }
  return { state: next, told, failed };
}

function pause(milliseconds: number, stop: AbortSignal): Promise<void> {
  if (stop.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      stop.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    stop.addEventListener('abort', end, { once: true });
  });
}
