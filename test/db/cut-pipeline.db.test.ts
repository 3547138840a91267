// A document through the pipeline: cut, planned, approved by a second login, written, proven, enacted, and rolled back as it was.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { advanceCut, planCut, startCut } from '../../src/cut/pipeline.js';
import {
  type CutRunAnswer,
  decideCutPiece,
  readCutBase,
  recordCutPlan,
  rollBackCutRun,
  voidCutRun,
} from '../../src/store/cut.js';
import { type CutPeople, cutRevision, law, markdown, small, smaller, useLaw } from '../support/cut-pipeline.js';
import type { TestDatabase } from '../support/database.js';
import { waitFor } from '../support/wait.js';

const folder = new URL('../../examples/liechtenstein-constitution/', import.meta.url);
const files = readdirSync(folder)
  .filter((name) => /^\d{3}_.*\.md$/.test(name))
  .sort();
const revision = (number: number) => {
  const name = files[number - 1] ?? '';
  return { revisionLabel: name, bytes: readFileSync(new URL(name, folder)), fileName: name };
};

let db: TestDatabase;
let people: CutPeople;

const { cut, start, advance, approve, rollBack, toGate2, hashes } = useLaw((setting) => {
  ({ db, people } = setting);
});

/** Every row count that a cut could change, in one comparable row. */
async function rowCounts(): Promise<Record<string, string>> {
  const tables = `information_unit unit_version event_outbox iu_source_pin iu_cut_run iu_cut_piece iu_cut_log iu_cut_mark iu_cut_plan_step
    iu_cut_plan_piece iu_cut_approval iu_cut_version iu_cut_operation iu_cut_bridge_request iu_sql_link iu_structure_operation iu_lifecycle_log`;
  const counts = tables.split(/\s+/).map((table) => `(select count(*) from ${table}) as ${table}`);
  const { rows } = await db.pool.query(
    `select ${counts.join(', ')}, (select max(xmin::text::bigint) from iu_cut_run) as last_write`,
  );
  return rows[0] ?? {};
}

async function livingText(): Promise<string> {
  const { rows } = await db.pool.query<{ text: string | null }>(
    `select string_agg(l.body, '' order by l.position) as text from information_unit d, fn_iu_cut_living_units(d.id) l where d.canonical_address = $1`,
    [law.address],
  );
  return rows[0]?.text ?? '';
}

async function livingAddresses(): Promise<string[]> {
  const { rows } = await db.pool.query<{ address: string }>(
    `select l.canonical_address as address from information_unit d, fn_iu_cut_living_units(d.id) l
      where d.canonical_address = $1 and l.unit_id <> d.id order by l.position`,
    [law.address],
  );
  return rows.map((row) => row.address.slice(law.address.length + 1));
}

