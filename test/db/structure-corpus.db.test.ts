// Real laws as trees: moved, split and merged, with addresses, texts and lineage right, and brought back as they were.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StructureStep } from '../../src/contract/structure/step.js';
import { type CutPeople, cutPeople, cutRevision, openCutGates } from '../support/cut-pipeline.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { callJson, doSteps, readHashes, rollBack, treeProblems } from '../support/structure.js';

const examples = fileURLToPath(new URL('../../examples/', import.meta.url));
const corpora = process.env.IU_CORPORA;

interface Leaf {
  readonly address: string;
  readonly parent: string;
  readonly path: string[];
  readonly body: string;
}

let db: TestDatabase;
let people: CutPeople;

beforeAll(async () => {
  db = await createTestDatabase();
  await openCutGates(db);
  people = await cutPeople(db);
});

afterAll(() => db.drop());

const foldersOf = (root: string) =>
  readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(root, entry.name))
    .sort();
const nameOf = (folder: string) => folder.split('/').at(-1) ?? folder;
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

/** Cuts the first version in a folder into a document with that address: later ones of the source lost headings. */
async function cutFirst(folder: string, address: string): Promise<void> {
  const file = readdirSync(folder)
    .filter((name) => name.endsWith('.md'))
    .sort()[0];
  if (file === undefined) throw new Error(`no Markdown in ${folder}`);
  const target = { address, title: address, ownerRef: 'test', actor: 'tester' };
  await cutRevision(people, target, { bytes: readFileSync(join(folder, file)), revisionLabel: file, fileName: file });
}

/** Pieces without pieces below them, in reading order. */
async function leavesOf(address: string): Promise<Leaf[]> {
  const { rows } = await db.pool.query(
    `select t.canonical_address as address, p.canonical_address as parent, t.path_addresses as path, v.body
       from v_iu_tree t join unit_version v on v.id = t.version_id join information_unit p on p.id = t.parent_id
      where t.path_addresses[1] = $1 and t.lifecycle_status in ('draft', 'enacted')
        and not exists (select from information_unit c where c.parent_or_container_ref = t.unit_id and c.deleted_at is null)
      order by t.rank_path`,
    [address],
  );
  return rows;
}

/** The whole text of a document: the texts of its living pieces in reading order. */
async function textOf(address: string): Promise<string> {
  const { rows } = await db.pool.query(
    `select string_agg(v.body, '' order by t.rank_path) as text from v_iu_tree t join unit_version v on v.id = t.version_id
      where t.path_addresses[1] = $1 and t.lifecycle_status in ('draft', 'enacted')`,
    [address],
  );
  return rows[0].text;
}

async function lineageOf(address: string): Promise<string[]> {
  const { rows } = await db.pool.query(
    `select direction || ' ' || relation_type || ' ' || related_address as line from v_iu_lineage
      where canonical_address = $1 and relation_status = 'active' order by 1`,
    [address],
  );
  return rows.map((row) => row.line);
}

/** A byte offset at a character boundary near the middle. */
function middleOf(body: string): number {
  const half = body.slice(0, Math.ceil(body.length / 2)).replace(/[\ud800-\udbff]$/u, '');
  return Buffer.byteLength(half);
}

/** Splits each of these pieces in two and checks texts and lineage; returns the operation. */
async function splitAll(address: string, leaves: readonly Leaf[]): Promise<string> {
  const before = sha256(await textOf(address));
  const steps = leaves.map(
    (leaf, index): StructureStep => ({
      operation_type: 'split_large_piece',
      unit: leaf.address,
      offsets: [middleOf(leaf.body)],
      pieces: [{ canonical_address: `${address}/new/${index}a` }, { canonical_address: `${address}/new/${index}b` }],
    }),
  );
  const operation = await doSteps(db.pool, steps);
  expect(sha256(await textOf(address))).toBe(before);
  for (const [index, leaf] of leaves.entries()) {
    expect(await lineageOf(`${address}/new/${index}a`)).toEqual([`earlier split_from ${leaf.address}`]);
    expect(await lineageOf(leaf.address)).toEqual([
      `later split_from ${address}/new/${index}a`,
      `later split_from ${address}/new/${index}b`,
    ]);
  }
  return operation;
}

