import { readdirSync, readFileSync } from 'node:fs';
import type pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cutMarkdown, sha256Of } from '../../src/cut/markdown.js';
import { type DocumentTarget, type ReviseOptions, reviseDocument } from '../../src/cut/revise-document.js';
import { tryLockDocument, unlockDocument } from '../../src/store/cut.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { waitFor } from '../support/wait.js';

const folder = new URL('../../examples/liechtenstein-constitution/', import.meta.url);
const revisions = readdirSync(folder)
  .filter((name) => /^\d{3}_.*\.md$/.test(name))
  .sort()
  .map((name) => ({ revisionLabel: name.replace(/\.md$/, ''), bytes: readFileSync(new URL(name, folder)) }));
const constitution: DocumentTarget = {
  address: 'li/constitution',
  title: 'Verfassung des Fürstentums Liechtenstein',
  ownerRef: 'test',
  actorRef: 'test',
};

let db: TestDatabase;
let client: pg.Client;

beforeEach(async () => {
  db = await createTestDatabase();
  client = await db.as('iu_emitter');
});

afterEach(() => db.drop());

function revise(text: string | Uint8Array, revisionLabel: string, options?: ReviseOptions) {
  return reviseDocument(client, constitution, { bytes: Buffer.from(text), revisionLabel }, options);
}

/** Every row count a revision could change, in one comparable row. */
async function rowCounts(): Promise<Record<string, string>> {
  const { rows } = await db.pool.query<Record<string, string>>(
    `select (select count(*) from information_unit) as units, (select count(*) from unit_version) as versions,
            (select count(*) from event_outbox) as events, (select count(*) from iu_source_pin) as pins,
            (select count(*) from iu_cut_run) as runs, (select count(*) from iu_cut_piece) as pieces,
            (select count(*) from iu_lifecycle_log) as lifecycle, (select max(xmin::text::bigint) from iu_cut_run) as last_write`,
  );
  return rows[0] ?? {};
}

async function livingText(documentId: string): Promise<string> {
  const { rows } = await db.pool.query<{ text: string | null }>(
    "select string_agg(body, '' order by position) as text from fn_iu_cut_living_units($1) where unit_id <> $1",
    [documentId],
  );
  return rows[0]?.text ?? '';
}

async function livingAddresses(): Promise<string[]> {
  const { rows } = await db.pool.query<{ address: string }>(
    'select l.canonical_address as address from information_unit d, fn_iu_cut_living_units(d.id) l where d.canonical_address = $1 order by l.position',
    [constitution.address],
  );
  return rows.map((row) => row.address.slice(constitution.address.length + 1)).filter((address) => address !== '');
}

async function eventCounts(): Promise<Record<string, number>> {
  const { rows } = await db.pool.query<{ event_type: string; events: number }>(
    "select event_type, count(*)::integer as events from event_outbox where event_domain = 'iu' group by event_type",
  );
  return Object.fromEntries(rows.map((row) => [row.event_type, row.events]));
}

async function backendExists(pid: number | undefined): Promise<boolean> {
  const { rows } = await db.pool.query('select from pg_stat_activity where pid = $1', [pid]);
  return rows.length > 0;
}

