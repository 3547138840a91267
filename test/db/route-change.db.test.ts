// Changing a route, and looking before: the shadow run of a changed route over events of the past.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { ask, codeOf } from '../support/going-live.js';
import { addRoute, domain, drain, emit, prepareRace, replayMany, takeLive, worker } from '../support/race.js';
import { openSessions } from '../support/sessions.js';

let db: TestDatabase;

beforeEach(async () => {
  db = await createTestDatabase();
  await prepareRace(db.pool);
});

afterEach(() => db.drop());

const change = (changes: unknown, reason = 'test', code = 'r') =>
  ask(db.pool, 'fn_iu_route_change($1, $2, $3)', [code, JSON.stringify(changes), reason]);
const diff = (changes: unknown, since: string | null = null, limit = 10_000) =>
  ask(db.pool, 'fn_iu_route_diff($1, $2, $3, $4)', ['r', JSON.stringify(changes), since, limit]);

it('a route is not removed under a pass that queues a delivery for it, and after its removal nothing is queued', async () => {
  await addRoute(db.pool, 'r');
  await takeLive(db.pool, 'r');
  const { passing, late, person } = await openSessions(db, 'passing', 'late', 'person');
  await emit(db.pool, 's1');
  const pass = `select fn_iu_route_worker_run('${worker}', 10)`;
  await passing.run('begin');
  await passing.run(pass);
  const removing = person.start("select fn_iu_route_remove('r', 'test')");
  await removing.blocked();
  await passing.run('commit');
  await expect(removing.done).rejects.toMatchObject({ code: 'IU339' });
  await db.pool.query("select fn_iu_delivery_cancel_many('r', null, null, 'test')");
  await emit(db.pool, 's2');
  await person.run('begin');
  await person.run("select fn_iu_route_remove('r', 'test')");
  const passes = late.start(pass);
  await passes.blocked();
  await person.run('commit');
  await passes.done;
  const { rows } = await db.pool.query(
    `select reason, (select count(*)::int from iu_route_delivery) as waiting from iu_route_attempt
      where attempt_no = 1 and event_seq = (select max(seq) from event_outbox where event_domain = '${domain}')`,
  );
  expect(rows).toEqual([{ reason: 'no_route', waiting: 0 }]);
});

describe('a change of a route', () => {
  it('changes what it names and keeps the rest; null gives what a new route has', async () => {
    await addRoute(db.pool, 'r', { filter: '$.a > 1', rate_per_second: 5, target_config: { page: 7 } });
    expect(await change({ event_type: 'changed', filter: null, rate_per_second: null }, 'simpler')).toMatchObject({
      version_before: 1,
      version: 2,
      was_live: false,
      approval_voided: null,
    });
    const { rows } = await db.pool.query(
      `select event_domain, event_type, filter::text, rate_per_second, target_config::text, note, enabled, dry_run from iu_outbound_route where route_code = 'r'`,
    );
    expect(rows).toEqual([
      {
        event_domain: 'race',
        event_type: 'changed',
        filter: null,
        rate_per_second: null,
        target_config: '{"page": 7}',
        note: 'simpler',
        enabled: true,
        dry_run: true,
      },
    ]);
  });

  it('to what it is already raises no version and voids nothing', async () => {
    await addRoute(db.pool, 'r');
    await takeLive(db.pool, 'r');
    expect(await change({ event_domain: 'race' })).toMatchObject({ version: 1, was_live: true, approval_voided: null });
    const { rows } = await db.pool.query("select dry_run from iu_outbound_route where route_code = 'r'");
    expect(rows).toEqual([{ dry_run: false }]);
  });

  it.each([
    [{}, 'IU434'],
    [[], 'IU434'],
    [{ route_code: 's' }, 'IU335'],
    [{ dry_run: false }, 'IU335'],
    [{ enabled: true }, 'IU335'],
    [{ event_type: '%' }, 'IU345'],
    [{ target_kind: 'pigeon' }, 'IU345'],
    [{ target_kind: null }, 'IU345'],
    [{ target_ref: '' }, 'IU345'],
    [{ target_ref: ' ' }, 'IU345'],
    [{ target_ref: 'https://a.example/\n' }, 'IU345'],
    [{ event_domain: 'x'.repeat(81) }, 'IU345'],
    [{ target_ref: 'https://user:secret@sink.test/' }, 'IU333'],
    [{ target_config: { token: 'S' } }, 'IU333'],
    [{ target_config: [] }, 'IU345'],
    [{ filter: '$.a ==' }, 'IU332'],
    [{ filter: '$.a' }, 'IU332'],
    [{ rate_per_second: 'many' }, 'IU332'],
    [{ rate_per_second: 0 }, 'IU345'],
    [{ ordering: 'random' }, 'IU345'],
  ])('refuses %j with %s and changes nothing', async (changes, expected) => {
    await addRoute(db.pool, 'r');
    expect(await codeOf(change(changes))).toBe(expected);
    const { rows } = await db.pool.query("select version from iu_outbound_route where route_code = 'r'");
    expect(rows).toEqual([{ version: 1 }]);
  });

  it('needs a reason and an outbound route that is not removed', async () => {
    await addRoute(db.pool, 'r');
    expect(await codeOf(change({ filter: '$.a > 1' }, ' '))).toBe('IU423');
    expect(await codeOf(change({ filter: '$.a > 1' }, 'x', 'nobody'))).toBe('IU337');
    const { rows } = await db.pool.query('select route_code from iu_sql_event_route limit 1');
    if (rows.length > 0) expect(await codeOf(change({ filter: '$.a > 1' }, 'x', rows[0].route_code))).toBe('IU436');
    await db.pool.query("select fn_iu_route_remove('r', 'test')");
    expect(await codeOf(change({ filter: '$.a > 1' }))).toBe('IU337');
  });

  it('leaves a replay to decide by the changed route: what it does not match any more is skipped', async () => {
    await addRoute(db.pool, 'r');
    const seq = await emit(db.pool, 'a');
    await drain(db.pool);
    await change({ event_type: 'noted' });
    await replayMany(db.pool, '{"status": ["dry_run"]}', 10);
    const { rows } = await db.pool.query(
      'select attempt_no, status, reason from iu_route_attempt where event_seq = $1 order by attempt_no',
      [seq],
    );
    expect(rows).toEqual([
      { attempt_no: 1, status: 'dry_run', reason: null },
      { attempt_no: 2, status: 'skipped', reason: 'no_match' },
    ]);
  });
});

