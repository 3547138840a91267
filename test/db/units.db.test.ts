// Units and versions: born whole, written by governed functions only, every change its event.
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { openSessions } from '../support/sessions.js';
import { waitFor } from '../support/wait.js';

let db: TestDatabase;
let nextDocument = 0;

beforeAll(async () => {
  db = await createTestDatabase();
});

afterAll(() => db.drop());

async function call(sql: string, values: unknown[] = []): Promise<Record<string, unknown>> {
  const { rows } = await db.pool.query<{ result: string }>(`select ${sql} as result`, values);
  return JSON.parse(rows[0]?.result ?? 'null');
}

/** The code of a refusal, or `ok`. Several statements run in one transaction, which is rolled back. */
async function codeOf(...statements: string[]): Promise<string> {
  const client = await db.pool.connect();
  try {
    await client.query('begin');
    for (const statement of statements) await client.query(statement);
    await client.query('set constraints all immediate');
    return 'ok';
  } catch (error) {
    return (error as { code: string }).code;
  } finally {
    await client.query('rollback');
    client.release();
  }
}

/** A document with a, b, c below it, and b/x below b. */
async function makeDocument(): Promise<string> {
  nextDocument += 1;
  const doc = `DOC${nextDocument}`;
  const units = [
    { canonical_address: doc, body: `${doc} text` },
    ...['a', 'b', 'c'].map((name) => ({ canonical_address: `${doc}/${name}`, parent_address: doc, body: name })),
    { canonical_address: `${doc}/b/x`, parent_address: `${doc}/b`, body: 'x' },
  ];
  await db.pool.query('select * from fn_iu_create_many($1, $2)', [JSON.stringify(units), 'tester']);
  return doc;
}

async function eventsOf(address: string): Promise<Record<string, unknown>[]> {
  const { rows } = await db.pool.query('select * from event_outbox where canonical_address = $1 order by seq', [
    address,
  ]);
  return rows.map((row) => ({ ...row, safe_payload: JSON.parse(row.safe_payload) }));
}

async function typesOf(address: string): Promise<unknown[]> {
  return (await eventsOf(address)).map((event) => event.event_type);
}

const childrenOf = async (doc: string, client: pg.Pool | pg.PoolClient = db.pool) =>
  (
    await client.query<{ canonical_address: string }>(
      `select c.canonical_address from information_unit c join information_unit p on p.id = c.parent_or_container_ref
        where p.canonical_address = $1 order by c.sibling_rank`,
      [doc],
    )
  ).rows.map((row) => row.canonical_address.slice(doc.length + 1));

