// What a cut does when somebody changes the document beside it, or forges what it was told.
import { describe, expect, it } from 'vitest';
import { type Grammar, readGrammar } from '../../src/cut/legal/grammar.js';
import { type CutSource, planCut, startCut } from '../../src/cut/pipeline.js';
import { approveCutRun, decideCutPiece, voidCutRun } from '../../src/store/cut.js';
import { type CutPeople, cutRevision, law, markdown, seen, small, smaller, useLaw } from '../support/cut-pipeline.js';
import type { TestDatabase } from '../support/database.js';
import { waitFor } from '../support/wait.js';

let db: TestDatabase;
let people: CutPeople;

const { cut, start, advance, approve, rollBack, toGate2, hashes } = useLaw((setting) => {
  ({ db, people } = setting);
});
const revise = (address: string, text: string) =>
  db.pool.query('select fn_iu_revise($1, $2, $3)', [address, text, 'bob']);
const enact = (address: string) => db.pool.query('select fn_iu_enact($1, $2, $3)', [address, 'bob', 'R-0']);

/** The texts in force, by address. */
async function textInForce(): Promise<Record<string, string>> {
  const { rows } = await db.pool.query<{ address: string; body: string }>(
    `select u.canonical_address as address, v.body from unit_version v join information_unit u on u.id = v.unit_id
      where v.lifecycle_status = 'enacted' and u.deleted_at is null and u.lifecycle_status = 'enacted' order by 1`,
  );
  return Object.fromEntries(rows.map((row) => [row.address, row.body]));
}

describe('a run that waits at gate 2', () => {
  it('enacts nothing that the approver did not see, and can be rolled back when the text is put back', async () => {
    await cut(small, '1');
    const before = { ...(await hashes()), force: await textInForce() };
    const waiting = await toGate2(smaller, '2');
    await approve(waiting);
    for (const address of ['li/law/a/art-1', 'li/law/b', 'li/law']) {
      const { rows } = await db.pool.query(
        'select v.body from unit_version v join information_unit u on u.version_anchor_ref = v.id where u.canonical_address = $1',
        [address],
      );
      await revise(address, 'nobody approved this');
      await expect(advance(waiting)).rejects.toMatchObject({ code: 'IU747' });
      if (address !== 'li/law') await expect(rollBack(waiting)).rejects.toMatchObject({ code: 'IU741' });
      await revise(address, rows[0].body);
      await expect(advance(waiting)).rejects.toMatchObject({ code: 'IU747' });
    }
    expect(Object.values(await textInForce())).not.toContain('nobody approved this');
    expect((await rollBack(waiting)).state).toBe('voided_rolled_back');
    expect({ ...(await hashes()), force: await textInForce() }).toEqual(before);
    // the texts that were put back by hand are drafts still
    for (const address of ['li/law', 'li/law/b']) {
      await expect(cut(smaller, '2')).rejects.toMatchObject({ code: 'IU748' });
      await enact(address);
    }
    expect(await cut(smaller, '2')).toMatchObject({ state: 'closeout_reported' });
  });

  it('refuses a tree that is not the approved one', async () => {
    await cut(small, '1');
    const waiting = await toGate2(smaller, '2');
    await approve(waiting);
    await enact('li/law/a/art-1a');
    await expect(advance(waiting)).rejects.toMatchObject({ code: 'IU747' });
    expect((await rollBack(waiting)).state).toBe('voided_rolled_back');
  });

  it('is not reached when a text was changed before the structural check', async () => {
    await cut(small, '1');
    await db.pool.query(`create function revise_here() returns trigger language plpgsql security definer as $$ begin
        perform fn_iu_revise('li/law/a/art-1', 'by hand', 'bob'); return null; end $$`);
    const waiting = await advance(await start(smaller, '2'));
    await approve(waiting);
    await db.pool.query(`create trigger foreign_revision after update on iu_cut_run for each row
        when (new.state = 'cut_leg_a_committed') execute function revise_here()`);
    await expect(advance(waiting)).rejects.toMatchObject({ code: 'IU706' });
  });
});