describe('a shadow run', () => {
  /** Every row of the schema, counted and hashed. */
  async function everything(): Promise<string> {
    const { rows } = await db.pool.query(
      `select string_agg(c.relname || (xpath('//row/n/text()', query_to_xml(format('select md5(coalesce(string_agg(t::text, '','' order by t::text), '''')) as n from %s t', c.oid::regclass), false, false, '')))[1]::text, ' ' order by c.relname) as hash
         from pg_class c where c.relkind = 'r' and c.relnamespace = $1::regnamespace`,
      [db.schema],
    );
    return rows[0].hash;
  }

  it('says what would be decided differently, with samples, and writes no row anywhere', async () => {
    await addRoute(db.pool, 'r', { filter: '$.amount > 10' });
    for (let amount = 1; amount <= 20; amount += 1) await emit(db.pool, `s${amount}`, { amount });
    for (let at = 0; at < 3; at += 1) await emit(db.pool, `n${at}`, { amount: 15 }, 'noted');
    await drain(db.pool);
    const before = await everything();
    const result = await diff({ filter: '$.amount > 15', event_type: 'changed' });
    expect(result).toMatchObject({
      route_code: 'r',
      version: 1,
      voids_approval: false,
      examined: 23,
      complete: true,
      differ: 8,
      changes: [
        { from: 'dry_run', to: 'skipped/filtered', events: 5 },
        { from: 'dry_run', to: 'no_match', events: 3 },
      ],
    });
    const samples = result.samples as { event_id: string; from: string; to: string }[];
    expect(samples).toHaveLength(8);
    for (const sample of samples) expect(sample.event_id).toMatch(/^[0-9a-f-]{36}$/);
    expect(await everything()).toBe(before);
  });

  it('looks at events that match only after the change, and at a filter that raises', async () => {
    await addRoute(db.pool, 'r', { event_type: 'changed' });
    await emit(db.pool, 'a', { amount: true });
    await emit(db.pool, 'b', {}, 'noted');
    await drain(db.pool);
    expect(await diff({ event_type: '*', filter: 'strict $.amount' })).toMatchObject({
      examined: 2,
      changes: [{ from: 'no_match', to: expect.stringMatching(/^failed\/22/), events: 1 }],
    });
  });

  it('shows a live route as it stands, within its canary, and says that the change voids its approval', async () => {
    await addRoute(db.pool, 'r');
    await takeLive(db.pool, 'r', { canary_share: 0.5 });
    for (let at = 0; at < 30; at += 1) await emit(db.pool, `s${at}`, { at });
    await drain(db.pool);
    const result = await diff({ filter: '$.at < 0' });
    expect(result).toMatchObject({ voids_approval: true, differ: 30 });
    const from = (result.changes as { from: string }[]).map((row) => row.from).sort();
    expect(from).toEqual(['dry_run/outside_canary', 'queued']);
    expect(await diff({ event_domain: 'race' })).toMatchObject({ voids_approval: false, differ: 0 });
  });

  it('judges a disabled route as if it were enabled', async () => {
    await addRoute(db.pool, 'r');
    await db.pool.query("select fn_iu_route_set_enabled('r', false, 'test')");
    await emit(db.pool, 'a', { amount: 1 });
    expect(await diff({ filter: '$.amount > 1' })).toMatchObject({
      changes: [{ from: 'dry_run', to: 'skipped/filtered', events: 1 }],
    });
  });

  it('stops at its limit and at its time, newest events first', async () => {
    await addRoute(db.pool, 'r');
    for (let at = 0; at < 10; at += 1) await emit(db.pool, `s${at}`, { at });
    const some = await diff({ filter: '$.at > 100' }, null, 4);
    expect(some).toMatchObject({ examined: 4, complete: false, differ: 4 });
    const { rows } = await db.pool.query(
      'select max(seq)::text as newest, max(created_at)::text as at from event_outbox',
    );
    expect(some.last_seq).toBe(rows[0].newest);
    expect(await diff({ filter: '$.at > 100' }, rows[0].at)).toMatchObject({ examined: 1, complete: true });
    expect(await codeOf(diff({ filter: '$.at > 100' }, null, 0))).toBe('IU422');
  });

  it('refuses what a change would refuse', async () => {
    await addRoute(db.pool, 'r');
    expect(await codeOf(diff({ route_code: 's' }))).toBe('IU335');
    expect(await codeOf(diff({ filter: '$.a ==' }))).toBe('IU332');
    expect(await codeOf(diff({}))).toBe('IU434');
  });
});
