// The threads of a folder, and what they say of what is wrong with more than one document.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import workerThreads from 'node:worker_threads';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { cutRevision } from '../../src/cut/folder/cut-revision.js';
import { documentsOfFolder } from '../../src/cut/folder/documents.js';
import { advanceCut } from '../../src/cut/pipeline.js';
import type { Queryable } from '../../src/store/listing.js';
import { runIu } from '../support/cli.js';
import { cutPeople, openCutGates } from '../support/cut-pipeline.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

let folder: string;
let db: TestDatabase;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'iu-cut-folder-'));
  for (const name of ['a', 'b', 'c']) writeFileSync(join(folder, `${name}.md`), `# ${name}\n## One\nof ${name}\n`);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(async () => {
  db = await createTestDatabase();
  await openCutGates(db);
});
afterEach(() => db.drop());

const dir = (...words: string[]) =>
  runIu(['cut', 'dir', folder, '--revision', '1', '--actor', 'ann', '--json', ...words], db);
const start = (...words: string[]) => {
  const about = ['--document', 'of/start', '--revision', '1', '--actor', 'ann', '--json'];
  return runIu(['cut', 'start', join(folder, 'a.md'), ...about, ...words], db);
};
/** What an error says but for the number of the run that was the first. */
const saidBy = ({ stderr }: { readonly stderr: string }) => JSON.parse(stderr.replace(/cut run \d+/, 'cut run N'));

describe('what is wrong with more than one document', () => {
  it.each([
    ['IU736', 3, 'the gate of cuts is closed', ['autocut_enabled', 'false'], []],
    ['IU737', 3, 'there is no backup', ['installation', 'production'], []],
    ['IU725', 64, 'there is no such grammar', [], ['--grammar', './none.json']],
  ])('is %s and exit code %i, as of one file, when %s', async (code, exitCode, _, [key, value], words) => {
    if (key !== undefined)
      await db.pool.query('update dot_config set value = $2 where key = $1', [`iu_core.${key}`, value]);
    const ofFile = await start(...words);
    expect(ofFile).toMatchObject({ exitCode, stderr: expect.stringContaining(code) });
    const ofFolder = await dir(...words);
    expect(ofFolder).toMatchObject({ exitCode, stdout: '' });
    expect(saidBy(ofFolder)).toEqual(saidBy(ofFile));
  });
});

it('goes on where another command took a run through a gate at the same moment', async () => {
  const { editor, approver } = await cutPeople(db);
  const another = await db.as('iu_operator', 'iu_emitter');
  const late: string[] = [];
  /** Approves too late: the other one has approved, and the run is past the gate. */
  const query = async (text: string, values: string[]) => {
    await approver.query(text, values);
    await advanceCut(another, values[0] ?? '', 'bob');
    return approver.query(text, values).catch((error) => {
      late.push(error.code);
      throw error;
    });
  };
  const { revisions } = await documentsOfFolder(folder, '', '1');
  const work = { folder, source: { grammar: 'auto', maxBytes: 1000 }, ownerRef: 'ann', actor: 'ann' };
  const second = { database: { query } as unknown as Queryable, actor: 'second', note: 'looked at' };
  const [revision] = revisions;
  if (revision === undefined) throw new Error('There is a document.');
  expect(await cutRevision(editor, revision, work, second)).toMatchObject({ outcome: 'unchanged', code: null });
  expect(late).toEqual(['IU730', 'IU730']);
});

it('cuts a folder by one thread where the system gives no more', async () => {
  const { Worker } = workerThreads;
  const setWorker = (worker: typeof Worker) => {
    workerThreads.Worker = worker;
    syncBuiltinESMExports();
  };
  let given = 0;
  setWorker(
    class extends Worker {
      constructor(...about: ConstructorParameters<typeof Worker>) {
        if (given === 1) throw new Error('Worker initialization failure: EAGAIN');
        given++;
        super(...about);
      }
    },
  );
  const run = await dir().finally(() => setWorker(Worker));
  expect(run).toMatchObject({ exitCode: 0 });
  expect(JSON.parse(run.stdout)).toMatchObject({ waits: 3, left: 0 });
  expect(given).toBe(1);
});