/** Merges the halves again: the text is the original's, byte for byte, and the lineage leads back to it. */
async function mergeAll(address: string, leaves: readonly Leaf[]): Promise<string> {
  const operation = await doSteps(
    db.pool,
    leaves.map(
      (_, index): StructureStep => ({
        operation_type: 'merge_small_pieces',
        units: [`${address}/new/${index}b`, `${address}/new/${index}a`],
        piece: { canonical_address: `${address}/whole/${index}` },
      }),
    ),
  );
  const merged = new Map((await leavesOf(address)).map((leaf) => [leaf.address, leaf.body]));
  for (const [index, leaf] of leaves.entries()) {
    expect(sha256(merged.get(`${address}/whole/${index}`) ?? '')).toBe(sha256(leaf.body));
    expect(await lineageOf(`${address}/whole/${index}`)).toEqual([
      `earlier merged_from ${address}/new/${index}a`,
      `earlier merged_from ${address}/new/${index}b`,
    ]);
  }
  return operation;
}

/** Moves pieces below other ones, also into another document, and checks where they stand and how they are addressed. */
async function moveAll(leaves: readonly Leaf[], target: Leaf): Promise<string> {
  const operation = await doSteps(
    db.pool,
    leaves.map(
      (leaf): StructureStep => ({ operation_type: 'reparent_piece', unit: leaf.address, parent: target.address }),
    ),
  );
  const { rows } = await db.pool.query(
    'select path_addresses from v_iu_tree where canonical_address = any ($1) order by rank_path',
    [leaves.map((leaf) => leaf.address)],
  );
  expect(rows.map((row) => row.path_addresses)).toEqual(leaves.map((leaf) => [...target.path, leaf.address]));
  const at = await db.pool.query('select unit_id from fn_iu_unit_at($1, clock_timestamp())', [leaves[0]?.address]);
  expect(at.rows).toHaveLength(1);
  return operation;
}

/** Everything on one document; the last moves go into another one. */
async function restructure(address: string, other: string): Promise<{ pieces: number }> {
  const before = [await readHashes(db.pool, address), await readHashes(db.pool, other)];
  const leaves = await leavesOf(address);
  const large = leaves
    .filter((leaf) => Buffer.byteLength(leaf.body) >= 40)
    .sort((a, b) => b.body.length - a.body.length)
    .slice(0, Math.min(10, Math.floor(leaves.length / 2)));
  const split = await splitAll(address, large);
  const merged = await mergeAll(address, large);
  const small = leaves.filter((leaf) => !large.includes(leaf)).slice(0, 10);
  const [inside, target] = [small.pop(), (await leavesOf(other))[0]];
  if (inside === undefined || target === undefined) throw new Error(`${address} or ${other} has too few pieces`);
  const operations = [split, merged];
  operations.push(await moveAll(small.length > 0 ? small : [inside], small.length > 0 ? inside : target));
  if (small.length > 0) operations.push(await moveAll(small, target));
  for (const operation of operations) {
    const verdict = await callJson<{ ok: boolean }>(db.pool, 'fn_iu_structure_op_verify($1)', [operation]);
    expect(verdict).toMatchObject({ ok: true });
  }
  for (const operation of operations.reverse()) await rollBack(db.pool, operation);
  expect([await readHashes(db.pool, address), await readHashes(db.pool, other)]).toEqual(before);
  return { pieces: leaves.length };
}

describe('real documents', () => {
  it('the example is moved, split and merged with addresses and lineage right, and comes back as it was', async () => {
    const [folder] = foldersOf(examples);
    if (folder === undefined) throw new Error('there is no example');
    await cutFirst(folder, 'example');
    await cutFirst(folder, 'another');
    await restructure('example', 'another');
    expect(await treeProblems(db.pool)).toEqual([]);
  }, 120_000);

  it.skipIf(!corpora)(
    'and so is every law of the corpora, each with pieces that move into the next one',
    async () => {
      const laws = foldersOf(join(corpora ?? '', 'li'));
      for (const law of laws) await cutFirst(law, nameOf(law));
      let pieces = 0;
      for (const [index, law] of laws.entries()) {
        const next = laws[(index + 1) % laws.length] ?? law;
        pieces += (await restructure(nameOf(law), nameOf(next))).pieces;
      }
      expect(laws.length).toBeGreaterThanOrEqual(10);
      console.log(`structure operations on ${laws.length} laws with ${pieces} leaves`);
      expect(await treeProblems(db.pool)).toEqual([]);
    },
    300_000,
  );
});