describe('a document cut again and again', () => {
  it('joins to its source after real revisions, with an event for every change, and goes back to each as it was', async () => {
    const before: object[] = [];
    const runs: CutRunAnswer[] = [];
    for (const number of [1, 14, 30, 31, 35, 41]) {
      before.push(runs.length > 0 ? await hashes() : {});
      const run = await cutRevision(people, law, revision(number));
      expect(run).toMatchObject({ state: 'closeout_reported', waits_for: null, doubts: 0 });
      const { rows } = await db.pool.query('select fn_iu_cut_verify($1) as proof', [run.run_id]);
      expect(JSON.parse(rows[0].proof)).toMatchObject({
        ok: true,
        sha256: createHash('sha256').update(revision(number).bytes).digest('hex'),
        problems: [],
      });
      runs.push(run);
    }
    const { rows: events } = await db.pool.query(
      `select (select count(*)::int from event_outbox where event_type = 'unit_created') as created, (select count(*)::int from information_unit) as units,
              (select count(*)::int from event_outbox where event_type = 'version_applied') as applied,
              (select count(*)::int from unit_version where version_seq > 1) as later,
              (select count(*)::int from event_outbox where event_type = 'version_enacted') as enacted,
              (select count(*)::int from unit_version where enacted_at is not null) as in_force,
              (select count(*)::int from event_outbox where event_type like 'structure%') as structure,
              (select sum(step_count)::int from iu_structure_operation) as steps`,
    );
    const { created, units, applied, later, enacted, in_force, structure, steps } = events[0];
    expect([created, applied, enacted, structure]).toEqual([units, later, in_force, steps]);
    expect(units).toBeGreaterThan(150);
    // what one envelope wrote is dated as one: texts, births, places, numbers
    const { rows: moments } = await db.pool.query(
      `select run_id, count(distinct at)::int as moments from (
         select (content_profile ->> 'cut_run')::bigint as run_id, created_at as at from unit_version where content_profile ? 'cut_run'
         union all select o.run_id, r.valid_from from iu_cut_operation o join iu_relation r on r.operation_ref = o.operation_id
         union all select o.run_id, u.created_at from iu_cut_operation o
                     join iu_structure_change c on c.operation_id = o.operation_id and c.change_kind = 'born' join information_unit u on u.id = c.unit_id
       ) written group by run_id`,
    );
    expect(moments.map((row) => row.moments)).toEqual(runs.map(() => 1));
    expect((await db.pool.query('select fn_iu_tree_verify() as proof')).rows[0].proof).toContain('"ok": true');
    for (const run of runs.toReversed().slice(0, -1)) {
      const back = await rollBack(run);
      expect(back.state).toBe('voided_rolled_back');
      expect(await hashes()).toEqual(before.pop());
    }
    expect(await livingText()).toBe(revision(1).bytes.toString());
    await rollBack(runs[0] as CutRunAnswer);
    expect(await livingText()).toBe('');
    // What was rolled back can be cut again, under its label and at its addresses.
    const again = await cutRevision(people, law, revision(1));
    expect(again).toMatchObject({ state: 'closeout_reported', is_birth: true });
    expect(await livingText()).toBe(revision(1).bytes.toString());
  }, 120_000);

  it('writes no row and emits no event when the same source is cut again', async () => {
    await cut(small, '1');
    await cut(smaller, '2');
    const before = await rowCounts();
    expect(await cut(small, '1')).toMatchObject({ is_new: false, state: 'closeout_reported' });
    expect(await cut(smaller, '2')).toMatchObject({ is_new: false, state: 'closeout_reported' });
    expect(await rowCounts()).toEqual(before);
  });

  it('touches only what changed, came or went; a piece that comes back is a new unit with a suffix', async () => {
    await cut(small, '1');
    expect((await cut(smaller, '2')).counts).toMatchObject({ created: 1, revised: 1, deprecated: 1 });
    expect(await livingAddresses()).toEqual(['title', 'a', 'a/art-1', 'a/art-1a', 'b']);
    await cut(small, '3');
    expect(await livingAddresses()).toEqual(['title', 'a', 'a/art-1', 'a/art-2@2', 'b']);
    expect(await livingText()).toBe(small);
    expect((await cut(small, '4')).counts).toEqual({
      created: 0,
      revised: 0,
      deprecated: 0,
      moved: 0,
      anchors_only: 0,
    });
  });

  it('makes a version of a line of code that stands less deep, and of prose that does only an anchor', async () => {
    const program = (prose: string, line: string) =>
      `# Guide\n\n${prose}\n\n\`\`\`python\nif ready:\n    check()\n${line}\n\`\`\`\n`;
    await cut(program('Runs it.', '    launch()'), '1');
    expect((await cut(program('  Runs\nit.', '    launch()'), '2')).counts).toMatchObject({
      revised: 0,
      anchors_only: 1,
    });
    expect((await cut(program('Runs it.', 'launch()'), '3')).counts).toMatchObject({ revised: 1, anchors_only: 0 });
    expect(await livingText()).toBe(program('Runs it.', 'launch()'));
  });

  it('keeps a byte order mark, CRLF and combining characters exactly', async () => {
    const text = '\uFEFF# Luật\r\nD\u0323ie\u0302\u0300u\r\n\r\n## Điều 1\r\nx';
    await cut(text, '1');
    expect(await livingText()).toBe(text);
  });
});

