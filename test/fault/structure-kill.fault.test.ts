// kill -9 between the writes of an operation, of the client process and of the server process: all of it has happened, or nothing.
import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StructureStep } from '../../src/contract/structure/step.js';
import { type EmbeddedServer, startEmbedded } from '../../src/install/embedded/index.js';
import { migrateUp } from '../../src/install/migrate/index.js';
import { connectClient } from '../../src/store/session.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { chosenRuns, chosenSeed, seeded } from '../support/seeded.js';
import { makeServerFolder } from '../support/server-folder.js';
import {
  applyPlan,
  codeOfCall,
  openStructureGate,
  planSteps,
  type Runs,
  readHashes,
  rollBack,
  treeProblems,
} from '../support/structure.js';
import { waitFor } from '../support/wait.js';

const clientScript = fileURLToPath(new URL('../support/structure-client.mjs', import.meta.url));
const pauseKey = 471_100;

/** Makes a backend wait before the write of a change with this number, or before the event of a step, until the test lets go of a lock. */
const installPause = (db: Runs) =>
  db.query(`
    create table pause_at (place text primary key);
    grant select on pause_at to public;
    create function pause_here() returns trigger language plpgsql as $$
    begin
      if exists (select from pause_at where place = tg_argv[0] || (to_jsonb(new) ->> tg_argv[1])) then
        perform pg_advisory_xact_lock(${pauseKey});
      end if;
      return new;
    end $$;
    create trigger pause_change before insert on iu_structure_change for each row execute function pause_here('change ', 'change_no');
    create trigger pause_event before insert on iu_structure_event for each row execute function pause_here('event ', 'step_no');
    create trigger pause_status before update on iu_structure_operation for each row execute function pause_here('status ', 'operation_status');
  `);

/** A batch of all seven types: 7 events and about 25 changes. */
async function prepareBatch(db: Runs, prefix: string): Promise<StructureStep[]> {
  const units = [
    { canonical_address: `${prefix}D`, body: 'document' },
    ...['a', 'b', 'c', 'd', 'e', 'f'].map((name) => ({
      canonical_address: prefix + name,
      parent_address: `${prefix}D`,
      body: `text of ${name}`,
      section_code: name,
    })),
  ];
  await db.query('select from fn_iu_create_many($1, $2)', [JSON.stringify(units), 'tester']);
  const piece = (name: string) => ({ canonical_address: prefix + name });
  return [
    { operation_type: 'add_new_piece', parent: `${prefix}a`, piece: { ...piece('a1'), body: 'new' } },
    { operation_type: 'split_large_piece', unit: `${prefix}b`, offsets: [3], pieces: [piece('b1'), piece('b2')] },
    { operation_type: 'merge_small_pieces', units: [`${prefix}c`, `${prefix}d`], piece: piece('cd') },
    { operation_type: 'reparent_piece', unit: `${prefix}a`, parent: `${prefix}cd` },
    { operation_type: 'renumber_piece', unit: `${prefix}a`, section_code: '7' },
    { operation_type: 'replace_piece', unit: `${prefix}e`, piece: { ...piece('e1'), body: 'other' } },
    { operation_type: 'deprecate_piece', unit: `${prefix}f` },
  ];
}

/** What the database says of an operation. */
async function stateOf(db: Runs, operationId: string) {
  const { rows } = await db.query(
    `select o.operation_status as status, (select count(*)::int from iu_structure_event e where e.operation_id = o.operation_id) as events,
            (select count(*)::int from iu_structure_change c where c.operation_id = o.operation_id) as changes,
            (select count(*)::int from event_outbox e where e.safe_payload ->> 'operation_id' = o.operation_id::text) as logged
       from iu_structure_operation o where o.operation_id = $1`,
    [operationId],
  );
  return rows[0] as { status: string; events: number; changes: number; logged: number };
}

/** Asserts that the operation happened wholly or not at all, and says which. */
async function wholeOrNothing(db: Runs, prefix: string, operationId: string, before: string[]): Promise<string> {
  const state = await stateOf(db, operationId);
  const hashes = await readHashes(db, prefix);
  if (state.status === 'planned') {
    expect({ ...state, hashes }).toEqual({ status: 'planned', events: 0, changes: 0, logged: 0, hashes: before });
    // nothing is in the way of doing it now
    await applyPlan(db, operationId);
  } else {
    expect(state).toMatchObject({ status: 'enacted', events: 7, logged: 7 });
    expect(hashes).not.toEqual(before);
  }
  await rollBack(db, operationId);
  expect(await readHashes(db, prefix)).toEqual(before);
  return state.status;
}

const isWaiting = async (db: Runs, pid: number) =>
  (await db.query(`select from pg_locks where pid = $1 and locktype = 'advisory' and not granted`, [pid])).rowCount ===
  1;
const isGone = async (db: Runs, pid: number) =>
  (await db.query('select from pg_stat_activity where pid = $1', [pid])).rowCount === 0;

const random = seeded(chosenSeed());

