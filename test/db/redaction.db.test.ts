// Erasure on legal request: two people, every copy, hashes stay, counts and proofs stay true.
import type pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { advanceCut, startCut } from '../../src/cut/pipeline.js';
import { approveCutRun } from '../../src/store/cut.js';
import { runIu } from '../support/cli.js';
import { cutPeople, cutRevision, openCutGates } from '../support/cut-pipeline.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { callFor, oneRow, refuseAll } from '../support/dead-letters.js';
import { claim, liveRoute, prepareDelivery, settle } from '../support/delivery-queue.js';
import { addRoute, certificate, drain, emit } from '../support/race.js';
import { doSteps, openStructureGate } from '../support/structure.js';
import { countOf } from '../support/worker.js';

let db: TestDatabase;
let operatorUrl: string;
let approver: pg.Client;

beforeEach(async () => {
  db = await createTestDatabase();
  operatorUrl = await db.loginUrl('iu_operator', 'iu_approver');
  approver = await db.as('iu_approver');
});
afterEach(() => db.drop());

const iu = (...words: string[]) => runIu(words, { url: operatorUrl, schema: db.schema });
const secret = 'Erika Mustermann lives at Heidestrasse 17';

/** Where in the schema a text still stands, bytes of sources included. */
async function whereIs(text: string): Promise<string[]> {
  const { rows } = await db.pool.query(
    `select c.relname from pg_class c where c.relnamespace = quote_ident(current_schema())::regnamespace and c.relkind in ('r', 'p') and not c.relispartition order by 1`,
  );
  const found: string[] = [];
  for (const { relname } of rows) {
    if ((await countOf(db, `${relname} t where position('${text}' in t::text) > 0`)) > 0) found.push(relname);
  }
  if ((await countOf(db, `iu_source_pin where position(convert_to('${text}', 'UTF8') in bytes) > 0`)) > 0)
    found.push('bytes of iu_source_pin');
  return found;
}

const books = async () => (await db.pool.query('select * from v_iu_event_accounting order by 1')).rows;

/** Asks, lets a second person agree, applies. */
async function redact(kind: string, id: string): Promise<{ id: string; overwritten: number }> {
  const asked = await iu('redact', 'request', kind, id, '--reason', 'erasure', '--legal-ref', 'case 7', '--json');
  expect(asked).toMatchObject({ exitCode: 0, stderr: '' });
  const { redactionId } = JSON.parse(asked.stdout);
  await approver.query("select fn_iu_redaction_approve($1, 'checked')", [redactionId]);
  const applied = await iu('redact', 'apply', redactionId, '--json');
  expect(applied).toMatchObject({ exitCode: 0, stderr: '' });
  return { id: redactionId, overwritten: JSON.parse(applied.stdout).overwritten };
}

