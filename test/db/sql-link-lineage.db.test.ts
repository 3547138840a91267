// Links and lineage of a text that goes through several documents, and back.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StructureStep } from '../../src/contract/structure/step.js';
import * as structure from '../../src/structure/index.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { doSteps, openStructureGate, readHashes, rollBack, treeProblems } from '../support/structure.js';

let db: TestDatabase;

beforeAll(async () => {
  db = await createTestDatabase();
  await openStructureGate(db.pool);
  const units = [
    { canonical_address: 'old', body: 'old' },
    { canonical_address: 'old/1', parent_address: 'old', body: 'firstsecond' },
    { canonical_address: 'new', body: 'new' },
    { canonical_address: 'new/1', parent_address: 'new', body: 'third' },
  ];
  await db.pool.query('select from fn_iu_create_many($1, $2)', [JSON.stringify(units), 'tester']);
});

afterAll(() => db.drop());

const lineage = async (unit: string) =>
  (await structure.lineage(db.pool, unit)).items.map(
    (row) => `${row.direction}: ${row.canonicalAddress} ${row.relationType} ${row.relatedAddress}`,
  );
const links = async () =>
  (await structure.listLinks(db.pool)).items
    .filter((row) => row.lifecycleStatus !== 'retired')
    .map((row) => `${row.canonicalAddress} ${row.linkRole} ${row.objectName}`)
    .sort();

/** Each with what lives afterwards. */
const story: [StructureStep, string[]][] = [
  [
    {
      operation_type: 'split_large_piece',
      unit: 'old/1',
      offsets: [5],
      pieces: [{ canonical_address: 'old/1a' }, { canonical_address: 'old/1b' }],
      link_policy: 'copy',
    },
    ['new/1 about dot_config', 'old/1 governs dot_config', 'old/1a governs dot_config', 'old/1b governs dot_config'],
  ],
  [
    { operation_type: 'reparent_piece', unit: 'old/1b', parent: 'new' },
    ['new/1 about dot_config', 'old/1 governs dot_config', 'old/1a governs dot_config', 'old/1b governs dot_config'],
  ],
  [
    {
      operation_type: 'merge_small_pieces',
      units: ['old/1b', 'new/1'],
      piece: { canonical_address: 'new/2' },
      link_policy: 'move',
    },
    ['new/2 about dot_config', 'new/2 governs dot_config', 'old/1 governs dot_config', 'old/1a governs dot_config'],
  ],
  [
    {
      operation_type: 'replace_piece',
      unit: 'new/2',
      piece: { canonical_address: 'new/3', body: 'other' },
      link_policy: 'move',
    },
    ['new/3 about dot_config', 'new/3 governs dot_config', 'old/1 governs dot_config', 'old/1a governs dot_config'],
  ],
];

describe('a text that is split, moved to another document, merged and replaced', () => {
  it('takes its links along as the policies say, tells its lineage step by step, and everything goes back', async () => {
    for (const [unit, role] of [
      ['old/1', 'governs'],
      ['new/1', 'about'],
    ] as const) {
      await structure.addLink(db.pool, { unit, role, kind: 'table', name: 'dot_config' }, { actor: 'ann' });
    }
    const states = [
      { links: await links(), hashes: [await readHashes(db.pool, 'old'), await readHashes(db.pool, 'new')] },
    ];
    const done: string[] = [];
    for (const [step, expected] of story) {
      done.push(await doSteps(db.pool, [step]));
      expect(await links()).toEqual(expected);
      states.push({ links: expected, hashes: [await readHashes(db.pool, 'old'), await readHashes(db.pool, 'new')] });
    }
    expect((await lineage('new/3')).sort()).toEqual([
      'earlier: new/2 merged_from new/1',
      'earlier: new/2 merged_from old/1b',
      'earlier: new/3 replaced_by new/2',
      'earlier: new/3 supersedes new/2',
      'earlier: old/1b split_from old/1',
    ]);
    expect((await lineage('old/1')).sort()).toEqual([
      'later: new/2 replaced_by new/3',
      'later: new/2 supersedes new/3',
      'later: old/1 split_from old/1a',
      'later: old/1 split_from old/1b',
      'later: old/1b merged_from new/2',
    ]);
    for (const operation of done.reverse()) {
      states.pop();
      await rollBack(db.pool, operation);
      const hashes = [await readHashes(db.pool, 'old'), await readHashes(db.pool, 'new')];
      expect({ links: await links(), hashes }).toEqual(states.at(-1));
    }
    expect(await lineage('old/1')).toEqual([]);
    expect(await treeProblems(db.pool)).toEqual([]);
  });
});