describe('what a run wrote, put in force by somebody before gate 2', () => {
  it('goes with the run: a rollback gives back the former texts, and what the run made is gone', async () => {
    await cut(small, '1');
    const before = { ...(await hashes()), texts: await textInForce() };
    const waiting = await toGate2(smaller, '2');
    for (const address of ['li/law/a/art-1', 'li/law/a/art-1a']) await enact(address);
    expect((await textInForce())['li/law/a/art-1']).toBe('### Art. 1\nX\n');
    expect((await rollBack(waiting)).state).toBe('voided_rolled_back');
    expect({ ...(await hashes()), texts: await textInForce() }).toEqual(before);
    expect((await cut(smaller, '3')).state).toBe('closeout_reported');
  });

  it('is in the way of undoing one operation by itself, by name', async () => {
    await cut(small, '1');
    await toGate2(smaller, '2');
    await enact('li/law/a/art-1a');
    const before = { ...(await hashes()), texts: await textInForce() };
    const operations = `select o.operation_id from iu_cut_operation o join iu_structure_change c using (operation_id)
                         join information_unit u on u.id = c.unit_id where u.canonical_address = 'li/law/a/art-1a' and c.change_kind = 'born'`;
    const { rows } = await db.pool.query<{ operation_id: string }>(operations);
    const undo = db.pool.query(`select fn_iu_structure_op_rollback($1, 'bob', 'R-2', 'test')`, [rows[0]?.operation_id]);
    await expect(undo).rejects.toMatchObject({ code: 'IU619', message: expect.stringContaining('li/law/a/art-1a') });
    expect({ ...(await hashes()), texts: await textInForce() }).toEqual(before);
  });
});

describe('a run that was killed before its pieces were recorded', () => {
  const text = 'Preface\n\nClause 1. One\ntext of one\n\nClause 2. Two\ntext of two\n';
  const clauses = (version: string) =>
    readGrammar(
      JSON.stringify({
        name: 'clauses',
        version,
        main: 'clause',
        levels: [{ kind: 'clause', patterns: ['clause {number}'], numerals: ['arabic'], label: 'Clause {number}' }],
      }),
    );
  const options = { revisionLabel: '1', mediaType: 'text/plain', bytes: Buffer.from(text) };

  /** Starts a run on a connection that dies when it comes to the pieces. */
  async function killed(grammar: string | Grammar, other: { bytes?: Buffer } = {}): Promise<string> {
    const victim = await db.as('iu_operator', 'iu_emitter');
    victim.on('error', () => {});
    const query = victim.query.bind(victim) as (...values: readonly unknown[]) => unknown;
    victim.query = ((...values: readonly unknown[]) => {
      if (!String(values[0]).includes('fn_iu_cut_mark')) return query(...values);
      return Promise.reject(new Error('killed'));
    }) as typeof victim.query;
    await expect(startCut(victim, law, { ...options, ...other, grammar })).rejects.toThrow('killed');
    const { rows } = await db.pool.query<{ run_id: string }>(
      `select run_id::text from iu_cut_run where state = 'source_pinned'`,
    );
    return rows[0]?.run_id ?? '';
  }

  const labels = async (runId: string) =>
    (await db.pool.query('select label from iu_cut_mark where run_id = $1 order by ordinal', [runId])).rows.map(
      (row) => row.label,
    );

  it('goes on with the very grammar of a file that it was begun with, and without the file', async () => {
    const runId = await killed(clauses('1'));
    expect((await planCut(people.editor, runId, 'ann')).state).toBe('cutplan_ok');
    expect(await labels(runId)).toEqual(['preamble', 'Clause 1', 'Clause 2']);
    // The same grammar finds the run; another one of the same name is another configuration.
    expect((await startCut(people.editor, law, { ...options, grammar: clauses('1') })).run_id).toBe(runId);
    await expect(startCut(people.editor, law, { ...options, grammar: clauses('2') })).rejects.toMatchObject({
      code: 'IU703',
    });
  });

  it('goes on as what it was begun, also where the same bytes were pinned as something else', async () => {
    const bytes = Buffer.from('# Law\n\nArt. 1 One\n\ntext\n\nArt. 2 Two\n\ntext\n');
    await startCut(people.editor, { ...law, address: 'li/other' }, { ...markdown('', '1'), bytes });
    const runId = await killed('german', { bytes });
    expect((await planCut(people.editor, runId, 'ann')).state).toBe('cutplan_ok');
    expect(await labels(runId)).toEqual(['preamble', 'Art. 1', 'Art. 2']);
    const { rows } = await db.pool.query('select media_type from v_iu_cut_run where run_id = $1', [runId]);
    expect(rows).toEqual([{ media_type: 'text/plain' }]);
    const asMarkdown = { ...markdown('', '1'), bytes, grammar: 'german' };
    await expect(startCut(people.editor, law, asMarkdown)).rejects.toMatchObject({
      code: 'IU703',
      message: expect.stringContaining('media_type'),
    });
  });

  it('goes on with a grammar of the package, and is refused when that has changed since', async () => {
    const runId = await killed('us');
    await db.pool.query(
      `alter table iu_cut_run disable trigger user;
       update iu_cut_run set config = jsonb_set(config, '{grammar,version}', '"0"');
       alter table iu_cut_run enable trigger user`,
    );
    await expect(planCut(people.editor, runId, 'ann')).rejects.toMatchObject({
      code: 'IU734',
      message: expect.stringContaining('us 0'),
    });
    expect(await labels(runId)).toEqual([]);
  });
});