describe('the redaction of an event', () => {
  beforeEach(() => prepareDelivery(db));

  it('takes two people and no waiting delivery, overwrites every copy and leaves hashes, counts and certificate', async () => {
    await liveRoute(db, 'r.live');
    await addRoute(db.pool, 'r.dry');
    const seq = await emit(db.pool, 's1', { note: secret });
    await emit(db.pool, 's1', { note: 'another' });
    const { id } = await oneRow(db, 'select id from event_outbox where seq = $1', [seq]);
    await drain(db.pool);
    await settle(db, await claim(db, { limit: 1 }), 'failed', { permanent: true, code: 'http_400' });
    const letter = (await oneRow(db, 'select dead_letter_id from v_iu_route_dead_letter_open')).dead_letter_id;
    await db.pool.query('select fn_iu_dead_letter_edit_retry($1, $2, $3)', [
      letter,
      JSON.stringify({ note: `${secret}!` }),
      'test',
    ]);
    await db.pool.query('update iu_route_delivery set due_at = clock_timestamp()');
    await refuseAll(db);
    expect(await whereIs(secret)).toEqual(['event_outbox', 'iu_event_edit', 'iu_route_dead_letter']);

    const plan = await iu('redact', 'plan', 'event', id, '--json');
    expect(JSON.parse(plan.stdout)).toMatchObject({ blockers: [{ code: 'dead_letter_open', count: 1 }] });
    expect(plan.stdout).not.toContain('Erika');
    const asked = await iu('redact', 'request', 'event', id, '--reason', 'erasure', '--legal-ref', 'case 7', '--json');
    const redaction = JSON.parse(asked.stdout).redactionId;
    expect((await iu('redact', 'request', 'event', id, '--reason', 'x', '--legal-ref', 'y')).stderr).toContain('IU894');
    expect((await iu('redact', 'apply', redaction)).stderr).toContain('IU896');
    expect((await iu('redact', 'approve', redaction, '--note', 'mine')).stderr).toContain('IU895');
    await db.pool.query('select fn_iu_prune_certify()');
    const held = await callFor(db, 'select fn_iu_prune_preview(0)::text');
    expect(held.held).toMatchObject({ dead_letter_open: 1 });
    await approver.query("select fn_iu_redaction_approve($1, 'checked')", [redaction]);
    expect((await iu('redact', 'apply', redaction)).stderr).toContain('IU893');
    await db.pool.query(
      "select fn_iu_route_dead_letter_resolve(dead_letter_id, 'test') from v_iu_route_dead_letter_open where event_seq = $1",
      [seq],
    );
    expect((await callFor(db, 'select fn_iu_prune_preview(0)::text')).held).toMatchObject({ redaction_open: 1 });

    const before = await books();
    const hash = (
      await oneRow(
        db,
        "select encode(sha256(convert_to(safe_payload::text, 'UTF8')), 'hex') as hash from event_outbox where seq = $1",
        [seq],
      )
    ).hash;
    const applied = await iu('redact', 'apply', redaction, '--json');
    expect(applied.exitCode).toBe(0);
    expect(await whereIs('Erika')).toEqual([]);
    expect(await books()).toEqual(before);
    expect(await certificate(db.pool)).toMatchObject({ lost: 0, stranded: 0 });
    const { safe_payload } = await oneRow(db, 'select safe_payload from event_outbox where seq = $1', [seq]);
    expect(JSON.parse(safe_payload)).toEqual({ iu_redacted: { redaction_id: redaction, sha256: hash } });
    const show = await iu('redact', 'show', redaction, '--json');
    expect(JSON.parse(show.stdout)).toMatchObject({ state: 'applied', legalRef: 'case 7', approvalNote: 'checked' });
    expect(JSON.parse(show.stdout).copies).toContainEqual(
      expect.objectContaining({ tableName: 'event_outbox', rowKey: seq, sha256: hash }),
    );
    expect(await countOf(db, "event_outbox where safe_payload ->> 'note' = 'another'")).toBe(1);
    // what is left of it is never sent
    const { rows } = await db.pool.query(
      'select fn_iu_route_redecide(event_seq, route_id, true)::text as result from iu_route_attempt where event_seq = $1 and attempt_no = 1',
      [seq],
    );
    expect(new Set(rows.map((row) => JSON.parse(row.result).status))).toEqual(new Set(['redacted']));
    expect((await iu('redact', 'request', 'event', id, '--reason', 'x', '--legal-ref', 'y')).stderr).toContain('IU890');
  });

  it('is not said to be applied while something keeps what stood there', async () => {
    const seq = await emit(db.pool, 's1', { note: secret });
    const { id } = await oneRow(db, 'select id from event_outbox where seq = $1', [seq]);
    await drain(db.pool);
    const asked = await iu('redact', 'request', 'event', String(id), '--reason', 'r', '--legal-ref', 'c', '--json');
    const { redactionId } = JSON.parse(asked.stdout);
    await approver.query("select fn_iu_redaction_approve($1, 'checked')", [redactionId]);
    const ways = [
      `create function keeps() returns trigger language plpgsql as 'begin return null; end';
       create trigger keeps before update on event_outbox for each row execute function keeps()`,
      `drop trigger keeps on event_outbox; create rule keeps as on update to event_outbox do instead nothing`,
    ];
    for (const way of ways) {
      await db.pool.query(way);
      expect(await iu('redact', 'apply', redactionId)).toMatchObject({
        exitCode: 3,
        stderr: expect.stringMatching(/IU861 .*safe_payload of event_outbox/),
      });
    }
    await db.pool.query('drop rule keeps on event_outbox');
    expect((await iu('redact', 'apply', redactionId)).exitCode).toBe(0);
    expect(await whereIs(secret)).toEqual([]);
  });

  it('reaches what a prune kept in the table, refuses an undecided one, and the guards let nobody else through', async () => {
    await addRoute(db.pool, 'r.dry');
    // a payload that looks redacted is not
    const seq = await emit(db.pool, 's1', { note: secret, more: { iu_redacted: { redaction_id: '1', sha256: 'x' } } });
    const { id } = await oneRow(db, 'select id from event_outbox where seq = $1', [seq]);
    expect(JSON.parse((await iu('redact', 'plan', 'event', id, '--json')).stdout).blockers).toEqual([
      { code: 'not_decided', count: 1 },
    ]);
    await emit(db.pool, 's2');
    await drain(db.pool);
    const run = await callFor(db, "select fn_iu_prune_start(0, 'test', 'table')::text");
    await db.pool.query('select fn_iu_prune_step($1, 100)', [run.run_id]);
    expect(await whereIs('Erika')).toEqual(['iu_archived_row']);
    await redact('event', id);
    expect(await whereIs('Erika')).toEqual([]);
    for (const [write, code] of [
      ["update iu_archived_row set document = '{}'", 'IU310'],
      ['delete from iu_redacted_copy', 'IU310'],
      ["update iu_redaction set legal_ref = 'x'", 'IU896'],
      ["update iu_redaction set state = 'requested'", 'IU896'],
      [
        "insert into iu_redaction (subject_kind, subject_ref, reason, legal_ref, plan, state, requested_by) values ('event', 'x', 'x', 'x', '{}', 'approved', 'x')",
        'IU896',
      ],
    ] as const) {
      await expect(db.pool.query(write), write).rejects.toMatchObject({ code });
    }
  });
});

