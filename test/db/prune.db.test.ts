// Retention: what a prune takes, what has to stay and why, and that nothing is lost, doubled or left without a count.
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { archiveFileName, prepareArchive, writeArchive } from '../../src/install/prune-archive.js';
import { createPool } from '../../src/store/database.js';
import { startPrune, stepPrune } from '../../src/store/prunes.js';
import { runIu } from '../support/cli.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { callFor, oneRow, refuseAll } from '../support/dead-letters.js';
import { claim, liveRoute, prepareDelivery, settle } from '../support/delivery-queue.js';
import { addRoute, certificate, drain, emit, pass, worker } from '../support/race.js';
import { countOf } from '../support/worker.js';

let db: TestDatabase;
let pruner: pg.Pool;

beforeEach(async () => {
  db = await createTestDatabase();
  await prepareDelivery(db);
  pruner = createPool({
    url: await db.loginUrl('iu_core_pruner'),
    schema: db.schema,
    purpose: 'test',
    maxConnections: 2,
  });
});
afterEach(async () => {
  await pruner.end();
  await db.drop();
});

const iu = async (...words: string[]) => {
  const client = await pruner.connect();
  client.release();
  return runIu(words, { url: pruner.options.connectionString ?? '', schema: db.schema });
};
const noArchive = () => Promise.reject(new Error('no archive was asked for'));

/** Prunes to the end with steps of so many events; what the last step said. */
async function pruneAll(limit = 7, archive: 'none' | 'table' = 'none') {
  const run = await startPrune(pruner, { olderThanDays: 0, reason: 'test', archive, place: undefined });
  for (;;) {
    const step = await stepPrune(pruner, run.run_id, limit, noArchive);
    if (step.state !== 'running') return step;
  }
}

const books = async () =>
  (
    await db.pool.query(
      `select worker_name, events, decided, pending, lost, queued, waiting, settled, balanced from v_iu_event_accounting order by 1`,
    )
  ).rows;
const summary = async () =>
  (await db.pool.query('select * from v_iu_route_attempt_summary order by route_kind, route_code, status')).rows;

/** Settled, waiting, dead, unknown: one live and one dry-run route, `count` events that are sent, and one event of each trouble. */
async function everyKind(count: number): Promise<Record<'waiting' | 'dead' | 'unknown', string>> {
  await liveRoute(db, 'r.live');
  await addRoute(db.pool, 'r.dry');
  for (let at = 1; at <= count; at += 1) await emit(db.pool, `s${at}`, { at });
  await db.pool.query(`select fn_iu_emit('race', 'changed', 'thing', 'big', '{"digits": 9007199254740993}')`);
  await drain(db.pool);
  await settle(db, await claim(db), 'sent');
  const unknown = await emit(db.pool, 'unknown');
  await drain(db.pool);
  await settle(db, await claim(db), 'unknown');
  await db.pool.query("select fn_iu_delivery_cancel(event_ref, 'r.live', 'test') from iu_route_delivery");
  const resolved = await emit(db.pool, 'resolved');
  await drain(db.pool);
  await refuseAll(db);
  await db.pool.query(
    "select fn_iu_route_dead_letter_resolve(dead_letter_id, 'test') from v_iu_route_dead_letter_open",
  );
  expect(await countOf(db, `iu_route_dead_letter where event_seq = ${resolved} and resolved_at is not null`)).toBe(1);
  const dead = await emit(db.pool, 'dead');
  await drain(db.pool);
  await refuseAll(db);
  const waiting = await emit(db.pool, 'waiting');
  await drain(db.pool);
  await emit(db.pool, 'undecided');
  await emit(db.pool, 'newest');
  return { waiting, dead, unknown };
}