describe('a source that is read by a newer version of its extractor', () => {
  const original = Buffer.from('stands for a DOCX');
  const read = (version: string, text: string): CutSource => ({
    ...markdown(text, '1'),
    original: { bytes: original, mediaType: 'application/pdf', extractor: { name: 'reader', version } },
  });

  it('is the same source while it gives the same text, finished or not, and another one otherwise', async () => {
    const begun = await startCut(people.editor, law, read('1.0', small));
    expect((await startCut(people.editor, law, read('1.1', small))).run_id).toBe(begun.run_id);
    await cutRevision(people, law, read('1.0', small));
    const before = await db.pool.query('select count(*) from iu_cut_log');
    expect(await startCut(people.editor, law, read('1.1', small))).toMatchObject({
      run_id: begun.run_id,
      state: 'closeout_reported',
    });
    expect((await db.pool.query('select count(*) from iu_cut_log')).rows).toEqual(before.rows);
    await expect(startCut(people.editor, law, read('1.1', smaller))).rejects.toMatchObject({
      code: 'IU703',
      message: expect.stringContaining('from another source'),
    });
  });
});

describe('a draft of somebody on the document', () => {
  it('is not put in force by a cut, which is refused until the draft is in force or taken back', async () => {
    await cut(small, '1');
    const before = { ...(await hashes()), force: await textInForce() };
    await revise('li/law/b', '## B\nz, by hand\n');
    const started = start(smaller, '2');
    await expect(started).rejects.toMatchObject({ code: 'IU748', message: expect.stringContaining('li/law/b') });
    const [{ run_id: runId }] = (await db.pool.query('select max(run_id)::text as run_id from iu_cut_run')).rows;
    await enact('li/law/b');
    const waiting = await advance(await planCut(people.editor, runId, 'ann'));
    await approve(waiting);
    const done = await advance(waiting);
    await approve(done);
    await rollBack(await advance(done));
    expect(await textInForce()).toEqual({ ...before.force, 'li/law/b': '## B\nz, by hand\n' });
  });

  it('may be a unit that was never in force: it is named, and cut when it is', async () => {
    await db.pool.query("select fn_iu_create('li/law', '', 'bob', p_title => 'Law')");
    await expect(start(small, '1')).rejects.toMatchObject({ code: 'IU748' });
    await enact('li/law');
    expect(await cut(small, '1')).toMatchObject({ state: 'closeout_reported' });
  });
});