describe('a birth', () => {
  it('makes unit, version 1, anchor and one unit_created event, and keeps the text byte for byte', async () => {
    const body = 'Artikel 1\r\n\r\n  “Zuſtändigkeit” \u00e9 e\u0301 \u202eabc\u202c 😀\t\n';
    const made = await call(`fn_iu_create('BIRTH', $1, 'ann', p_title => 'A title')`, [body]);
    const { rows } = await db.pool.query(
      `select u.*, v.body, v.content_hash, v.version_seq, v.lifecycle_status as version_status
         from information_unit u join unit_version v on v.id = u.version_anchor_ref where u.canonical_address = 'BIRTH'`,
    );
    expect(rows[0]).toMatchObject({
      id: made.unit_id,
      unit_kind: 'document',
      lifecycle_status: 'draft',
      content_anchor_ref: made.version_id,
      version_anchor_ref: made.version_id,
      created_by: 'ann',
      parent_or_container_ref: null,
      body,
      content_hash: createHash('sha256').update(body).digest('hex'),
      version_seq: 1,
      version_status: 'draft',
    });
    expect(JSON.parse(rows[0].identity_profile)).toEqual({
      title: 'A title',
      owner_lookup_ref: 'ann',
      primary_section_type_ref: 'document',
    });
    const events = await eventsOf('BIRTH');
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({
      event_domain: 'iu',
      event_type: 'unit_created',
      event_stream: 'birth',
      event_subject_ref: made.unit_id,
      actor_ref: 'ann',
    });
  });

  it('is refused with a code for each reason and leaves nothing', async () => {
    const doc = await makeDocument();
    const create = (rest: string) => codeOf(`select fn_iu_create(${rest})`);
    expect(await create(`'${doc}/a', 't', 'me', '${doc}'`)).toBe('IU203');
    expect(await create(`'NEW', 't', 'me', 'NOWHERE'`)).toBe('IU204');
    expect(await create(`'NEW', 't', 'me', p_unit_kind => 'nonsense'`)).toBe('IU202');
    expect(await create(`'NEW', 't', 'me', p_identity_profile => '{"title": ""}'`)).toBe('IU213');
    expect(await create(`'NEW', 't', ' '`)).toBe('IU216');
    expect(await create(`'NEW', null, 'me'`)).toBe('IU201');
    expect(await create(`'', 't', 'me'`)).toBe('IU201');
    expect(await create(`'NEW', 't', 'me', '${doc}', p_after_address => '${doc}/b/x'`)).toBe('IU205');
    expect(await codeOf(`select fn_iu_create_many('{}', 'me')`)).toBe('IU201');
    const cycle = JSON.stringify([
      { canonical_address: 'P', parent_address: 'Q', body: '' },
      { canonical_address: 'Q', parent_address: 'P', body: '' },
    ]);
    expect(await codeOf(`select fn_iu_create_many('${cycle}', 'me')`)).toBe('IU204');
    const twice = JSON.stringify([1, 2].map(() => ({ canonical_address: 'P', body: '' })));
    expect(await codeOf(`select fn_iu_create_many('${twice}', 'me')`)).toBe('IU203');
    await call(`fn_iu_deprecate($1, 'me', 'gone')`, [`${doc}/a`]);
    expect(await create(`'NEW', 't', 'me', '${doc}/a'`)).toBe('IU204');
    const { rows } = await db.pool.query(`select 1 from information_unit where canonical_address in ('NEW', 'P', 'Q')`);
    expect(rows).toEqual([]);
  });

  it('stands where it was told: first, after a sibling, or last', async () => {
    const doc = await makeDocument();
    const create = (name: string, after: string | null) =>
      call(`fn_iu_create($1, 't', 'me', $2, p_after_address => $3)`, [`${doc}/${name}`, doc, after]);
    await create('first', '');
    await create('mid', `${doc}/a`);
    await create('mid2', `${doc}/a`);
    await create('last', null);
    expect(await childrenOf(doc)).toEqual(['first', 'a', 'mid2', 'mid', 'b', 'c', 'last']);
  });

  it('takes turns with another of the same address, and only one wins', async () => {
    const { a, b } = await openSessions(db, 'a', 'b');
    await a.run('begin');
    await a.run(`select fn_iu_create('TWICE', 't', 'me')`);
    const second = b.start(`select fn_iu_create('TWICE', 't', 'me')`);
    await second.blocked();
    await a.run('commit');
    expect(await second.code).toBe('IU203');
  });

  it('takes turns with a deprecation of the parent, so that no child appears below a dead unit', async () => {
    const doc = await makeDocument();
    const { a, b } = await openSessions(db, 'a', 'b');
    await a.run('begin');
    await a.run(`select fn_iu_deprecate('${doc}', 'me', 'gone', true)`);
    const child = b.start(`select fn_iu_create('${doc}/late', 't', 'me', '${doc}/c')`);
    await child.blocked();
    await a.run('commit');
    expect(await child.code).toBe('IU204');
  });

  it('gives ids of UUID version 7 that ascend in the order of the array, and from one call to the next', async () => {
    const ids: string[] = [];
    const clock = async () =>
      Number(
        (await db.pool.query('select floor(extract(epoch from clock_timestamp()) * 1000)::text as at')).rows[0].at,
      );
    for (const name of ['ids/one', 'ids/two']) {
      const units = [{ canonical_address: name, body: '' }].concat(
        Array.from({ length: 300 }, (_, at) => ({
          canonical_address: `${name}/${at}`,
          parent_address: name,
          body: 'x',
        })),
      );
      const { rows } = await db.pool.query<{ unit_id: string; version_id: string }>(
        'select unit_id, version_id from fn_iu_create_many($1, $2)',
        [JSON.stringify(units), 'ann'],
      );
      const versions = rows.map(({ version_id }) => version_id);
      expect(versions).toEqual([...versions].sort());
      const { rows: events } = await db.pool.query<{ id: string }>(
        'select id from event_outbox where canonical_address = $1 or starts_with(canonical_address, $2) order by seq',
        [name, `${name}/`],
      );
      expect(events.map(({ id }) => id)).toEqual(events.map(({ id }) => id).sort());
      expect(new Set(events.map(({ id }) => id)).size).toBe(301);
      ids.push(...rows.map(({ unit_id }) => unit_id));
      // ids of one millisecond are in no order between two calls
      const millisecond = await clock();
      await waitFor(async () => (await clock()) > millisecond);
    }
    expect(ids).toEqual([...ids].sort());
    expect(new Set(ids).size).toBe(602);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    // the front is the clock in milliseconds
    const ages = ids.map((id) => Date.now() - Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16));
    expect(Math.max(...ages)).toBeLessThan(600_000);
  });

  it('of 5,000 units in one call gives 5,000 events in the order of the array', async () => {
    const units = Array.from({ length: 5000 }, (_, index) => ({
      canonical_address: index === 0 ? 'BULK' : `BULK/${index}`,
      ...(index === 0 ? {} : { parent_address: index <= 50 ? 'BULK' : `BULK/${(index % 50) + 1}` }),
      body: `text ${index}`,
    }));
    const { rows } = await db.pool.query('select * from fn_iu_create_many($1, $2)', [JSON.stringify(units), 'bulk']);
    expect(rows.map((row) => row.canonical_address)).toEqual(units.map((unit) => unit.canonical_address));
    const { rows: events } = await db.pool.query(
      `select canonical_address from event_outbox where actor_ref = 'bulk' order by seq`,
    );
    expect(events.map((row) => row.canonical_address)).toEqual(units.map((unit) => unit.canonical_address));
    expect(await childrenOf('BULK')).toEqual(Array.from({ length: 50 }, (_, index) => String(index + 1)));
  });
});