describe('the states of a cut', () => {
  it('are passed one by one, each in the log with its login, and both gates by another login', async () => {
    const run = await cut(small, '1');
    const { rows } = await db.pool.query(
      'select to_state, recorded_by, actor_ref from iu_cut_log where run_id = $1 order by log_id',
      [run.run_id],
    );
    expect(rows.map((row) => row.to_state)).toEqual(
      `pending source_pinned marked cutplan_ok pre_write_backup_taken grants_probed awaiting_cut_authorization cut_leg_a_committed
       structural_verified leg_b_recorded write_verified awaiting_lifecycle_authorization lifecycle_enacted closeout_reported`.split(
        /\s+/,
      ),
    );
    expect(new Set(rows.map((row) => `${row.recorded_by} ${row.actor_ref}`))).toEqual(
      new Set([`${people.editor.user} ann`]),
    );
    const approvals = await db.pool.query('select gate, approved_by from iu_cut_approval order by gate');
    expect(approvals.rows).toEqual([
      { gate: 1, approved_by: people.approver.user },
      { gate: 2, approved_by: people.approver.user },
    ]);
    const reviews = await db.pool.query('select distinct review_decision_id as review from iu_lifecycle_log');
    expect(reviews.rows).toEqual([{ review: expect.stringContaining(`by ${people.approver.user}`) }]);
  });

  it('cannot be passed by the login that started the run, whatever it may do, nor by writing the tables', async () => {
    const both = await db.as('iu_operator', 'iu_emitter', 'iu_approver');
    const waiting = await advance(await startCut(both, law, markdown(small, '1')), both);
    expect(waiting.waits_for).toBe('gate 1');
    await expect(approve(waiting, both)).rejects.toMatchObject({ code: 'IU732' });
    const superuser = await db.connect();
    await superuser.query(`set session authorization ${both.user}`);
    await expect(approve(waiting, superuser)).rejects.toMatchObject({ code: 'IU732' });
    const forged = `insert into iu_cut_approval (run_id, gate, manifest_digest, note, actor_ref, approved_by) values ($1, 1, $2, 'x', 'x', 'somebody')`;
    await expect(db.pool.query(forged, [waiting.run_id, waiting.manifest_digest])).rejects.toMatchObject({
      code: 'IU732',
    });
    const jump = `update iu_cut_run set state = 'cut_leg_a_committed' where run_id = $1`;
    await expect(db.pool.query(jump, [waiting.run_id])).rejects.toMatchObject({ code: 'IU731' });
    await expect(
      db.pool.query(jump.replace('cut_leg_a_committed', 'write_verified'), [waiting.run_id]),
    ).rejects.toMatchObject({ code: 'IU708' });
    await expect(approve({ ...waiting, manifest_digest: '0'.repeat(64) })).rejects.toMatchObject({ code: 'IU740' });
    expect(await advance(waiting, both)).toMatchObject({ moved: false, waits_for: 'gate 1' });
    expect(await livingText()).toBe('');
  });

  it('stop with their own code when plan, cut or anchors were changed after the approval', async () => {
    await cut(small, '0');
    for (const [label, damage] of [
      ['1', `update iu_cut_plan_step set step = step || '{"unit": "x"}' where run_id = $1`],
      ['2', `update iu_cut_mark set label = 'forged' where run_id = $1 and ordinal = 1`],
    ] as const) {
      const waiting = await advance(await start(smaller, label));
      await approve(waiting);
      await db.pool.query(damage, [waiting.run_id]);
      const before = await livingText();
      await expect(advance(waiting)).rejects.toMatchObject({ code: 'IU735' });
      expect(await livingText()).toBe(before);
      expect((await voidCutRun(people.editor, waiting.run_id, 'tampered', 'ann')).state).toBe('voided_by_person');
    }
    const written = await toGate2(smaller, '3');
    await approve(written);
    await db.pool.query('alter table iu_cut_piece disable trigger all');
    await db.pool.query(`update iu_cut_piece set sha256 = repeat('0', 64) where run_id = $1 and ordinal = 1`, [
      written.run_id,
    ]);
    await expect(advance(written)).rejects.toMatchObject({ code: 'IU735' });
    expect((await rollBack(written)).state).toBe('voided_rolled_back');
    expect(await livingText()).toBe(small);
  });

  it('wait for a backup and for open gates, and go on from there', async () => {
    await db.pool.query(`update dot_config set value = '', reason = 'test' where key = 'iu_core.installation'`);
    const run = await start(small, '1');
    await expect(advance(run)).rejects.toMatchObject({ code: 'IU737' });
    await db.pool.query(`select fn_iu_evidence_record('backup', true)`);
    await db.pool.query(`select fn_iu_gate_set('iu_core.autocut_enabled', false, 'test')`);
    await expect(advance(run)).rejects.toMatchObject({ code: 'IU736' });
    await db.pool.query(`select fn_iu_gate_set('iu_core.autocut_enabled', true, 'test')`);
    const waiting = await advance(run);
    await approve(waiting);
    await db.pool.query(`select fn_iu_gate_set('iu_core.autocut_enabled', false, 'test')`);
    await expect(advance(waiting)).rejects.toMatchObject({ code: 'IU744' });
    await db.pool.query(`select fn_iu_gate_set('iu_core.autocut_enabled', true, 'test')`);
    expect((await advance(waiting)).waits_for).toBe('gate 2');
  });

  it('refuse a plan on a document that has changed since, and an approval of the plan before', async () => {
    await cut(small, '1');
    const waiting = await advance(await start(smaller, '2'));
    await approve(waiting);
    await db.pool.query(`select fn_iu_revise('li/law/b', 'by hand', 'bob'), fn_iu_enact('li/law/b', 'bob', 'R-0')`);
    await expect(advance(waiting)).rejects.toMatchObject({ code: 'IU739' });
    const planned = await planCut(people.editor, waiting.run_id, 'ann');
    expect(planned.manifest_digest).not.toBe(waiting.manifest_digest);
    expect((await advance(waiting)).waits_for).toBe('gate 1');
    await expect(approve(waiting)).rejects.toMatchObject({ code: 'IU740' });
    const again = await advance(waiting);
    await approve(again);
    await advance(again);
    expect(await livingText()).toBe(smaller);
  });

  it('count a person’s word before everything else', async () => {
    await cut(small, '1');
    const run = await start(smaller, '2');
    const { rows } = await db.pool.query(`select id from information_unit where canonical_address = 'li/law/a/art-2'`);
    const word = { runId: run.run_id, ordinal: 3, note: 'it was renumbered', actor: 'ann' };
    await expect(decideCutPiece(people.editor, { ...word, ordinal: 99, unitIds: [rows[0].id] })).rejects.toMatchObject({
      code: 'IU738',
    });
    await decideCutPiece(people.editor, { ...word, unitIds: [rows[0].id] });
    const planned = await planCut(people.editor, run.run_id, 'ann');
    expect(planned.manifest).toMatchObject({ counts: { steps: { renumber: 1 }, fates: { changed: 2, same: 3 } } });
    const waiting = await advance(planned);
    await approve(waiting);
    await advance(waiting);
    expect(await livingAddresses()).toEqual(['title', 'a', 'a/art-1', 'a/art-2', 'b']);
    expect(await livingText()).toBe(smaller);
  });

  it('merge the units that a person names for one piece, and go back to them', async () => {
    await cut(small, '1');
    const before = await hashes();
    const text = '# Law\n## A\n### Art. 1\nx, y and much more of it\n## B\nz\n';
    const run = await start(text, '2');
    const { rows } = await db.pool.query<{ id: string }>(
      `select id from information_unit where canonical_address in ('li/law/a/art-1', 'li/law/a/art-2') order by canonical_address`,
    );
    const [one = '', two = ''] = rows.map(({ id }) => id);
    const decide = (ordinal: number, unitIds: string[] | null) =>
      decideCutPiece(people.editor, { runId: run.run_id, ordinal, unitIds, note: null, actor: 'ann' });
    expect(await decide(2, [two, one, two])).toMatchObject({ unit_ids: [one, two].sort(), others: [], replaces: null });
    for (const units of [[two], [one, two]]) {
      const clash = {
        code: 'IU738',
        message: expect.stringContaining('piece 2 was decided'),
        hint: expect.stringContaining('--withdraw'),
      };
      await expect(decide(3, units)).rejects.toMatchObject(clash);
    }
    const waiting = await advance(await planCut(people.editor, run.run_id, 'ann'));
    expect(waiting.manifest).toMatchObject({ counts: { steps: { merge: 1 }, fates: { merged: 1 } } });
    await approve(waiting);
    const written = await advance(waiting);
    await approve(written);
    expect(await advance(written)).toMatchObject({ state: 'closeout_reported' });
    expect(await livingText()).toBe(text);
    const { rows: lineage } = await db.pool.query(
      `select count(*)::int as sources from iu_relation where relation_type = 'merged_from' and to_unit_id in ($1, $2)`,
      [one, two],
    );
    expect(lineage).toEqual([{ sources: 2 }]);
    await rollBack(written);
    expect(await hashes()).toEqual(before);
  });

  it('say which decision names a unit that ended since, until it is decided anew', async () => {
    await cut(small, '1');
    const run = await start(smaller, '2');
    const { rows } = await db.pool.query(`select id from information_unit where canonical_address = 'li/law/a/art-2'`);
    const word = { runId: run.run_id, ordinal: 3, note: null, actor: 'ann' };
    await decideCutPiece(people.editor, { ...word, unitIds: [rows[0].id] });
    await db.pool.query(
      `select fn_iu_structure_op_apply((fn_iu_structure_op_plan(jsonb_build_array(jsonb_build_object('operation_type', 'deprecate_piece',
         'unit', $1::text, 'link_policy', 'manual_review')), 'ann', 'test') ->> 'operation_id')::bigint, 'ann', 'R-1')`,
      [rows[0].id],
    );
    await expect(planCut(people.editor, run.run_id, 'ann')).rejects.toMatchObject({
      code: 'IU738',
      message: expect.stringContaining('Piece 3 of cut run'),
    });
    await decideCutPiece(people.editor, { ...word, unitIds: [] });
    expect((await planCut(people.editor, run.run_id, 'ann')).state).toBe('cutplan_ok');
  });

  it('do not begin at an address that is no document, and say what it is', async () => {
    await cut(small, '1');
    const begin = (address: string) => startCut(people.editor, { ...law, address }, markdown(small, '2'));
    await expect(begin('li/law/a/art-1')).rejects.toMatchObject({
      code: 'IU734',
      message: 'li/law/a/art-1 is a unit of the document li/law, no document of its own',
      hint: expect.stringContaining('--document'),
    });
    await db.pool.query("select fn_iu_create('old', 'x', 'bob'), fn_iu_soft_delete('old', 'bob', 'R-1')");
    await expect(begin('old')).rejects.toMatchObject({
      code: 'IU734',
      message: 'old is no living document: it is deleted',
    });
    for (const address of ['', ' ', 'a'.repeat(961)])
      await expect(begin(address)).rejects.toMatchObject({ code: 'IU734' });
    await expect(startCut(people.editor, law, markdown(small, ' '))).rejects.toMatchObject({ code: 'IU734' });
    const { rows } = await db.pool.query('select count(*)::int as runs from iu_cut_run');
    expect(rows).toEqual([{ runs: 1 }]);
  });

  it('give a first cut another address where one is a document, and make nothing outside of their own', async () => {
    await cutRevision(people, { ...law, address: 'li/law/a' }, markdown('# A\nx\n', '1'));
    await cut(small, '1');
    expect(await livingAddresses()).toEqual(['title', 'a@2', 'a/art-1', 'a/art-2', 'b']);
    expect(await livingText()).toBe(small);
    const run = await startCut(people.editor, { ...law, address: 'li/other' }, markdown('# A\ny\n', '1'));
    const { base_hash } = await readCutBase(people.editor, 'li/other');
    const about = { name: 'none', version: '1' };
    const pieces = [
      { ordinal: 0, unit_id: null, address: 'li/stranger', fate: 'born', reason: 'first_cut', score: null },
    ] as const;
    const plan = { steps: [], pieces, doubts: [], base_hash, matcher: about, normalizer: about };
    const planned = await recordCutPlan(people.editor, run.run_id, plan, 'ann');
    const waiting = await advance(planned);
    await approve(waiting);
    await expect(advance(waiting)).rejects.toMatchObject({ code: 'IU734' });
  });

  it('go on where a connection died, after each of them and in the middle of the write, and everything happens once', async () => {
    await cut(small, '1');
    const { run_id } = await start(smaller, '2');
    const states = new Set<string>();
    let last: CutRunAnswer | undefined;
    for (let kills = 0; last?.state !== 'closeout_reported'; kills++) {
      expect(kills).toBeLessThan(30);
      const victim = await db.as('iu_operator');
      const { rows } = await victim.query<{ pid: number }>('select pg_backend_pid() as pid');
      victim.on('error', () => {});
      await advanceCut(victim, run_id, 'ann', (at) => {
        states.add(at.state);
        void db.pool.query('select pg_terminate_backend($1)', [rows[0]?.pid]);
      }).then(
        async (run) => {
          last = run;
          if (run.waits_for?.startsWith('gate')) await approve(run);
        },
        () => {},
      );
    }
    expect(states.size).toBe(10);
    expect(await livingText()).toBe(smaller);
    const { rows } =
      await db.pool.query(`select count(*)::int as events, count(distinct (event_type, event_subject_ref, safe_payload ->> 'version_id'))::int as different
       from event_outbox where event_type in ('version_applied', 'version_enacted', 'unit_created')`);
    expect(rows[0].events).toBe(rows[0].different);
  });

  it('leave nothing of a write that was killed in the middle', async () => {
    await cut(small, '1');
    const waiting = await advance(await start(smaller, '2'));
    await approve(waiting);
    await db.pool.query(`
      create function pause_here() returns trigger language plpgsql as $$ begin perform pg_advisory_xact_lock(4711); return new; end $$;
      create trigger pause before insert on iu_cut_piece for each row execute function pause_here()`);
    const holder = await db.connect();
    await holder.query('select pg_advisory_lock(4711)');
    const victim = await db.as('iu_operator');
    victim.on('error', () => {});
    const { rows } = await victim.query('select pg_backend_pid() as pid');
    const before = { ...(await rowCounts()), ...(await hashes()) };
    const dying = advance(waiting, victim).catch((error: Error) => error);
    const isWaiting = `select from pg_locks where pid = $1 and locktype = 'advisory' and not granted`;
    await waitFor(async () => (await db.pool.query(isWaiting, [rows[0].pid])).rowCount === 1);
    await db.pool.query('select pg_terminate_backend($1)', [rows[0].pid]);
    expect(await dying).toBeInstanceOf(Error);
    await holder.query('select pg_advisory_unlock(4711)');
    expect({ ...(await rowCounts()), ...(await hashes()) }).toEqual(before);
    expect((await advance(waiting)).waits_for).toBe('gate 2');
  });
});