describe('the revisions of a document', () => {
  it('joins to the source after each of the 41 revisions, with one event for every change', async () => {
    const sum = { created: 0, revised: 0, deprecated: 0 };
    for (const revision of revisions) {
      const progress: [number, number][] = [];
      const result = await reviseDocument(client, constitution, revision, {
        onProgress: ({ done, total }) => progress.push([done, total]),
      });
      expect(result.applied).toBe(true);
      expect(progress.at(-1)?.[0]).toBe(progress.at(-1)?.[1]);
      expect(sha256Of(Buffer.from(await livingText(result.documentId)))).toBe(sha256Of(revision.bytes));
      sum.created += result.counts.created;
      sum.revised += result.counts.revised;
      sum.deprecated += result.counts.deprecated;
    }
    const counts = await rowCounts();
    expect(sum).toEqual({ created: 251, revised: 1027, deprecated: 94 });
    expect(counts).toMatchObject({ units: '251', versions: '1278', runs: '41', pins: '41' });
    expect(await eventCounts()).toMatchObject({
      unit_created: sum.created,
      version_applied: sum.revised,
      version_enacted: sum.created + sum.revised,
      unit_deprecated: sum.deprecated,
    });
    const { rows } = await db.pool.query(
      'select run_id from iu_cut_run where not (fn_iu_cut_verify(run_id) ->> $1)::boolean',
      ['ok'],
    );
    expect(rows).toEqual([]);
  }, 120_000);

  it('writes no row and emits no event when the same revisions are applied again', async () => {
    const first = revisions.slice(0, 4);
    for (const revision of first) await reviseDocument(client, constitution, revision);
    const before = await rowCounts();
    for (const revision of first) {
      const result = await reviseDocument(client, constitution, revision);
      expect(result.applied).toBe(false);
    }
    expect(await rowCounts()).toEqual(before);
  });

  it('goes on where it was killed, whatever it was doing, and counts every change once', async () => {
    const chosen = [0, 1, 30, 31].map((index) => revisions[index]).filter((revision) => revision !== undefined);
    let kills = 0;
    for (const revision of chosen) {
      // The connection dies before and after the first change and then in the middle, as with kill -9 of the process.
      for (const killAt of [0, 1, 7, 40]) {
        const victim = await db.as('iu_emitter');
        const { rows } = await victim.query<{ pid: number }>('select pg_backend_pid() as pid');
        let killed: Promise<unknown> | undefined;
        await reviseDocument(victim, constitution, revision, {
          onProgress: ({ done }) => {
            if (done >= killAt) killed ??= db.pool.query('select pg_terminate_backend($1)', [rows[0]?.pid]);
          },
        }).catch(() => {
          kills++;
        });
        await killed;
        if (killed) await waitFor(async () => !(await backendExists(rows[0]?.pid)));
      }
      const result = await reviseDocument(client, constitution, revision);
      expect(await livingText(result.documentId)).toBe(revision.bytes.toString());
    }
    expect(kills).toBeGreaterThan(chosen.length);
    const { rows } = await db.pool.query(
      `select sum(units_created)::integer as unit_created, sum(units_revised)::integer as version_applied,
              sum(units_deprecated)::integer as unit_deprecated from iu_cut_run`,
    );
    expect(await eventCounts()).toMatchObject(rows[0] ?? {});
  }, 120_000);

  it('touches only what changed, came or went', async () => {
    await revise('# Law\n## A\n### Art. 1\nx\n### Art. 2\ny\n## B\nz\n', '1');
    const result = await revise('# Law\n## A\n### Art. 1\nX\n### Art. 1a\nw\n## B\nz\n', '2');
    expect(result.counts).toEqual({ created: 1, revised: 1, deprecated: 1 });
    expect(await livingAddresses()).toEqual(['title', 'a', 'a/art-1', 'a/art-1a', 'b']);
  });

  it('makes a piece that comes back a new unit with a suffix, and returns to earlier bytes under a new label', async () => {
    const full = '# Law\n## A\n### Art. 1\nx\n## B\nz\n';
    await revise(full, '1');
    await revise('# Law\n## B\nz\n', '2');
    const back = await revise(full, '3');
    expect(back.counts).toEqual({ created: 2, revised: 0, deprecated: 0 });
    expect(await livingAddresses()).toEqual(['title', 'a@2', 'a/art-1@2', 'b']);
    expect(await livingText(back.documentId)).toBe(full);
    const unchanged = await revise(full, '4');
    expect(unchanged.counts).toEqual({ created: 0, revised: 0, deprecated: 0 });
  });

  it('keeps a byte order mark, CRLF and combining characters exactly', async () => {
    const text = '\uFEFF# Luật\r\nD\u0323ie\u0302\u0300u\r\n\r\n## Điều 1\r\nx';
    const result = await revise(text, '1');
    expect(await livingText(result.documentId)).toBe(text);
    const { rows } = await db.pool.query('select encoding, has_byte_order_mark, newline_style from iu_source_pin');
    expect(rows).toEqual([{ encoding: 'utf-8', has_byte_order_mark: true, newline_style: 'crlf' }]);
  });

  it('takes an empty source as a document without pieces', async () => {
    const result = await revise('', '1');
    expect(result).toMatchObject({ applied: true, pieces: 0 });
    await revise('# a\n', '2');
    expect(await livingText(result.documentId)).toBe('# a\n');
  });
});