describe('the gates around the tables', () => {
  const unitRow = `insert into information_unit (canonical_address, unit_kind, owner_ref, identity_profile, created_by, updated_by)
    values ('RAW', 'section', 'o', '{"title": "t", "owner_lookup_ref": "o", "primary_section_type_ref": "s"}', 'me', 'me')`;
  const open = `select fn_iu_canonical_writer('fn_iu_create')`;

  it('refuse writes without the marker, with a foreign marker, and physical deletes always', async () => {
    await makeDocument();
    for (const write of [
      unitRow,
      `update information_unit set owner_ref = 'x'`,
      `update unit_version set created_by = 'x'`,
    ]) {
      expect(await codeOf(write)).toBe('IU210');
      expect(await codeOf(`set local app.canonical_writer = 'somebody'`, write)).toBe('IU210');
      expect(await codeOf(`set local session_replication_role = 'replica'`, write)).toBe('IU210');
    }
    for (const table of ['information_unit', 'unit_version']) {
      expect(await codeOf(open, `delete from ${table}`)).toBe('IU214');
      expect(await codeOf(open, `truncate ${table} cascade`)).toBe('IU214');
    }
  });

  it('are closed again after each governed function', async () => {
    const doc = await makeDocument();
    const write = `update information_unit set owner_ref = 'x'`;
    expect(await codeOf(`select fn_iu_create('${doc}/n', 't', 'me', '${doc}')`, write)).toBe('IU210');
    expect(await codeOf(`select fn_iu_revise('${doc}/a', 'new', 'me')`, write)).toBe('IU210');
    expect(await codeOf(`select fn_iu_revise('${doc}/a', 'a', 'me')`, write)).toBe('IU210');
    expect(await codeOf(`select fn_iu_enact('${doc}/a', 'me', 'R')`, write)).toBe('IU210');
    expect(await codeOf(`select fn_iu_deprecate('${doc}/a', 'me', 'why')`, write)).toBe('IU210');
  });

  it('refuse at commit a unit without a version, with a foreign version, with none that is there, or with anchors that differ', async () => {
    const doc = await makeDocument();
    expect(await codeOf(open, unitRow)).toBe('IU212');
    const anchor = (to: string) =>
      `update information_unit u set ${to} from information_unit o where u.canonical_address = '${doc}/a' and o.canonical_address = '${doc}/b'`;
    expect(
      await codeOf(
        open,
        anchor('version_anchor_ref = o.version_anchor_ref, content_anchor_ref = o.content_anchor_ref'),
      ),
    ).toBe('IU212');
    expect(await codeOf(open, anchor('version_anchor_ref = o.id, content_anchor_ref = o.id::text'))).toBe('IU212');
    expect(await codeOf(open, anchor(`content_anchor_ref = 'elsewhere'`))).toBe('IU212');
    expect(await codeOf(open, anchor('version_anchor_ref = null, content_anchor_ref = null'))).toBe('IU212');
  });

  it('freeze identity and text even for a governed writer', async () => {
    const doc = await makeDocument();
    await call(`fn_iu_enact($1, 'me', 'R1')`, [`${doc}/a`]);
    const of = `where canonical_address = '${doc}/a'`;
    expect(await codeOf(open, `update information_unit set canonical_address = 'other' ${of}`)).toBe('IU211');
    expect(await codeOf(open, `update information_unit set unit_kind = 'article' ${of}`)).toBe('IU211');
    expect(await codeOf(open, `update information_unit set parent_or_container_ref = null ${of}`)).toBe('ok');
    const version = `where unit_id = (select id from information_unit ${of})`;
    for (const change of [
      `body = 'other'`,
      `content_hash = repeat('0', 64)`,
      'version_seq = 9',
      `content_profile = '{"a": 1}'`,
    ]) {
      expect(await codeOf(open, `update unit_version set ${change} ${version}`)).toBe('IU211');
    }
  });

  it('let an emitter work through the functions and nowhere else', async () => {
    const emitter = await db.as('iu_emitter');
    await emitter.query(`select fn_iu_create('ROLE', 't', 'app')`);
    await emitter.query(`select fn_iu_revise('ROLE', 't2', 'app')`);
    await emitter.query(`set app.canonical_writer = 'fn_iu_create'`);
    await expect(emitter.query(`update information_unit set owner_ref = 'x'`)).rejects.toMatchObject({ code: '42501' });
    await expect(emitter.query(`select fn_iu_canonical_writer('fn_iu_create')`)).rejects.toMatchObject({
      code: '42501',
    });
    const { rows } = await db.pool.query(
      `select v.recorded_by, v.created_by from unit_version v join information_unit u on u.id = v.unit_id where u.canonical_address = 'ROLE'`,
    );
    expect(rows).toHaveLength(2);
    expect(rows[1]?.recorded_by).toMatch(/^iu_login_/);
    expect(rows[1]?.created_by).toBe('app');
  });
});