describe('an event that a prune took into a folder', () => {
  beforeEach(() => prepareDelivery(db));

  it('is named with its one file, and there is nothing to ask for in the database', async () => {
    await addRoute(db.pool, 'r.dry');
    const seqs = [];
    for (let at = 1; at <= 5; at += 1) seqs.push(await emit(db.pool, `s${at}`, { at }));
    const { rows } = await db.pool.query('select id from event_outbox where seq = any ($1) order by seq', [seqs]);
    await drain(db.pool);
    const run = await callFor(db, "select fn_iu_prune_start(0, 'test', 'folder', '/archive')::text");
    for (const batch of [1, 2]) {
      const client = await db.connect();
      await client.query('begin');
      const step = JSON.parse(
        (await client.query('select fn_iu_prune_step($1, 2) as line', [run.run_id])).rows[0].line,
      );
      await client.query('select fn_iu_prune_archived($1, $2, $3, $4, 1, $5)', [
        run.run_id,
        batch,
        `file-${batch}`,
        'a'.repeat(64),
        step.rows,
      ]);
      await client.query('commit');
    }
    const files = [];
    for (const { id } of rows) {
      files.push(JSON.parse((await iu('redact', 'plan', 'event', id, '--json')).stdout).archiveFiles);
    }
    expect(files).toEqual([['/archive/file-1'], ['/archive/file-1'], ['/archive/file-2'], ['/archive/file-2'], []]);
    const asked = await iu('redact', 'request', 'event', rows[0].id, '--reason', 'x', '--legal-ref', 'y');
    expect(asked.stderr).toContain('IU890');
    expect(asked.stderr).toContain('/archive/file-1');
  });
});