describe('the rollback of a cut', () => {
  it('undoes a run that was not yet enacted, and is refused by name where something later stands on it', async () => {
    const first = await cut(small, '1');
    const before = await hashes();
    const draft = await toGate2(smaller, '2');
    expect((await rollBack(draft)).tree_hash).toBe(before.tree_hash);
    expect(await hashes()).toEqual(before);
    expect(await rollBack(draft)).toMatchObject({ replayed: true });
    const second = await cut(smaller, '2');
    await expect(rollBack(first)).rejects.toMatchObject({
      code: 'IU741',
      message: expect.stringContaining(`run ${second.run_id}`),
    });
    await db.pool.query(`select fn_iu_revise('li/law/a/art-1', 'by hand', 'bob')`);
    await expect(rollBack(second)).rejects.toMatchObject({
      code: 'IU741',
      message: expect.stringContaining('li/law/a/art-1 '),
    });
    await expect(rollBackCutRun(people.editor, second.run_id, ' ', null, 'ann')).rejects.toMatchObject({
      code: 'IU616',
    });
  });

  it('gives addresses back that are alike in their first 240 letters', async () => {
    const target = { ...law, address: `li/${'long-'.repeat(60)}law` };
    const run = await cutRevision(people, target, markdown(small, '1'));
    await rollBack(run);
    expect(await cutRevision(people, target, markdown(small, '1'))).toMatchObject({ state: 'closeout_reported' });
  });

  it('makes a new version with the old text, so that the log stays true and subscribers get it back', async () => {
    await cut(small, '1');
    const run = await cut(smaller, '2');
    await rollBack(run);
    const { rows } = await db.pool.query(
      `select v.version_seq, v.lifecycle_status, v.body from unit_version v join information_unit u on u.id = v.unit_id
        where u.canonical_address = 'li/law/a/art-1' order by v.version_seq`,
    );
    expect(rows).toEqual([
      { version_seq: 1, lifecycle_status: 'superseded', body: '### Art. 1\nx\n' },
      { version_seq: 2, lifecycle_status: 'superseded', body: '### Art. 1\nX\n' },
      { version_seq: 3, lifecycle_status: 'enacted', body: '### Art. 1\nx\n' },
    ]);
    await expect(voidCutRun(people.editor, run.run_id, 'x', 'ann')).rejects.toMatchObject({ code: 'IU730' });
  });
});

