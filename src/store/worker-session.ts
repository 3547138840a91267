import { closeClient, oneTransaction, withinDeadline } from './call.js';
import { type GapReport, reportGapText, reportGapValues, type SeenCommitted } from './gaps.js';
import { connectClient, quoteIdentifier, type SessionSettings } from './session.js';

/** What one pass said, as `fn_iu_route_worker_run` gives it. */
export interface PassResult {
  readonly status: string;
  readonly worker_name: string;
  readonly seen?: number;
  readonly attempts_written?: number;
  readonly deliveries_queued?: number;
  readonly skipped?: number;
  readonly dead_lettered?: number;
  readonly window_complete?: boolean;
  readonly cursor_created_at?: string | null;
  readonly cursor_event_id?: string | null;
  readonly cursor_seq?: string | null;
}

/** What a reconcile found. `lost` must be 0. */
export interface ReconcileResult {
  readonly worker_name: string;
  readonly checked: number;
  readonly lost: number;
  readonly first_lost_seq: string | null;
}

/** States of `iu_route_worker_heartbeat`. */
export type ProcessState = 'starting' | 'running' | 'waiting' | 'stopping' | 'stopped';

/** What a worker process reports about itself. */
export interface Heartbeat {
  readonly processId: string;
  readonly workerNames: readonly string[];
  readonly host: string;
  readonly pid: number;
  readonly version: string;
  readonly state: ProcessState;
  readonly detail: string | null;
}

/** One connection that runs passes. Nothing in it needs session state, so a transaction pooler may stand between. */
export interface WorkerSession {
  runPass(workerName: string, batchLimit: number, deadlineMilliseconds: number): Promise<PassResult>;
  heartbeat(beat: Heartbeat): Promise<void>;
  reconcile(workerName: string, deadlineMilliseconds: number): Promise<ReconcileResult>;
  workerNames(): Promise<readonly string[]>;
  /** Says what this process saw committed: what is not there any more is written down as a gap. Null = a standby cannot know. */
  reportGap(processId: string, seen: readonly SeenCommitted[]): Promise<GapReport | null>;
  close(): Promise<void>;
}

/** Short calls of a worker (heartbeat, list of cursors) answer within this or the connection is taken as dead. */
const shortCallMilliseconds = 10_000;

/** Opens a connection for passes. */
export async function openWorkerSession(settings: SessionSettings): Promise<WorkerSession> {
  const client = await connectClient(settings);
  const schema = quoteIdentifier(settings.schema ?? 'public');
  const one = (text: string, values: unknown[], milliseconds: number, timeoutSeconds?: number) =>
    withinDeadline(
      client,
      milliseconds,
      async () => (await oneTransaction(client, { text, values }, timeoutSeconds)).rows[0].result,
    );
  return {
    runPass: async (workerName, batchLimit, deadlineMilliseconds) =>
      JSON.parse(
        await one(
          `select ${schema}.fn_iu_route_worker_run($1, $2)::text as result`,
          [workerName, batchLimit],
          deadlineMilliseconds,
          deadlineMilliseconds / 2000,
        ),
      ),
    reconcile: async (workerName, deadlineMilliseconds) =>
      JSON.parse(
        await one(
          `select ${schema}.fn_iu_route_worker_reconcile($1)::text as result`,
          [workerName],
          deadlineMilliseconds,
          deadlineMilliseconds / 2000,
        ),
      ),
    heartbeat: async (beat) => {
      await one(
        `select ${schema}.fn_iu_route_worker_heartbeat($1, $2, $3, $4, $5, $6, $7)::text as result`,
        [beat.processId, beat.workerNames, beat.host, beat.pid, beat.version, beat.state, beat.detail],
        shortCallMilliseconds,
      );
    },
    workerNames: async () =>
      JSON.parse(
        await one(
          `select coalesce(json_agg(worker_name order by worker_name), '[]')::text as result from ${schema}.iu_route_worker_cursor`,
          [],
          shortCallMilliseconds,
        ),
      ),
    reportGap: async (processId, seen) =>
      JSON.parse(await one(reportGapText(schema), reportGapValues(processId, seen), shortCallMilliseconds)),
    close: () => closeClient(client),
  };
}

/** A connection that listens for the log's bell. */
export interface BellSession {
  close(): Promise<void>;
}

/** The channel a producer's trigger rings, and a person may ring by hand. */
const bellChannel = 'iu_event_outbox';

/**
 * Listens on the bell, on a connection of its own, and proves that it hears: it rings once itself. Undefined when it does
 * not hear within `selfTestMilliseconds`, as behind a transaction pooler.
 */
export async function openBell(
  settings: SessionSettings,
  onRing: () => void,
  onLost: () => void,
  selfTestMilliseconds = 2000,
): Promise<BellSession | undefined> {
  const client = await connectClient(settings);
  const proof = `self-test ${process.pid} ${Math.random().toString(36).slice(2)}`;
  let closing = false;
  let timer: NodeJS.Timeout | undefined;
  const heard = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), selfTestMilliseconds);
    client.on('notification', (message) => {
      if (message.payload === proof) resolve(true);
      else onRing();
    });
    client.on('end', () => {
      resolve(false);
      if (!closing) onLost();
    });
  });
  const close = () => {
    closing = true;
    return closeClient(client);
  };
  try {
    await client.query(`listen ${bellChannel}`);
    await client.query('select pg_notify($1, $2)', [bellChannel, proof]);
    if (await heard) return { close };
  } catch (error) {
    await close();
    throw error;
  } finally {
    clearTimeout(timer);
  }
  await close();
  return undefined;
}