/** Places to kill at, different ones in each run, always with the last event: an operation that ran through once tells how many there are. */
async function choosePlaces(db: Runs): Promise<string[]> {
  const { operation_id: id } = await planSteps(db, await prepareBatch(db, 'count-'));
  await applyPlan(db, id);
  const { changes, events } = await stateOf(db, id);
  const places = [
    ...Array.from({ length: changes }, (_, index) => `change ${index + 1}`),
    ...Array.from({ length: events }, (_, index) => `event ${index + 1}`),
    'status enacted',
  ];
  const chosen = Array.from({ length: 10 * chosenRuns() }, () => places[random.between(0, places.length - 1)] ?? '');
  return [`event ${events}`, ...chosen];
}

describe('a client process that is killed with SIGKILL between the writes of an operation', () => {
  let db: TestDatabase;
  let places: string[];
  beforeAll(async () => {
    db = await createTestDatabase();
    await openStructureGate(db.pool);
    await installPause(db.pool);
    places = await choosePlaces(db.pool);
  });
  afterAll(() => db.drop());

  it.each(['alone', 'together'])(
    'leaves all or nothing (%s)',
    async (mode) => {
      const outcomes = new Set<string>();
      const holder = await db.connect();
      for (const [round, place] of places.entries()) {
        const prefix = `K-${mode}-${round}-`;
        const { operation_id: id } = await planSteps(db.pool, await prepareBatch(db.pool, prefix));
        const before = await readHashes(db.pool, prefix);
        await db.pool.query('insert into pause_at values ($1)', [place]);
        await holder.query('select pg_advisory_lock($1)', [pauseKey]);
        const child = spawn(process.execPath, [clientScript, db.url, db.schema, mode, id], {
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        const pid = await pidSaid(child);
        try {
          await waitFor(() => isWaiting(db.pool, pid), { what: `the client waits at ${place}` });
        } finally {
          await killed(child);
          await holder.query('select pg_advisory_unlock($1)', [pauseKey]);
        }
        await db.pool.query('delete from pause_at');
        await waitFor(() => isGone(db.pool, pid), { what: 'the backend of the killed client ends' });
        outcomes.add(await wholeOrNothing(db.pool, prefix, id, before));
      }
      // a statement of its own is finished by the server and commits; a transaction without its COMMIT is undone
      expect([...outcomes]).toEqual([mode === 'alone' ? 'enacted' : 'planned']);
      expect(await treeProblems(db.pool)).toEqual([]);
    },
    60_000,
  );
});

describe('a server process that is killed with SIGKILL between the writes of an operation', () => {
  const major = Number(process.env.IU_TEST_POSTGRES || 17);
  const schema = process.env.IU_TEST_SCHEMA || 'public';
  let folder: string;
  let server: EmbeddedServer;
  let places: string[];
  beforeAll(async () => {
    folder = await makeServerFolder();
    server = await startEmbedded({ dataFolder: folder, major, durable: true });
    const client = await connect();
    await migrateUp(client, { schema });
    await openStructureGate(client);
    await installPause(client);
    places = await choosePlaces(client);
    await client.end();
  }, 120_000);
  afterAll(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function connect(): Promise<pg.Client> {
    const client = await connectClient({ url: server.url, schema, purpose: 'test' });
    // the server ends all connections when one of its processes dies
    client.on('error', () => {});
    return client;
  }
  const reconnect = () =>
    waitFor(() => connect().catch(() => undefined), { what: 'the server has recovered', timeoutSeconds: 60 });

  it('leaves nothing of it, or all, and the server comes back with whole trees', async () => {
    for (const [round, place] of places.entries()) {
      const prefix = `B-${round}-`;
      const observer = await connect();
      const { operation_id: id } = await planSteps(observer, await prepareBatch(observer, prefix));
      const before = await readHashes(observer, prefix);
      await observer.query('insert into pause_at values ($1)', [place]);
      await observer.query('select pg_advisory_lock($1)', [pauseKey]);
      const worker = await connect();
      const pid = (await worker.query('select pg_backend_pid() as pid')).rows[0].pid;
      const applying = codeOfCall(applyPlan(worker, id));
      await waitFor(() => isWaiting(observer, pid), { what: `the operation waits at ${place}` });
      process.kill(pid, 'SIGKILL');
      expect(await applying).not.toBe('ok');
      const after = await reconnect();
      await after.query('delete from pause_at');
      expect(await wholeOrNothing(after, prefix, id, before)).toBe('planned');
      expect(await treeProblems(after)).toEqual([]);
      for (const client of [observer, worker, after]) await client.end().catch(() => {});
    }
  }, 120_000);
});

/** The backend that the client process said it has. */
async function pidSaid(child: ChildProcess): Promise<number> {
  if (child.stdout === null) throw new Error('the client has no stdout');
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith('pid ')) return Number(line.slice(4));
  }
  throw new Error('the client ended without saying its backend');
}

function killed(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.on('exit', () => resolve());
    child.kill('SIGKILL');
  });
}