describe('what a cut refuses', () => {
  it('refuses a label that was cut from other bytes, and another revision while one is unfinished', async () => {
    await cut(small, '1');
    await expect(start(smaller, '1')).rejects.toMatchObject({ code: 'IU703' });
    const open = await start(smaller, '2');
    await expect(start(small, '3')).rejects.toMatchObject({ code: 'IU704' });
    await voidCutRun(people.editor, open.run_id, 'not this one', 'ann');
    expect((await start(small, '3')).state).toBe('cutplan_ok');
  });

  it('refuses a source that is no text and writes nothing', async () => {
    const before = await rowCounts();
    for (const bytes of [Uint8Array.of(0x23, 0x20, 0xff, 0x0a), Uint8Array.of(0x23, 0x20, 0x00, 0x0a)]) {
      await expect(startCut(people.editor, law, markdown(bytes, '1'))).rejects.toMatchObject({
        code: expect.stringMatching(/^IU7(09|2\d)$/),
      });
    }
    expect(await rowCounts()).toEqual(before);
  });

  it('never changes or deletes what is settled', async () => {
    await cut(small, '1');
    for (const table of ['iu_source_pin', 'iu_cut_piece', 'iu_cut_run', 'iu_cut_log', 'iu_cut_approval']) {
      await expect(db.pool.query(`delete from ${table}`)).rejects.toMatchObject({ code: 'IU310' });
    }
    await expect(db.pool.query(`update iu_cut_run set revision_label = '9'`)).rejects.toMatchObject({ code: 'IU708' });
  });

  it('finds every damage to a recorded cut', async () => {
    await cut('# a\n## A\n## B\n', '1');
    const client = await db.connect();
    for (const [damage, problem] of [
      ['update iu_cut_piece set byte_start = byte_start + 1 where ordinal = 1', 'gap'],
      ['delete from iu_cut_piece where ordinal = 1', 'pieces recorded'],
      ["update iu_cut_piece set sha256 = repeat('0', 64) where ordinal = 0", 'its hash'],
      ['update iu_cut_piece set byte_end = byte_end - 1 where ordinal = 2', 'cover'],
      ["update unit_version set body = 'forged' where body like '## B%'", 'versions joined'],
    ] as const) {
      await client.query('begin');
      await client.query('alter table iu_cut_piece disable trigger all');
      await client.query('alter table unit_version disable trigger all');
      await client.query(damage);
      const { rows } = await client.query<{ proof: string }>(
        'select fn_iu_cut_verify(run_id) as proof from iu_cut_run',
      );
      expect(JSON.parse(rows[0]?.proof ?? '{}').problems.join()).toContain(problem);
      await client.query('rollback');
    }
  });
});