describe('a revision at the same time as the write', () => {
  it('is never lost: the run has to be planned again', async () => {
    await cut(small, '1');
    const waiting = await advance(await start(smaller, '2'));
    await approve(waiting);
    const reviser = await db.connect();
    await reviser.query('begin');
    await reviser.query(`select fn_iu_revise('li/law/a/art-1', 'by hand', 'bob')`);
    const { rows } = await people.editor.query<{ pid: number }>('select pg_backend_pid() as pid');
    const writing = advance(waiting).catch((error: Error) => error);
    const isWaiting = 'select from pg_locks where pid = $1 and not granted';
    await waitFor(async () => (await db.pool.query(isWaiting, [rows[0]?.pid])).rowCount === 1);
    await reviser.query('commit');
    expect(await writing).toMatchObject({ code: 'IU739' });
  });
});

describe('an approval of a cut', () => {
  it('names the gate and the manifest that were looked at', async () => {
    const waiting = await advance(await start(small, '1'));
    const approveWith = (change: object) =>
      approveCutRun(people.approver, waiting.run_id, { ...seen(waiting), ...change }, 'second');
    await expect(approveWith({ gate: 2 })).rejects.toMatchObject({ code: 'IU730' });
    for (const manifestDigest of ['', waiting.manifest_digest.slice(0, 11), '%%%%%%%%%%%%', '0'.repeat(12)]) {
      await expect(approveWith({ manifestDigest })).rejects.toMatchObject({ code: 'IU740' });
    }
    expect(await approveWith({ manifestDigest: waiting.manifest_digest.slice(0, 12) })).toMatchObject({ gate: 1 });
  });

  it('is never by a login that planned the run or decided a piece of it', async () => {
    await cut(small, '1');
    const planner = await db.as('iu_operator', 'iu_emitter', 'iu_approver');
    const decider = await db.as('iu_operator', 'iu_emitter', 'iu_approver');
    const run = await start(smaller, '2');
    const { rows: units } = await db.pool.query(
      `select id from information_unit where canonical_address = 'li/law/a/art-2'`,
    );
    const word = { runId: run.run_id, ordinal: 3, unitIds: [units[0].id], note: 'renumbered', actor: 'dan' };
    await decideCutPiece(decider, word);
    const waiting = await advance(await planCut(planner, run.run_id, 'pam'));
    for (const login of [planner, decider]) {
      await expect(approveCutRun(login, run.run_id, seen(waiting), 'x')).rejects.toMatchObject({ code: 'IU732' });
      const superuser = await db.connect();
      await superuser.query(`set session authorization ${login.user}`);
      await expect(approveCutRun(superuser, run.run_id, seen(waiting), 'x')).rejects.toMatchObject({ code: 'IU732' });
    }
    await decideCutPiece(decider, { ...word, unitIds: null });
    await expect(approveCutRun(decider, run.run_id, seen(waiting), 'x')).rejects.toMatchObject({ code: 'IU732' });
    await approve(waiting);
    // who approved and then decides is a second person no longer
    const { rows } = await db.pool.query('select fn_iu_cut_waits_for(r) as waits from iu_cut_run r where run_id = $1', [
      run.run_id,
    ]);
    expect(rows[0].waits).toBeNull();
    await db.pool.query(
      `insert into iu_cut_decision (run_id, ordinal, unit_ids, actor_ref, decided_by) values ($1, 0, '{}', 'x', $2)`,
      [run.run_id, people.approver.user],
    );
    expect(await advance(waiting)).toMatchObject({ moved: false, waits_for: 'gate 1' });
  });
});

describe('a plan', () => {
  it('does what it shows, in its own document', async () => {
    await cut(small, '1');
    await cutRevision(people, { ...law, address: 'other' }, markdown('# Other\n## Q\nq\n', '1'));
    const run = await start(smaller, '2');
    const { rows } = await db.pool.query(
      `select (select jsonb_agg(to_jsonb(s) order by step_no) from iu_cut_plan_step s where s.run_id = r.run_id) as steps,
              (select jsonb_agg(to_jsonb(p)) from iu_cut_plan_piece p where p.run_id = r.run_id) as pieces, r.base_hash,
              (select id from information_unit where canonical_address = 'other/q') as foreign_unit
         from iu_cut_run r where r.run_id = $1`,
      [run.run_id],
    );
    const { base_hash, foreign_unit } = rows[0];
    const [steps, pieces] = [JSON.parse(rows[0].steps), JSON.parse(rows[0].pieces)];
    const plan = (changed: unknown[]) =>
      people.editor.query('select fn_iu_cut_plan($1, $2, $3)', [
        run.run_id,
        JSON.stringify({ base_hash, matcher: {}, normalizer: {}, steps: changed, pieces, doubts: [] }),
        'ann',
      ]);
    const gone = steps.find((one: { action: string }) => one.action === 'deprecate');
    for (const forged of [
      { ...gone, action: 'renumber' },
      { ...gone, unit_id: foreign_unit },
      { ...gone, unit_id: null },
    ]) {
      await expect(plan([...steps, forged])).rejects.toMatchObject({ code: 'IU734' });
    }
    await plan([...steps, { ...gone, unit_id: foreign_unit, step: { ...gone.step, unit: foreign_unit } }]);
    const waiting = await advance(run);
    await approve(waiting);
    const before = await textInForce();
    await expect(advance(waiting)).rejects.toMatchObject({ code: 'IU734' });
    expect(await textInForce()).toEqual(before);
  });
});