describe('a look around a unit', () => {
  it.each([
    ['for its document', 'select unnest(fn_iu_document_of(array[$1::uuid])) as id', 1],
    ['for its siblings', 'select unit_id from fn_iu_tree_siblings($1)', 99],
  ])('%s reads what it finds and never all units, whatever the statistics say', async (what, text, count) => {
    const top = `WIDE ${what}`;
    const units = Array.from({ length: 3000 }, (_, at) => ({
      canonical_address: `${top}/${at}`,
      body: 'x',
      parent_address: at % 100 === 0 ? top : `${top}/${Math.floor(at / 100) * 100}`,
    }));
    await db.pool.query('select count(*) from fn_iu_create_many($1, $2)', [
      JSON.stringify([{ canonical_address: top, body: 'x' }, ...units]),
      'tester',
    ]);
    await db.pool.query('vacuum analyze information_unit');
    const client = await db.pool.connect();
    try {
      const { rows: leaf } = await client.query('select id from information_unit where canonical_address = $1', [
        `${top}/2999`,
      ]);
      // as a structure operation calls it, and a session that has called it a few times
      await client.query('begin; set local plan_cache_mode = force_generic_plan');
      const scans = async () =>
        (
          await client.query(
            `select seq_scan::int as whole from pg_stat_xact_user_tables where relid = 'information_unit'::regclass`,
          )
        ).rows[0].whole;
      const before = await scans();
      expect((await client.query(text, [leaf[0].id])).rows).toHaveLength(count);
      expect((await scans()) - before).toBe(0);
    } finally {
      await client.query('rollback');
      client.release();
    }
  });
});

