import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runIu } from '../support/cli.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

let db: TestDatabase;
const iu = (...words: string[]) => runIu(words, { url: db.url, schema: db.schema });

async function json(...words: string[]) {
  const { exitCode, stdout, stderr } = await iu(...words, '--json');
  expect({ exitCode, stderr }, words.join(' ')).toEqual({ exitCode: 0, stderr: '' });
  return JSON.parse(stdout);
}

async function gates(verb: 'open' | 'close') {
  for (const gate of ['routes_master_enabled', 'route_worker_enabled'])
    await iu('gate', verb, gate, '--reason', 'test');
}

async function emit(ref: string, payload: string) {
  const words = ['event', 'emit', 'iu', 'version_applied', '--subject-table', 'unit_version', '--subject-ref', ref];
  return json(...words, '--payload', payload);
}

async function openIds(): Promise<string[]> {
  const { items } = await json('dead-letter', 'list', '--limit', '1000');
  return items.map((row: { deadLetterId: string }) => row.deadLetterId);
}

// A strict path without a condition raises for a payload that lacks the key, so that decision becomes a dead letter.
const failingFilter = 'strict $.flag';

beforeAll(async () => {
  db = await createTestDatabase();
  const target = ['--target-kind', 'webhook', '--target-ref', 'https://crm.example/hook'];
  await json('route', 'add', 'picky', ...target, '--domain', 'iu', '--filter', failingFilter);
  await json('route', 'enable', 'picky', '--reason', 'test');
  for (const ref of ['d1', 'd2', 'd3', 'd4', 'd5']) await emit(ref, '{"k": 9007199254740993}');
  await emit('good', '{"flag": true}');
  await gates('open');
  await db.pool.query("select fn_iu_route_worker_run('iu_outbound_default', 1000)");
  await gates('close');
});
afterAll(async () => {
  await db.drop();
});