describe('the write of a cut', () => {
  it('asks again for a fresh backup, and stays where it is without one', async () => {
    const waiting = await advance(await start(small, '1'));
    await approve(waiting);
    await db.pool.query(`update dot_config set value = '', reason = 'test' where key = 'iu_core.installation'`);
    await expect(advance(waiting)).rejects.toMatchObject({ code: 'IU737' });
    await db.pool.query(`select fn_iu_evidence_record('backup', true)`);
    expect((await advance(waiting)).waits_for).toBe('gate 2');
  });

  it('is judged by whether events were recorded when it wrote, not when it is checked', async () => {
    const waiting = await advance(await start(small, '1'));
    await approve(waiting);
    const switchRecording = (value: string) =>
      db.pool.query(
        `insert into dot_config (key, value, reason) values ('iu_core.emission_enabled', $1, 'test')
         on conflict (key) do update set value = excluded.value, reason = excluded.reason`,
        [value],
      );
    await switchRecording('false');
    await people.editor.query('select fn_iu_cut_advance($1, $2)', [waiting.run_id, 'ann']);
    await switchRecording('true');
    expect((await advance(waiting)).waits_for).toBe('gate 2');
  });

  it('links the document to its source again when it is cut after a rollback', async () => {
    await rollBack(await cut(small, '1'));
    await cut(small, '1');
    await rollBack(await cut(smaller, '2'));
    const again = await cut(smaller, '2');
    const { rows } = await db.pool.query(
      `select count(*)::int as links from iu_sql_link where lifecycle_status <> 'retired' and metadata ->> 'cut_run' = $1`,
      [again.run_id],
    );
    expect(rows[0].links).toBe(1);
  });

  it('begins with no links that could not be made when everything is in force', async () => {
    const link = { address: 'a/art-1', link_role: 'implements', object_kind: 'table', object_name: 'orders' };
    const begin = (sqlObjects: unknown) =>
      startCut(people.editor, law, {
        ...markdown(small, '1'),
        sqlObjects: sqlObjects as Readonly<Record<string, unknown>>[],
      });
    for (const wrong of [
      5,
      ['x'],
      [link, { ...link, object_kind: 'row' }],
      [{ ...link, link_role: 'No Role' }],
      [{ ...link, object_name: null }],
      [{ ...link, object_kind: 'schema' }],
      [{ ...link, address: '' }],
    ]) {
      await expect(begin(wrong), JSON.stringify(wrong)).rejects.toMatchObject({ code: 'IU624' });
    }
    await expect(begin([link, { ...link, address: 'title/a/art-1' }])).rejects.toMatchObject({
      code: 'IU624',
      message: expect.stringContaining('title/a/art-1'),
    });
    const { rows: runs } = await db.pool.query<{ id: string }>('select max(run_id)::text as id from iu_cut_run');
    await voidCutRun(people.editor, runs[0]?.id ?? '', 'no such address', 'ann');
    const objects = [link, { ...link, object_kind: 'schema', object_schema: 'public' }];
    const done = await cutRevision(people, law, { ...markdown(small, '1'), sqlObjects: objects });
    const links = `select object_kind from iu_sql_link where metadata ->> 'cut_run' = $1 order by 1`;
    const { rows } = await db.pool.query(links, [done.run_id]);
    expect(rows.map((row) => row.object_kind)).toEqual(['row', 'schema', 'table']);
  });

  it('records a piece only for a run that is there and for a version of its unit, whoever writes', async () => {
    await cut(small, '1');
    const client = await db.connect();
    const copy = (run: string, version: string) =>
      client.query(
        `insert into iu_cut_piece select ${run}, p.ordinal + 1000, p.byte_start, p.byte_end, p.address, other.id, ${version}, p.sha256,
                                         p.normalized_sha256, p.anchor
           from iu_cut_piece p cross join lateral (select u.id from fn_iu_cut_living(fn_iu_unit_ref('li/law')) l
                join information_unit u on u.id = l.unit_id where u.id <> p.unit_id order by l.position limit 1) other where p.ordinal = 1`,
      );
    for (const role of ['origin', 'replica']) {
      await client.query(`set session_replication_role = ${role}`);
      await expect(copy('p.run_id', 'p.version_id')).rejects.toMatchObject({ code: 'IU706' });
      await expect(copy('p.run_id', 'gen_random_uuid()')).rejects.toMatchObject({ code: 'IU706' });
      const own = '(select version_anchor_ref from information_unit where id = other.id)';
      await expect(copy('p.run_id + 1000', own)).rejects.toMatchObject({ code: 'IU706' });
      await client.query('begin');
      await copy('p.run_id', own);
      await client.query('rollback');
    }
  });

  it('reads the tree of a document by parents, whatever stands beside it and whatever the statistics say', async () => {
    const units = Array.from({ length: 1000 }, (_, place) => ({
      canonical_address: `beside/${place}`,
      parent_address: place % 50 === 0 ? 'beside' : `beside/${place - (place % 50)}`,
      body: 'text',
    }));
    await db.pool.query('select count(*) from fn_iu_create_many($1, $2)', [
      JSON.stringify([{ canonical_address: 'beside', body: '' }, ...units]),
      'ann',
    ]);
    // what an adopted database may have of its own
    await db.pool.query('create index information_unit_lifecycle_idx on information_unit (lifecycle_status)');
    const client = await db.connect();
    await client.query('begin');
    const { rows: living } = await client.query(
      "select count(*)::int as units from fn_iu_cut_living(fn_iu_unit_ref('beside'))",
    );
    expect(living[0].units).toBe(1001);
    const { rows: read } = await client.query(
      "select pg_stat_get_xact_tuples_returned('information_unit_lifecycle_idx'::regclass)::int as entries",
    );
    expect(read[0].entries).toBe(0);
    await client.query('rollback');
    await db.pool.query('drop index information_unit_lifecycle_idx');
  });

  it('comes to its end without a link when the document was ended meanwhile', async () => {
    const waiting = await toGate2(small, '1');
    await approve(waiting);
    const step = async () =>
      JSON.parse(
        (await people.editor.query('select fn_iu_cut_advance($1, $2) as said', [waiting.run_id, 'ann'])).rows[0].said,
      ).state;
    expect(await step()).toBe('lifecycle_enacted');
    await people.editor.query(`select fn_iu_deprecate('li/law', 'bob', 'no law any more', true)`);
    expect(await step()).toBe('closeout_reported');
    expect((await db.pool.query('select from iu_sql_link')).rows).toEqual([]);
  });

  it.each(['li/law', 'li/law/a/art-1'])('is not undone while somebody has linked %s, which it made', async (unit) => {
    const run = await cut(small, '1');
    const link = { unit, link_role: 'governs', object_kind: 'table', object_name: 'dot_config' };
    const { rows } = await people.editor.query(`select fn_iu_sql_link_add($1, 'bob') ->> 'link_id' as id`, [
      JSON.stringify(link),
    ]);
    await expect(rollBack(run)).rejects.toMatchObject({ code: 'IU741', message: expect.stringContaining(unit) });
    await people.editor.query(`select fn_iu_sql_link_retire($1, 'bob', 'in the way')`, [rows[0].id]);
    expect(await rollBack(run)).toMatchObject({ state: 'voided_rolled_back' });
  });
});
