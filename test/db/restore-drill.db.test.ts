// The drill of restore.md, whole: dump, more events, restore into another database, the worker refuses, rebase, certificate 0.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, inject, it } from 'vitest';
import { connectClient } from '../../src/store/session.js';
import { withDatabase } from '../support/cluster.js';
import { adminUrl, createTestDatabase, type TestDatabase } from '../support/database.js';
import { callFor, oneRow } from '../support/dead-letters.js';
import { claim, deployment, liveRoute, prepareDelivery, settle } from '../support/delivery-queue.js';
import { databaseAt } from '../support/fault-server.js';
import { addRoute, certificate, drain, emit, expectWhole, pass, worker } from '../support/race.js';
import { countOf } from '../support/worker.js';

const { major, schema } = inject('iuCluster');
const tools = `/usr/lib/postgresql/${major}/bin`;
const run = promisify(execFile);

/** Takes everything out of the log that may go; how many events. */
async function pruneAll(db: TestDatabase): Promise<number> {
  const begun = await callFor(db, "select fn_iu_prune_start(0, 'drill', 'table')::text");
  for (;;) {
    const { rows } = await db.pool.query('select fn_iu_prune_step($1, 10) as line', [begun.run_id]);
    const step = JSON.parse(rows[0].line);
    if (step.state !== 'running') return step.events;
  }
}

async function restored(original: TestDatabase, work: (copy: TestDatabase) => Promise<void>): Promise<void> {
  const name = `${original.name}_drill`;
  const file = join(tmpdir(), `${name}.dump`);
  const admin = await connectClient({ url: adminUrl(), purpose: 'test support' });
  const url = withDatabase(adminUrl(), name);
  try {
    await run(join(tools, 'pg_dump'), ['--format=custom', `--file=${file}`, `--dbname=${original.url}`]);
    // what the original writes after the backup is not in the copy, and does not disturb it
    for (let at = 1; at <= 5; at += 1) await emit(original.pool, `late${at}`);
    await drain(original.pool);
    await admin.query(`create database ${name} template template0`);
    const again = schema === 'public' ? ['--clean', '--if-exists'] : [];
    await run(join(tools, 'pg_restore'), ['--exit-on-error', ...again, `--dbname=${url}`, file]);
    const copy = databaseAt(url, name, schema, major);
    try {
      await work(copy);
    } finally {
      await copy.drop();
    }
  } finally {
    await admin.query(`drop database if exists ${name} with (force)`);
    await admin.end();
    await rm(file, { force: true });
  }
}

it.skipIf(!existsSync(join(tools, 'pg_dump'))).each([
  { pruned: false, what: 'with the whole log' },
  { pruned: true, what: 'after a prune' },
])(
  'a backup $what is restored: nothing is decided or sent before somebody says so, then everything once',
  async ({ pruned }) => {
    const original = await createTestDatabase();
    try {
      await prepareDelivery(original);
      await liveRoute(original, 'r.live');
      await addRoute(original.pool, 'r.dry');
      for (let at = 1; at <= 20; at += 1) await emit(original.pool, `s${at}`);
      await drain(original.pool);
      await settle(original, await claim(original), 'sent');
      if (pruned) expect(await pruneAll(original)).toBe(19);
      await emit(original.pool, 'waiting');
      await drain(original.pool);
      await emit(original.pool, 'undecided');
      const { seq: highest } = await oneRow(original, 'select max(seq) as seq from event_outbox');

      await restored(original, async (copy) => {
        const attempts = await countOf(copy, 'iu_route_attempt');
        expect(await pass(copy.pool)).toMatchObject({ status: 'cluster_changed' });
        await expect(copy.pool.query('select fn_iu_prune_preview(0)')).rejects.toMatchObject({ code: 'IU881' });
        expect((await claim(copy))[0]?.hold).toBe('cluster_changed');
        expect(await countOf(copy, 'iu_route_attempt')).toBe(attempts);
        const first = await emit(copy.pool, 'first of the copy');
        expect(BigInt(first)).toBeGreaterThan(BigInt(highest));

        const rebase = await callFor(copy, "select fn_iu_route_worker_rebase($1, 'drill')::text", [worker]);
        expect(rebase).toMatchObject({ status: 'rebased', seen: 2, attempts_written: 4 });
        await emit(copy.pool, 'second of the copy');
        await drain(copy.pool);
        await expectWhole(copy.pool, pruned ? 5 : 24, 2);
        expect((await claim(copy))[0]?.hold).toBe('cluster_changed');
        await copy.pool.query("select fn_iu_deployment_claim($1, 'the drill')", [deployment]);
        const sent = await claim(copy);
        expect(sent.map((row) => row.event_subject_ref).sort()).toEqual(
          ['first of the copy', 'second of the copy', 'undecided', 'waiting'].sort(),
        );
        await settle(copy, sent, 'sent');

        // a prune goes on where the original's ended, and its counts came along
        const left = await countOf(copy, 'event_outbox');
        await copy.pool.query(
          "select fn_iu_route_worker_rebase(worker_name, 'drill') from iu_route_worker_cursor where worker_name <> $1",
          [worker],
        );
        expect(await pruneAll(copy)).toBe(left - 1);
        const { total } = await oneRow(copy, 'select sum(events)::integer as total from iu_pruned_event');
        expect(total).toBe((pruned ? 19 : 0) + left - 1);
        expect(await certificate(copy.pool)).toMatchObject({ lost: 0, stranded: 0 });
        expect(BigInt(await emit(copy.pool, 'after it'))).toBeGreaterThan(BigInt(first));
      });
    } finally {
      await original.drop();
    }
  },
);