describe('a revision', () => {
  it('adds a version, moves the anchor and emits exactly one version_applied (golden CR/05 A); the birth emitted none (B)', async () => {
    const doc = await makeDocument();
    expect(await typesOf(`${doc}/a`)).toEqual(['unit_created']);
    const revised = await call(`fn_iu_revise($1, 'a2', 'bob', 'act 7', p_title => 'New title')`, [`${doc}/a`]);
    expect(revised).toMatchObject({ status: 'revised', version_seq: 2 });
    const events = (await eventsOf(`${doc}/a`)).slice(1);
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({
      event_domain: 'iu',
      event_type: 'version_applied',
      event_stream: 'update',
      delivery_lane: 'immediate',
      payload_classification: 'safe_metadata',
      source_system: 'iu_core',
      event_subject_table: 'information_unit',
      event_subject_ref: revised.unit_id,
      actor_ref: 'bob',
      safe_payload: { version_seq: 2, version_id: revised.version_id },
    });
    const { rows } = await db.pool.query(
      `select version_anchor_ref, identity_profile::jsonb->>'title' as title from information_unit where canonical_address = $1`,
      [`${doc}/a`],
    );
    expect(rows).toEqual([{ version_anchor_ref: revised.version_id, title: 'New title' }]);
  });

  it('with the same text writes and emits nothing and says so', async () => {
    const doc = await makeDocument();
    expect(await call(`fn_iu_revise($1, 'a', 'me')`, [`${doc}/a`])).toMatchObject({
      status: 'unchanged',
      version_seq: 1,
    });
    expect(await typesOf(`${doc}/a`)).toEqual(['unit_created']);
  });

  it('of a unit twice is two events, and the second of two at once builds on the first in seq order', async () => {
    const doc = await makeDocument();
    const { a, b } = await openSessions(db, 'a', 'b');
    await a.run('begin');
    await a.run(`select fn_iu_revise('${doc}/a', 'one', 'a')`);
    const second = b.start(`select fn_iu_revise('${doc}/a', 'two', 'b')`);
    await second.blocked();
    await a.run('commit');
    await second.done;
    const applied = (await eventsOf(`${doc}/a`)).slice(1);
    expect(
      applied.map((event) => [event.actor_ref, (event.safe_payload as { version_seq: number }).version_seq]),
    ).toEqual([
      ['a', 2],
      ['b', 3],
    ]);
  });

  it('is refused for another version than expected, an unknown or a dead unit, and without an actor', async () => {
    const doc = await makeDocument();
    expect(await codeOf(`select fn_iu_revise('${doc}/a', 'z', 'me', p_expected_version_seq => 2)`)).toBe('IU219');
    expect(await codeOf(`select fn_iu_revise('${doc}/none', 'z', 'me')`)).toBe('IU205');
    expect(await codeOf(`select fn_iu_revise('${doc}/a', 'z', '')`)).toBe('IU216');
    await call(`fn_iu_deprecate($1, 'me', 'gone')`, [`${doc}/a`]);
    expect(await codeOf(`select fn_iu_revise('${doc}/a', 'z', 'me')`)).toBe('IU206');
  });

  it('is recorded and not emitted while recording is switched off', async () => {
    const doc = await makeDocument();
    await db.pool.query(`update dot_config set value = 'false' where key = 'iu_core.emission_enabled'`);
    expect(await call(`fn_iu_revise($1, 'quiet', 'me')`, [`${doc}/a`])).toMatchObject({ status: 'revised' });
    await db.pool.query(`update dot_config set value = 'true' where key = 'iu_core.emission_enabled'`);
    expect(await typesOf(`${doc}/a`)).toEqual(['unit_created']);
    const { rows } = await db.pool.query('select event_type from iu_suppressed_event where canonical_address = $1', [
      `${doc}/a`,
    ]);
    expect(rows).toEqual([{ event_type: 'version_applied' }]);
  });
});