describe('what a revision refuses', () => {
  it('refuses a label that was cut from other bytes', async () => {
    await revise('# a\n', '1');
    await expect(revise('# b\n', '1')).rejects.toMatchObject({ code: 'IU703' });
  });

  it('refuses another revision while one is unfinished, and takes it afterwards', async () => {
    await revise('# a\n', '1');
    const stop = () => {
      throw new Error('stopped');
    };
    await expect(revise('# a\n## b\n', '2', { onProgress: stop })).rejects.toThrow('stopped');
    await expect(revise('# a\n## c\n', '3')).rejects.toMatchObject({ code: 'IU704' });
    await revise('# a\n## b\n', '2');
    await revise('# a\n## c\n', '3');
    expect(await livingAddresses()).toEqual(['title', 'c']);
  });

  it.each([
    ['broken UTF-8', Uint8Array.of(0x23, 0x20, 0xff, 0x0a)],
    ['a NUL byte', Uint8Array.of(0x23, 0x20, 0x00, 0x0a)],
  ])('refuses a source with %s and writes nothing', async (_, bytes) => {
    const before = await rowCounts();
    await expect(revise(bytes, '1')).rejects.toMatchObject({ code: 'IU709' });
    expect(await rowCounts()).toEqual(before);
  });

  it('refuses a document that another session is revising', async () => {
    const other = await db.connect();
    expect(await tryLockDocument(other, constitution.address)).toBe(true);
    await expect(revise('# a\n', '1')).rejects.toMatchObject({ code: 'IU710' });
    await unlockDocument(other, constitution.address);
    await revise('# a\n', '1');
  });

  it('finds out that a unit was changed beside the cut, and closes no run over it', async () => {
    await revise('# a\ntext\n## b\nother\n', '1');
    await db.pool.query('alter table unit_version disable trigger all');
    await db.pool.query("update unit_version set body = 'forged' where body like '## b%'");
    await db.pool.query('alter table unit_version enable trigger all');
    const { rows } = await db.pool.query<{ proof: string }>('select fn_iu_cut_verify(run_id) as proof from iu_cut_run');
    expect(JSON.parse(rows[0]?.proof ?? '{}')).toMatchObject({
      ok: false,
      problems: ['the recorded versions joined are not the source'],
    });
  });
});

describe('source pins and pieces', () => {
  it('keeps the same bytes once, whoever pins them', async () => {
    const pin = (title: string) =>
      client.query<{ pin_id: string; is_new: boolean }>(
        "select pin_id, is_new from fn_iu_source_pin($1, 'text/markdown', 'lf', $2)",
        [Buffer.from('# a\n'), title],
      );
    const [first, second] = [await pin('one'), await pin('two')];
    expect([first.rows[0]?.is_new, second.rows[0]?.is_new]).toEqual([true, false]);
    expect(second.rows[0]?.pin_id).toBe(first.rows[0]?.pin_id);
  });

  it('never changes or deletes a pin, a piece or a run that is done', async () => {
    await revise('# a\n', '1');
    for (const statement of [
      "update iu_source_pin set title = 'x'",
      'delete from iu_source_pin',
      'update iu_cut_piece set ordinal = 7',
      'delete from iu_cut_piece',
      'delete from iu_cut_run',
      'truncate iu_cut_piece',
    ]) {
      await expect(db.pool.query(statement)).rejects.toMatchObject({ code: 'IU310' });
    }
    await expect(db.pool.query('update iu_cut_run set units_created = 9')).rejects.toMatchObject({ code: 'IU708' });
  });

  it.each([
    ['a gap', 'update iu_cut_piece set byte_start = byte_start + 1 where ordinal = 1', 'gap'],
    ['a missing piece', 'delete from iu_cut_piece where ordinal = 1', 'pieces recorded'],
    ['a wrong hash', "update iu_cut_piece set sha256 = repeat('0', 64) where ordinal = 0", 'its hash'],
    ['a short end', 'update iu_cut_piece set byte_end = byte_end - 1 where ordinal = 2', 'cover'],
  ])('finds %s in a recorded cut', async (_, damage, problem) => {
    await revise('# a\n## b\n## c\n', '1');
    await db.pool.query('alter table iu_cut_piece disable trigger all');
    await db.pool.query(damage);
    const { rows } = await db.pool.query<{ proof: string }>('select fn_iu_cut_verify(run_id) as proof from iu_cut_run');
    const proof = JSON.parse(rows[0]?.proof ?? '{}') as { ok: boolean; problems: string[] };
    expect(proof.ok).toBe(false);
    expect(proof.problems.join()).toContain(problem);
  });

  it('agrees with TypeScript about the pieces it recorded', async () => {
    const [revision] = revisions;
    if (!revision) throw new Error('no example');
    await reviseDocument(client, constitution, revision);
    const { rows } = await db.pool.query<{ sha256: string; body_sha256: string }>(
      "select p.sha256, encode(sha256(convert_to(v.body, 'UTF8')), 'hex') as body_sha256 from iu_cut_piece p join unit_version v on v.id = p.version_id order by p.ordinal",
    );
    const expected = cutMarkdown(revision.bytes).pieces.map((piece) => piece.sha256);
    expect(rows.map((row) => row.sha256)).toEqual(expected);
    expect(rows.map((row) => row.body_sha256)).toEqual(expected);
  });
});