describe('the redaction of a text', () => {
  it('of a piece keeps the proofs of its cuts and the tree, and the source does not come back as it was', async () => {
    await openCutGates(db);
    const people = await cutPeople(db);
    const document = { address: 'doc', title: 'Doc', ownerRef: 'test', actor: 'test' };
    const mediaType = 'text/markdown';
    const text = (more: string) => `# One\n\nFirst.\n\n# Two\n\n${secret}.\n\n# Three\n\nThird${more}.\n`;
    await cutRevision(people, document, { bytes: Buffer.from(text('')), revisionLabel: '1', mediaType });
    await cutRevision(people, document, { bytes: Buffer.from(text(' changed')), revisionLabel: '2', mediaType });
    const verify = async () =>
      (await db.pool.query('select fn_iu_cut_verify(run_id)::text as r from iu_cut_run order by run_id')).rows.map(
        (row) => JSON.parse(row.r),
      );
    const { id: root } = await oneRow(db, "select id from information_unit where canonical_address = 'doc'");
    const tree = async () =>
      await oneRow(db, 'select fn_iu_tree_hash($1) as hash, (fn_iu_tree_verify())::text as proof', [root]);
    const piece = await oneRow(
      db,
      'select p.run_id, p.ordinal from iu_cut_piece p join unit_version v on v.id = p.version_id where position($1 in v.body) > 0 order by 1 limit 1',
      [secret],
    );
    const body = (
      await oneRow(
        db,
        'select v.body from iu_cut_piece p join unit_version v on v.id = p.version_id where p.run_id = $1 and p.ordinal = $2',
        [piece.run_id, piece.ordinal],
      )
    ).body;
    // the same text once more, as a step of an operation brings it
    await openStructureGate(db.pool);
    await doSteps(db.pool, [
      { operation_type: 'add_new_piece', parent: 'doc', piece: { canonical_address: 'doc/copy', body } },
    ] as never);
    const proven = await tree();
    expect(await verify()).toMatchObject([
      { ok: true, redacted: 0 },
      { ok: true, redacted: 0 },
    ]);

    const { id } = await redact('piece', `${piece.run_id}:${piece.ordinal}`);
    expect(await whereIs('Erika')).toEqual([]);
    expect(await verify()).toMatchObject([
      { ok: true, redacted: 1, problems: [] },
      { ok: true, redacted: 1, problems: [] },
    ]);
    expect(await tree()).toEqual(proven);
    expect(
      await countOf(db, `unit_version where redaction_id = ${id} and body = '[redacted ${id}]' and content_hash <> ''`),
    ).toBe(2);
    expect((await runIu(['migrate', 'verify'], { url: db.url, schema: db.schema })).exitCode).toBe(0);
    const again = cutRevision(people, document, { bytes: Buffer.from(text('')), revisionLabel: '3', mediaType });
    await expect(again).rejects.toMatchObject({ code: 'IU897' });

    // the proof still fails when anything else changes
    for (const damage of [
      "update iu_source_pin set bytes = overlay(bytes placing '\\x41' from lower(redacted) + 1 for 1)",
      "update iu_source_pin set bytes = overlay(bytes placing '\\x41' from 1 for 1)",
      "update iu_source_pin set redacted = '{}'",
      "update unit_version set body = 'x' where redaction_id is null and version_seq = 1",
    ]) {
      const client = await db.connect();
      await client.query('begin');
      for (const table of ['iu_source_pin', 'unit_version'])
        await client.query(`alter table ${table} disable trigger user`);
      if (damage.includes("redacted = '{}'"))
        await client.query('alter table iu_source_pin drop constraint iu_source_pin_sha256_chk');
      await client.query(damage);
      const { rows } = await client.query(
        "select bool_and((fn_iu_cut_verify(run_id) ->> 'ok')::boolean) as ok from iu_cut_run",
      );
      expect(rows[0].ok, damage).toBe(false);
      await client.query('rollback');
    }
  });

  it('finds the bytes of pieces that differ in format only, whichever of them is named, also of runs that wrote nothing', async () => {
    await openCutGates(db);
    const people = await cutPeople(db);
    const document = { address: 'doc', title: 'Doc', ownerRef: 'test', actor: 'test' };
    const mediaType = 'text/markdown';
    const text = (after: string, end = '') =>
      `# One\n\nFirst.\n\n# Two\n\n${secret}.${after}\n\n# Three\n\nThird${end}.\n`;
    await cutRevision(people, document, { bytes: Buffer.from(text('')), revisionLabel: '1', mediaType });
    await cutRevision(people, document, { bytes: Buffer.from(text('  ')), revisionLabel: '2', mediaType });
    const { run_id, ordinal } = await oneRow(
      db,
      "select run_id, ordinal from iu_cut_piece where anchor = 'format' order by 1 limit 1",
    );
    // one more run, given up, and one that waits at gate 1
    const voided = await startCut(people.editor, document, {
      bytes: Buffer.from(text(' ', ' given up')),
      revisionLabel: '3',
      mediaType,
    });
    await people.editor.query("select fn_iu_cut_void($1, 'test', 'test')", [voided.run_id]);
    const bytes = Buffer.from(text(' ', ' waits'));
    const waiting = await startCut(people.editor, document, { bytes, revisionLabel: '4', mediaType });
    const again = await startCut(
      people.editor,
      { ...document, address: 'other' },
      { bytes, revisionLabel: '1', mediaType },
    );
    await advanceCut(people.editor, waiting.run_id, 'test');
    const answer = await advanceCut(people.editor, again.run_id, 'test');
    await approveCutRun(
      people.approver,
      again.run_id,
      { gate: 1, manifestDigest: answer.manifest_digest, note: 'looked at' },
      'second',
    );
    expect(await countOf(db, "iu_cut_run where state = 'awaiting_cut_authorization'")).toBe(2);

    const plan = JSON.parse((await iu('redact', 'plan', 'piece', `${run_id}:${ordinal}`, '--json')).stdout);
    expect(plan.leftovers).toMatchObject([{ code: 'piece_title', count: 5 }]);
    await redact('piece', `${run_id}:${ordinal}`);
    expect(await whereIs('Erika')).toEqual([]);
    const proofs = await db.pool.query(
      "select fn_iu_cut_verify(run_id)::text as r from iu_cut_run where state = 'closeout_reported'",
    );
    for (const { r } of proofs.rows) expect(JSON.parse(r)).toMatchObject({ ok: true, redacted: 1 });
    // what waited is given up, says why, and comes back neither by its run nor by its source
    expect(await countOf(db, "iu_cut_run where state = 'voided_by_person' and detail ->> 'code' = 'IU897'")).toBe(2);
    expect(await advanceCut(people.editor, again.run_id, 'test')).toMatchObject({
      state: 'voided_by_person',
      moved: false,
    });
    expect(await countOf(db, "information_unit where canonical_address = 'other'")).toBe(0);
    await expect(startCut(people.editor, document, { bytes, revisionLabel: '5', mediaType })).rejects.toMatchObject({
      code: 'IU897',
    });
    // nor when it was redacted in between: the write itself looks
    const late = await startCut(people.editor, document, {
      bytes: Buffer.from('Xylophone.\n'),
      revisionLabel: '6',
      mediaType,
    });
    const ready = await advanceCut(people.editor, late.run_id, 'test');
    await approveCutRun(
      people.approver,
      late.run_id,
      { gate: 1, manifestDigest: ready.manifest_digest, note: 'looked at' },
      'second',
    );
    await db.pool.query('alter table iu_source_pin disable trigger user');
    await db.pool.query("update iu_source_pin set redacted = '{[0,1)}' where bytes = 'Xylophone.\n'");
    await expect(advanceCut(people.editor, late.run_id, 'test')).rejects.toMatchObject({ code: 'IU897' });
  });

  it('reaches the original of an extracted text, or names it when one piece only is meant', async () => {
    await openCutGates(db);
    const people = await cutPeople(db);
    const document = { address: 'doc', title: 'Doc', ownerRef: 'test', actor: 'test' };
    const original = {
      bytes: Buffer.from(`\0original: ${secret}`),
      mediaType: 'application/pdf',
      extractor: { name: 'test', version: '1' },
    };
    await cutRevision(people, document, {
      mediaType: 'text/markdown',
      bytes: Buffer.from(`# One\n\n${secret}.\n\n# Two\n\nSecond.\n`),
      revisionLabel: '1',
      original,
    });
    const pin = await oneRow(db, "select pin_id from iu_source_pin where media_type = 'application/pdf'");
    const text = await oneRow(db, "select pin_id from iu_source_pin where media_type = 'text/markdown'");
    const piece = JSON.parse((await iu('redact', 'plan', 'piece', '1:0', '--json')).stdout);
    expect(piece.leftovers).toContainEqual(expect.objectContaining({ code: 'original_source', ref: pin.pin_id }));
    expect((await iu('redact', 'plan', 'piece', '1:0')).stdout).toContain(`iu redact request source ${pin.pin_id}`);
    await redact('piece', '1:0');
    expect(await whereIs('Erika')).toEqual(['bytes of iu_source_pin']);
    // the original means its text as the text means its original
    const both = JSON.parse((await iu('redact', 'plan', 'source', pin.pin_id, '--json')).stdout);
    expect(
      new Set(
        both.copies
          .filter((copy: { tableName: string }) => copy.tableName === 'iu_source_pin')
          .map((copy: { rowKey: string }) => copy.rowKey),
      ),
    ).toEqual(new Set([pin.pin_id, text.pin_id]));
    await redact('source', text.pin_id);
    expect(await whereIs('Erika')).toEqual([]);
    expect(await whereIs('original: ')).toEqual([]);
    const left = JSON.parse((await iu('redact', 'plan', 'source', text.pin_id, '--json')).stdout);
    expect(left).toMatchObject({ copies: [], leftovers: [{ code: 'piece_title' }] });
  });

  it('of a whole source takes every text that was cut from it', async () => {
    await openCutGates(db);
    const people = await cutPeople(db);
    const document = { address: 'doc', title: 'Doc', ownerRef: 'test', actor: 'test' };
    const mediaType = 'text/markdown';
    await cutRevision(people, document, {
      mediaType,
      bytes: Buffer.from(`# One\n\n${secret}.\n\n# Two\n\nSecond.\n`),
      revisionLabel: '1',
    });
    const { pin_id } = await oneRow(db, 'select pin_id from iu_source_pin');
    await redact('source', pin_id);
    expect(await whereIs('Second')).toEqual([]);
    expect(await whereIs('Erika')).toEqual([]);
    const proof = await callFor(db, 'select fn_iu_cut_verify(run_id)::text from iu_cut_run');
    expect(proof).toMatchObject({ ok: true, redacted: proof.pieces });
    expect((await iu('redact', 'plan', 'source', 'x')).stderr).toContain('IU891');
    expect((await iu('redact', 'plan', 'piece', '99:1')).stderr).toContain('IU890');
    const list = await iu('redact', 'list', '--state', 'applied', '--json');
    expect(JSON.parse(list.stdout).items).toHaveLength(1);
  });
});
