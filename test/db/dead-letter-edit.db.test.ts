import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runIu } from '../support/cli.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { attemptsOf, callFor, oneRow, refuseAll } from '../support/dead-letters.js';
import { claim, liveRoute, prepareDelivery, settle } from '../support/delivery-queue.js';
import { certificate, drain, emit } from '../support/race.js';

let db: TestDatabase;
beforeEach(async () => {
  db = await createTestDatabase();
  await prepareDelivery(db);
});
afterEach(() => db.drop());

const iu = (...words: string[]) => runIu(words, { url: db.url, schema: db.schema });
const edit = 'select fn_iu_dead_letter_edit_retry($1, $2, $3, $4)';
const letterId = async () =>
  (await oneRow(db, 'select dead_letter_id from iu_route_dead_letter where resolved_at is null')).dead_letter_id;

async function refusedEvent(payload: unknown, more: Record<string, unknown> = {}): Promise<string> {
  await liveRoute(db, 'r.live', more);
  const seq = await emit(db.pool, 's1', payload);
  await drain(db.pool);
  expect(await refuseAll(db)).toBe(1);
  return seq;
}

describe('a dead letter tried again with a corrected payload', () => {
  it('sends the correction under a new delivery id, keeps the event and the difference, and resolves the letter', async () => {
    const seq = await refusedEvent({ amount: '12', currency: 'EUR', lines: [1, 2] });
    const id = await letterId();
    const corrected = '{"amount": 12.50, "lines": [1, 3], "big": 9007199254740993}';
    const result = await callFor(db, edit, [id, corrected, 'amount was a text', false]);
    expect(result).toMatchObject({
      status: 'replayed',
      decision: 'queued',
      resolved: true,
      attempt_no: 3,
      edit_id: '1',
    });
    expect(result.diff).toEqual([
      { path: '/amount', from: '"12"', to: '12.50' },
      { path: '/big', from: null, to: '9007199254740993' },
      { path: '/currency', from: '"EUR"', to: null },
      { path: '/lines/1', from: '2', to: '3' },
    ]);
    expect((await oneRow(db, 'select diff from iu_event_edit')).diff).toContain('"/lines/1": {"to": 3, "from": 2}');
    const letter = await oneRow(db, 'select resolution, resolution_note from iu_route_dead_letter');
    expect(letter).toEqual({ resolution: 'replayed', resolution_note: 'attempt 3: queued, edit 1' });
    expect((await oneRow(db, 'select safe_payload from event_outbox where seq = $1', [seq])).safe_payload).toContain(
      '"12"',
    );
    const [row] = (await db.pool.query("select * from fn_iu_delivery_claim('test', 10, 60, 'test-installation')")).rows;
    expect(row).toMatchObject({ attempt_no: 4, delivery_key: expect.stringMatching(/^r\.live:[0-9a-f-]{36}#3$/) });
    expect(row.safe_payload).toBe('{"big": 9007199254740993, "lines": [1, 3], "amount": 12.50}');
    await settle(db, [row], 'sent');
    expect(await attemptsOf(db, seq)).toEqual(['1 queued -', '2 failed http_400', '3 queued -', '4 sent 200']);
    expect((await certificate(db.pool)).lost).toBe(0);
  });

  it('keeps the correction and its id when it fails again and is replayed', async () => {
    const seq = await refusedEvent({ n: 1 });
    await callFor(db, edit, [await letterId(), '{"n": 2}', 'first try', false]);
    expect(await refuseAll(db)).toBe(1);
    const again = await callFor(db, 'select fn_iu_route_dead_letter_replay($1)', [await letterId()]);
    expect(again).toMatchObject({ decision: 'queued', edit_id: '1', attempt_no: 5 });
    const [row] = (await db.pool.query("select * from fn_iu_delivery_claim('test', 10, 60, 'test-installation')")).rows;
    expect(row).toMatchObject({ safe_payload: '{"n": 2}', delivery_key: expect.stringMatching(/#3$/) });
    expect(await attemptsOf(db, seq)).toHaveLength(5);
  });

  it('judges the filter of the route by the corrected payload', async () => {
    const seq = await refusedEvent({ n: 5 }, { filter: '$.n > 3' });
    const id = await letterId();
    const skipped = await callFor(db, edit, [id, '{"n": 1}', 'too small', false]);
    expect(skipped).toMatchObject({ decision: 'skipped', reason: 'filtered', resolved: false });
    const queued = await callFor(db, edit, [id, '{"n": 9}', 'large enough', false]);
    expect(queued).toMatchObject({ decision: 'queued', resolved: true, edit_id: '2' });
    expect(await attemptsOf(db, seq)).toEqual(['1 queued -', '2 failed http_400', '3 skipped filtered', '4 queued -']);
  });

  it('is checked like an emission, needs a reason, a difference and an open letter of a route', async () => {
    await refusedEvent({ n: 1 });
    const id = await letterId();
    const codeOf = async (payload: string, reason: string | null = 'why', letter = id) =>
      db.pool.query(edit, [letter, payload, reason, false]).then(
        () => 'done',
        (error) => error.code,
      );
    expect(await codeOf('{"a": {"Password": 1}}')).toBe('IU107');
    expect(await codeOf('[1]')).toBe('IU104');
    expect(await codeOf(`{"a": ${'['.repeat(70)}${']'.repeat(70)}}`)).toBe('IU106');
    expect(await codeOf(`{"a": "${'x'.repeat(1_100_000)}"}`)).toBe('IU105');
    expect(await codeOf('{"n": 1}')).toBe('IU377');
    expect(await codeOf('{"n": 2}', ' ')).toBe('IU375');
    expect(await codeOf('{"n": 2}', 'why', '9999')).toBe('IU342');
    expect((await oneRow(db, 'select count(*)::int as n from iu_event_edit')).n).toBe(0);
    await db.pool.query("select fn_iu_route_dead_letter_resolve($1, 'by hand')", [id]);
    expect(await codeOf('{"n": 2}')).toBe('IU340');
  });

  it('leaves nothing when a gate is closed, when it is a preview, and when a delivery waits', async () => {
    const seq = await refusedEvent({ n: 1 });
    const id = await letterId();
    const preview = await callFor(db, edit, [id, '{"n": 2}', 'look', true]);
    expect(preview).toMatchObject({ decision: 'queued', edit_id: null, diff: [{ path: '/n', from: '1', to: '2' }] });
    await db.pool.query("select fn_iu_gate_set('route_worker_enabled', false, 'test')");
    const closed = await callFor(db, edit, [id, '{"n": 2}', 'why', false]);
    expect(closed).toMatchObject({ status: 'worker_gate_closed', edit_id: null });
    expect((await oneRow(db, 'select count(*)::int as n from iu_event_edit')).n).toBe(0);
    expect(await attemptsOf(db, seq)).toEqual(['1 queued -', '2 failed http_400']);
    expect(await letterId()).toBe(id);
    expect(await claim(db)).toEqual([]);
  });

  it('may be done by an operator and by nobody else', async () => {
    await refusedEvent({ n: 1 });
    const values = [await letterId(), '{"n": 2}', 'why', true];
    for (const role of ['iu_worker', 'iu_reader', 'iu_approver', 'iu_emitter']) {
      await expect((await db.as(role)).query(edit, values), role).rejects.toMatchObject({ code: '42501' });
    }
    expect((await (await db.as('iu_operator')).query(edit, values)).rowCount).toBe(1);
  });
});

describe('the difference of two payloads', () => {
  it('names every leaf that differs, so that putting it in gives the other one', async () => {
    const leaf = fc.oneof(fc.integer(), fc.boolean(), fc.constant(null), fc.stringMatching(/^[a-z~/]{0,4}$/));
    const { payload } = fc.letrec((tie) => ({
      value: fc.oneof({ maxDepth: 3 }, leaf, tie('payload'), fc.array(tie('value'), { maxLength: 3 })),
      payload: fc.dictionary(fc.stringMatching(/^[a-z~/]{1,3}$/), tie('value'), { maxKeys: 4 }),
    }));
    const leaves = (value: unknown, path = ''): [string, string][] => {
      const inner = typeof value === 'object' && value !== null ? Object.entries(value) : [];
      if (inner.length === 0) return path === '' ? [] : [[path, JSON.stringify(value)]];
      return inner.flatMap(([key, one]) => leaves(one, `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`));
    };
    await fc.assert(
      fc.asyncProperty(payload, payload, async (from, to) => {
        const diff = await callFor(db, 'select fn_iu_payload_diff($1, $2)', [JSON.stringify(from), JSON.stringify(to)]);
        const patched = new Map(leaves(from));
        for (const [path, change] of Object.entries(diff as Record<string, { from?: unknown; to?: unknown }>)) {
          expect(patched.get(path)).toBe('from' in change ? JSON.stringify(change.from) : undefined);
          if ('to' in change) patched.set(path, JSON.stringify(change.to));
          else patched.delete(path);
        }
        expect([...patched].sort()).toEqual(leaves(to).sort());
      }),
      { numRuns: 150 },
    );
  });
});

describe('iu dead-letter edit', () => {
  it('shows the difference first and does it with --yes, from a file or as JSON', async () => {
    await refusedEvent({ n: 9007199254740993n.toString(), kept: true });
    const id = await letterId();
    const folder = mkdtempSync(join(tmpdir(), 'iu-test-'));
    const file = join(folder, 'corrected.json');
    writeFileSync(file, '{"n": 9007199254740993, "kept": true}\n');
    const words = ['dead-letter', 'edit', id, '--payload', file, '--reason', 'n was a text'];
    const shown = await iu(...words);
    expect(shown.stderr).toBe('');
    expect(shown.stdout).toContain(
      '/n\n  - "9007199254740993"\n  + 9007199254740993\nWould be queued.\nNothing was changed.\n',
    );
    expect(await letterId()).toBe(id);
    const json = await iu('dead-letter', 'edit', id, '--payload', '{"n": 1}', '--reason', 'x', '--json');
    expect(json.stdout).toContain(
      '"diff":[{"path":"/kept","from":true,"to":null},{"path":"/n","from":"9007199254740993","to":1}]',
    );
    const done = await iu(...words, '--yes');
    expect(done.stdout).toMatch(/tried again with correction \d+ as attempt 3: queued; it is resolved\.\n$/);
    const story = await iu('dead-letter', 'show', id);
    expect(story.stdout).toContain('payload corrected for attempt 3 by');
    expect(JSON.parse((await iu('dead-letter', 'show', id, '--json')).stdout).edits[0].reason).toBe('n was a text');
    expect((await iu(...words, '--yes')).stderr).toContain('IU340');
    rmSync(folder, { recursive: true });
  });

  it('opens the editor on a terminal, keeps the file until it was used, and refuses without a terminal', async () => {
    await refusedEvent({ n: 1 });
    const id = await letterId();
    expect((await iu('dead-letter', 'edit', id, '--reason', 'x')).stderr).toContain('IU030');
    const editor = { EDITOR: "sed -i 's/1/2/'", TMPDIR: mkdtempSync(join(tmpdir(), 'iu-test-')) };
    const place = { url: db.url, schema: db.schema, environment: editor, isTerminal: true };
    const before = process.env.TMPDIR;
    process.env.TMPDIR = editor.TMPDIR;
    try {
      const shown = await runIu(['dead-letter', 'edit', id, '--reason', 'x', '--no-color'], place);
      const goOn = /To do it: iu (.*)\n/.exec(shown.stdout)?.[1]?.split(' ') ?? [];
      expect(goOn).toContain('--payload');
      expect((await iu(...goOn)).stdout).toContain('+ 2');
      expect((await oneRow(db, 'select payload from iu_event_edit')).payload).toBe('{"n": 2}');
      expect(await refuseAll(db)).toBe(1);
      const failing = { ...place, environment: { ...editor, EDITOR: 'false' } };
      expect((await runIu(['dead-letter', 'edit', await letterId(), '--reason', 'x'], failing)).stderr).toContain(
        'IU031',
      );
      expect(readdirSync(editor.TMPDIR)).toHaveLength(1);
    } finally {
      if (before === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = before;
      rmSync(editor.TMPDIR, { recursive: true });
    }
  });
});

describe('iu dead-letter resolve by a filter', () => {
  it('counts first, resolves exactly those with the note, and releases the lanes they held', async () => {
    await liveRoute(db, 'r.held', { ordering: 'subject', on_dead_letter: 'hold' });
    await liveRoute(db, 'r.other');
    for (const subject of ['a', 'b', 'a']) await emit(db.pool, subject);
    await drain(db.pool);
    await refuseAll(db);
    const held = "select count(*)::int as n from iu_route_lane where due_at = 'infinity'";
    expect((await oneRow(db, held)).n).toBe(2);
    const { items } = JSON.parse((await iu('dead-letter', 'list', '--group', '--route', 'r.held', '--json')).stdout);
    expect(items).toMatchObject([
      { letters: '2', routeCode: 'r.held', firstAt: expect.any(String), lastAt: expect.any(String) },
    ]);
    const words = ['dead-letter', 'resolve', '--signature', items[0].failureSignature, '--note', 'test data'];
    const counted = await iu(...words);
    expect(counted.stdout).toMatch(
      /^Would resolve 2 dead letters\.\nNothing was changed\.\nTo do it: iu .* --until-letter \d+ --yes\n$/,
    );
    expect((await iu(...words, '--yes')).stdout).toBe('2 dead letters are resolved.\n');
    expect((await oneRow(db, held)).n).toBe(0);
    const kept =
      "select count(*)::int as n from iu_route_dead_letter where resolution = 'resolved' and resolution_note = 'test data'";
    expect((await oneRow(db, kept)).n).toBe(2);
    expect((await oneRow(db, 'select count(*)::int as n from v_iu_route_dead_letter_open')).n).toBe(3);
    expect((await iu('dead-letter', 'resolve', '--note', 'x')).exitCode).toBe(64);
    expect((await iu(...words, '--yes')).stdout).toBe('0 dead letters are resolved.\n');
  });
});