describe('a prune', () => {
  it('takes what is settled and certified, leaves the rest by name, and every total and proof stays what it was', async () => {
    const kept = await everyKind(20);
    await drain(db.pool);
    const undecided = await emit(db.pool, 'undecided');
    await emit(db.pool, 'newest');
    const before = { books: await books(), summary: await summary() };
    const preview = JSON.parse((await iu('prune', '--older-than', '0', '--dry-run', '--json')).stdout);
    const step = await pruneAll();
    // two later events wait for delivery besides the one that is named
    const held = { delivery_waiting: 3, dead_letter_open: 1, unknown_not_reconciled: 1, not_passed_by_every_cursor: 1 };
    expect(step).toMatchObject({ state: 'done', events: 22, held });
    expect(preview).toMatchObject({ events: 22, complete: true });
    const left = (await db.pool.query('select seq from event_outbox order by seq')).rows.map((row) => row.seq);
    expect(left).toHaveLength(7);
    for (const seq of [...Object.values(kept), undecided]) expect(left).toContain(seq);
    expect({ books: await books(), summary: await summary() }).toEqual(before);
    expect(
      await countOf(db, 'iu_route_attempt a where not exists (select from event_outbox e where e.seq = a.event_seq)'),
    ).toBe(0);
    await drain(db.pool);
    expect(await certificate(db.pool)).toMatchObject({ lost: 0, stranded: 0 });
    // going back decides nothing again, and what is pruned does not come back
    await db.pool.query('select fn_iu_route_worker_rewind($1, $2)', [worker, 'test']);
    expect((await pruneAll()).events).toBe(0);
    const attempts = await countOf(db, 'iu_route_attempt');
    await drain(db.pool);
    expect(await countOf(db, 'iu_route_attempt')).toBe(attempts);
    expect(await certificate(db.pool)).toMatchObject({ lost: 0, stranded: 0 });
    const health = await callFor(db, 'select fn_iu_route_worker_health($1)::text', [worker]);
    expect(health.events_seen_total).toBeGreaterThan(20);
    expect((await runIu(['migrate', 'verify'], { url: db.url, schema: db.schema })).exitCode).toBe(0);
  });

  it('archives into files that hold every row once, although it is stopped between writing and committing', async () => {
    await everyKind(25);
    const folder = join(mkdtempSync(join(tmpdir(), 'iu-prune-')), 'new', 'deep');
    await prepareArchive(folder);
    const expected = new Set<string>();
    for (const table of ['event_outbox', 'iu_route_attempt', 'iu_route_run']) {
      const { rows } = await db.pool.query(`select row_to_json(t)::text as row from ${table} t`);
      for (const { row } of rows) expected.add(`{"table" : "${table}", "row" : ${row}}`);
    }
    const run = await startPrune(pruner, { olderThanDays: 0, reason: 'test', archive: 'folder', place: folder });
    const written: string[] = [];
    const lost: string[] = [];
    for (let step = 1, state = 'running'; state === 'running'; step += 1) {
      try {
        const after = await stepPrune(pruner, run.run_id, 5, async (batch, lines) => {
          const name = archiveFileName(batch.installation, batch.run_id, batch.batch_no ?? 0);
          const file = await writeArchive(folder, name, lines);
          if (step % 2 === 1) {
            lost.push(file.file);
            throw new Error('killed');
          }
          written.push(file.file);
          return file;
        });
        state = after.state;
      } catch (error) {
        expect((error as Error).message).toBe('killed');
      }
    }
    expect(readdirSync(folder).sort()).toEqual([...written, ...lost].sort());
    // what a step has written is never replaced
    const first = readFileSync(join(folder, written[0] ?? ''));
    await expect(writeArchive(folder, written[0] ?? '', ['other'])).rejects.toMatchObject({ code: 'IU898' });
    expect(readFileSync(join(folder, written[0] ?? ''))).toEqual(first);
    const lines = written.flatMap((file) =>
      gunzipSync(readFileSync(join(folder, file)))
        .toString()
        .trim()
        .split('\n'),
    );
    expect(new Set(lines).size).toBe(lines.length);
    const known = lines.filter((line) => /^\{"table" : "(event_outbox|iu_route_attempt|iu_route_run)"/.test(line));
    expect(known.filter((line) => !expected.has(line))).toEqual([]);
    // what is gone from the tables is in the files, and nothing else is
    for (const table of ['event_outbox', 'iu_route_attempt', 'iu_route_run']) {
      const prefix = `{"table" : "${table}"`;
      const all = [...expected].filter((line) => line.startsWith(prefix)).length;
      expect(lines.filter((line) => line.startsWith(prefix))).toHaveLength(all - (await countOf(db, table)));
    }
    const check = await iu('prune', 'check', run.run_id, '--json');
    expect(check).toMatchObject({ exitCode: 0 });
    expect(JSON.parse(check.stdout)).toMatchObject({ ok: true, rows: lines.length, unnamed: lost.sort() });
    writeFileSync(join(folder, written[0] ?? ''), 'something else');
    expect((await iu('prune', 'check', run.run_id)).exitCode).toBe(1);
  });

  it('commits nothing that was to be archived and was not, and nothing whose archive differs', async () => {
    await everyKind(3);
    const run = await startPrune(pruner, { olderThanDays: 0, reason: 'test', archive: 'folder', place: '/nowhere' });
    const events = await countOf(db, 'event_outbox');
    await expect(pruner.query('select fn_iu_prune_step($1, 100)', [run.run_id])).rejects.toMatchObject({
      code: 'IU884',
    });
    const tooFew = stepPrune(pruner, run.run_id, 100, async (_step, lines) => ({
      file: 'x',
      sha256: 'a'.repeat(64),
      bytes: 1,
      rows: lines.length - 1,
    }));
    await expect(tooFew).rejects.toMatchObject({ code: 'IU888' });
    expect(await countOf(db, 'event_outbox')).toBe(events);
    expect((await iu('prune', '--older-than', '1', '--reason', 'x')).stderr).toContain('IU886');
    expect((await iu('prune', 'cancel', run.run_id, '--reason', 'wrong folder')).exitCode).toBe(0);
    const whole = await iu(
      'prune',
      '--older-than',
      '0',
      '--reason',
      'x',
      '--archive',
      'table',
      '--batch',
      '2',
      '--json',
    );
    expect(JSON.parse(whole.stdout)).toMatchObject({ state: 'done', events: 5 });
    expect(await countOf(db, "iu_archived_row where table_name = 'event_outbox'")).toBe(5);
    const { document } = await oneRow(
      db,
      "select document #>> '{safe_payload,digits}' as document from iu_archived_row where document #> '{safe_payload,digits}' is not null",
    );
    expect(document).toBe('9007199254740993');
  });

  it('leaves alone what a replay holds or has still to come to, evidence of an open request, and what no cursor vouches for', async () => {
    await addRoute(db.pool, 'r.dry');
    for (let at = 1; at <= 6; at += 1) await emit(db.pool, `s${at}`);
    await drain(db.pool);
    const held = async () => {
      await db.pool.query('select fn_iu_prune_certify()');
      const preview = await callFor(db, 'select fn_iu_prune_preview(0)::text');
      return { free: preview.events, ...preview.held };
    };
    expect(await held()).toEqual({ free: 5 });
    const replay = await callFor(db, `select fn_iu_replay_start('{"status": ["dry_run"]}', 'test')::text`);
    await db.pool.query('select fn_iu_replay_step($1, 2)', [replay.run_id]);
    expect(await held()).toMatchObject({ free: 1, replay_running: 4 });
    await db.pool.query("select fn_iu_replay_cancel($1, 'test')", [replay.run_id]);

    // a pair that somebody works on: its decision row is locked
    const other = await db.connect();
    await other.query('begin');
    await other.query(
      'select fn_iu_route_redecide(event_seq, route_id, false) from iu_route_attempt where attempt_no = 1 order by event_seq limit 1',
    );
    const run = await startPrune(pruner, { olderThanDays: 0, reason: 'test', archive: 'none', place: undefined });
    const step = await stepPrune(pruner, run.run_id, 2, noArchive);
    expect(step).toMatchObject({ events: 1, held: { being_worked_on: 1 } });
    await other.query('commit');
    await db.pool.query("select fn_iu_prune_cancel($1, 'test')", [run.run_id]);

    await db.pool.query(
      `insert into iu_route_approval (route_id, route_version, requested_by, expires_at)
       select route_id, version, session_user, now() + interval '1 day' from iu_outbound_route where route_code = 'r.dry'`,
    );
    expect(await held()).toEqual({ free: 0, approval_evidence: 4 });
    await db.pool.query("update iu_route_approval set revoked_at = now(), revoked_by = 'x', revoke_reason = 'x'");
    expect(await held()).toEqual({ free: 4 });

    await db.pool.query("select fn_iu_event_type_add('other', 'thing')");
    await db.pool.query("select fn_iu_emit('other', 'thing', 't', 'x')");
    await emit(db.pool, 'newest');
    await drain(db.pool);
    expect(await held()).toMatchObject({ domain_without_owner: 1 });
    // a worker that stands still keeps what it has not passed
    await db.pool.query("select fn_iu_route_worker_register('slow', 'other', 'beginning')");
    expect(await held()).toMatchObject({ free: 5, not_passed_by_every_cursor: 1 });
    // and one of another cluster keeps everything, as does a broken certificate
    await db.pool.query("update iu_route_worker_cursor set database_oid = 1 where worker_name = 'slow'");
    await expect(db.pool.query('select fn_iu_prune_preview(0)')).rejects.toMatchObject({ code: 'IU881' });
    await db.pool.query("delete from iu_route_worker_cursor where worker_name = 'slow'");
    await db.pool.query('alter table iu_route_attempt disable trigger trg_iu_route_attempt_append_only');
    await db.pool.query('delete from iu_route_attempt where event_seq = (select min(event_seq) from iu_route_attempt)');
    await db.pool.query(
      'update iu_route_worker_cursor set reconciled_snapshot = base_snapshot, reconciled_floor_seq = base_floor_seq',
    );
    await expect(db.pool.query("select fn_iu_prune_start(0, 'test')")).rejects.toMatchObject({ code: 'IU882' });
  });

  it('gathers no more than 16 MiB a step as they are written out, however small they are stored', async () => {
    await addRoute(db.pool, 'r.dry');
    for (let at = 1; at <= 20; at += 1) await emit(db.pool, `s${at}`, { text: 'a'.repeat(1_000_000) });
    await emit(db.pool, 'newest');
    await drain(db.pool);
    const run = await startPrune(pruner, { olderThanDays: 0, reason: 'test', archive: 'table', place: undefined });
    expect(await stepPrune(pruner, run.run_id, 100, noArchive)).toMatchObject({ examined: 17, events: 17 });
    expect(await stepPrune(pruner, run.run_id, 100, noArchive)).toMatchObject({ examined: 20, events: 20 });
  });

  it('and its preview are refused while a rule could keep what is counted as gone, and say how it goes', async () => {
    await everyKind(3);
    const before = await countOf(db, 'event_outbox');
    const run = await startPrune(pruner, { olderThanDays: 0, reason: 'test', archive: 'none', place: undefined });
    const rules = {
      event_outbox: `create rule "Keeps" as on delete to event_outbox do instead update event_outbox set event_type = old.event_type where seq = old.seq
        returning old.*`,
      iu_route_attempt: 'create rule "Keeps" as on delete to iu_route_attempt do instead nothing',
    };
    for (const [table, rule] of Object.entries(rules)) {
      await db.pool.query(rule);
      for (const words of [['--dry-run'], ['--reason', 'test'], ['resume', run.run_id]]) {
        const age = words[0] === 'resume' ? [] : ['--older-than', '0'];
        expect(await iu('prune', ...words, ...age), `${table} ${words}`).toMatchObject({
          exitCode: 3,
          stderr: expect.stringMatching(
            new RegExp(`IU878 rule Keeps of ${table} [\\s\\S]*drop rule "Keeps" on ${table};`),
          ),
        });
      }
      await db.pool.query(`alter table ${table} disable rule "Keeps"`);
    }
    expect(await countOf(db, 'event_outbox')).toBe(before);
    expect((await iu('prune', 'resume', run.run_id)).exitCode).toBe(0);
    expect(await countOf(db, 'event_outbox')).toBeLessThan(before);
  });

  it('counts nothing as gone that a trigger keeps without saying so, and names the trigger', async () => {
    await everyKind(3);
    const told = await books();
    await db.pool.query(`create function keeps() returns trigger language plpgsql as 'begin return null; end';
      create trigger "Keeps" before delete on event_outbox for each row execute function keeps()`);
    expect(await iu('prune', '--older-than', '0', '--reason', 'test')).toMatchObject({
      exitCode: 3,
      stderr: expect.stringMatching(/IU879 event 1 [\s\S]*alter table event_outbox disable trigger "Keeps"/),
    });
    expect(await books()).toEqual(told);
    await db.pool.query('alter table event_outbox disable trigger "Keeps"');
    expect((await iu('prune', 'resume', '1')).exitCode).toBe(0);
  });

  it('and a cursor that goes back exclude each other', async () => {
    await addRoute(db.pool, 'r.dry');
    for (let at = 1; at <= 4; at += 1) await emit(db.pool, `s${at}`);
    await drain(db.pool);
    const run = await startPrune(pruner, { olderThanDays: 0, reason: 'test', archive: 'none', place: undefined });
    const pruning = await db.connect();
    await pruning.query('begin');
    await pruning.query('select fn_iu_prune_step($1, 10)', [run.run_id]);
    const going = db.connect().then(async (client) => {
      await client.query("set lock_timeout = '200ms'");
      return client.query("select fn_iu_route_worker_rewind($1, 'test')", [worker]);
    });
    await expect(going).rejects.toMatchObject({ code: '55P03' });
    await pruning.query('commit');
    await db.pool.query("select fn_iu_route_worker_rewind($1, 'test')", [worker]);
    await drain(db.pool);
    expect(
      await countOf(db, 'iu_route_attempt a where not exists (select from event_outbox e where e.seq = a.event_seq)'),
    ).toBe(0);
  });

  describe('that is only looked at', () => {
    const preview = async (rest = '') => {
      await db.pool.query('select fn_iu_prune_certify()');
      return callFor(db, `select fn_iu_prune_preview(0${rest})::text`);
    };

    it('counts what foreign keys hold as the prune does, in whatever table, and asks no longer than it may', async () => {
      await addRoute(db.pool, 'r.dry');
      for (let at = 1; at <= 40; at += 1) await emit(db.pool, `s${at}`, { at });
      await drain(db.pool);
      const whole = await preview();
      expect(whole).toMatchObject({ events: 39, held: {}, not_asked: 0, referencing: [] });
      // of a table into which nobody of ours may look; every third event, and the first of all
      await db.pool.query(`create table case_file (event_seq bigint constraint case_event_fkey references event_outbox);
        insert into case_file select seq from event_outbox where event_subject_ref ~ '^s(1|[0-9]?[369])$'`);
      const held = await countOf(db, "event_outbox where event_subject_ref ~ '^s(1|[0-9]?[369])$'");
      const attempts = await countOf(db, 'iu_route_attempt');
      const said = await preview();
      expect(said).toMatchObject({ events: 39 - held, held: { referenced: held }, not_asked: 0, complete: true });
      expect(BigInt(said.bytes)).toBeLessThan(BigInt(whole.bytes));
      expect(BigInt(said.first_seq)).toBe(BigInt(whole.first_seq) + 1n);
      expect([await countOf(db, 'event_outbox'), await countOf(db, 'iu_route_attempt')]).toEqual([40, attempts]);
      // no time to ask: what may be held is counted as free, and said
      expect(await preview(', p_ask_seconds => 0')).toMatchObject({ events: 39, held: {}, not_asked: 39 });
      expect((await iu('prune', '--older-than', '0', '--dry-run')).stdout).toMatch(
        /Would take 2\d events[\s\S]*referenced +1\d\n[\s\S]*refers to events: case_event_fkey of \S*case_file: no action/,
      );
      expect(await pruneAll()).toMatchObject({ events: 39 - held, held: { referenced: held } });
    });

    it('waits for nobody who writes a row that refers to an event, and says that it could not ask', async () => {
      await addRoute(db.pool, 'r.dry');
      for (let at = 1; at <= 4; at += 1) await emit(db.pool, `s${at}`);
      await drain(db.pool);
      await db.pool.query('create table case_file (event_seq bigint references event_outbox)');
      const writer = await db.connect();
      await writer.query('begin');
      await writer.query("insert into case_file select seq from event_outbox where event_subject_ref = 's2'");
      expect(await preview()).toMatchObject({ events: 3, held: {}, not_asked: 1 });
      expect((await iu('prune', '--older-than', '0', '--dry-run')).stdout).toContain(
        '1 of them were not asked about for foreign keys',
      );
      await writer.query('commit');
      expect(await preview()).toMatchObject({ events: 2, held: { referenced: 1 }, not_asked: 0 });
    });

    it('holds no cursor: passes go on while it asks', async () => {
      await addRoute(db.pool, 'r.dry');
      for (let at = 1; at <= 4; at += 1) await emit(db.pool, `s${at}`);
      await drain(db.pool);
      const looking = await db.connect();
      await db.pool.query('select fn_iu_prune_certify()');
      await looking.query('begin');
      await looking.query('select fn_iu_prune_preview(0)');
      await emit(db.pool, 's5');
      expect(await pass(db.pool)).toMatchObject({ status: 'ran', seen: 1 });
      await looking.query('rollback');
      // and by the command the certificate is up to date nevertheless
      expect((await iu('prune', '--older-than', '0', '--dry-run')).stdout).toContain('Would take 4 events');
    });

    it('does not try where a trigger of somebody else on the log would run', async () => {
      await addRoute(db.pool, 'r.dry');
      for (let at = 1; at <= 4; at += 1) await emit(db.pool, `s${at}`);
      await drain(db.pool);
      await db.pool.query(`create table case_file (event_seq bigint references event_outbox); create sequence told;
        create function tells() returns trigger language plpgsql security definer as $$ begin perform nextval('told'); return old; end $$;
        create trigger tells before delete on event_outbox for each row execute function tells()`);
      expect(await preview()).toMatchObject({ events: 3, held: {}, not_asked: 3 });
      expect((await oneRow(db, 'select is_called from told')).is_called).toBe(false);
    });
  });
});