describe('iu dead-letter', () => {
  it('lists open dead letters with filters and pages, and groups them by cause', async () => {
    const ids = await openIds();
    expect(ids).toHaveLength(5);
    const first = await json('dead-letter', 'list', '--limit', '3');
    expect(first.items.map((row: { deadLetterId: string }) => row.deadLetterId)).toEqual(ids.slice(0, 3));
    const second = await json('dead-letter', 'list', '--limit', '3', '--after', first.next);
    expect(second).toMatchObject({ next: null, items: [{ deadLetterId: ids[3] }, { deadLetterId: ids[4] }] });
    const { items: groups } = await json('dead-letter', 'list', '--group', '--route', 'picky', '--domain', 'iu');
    expect(groups).toMatchObject([{ letters: '5', routeCode: 'picky', exampleId: ids[0] }]);
    const { failureSignature } = groups[0];
    expect((await json('dead-letter', 'list', '--signature', failureSignature)).items).toHaveLength(5);
    expect((await json('dead-letter', 'list', '--route', 'other')).items).toEqual([]);
    for (const list of [
      'dead-letter list',
      'dead-letter list --group',
      'dead-letter replay',
      'attempt list',
      'delivery list',
    ]) {
      const misspelt = await iu(...list.split(' '), '--route', 'pikky');
      expect(misspelt, list).toMatchObject({
        exitCode: 0,
        stderr: "there is no route 'pikky' and never was: iu route list\n",
      });
      expect((await iu(...list.split(' '), '--route', 'picky')).stderr, list).not.toContain('there is no route');
    }
    expect((await iu('dead-letter', 'list', '--after', 'x')).exitCode).toBe(64);
    expect((await iu('dead-letter', 'list', '--group')).stdout).toContain(failureSignature);
  });

  it('shows the event that it keeps byte for byte, and its story says what to do', async () => {
    const [id = ''] = await openIds();
    const row = (
      await db.pool.query('select event_snapshot, event_seq from iu_route_dead_letter where dead_letter_id = $1', [id])
    ).rows[0];
    expect(row.event_snapshot).toContain('9007199254740993');
    expect((await iu('dead-letter', 'show', id, '--json')).stdout).toContain(`"eventSnapshot":${row.event_snapshot}`);
    expect((await iu('dead-letter', 'show', id)).stdout).toContain(row.event_snapshot);
    const story = await iu('event', 'show', row.event_seq);
    expect(story.stdout).toContain(`Dead letter ${id}, route picky, attempt 1:`);
    expect(story.stdout).toContain(`iu dead-letter replay ${id}`);
    expect((await iu('dead-letter', 'show', '999999')).stderr).toContain('IU033');
  });

  it('resolves one with a note, once', async () => {
    const [id = ''] = await openIds();
    expect((await iu('dead-letter', 'resolve', id)).exitCode).toBe(64);
    expect(await json('dead-letter', 'resolve', id, '--note', 'by hand')).toMatchObject({
      deadLetterId: id,
      resolved: true,
    });
    const { items } = await json('dead-letter', 'list', '--state', 'resolved');
    expect(items).toMatchObject([{ deadLetterId: id, resolution: 'resolved', resolutionNote: 'by hand' }]);
    expect((await iu('dead-letter', 'resolve', id, '--note', 'again')).stderr).toContain('IU340');
    expect((await iu('dead-letter', 'resolve', '999999', '--note', 'x')).stderr).toContain('IU342');
  });

  it('shows what the replay of one would be, is refused by a closed gate, and reports a second failure', async () => {
    const [id = ''] = await openIds();
    const preview = await iu('dead-letter', 'replay', id);
    expect(preview).toMatchObject({ exitCode: 0, stderr: '' });
    expect(preview.stdout).toContain('route picky, would be failed (2203A).\nNothing was changed.\n');
    expect(preview.stdout).toContain(`To do it: iu dead-letter replay ${id} --yes\n`);
    const closed = await iu('dead-letter', 'replay', id, '--yes');
    expect(closed).toMatchObject({ exitCode: 3, stderr: expect.stringContaining('IU032') });
    await gates('open');
    const failed = await iu('dead-letter', 'replay', id, '--yes');
    await gates('close');
    expect(failed).toMatchObject({ exitCode: 1, stdout: '', stderr: expect.stringContaining('IU038') });
    expect((await iu('dead-letter', 'replay', '999999', '--yes')).stderr).toContain('IU033');
    // The second failure is a dead letter of its own; the first one has nothing left to replay.
    await iu('dead-letter', 'resolve', id, '--note', 'failed again');
  });

  it('replays one after the cause was corrected and resolves it', async () => {
    await db.pool.query("update iu_outbound_route set filter = null where route_code = 'picky'");
    const id = (await openIds()).at(-1) ?? '';
    expect(await json('dead-letter', 'replay', id)).toMatchObject({ wouldBe: 'dry_run', reason: null });
    await gates('open');
    const done = await json('dead-letter', 'replay', id, '--yes');
    await gates('close');
    expect(done).toMatchObject({ status: 'replayed', decision: 'dry_run', resolved: true });
    expect((await iu('dead-letter', 'replay', id)).stdout).toContain('there is nothing to replay');
    expect(await openIds()).not.toContain(id);
  });

  it('replays by filter: counts first, then part by part with progress until nothing remains', async () => {
    const open = await openIds();
    expect(open.length).toBeGreaterThan(1);
    expect((await iu('dead-letter', 'replay')).exitCode).toBe(64);
    const preview = await iu('dead-letter', 'replay', '--route', 'picky');
    expect(preview.stdout).toContain(`Would replay ${open.length} decisions of ${open.length} events:`);
    const goOn = /To do it: iu (.*)\n/.exec(preview.stdout)?.[1] ?? '';
    expect(goOn).toMatch(/^dead-letter replay --route picky --until-attempt \d+ --note TEXT --yes$/);
    expect(await openIds()).toEqual(open);
    expect((await iu(...goOn.split(' '))).exitCode).toBe(3);
    await gates('open');
    const done = await iu(...goOn.split(' '), '--batch', '1');
    await gates('close');
    expect(done).toMatchObject({ exitCode: 0, stdout: `Replayed ${open.length} decisions: dry_run ${open.length}.\n` });
    expect(done.stderr).toContain(`1 replayed, ${open.length - 1} to go`);
    expect(await openIds()).toEqual([]);
    expect((await json('dead-letter', 'replay', '--all')).pairs).toBe(0);
    expect(await json('cursor', 'reconcile', '--full')).toMatchObject({ lost: 0 });
  });
});
