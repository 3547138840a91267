// iu cut on a database: two people, each with a login of his own, take revisions through, back, and through a whole folder.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runIu } from '../support/cli.js';
import { openCutGates } from '../support/cut-pipeline.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

let db: TestDatabase;
let folder: string;
let editor: string;
let approver: string;

beforeAll(async () => {
  db = await createTestDatabase();
  await openCutGates(db);
  editor = await db.loginUrl('iu_operator', 'iu_emitter', 'iu_reader');
  approver = await db.loginUrl('iu_approver', 'iu_reader');
  folder = mkdtempSync(join(tmpdir(), 'iu-cut-'));
});

afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await db.drop();
});

const at = (url: string, ...words: string[]) => runIu([...words, '--database-url', url, '--schema', db.schema]);
async function json(url: string, ...words: string[]) {
  const { stdout, stderr, exitCode } = await at(url, ...words, '--json');
  expect({ exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({ exitCode: 0, stderr: '' });
  return JSON.parse(stdout);
}
const file = (name: string, text: string) => {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, text);
  return path;
};
const first =
  '# Law\n## A\n### Art. 1\nThe state is free and its people own it.\n### Art. 2\nThe prince has rights.\n## B\nEnds here.\n';

describe('the commands about cuts', () => {
  it('start, plan, approve, apply, enact, list, show and roll back a revision', async () => {
    const words = ['--document', 'law', '--revision', '1', '--actor', 'ann', '--title', 'The law'];
    const started = await at(editor, 'cut', 'start', file('law.md', first), ...words);
    expect(started.stdout).toMatch(/state +awaiting cut authorization\nwaits for +gate 1\npieces +5\n/);
    const [run] = (await json(editor, 'cut', 'list', '--waits-for', 'gate 1')).items;
    const id: string = run.runId;
    expect(started.stderr).toContain(`somebody else than ${run.createdBy}: iu cut approve ${id}`);
    const page = await json(editor, 'cut', 'plan', id, '--limit', '2');
    expect(page.items).toMatchObject([
      { ordinal: 0, fate: 'born', unit: 'law/title' },
      { ordinal: 1, unit: 'law/a' },
    ]);
    expect((await json(editor, 'cut', 'plan', id, '--after', page.next)).items).toHaveLength(3);
    const own = await at(editor, 'cut', 'approve', id, '--note', 'x', '--actor', 'ann');
    expect(own).toMatchObject({ exitCode: expect.any(Number), stderr: expect.stringMatching(/IU\d{3}/) });
    expect(own.exitCode).not.toBe(0);
    await json(approver, 'cut', 'approve', id, '--note', 'read it', '--actor', 'bob');
    expect(await json(editor, 'cut', 'apply', id, '--actor', 'ann')).toMatchObject({
      waitsFor: 'gate 2',
      counts: { created: 6 },
    });
    await json(approver, 'cut', 'approve', id, '--note', 'read it', '--actor', 'bob');
    expect(await json(editor, 'cut', 'enact', id, '--actor', 'ann')).toMatchObject({ state: 'closeout_reported' });
    const shown = await json(editor, 'cut', 'show', id);
    expect(shown.log).toHaveLength(14);
    expect(shown.manifest.counts.pieces).toBe(5);
    const refused = await at(editor, 'cut', 'start', file('other.md', '# x\n'), ...words);
    expect(refused.stderr).toContain('IU703');
    const back = await json(editor, 'cut', 'rollback', id, '--actor', 'ann', '--approval', 'R-1');
    expect(back.state).toBe('voided_rolled_back');
    expect((await json(editor, 'cut', 'list', '--open')).items).toEqual([]);
  }, 60_000);

  it('decide what a piece is, and void what is not wanted', async () => {
    const start = (text: string, revision: string) =>
      json(editor, 'cut', 'start', file('two.md', text), '--document', 'two', '--revision', revision, '--actor', 'ann');
    const { runId } = await start(first, '1');
    for (const verb of ['apply', 'enact']) {
      await json(approver, 'cut', 'approve', runId, '--note', 'read it', '--actor', 'bob');
      await json(editor, 'cut', verb, runId, '--actor', 'ann');
    }
    const second = await start(
      first.replace('Art. 2\nThe prince has rights.', 'Art. 9\nSomething quite different stands there now.'),
      '2',
    );
    const decided = await json(editor, 'cut', 'decide', second.runId, '3', '--as', 'two/a/art-2', '--actor', 'ann');
    expect(decided.manifest.counts).toMatchObject({ fates: { changed: 1, same: 4 }, steps: { renumber: 1 } });
    const lines = await at(editor, 'cut', 'plan', second.runId, '--changes');
    expect(lines.stdout).toMatch(/3 +Art\. 9 +changed +two\/a\/art-2 +person/);
    expect(lines.stdout).toMatch(/step +renumber +two\/a\/art-2 .*Art\. 2 becomes Art\. 9/);
    const anew = await json(editor, 'cut', 'decide', second.runId, '3', '--new', '--actor', 'ann');
    expect(anew.manifest.counts.fates).toMatchObject({ born: 1 });
    const neither = await at(editor, 'cut', 'decide', second.runId, '3', '--actor', 'ann');
    expect(neither.stderr).toContain('IU738');
    const gone = await json(editor, 'cut', 'void', second.runId, '--actor', 'ann', '--reason', 'no');
    expect(gone.state).toBe('voided_by_person');
  }, 60_000);
});