describe('an enactment', () => {
  it('needs a review, logs, emits version_enacted, and supersedes the version before', async () => {
    const doc = await makeDocument();
    const address = `${doc}/a`;
    expect(await codeOf(`select fn_iu_enact('${address}', 'me', '')`)).toBe('IU207');
    expect(await codeOf(`select fn_iu_enact('${address}', 'me', 'R', 'retired')`)).toBe('IU209');
    expect(await call(`fn_iu_enact($1, 'me', 'R1', p_dry_run => true)`, [address])).toMatchObject({
      status: 'dry_run',
    });
    expect(await typesOf(address)).toEqual(['unit_created']);
    expect(await call(`fn_iu_enact($1, 'me', 'R1')`, [address])).toMatchObject({
      status: 'enacted',
      from_status: 'draft',
    });
    expect(await call(`fn_iu_enact($1, 'me', 'R1')`, [address])).toMatchObject({ status: 'unchanged' });
    await call(`fn_iu_revise($1, 'a2', 'me')`, [address]);
    expect(await call(`fn_iu_enact($1, 'me', 'R2', p_reason => 'act 8')`, [address])).toMatchObject({
      status: 'enacted',
    });
    const { rows: versions } = await db.pool.query(
      `select v.version_seq, v.lifecycle_status from unit_version v join information_unit u on u.id = v.unit_id
        where u.canonical_address = $1 order by 1`,
      [address],
    );
    expect(versions.map((row) => row.lifecycle_status)).toEqual(['superseded', 'enacted']);
    const { rows: log } = await db.pool.query(
      'select from_status, to_status, review_decision_id, reason from iu_lifecycle_log where canonical_address = $1 order by log_id',
      [address],
    );
    expect(log).toEqual([
      { from_status: 'draft', to_status: 'enacted', review_decision_id: 'R1', reason: null },
      { from_status: 'enacted', to_status: 'enacted', review_decision_id: 'R2', reason: 'act 8' },
    ]);
    expect(await typesOf(address)).toEqual(['unit_created', 'version_enacted', 'version_applied', 'version_enacted']);
  });
});

describe('a deprecation', () => {
  it('is refused while children live, takes them along when told, children first, one event a unit, and twice is once', async () => {
    const doc = await makeDocument();
    expect(await codeOf(`select fn_iu_deprecate('${doc}/b', 'me', 'gone')`)).toBe('IU208');
    expect(await codeOf(`select fn_iu_deprecate('${doc}/b', 'me', '')`)).toBe('IU216');
    expect(await call(`fn_iu_deprecate($1, 'me', 'gone', true)`, [doc])).toMatchObject({ units_deprecated: 5 });
    expect(await call(`fn_iu_deprecate($1, 'me', 'gone', true)`, [doc])).toMatchObject({ status: 'unchanged' });
    const { rows } = await db.pool.query(
      `select canonical_address from event_outbox where event_type = 'unit_deprecated' and canonical_address like $1 order by seq`,
      [`${doc}%`],
    );
    expect(rows.map((row) => row.canonical_address.slice(doc.length))).toEqual(['/b/x', '/a', '/b', '/c', '']);
    expect(await codeOf(`delete from iu_lifecycle_log`)).toBe('IU310');
  });
});

describe('sibling ranks', () => {
  it('lie strictly between any two neighbours, wherever siblings are inserted', async () => {
    const client = await db.pool.connect();
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(), { minLength: 1, maxLength: 60 }), async (places) => {
        const ranks: string[] = [];
        for (const place of places) {
          const at = place % (ranks.length + 1);
          const { rows } = await client.query('select fn_iu_rank_between($1, $2) as rank', [
            ranks[at - 1] ?? null,
            ranks[at] ?? null,
          ]);
          ranks.splice(at, 0, rows[0].rank);
        }
        const sorted = [...ranks].sort((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)));
        expect(ranks).toEqual(sorted);
        expect(new Set(ranks).size).toBe(ranks.length);
      }),
      { numRuns: 40 },
    );
    client.release();
  });

  it('stay short at both ends and refuse what is no rank or in the wrong order', async () => {
    const { rows } = await db.pool.query(
      `with recursive up as (select 1 as n, fn_iu_rank_between(null, null) as last, fn_iu_rank_between(null, null) as first
         union all select n + 1, fn_iu_rank_between(last, null), fn_iu_rank_between(null, first) from up where n < 5000)
       select max(length(last))::int as last, max(length(first))::int as first,
              bool_and(fn_iu_rank_from_integer(fn_iu_rank_to_integer(last)) = last and fn_iu_rank_from_integer(fn_iu_rank_to_integer(first)) = first) as exact
         from up`,
    );
    expect(rows).toEqual([{ last: 4, first: 4, exact: true }]);
    for (const pair of [`'a1', 'a1'`, `'a2', 'a1'`, `'nonsense!', null`, `'a10', null`, `'b1', null`, `'', 'a1'`]) {
      expect(await codeOf(`select fn_iu_rank_between(${pair})`)).toBe('IU215');
    }
  });
});
