// iu cut dir: one document in trouble stops no other, and a history goes on behind what can never be cut.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { main } from '../../src/cli/main.js';
import { runIu } from '../support/cli.js';
import { openCutGates } from '../support/cut-pipeline.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { pdfOf } from '../support/documents.js';
import { waitFor } from '../support/wait.js';

let db: TestDatabase;
let folder: string;

beforeAll(async () => {
  db = await createTestDatabase();
  await openCutGates(db);
  folder = mkdtempSync(join(tmpdir(), 'iu-cut-dir-'));
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await db.drop();
});

function write(path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), content);
}

/** Commits what stands in a folder, the first time into a repository of its own. */
function commit(name: string): void {
  const git = (...words: string[]) =>
    execFileSync('git', ['-C', join(folder, name), '-c', 'user.name=t', '-c', 'user.email=t@example.com', ...words], {
      stdio: 'pipe',
    });
  git('init', '-q');
  git('add', '-A');
  git('commit', '-q', '-m', 'commit');
}

async function dir(name: string, ...words: string[]) {
  const about = ['--actor', 'ann', '--prefix', name, '--yes-i-approve', '--json'];
  const { stdout, exitCode } = await runIu(['cut', 'dir', join(folder, name), ...about, ...words], db);
  return { exitCode, ...JSON.parse(stdout) };
}

/** Takes a piece out of the source and its version, as two people do. */
async function redactPiece(document: string, ordinal: number): Promise<void> {
  const { rows } = await db.pool.query('select max(run_id)::text as id from iu_cut_run where document_address = $1', [
    document,
  ]);
  const about = ['--reason', 'erasure', '--legal-ref', 'case 7', '--json'];
  const asked = await runIu(['redact', 'request', 'piece', `${rows[0].id}:${ordinal}`, ...about], db);
  const { redactionId } = JSON.parse(asked.stdout);
  const second = await db.as('iu_approver');
  await second.query("select fn_iu_redaction_approve($1, 'checked')", [redactionId]);
  expect(await runIu(['redact', 'apply', redactionId], db)).toMatchObject({ exitCode: 0 });
}

/** Headings of six levels, each as long as a label is kept. */
const deep = [1, 2, 3, 4, 5, 6].map((level) => `${'#'.repeat(level)} ${'法'.repeat(59)}${level}\n\n文本\n\n`).join('');

describe('a folder', () => {
  it('has long headings in letters of three bytes, and the same pieces again', async () => {
    write(`deep/${'名'.repeat(60)}.md`, deep);
    expect(await dir('deep', '--revision', '1')).toMatchObject({ exitCode: 0, finished: 1 });
    write(`deep/${'名'.repeat(60)}.md`, `${deep}${'#'.repeat(6)} ${'法'.repeat(60)}\n\n更多\n`);
    expect(await dir('deep', '--revision', '2')).toMatchObject({ exitCode: 0, finished: 1 });
    const { rows } = await db.pool.query(
      `select max(octet_length(canonical_address)) as most, count(*)::integer as units from information_unit where canonical_address like 'deep/%'`,
    );
    expect(rows[0].units).toBe(8);
    expect(rows[0].most).toBeGreaterThan(900);
  }, 60_000);

  it('is cut but for the document of which something was redacted, and the one whose address is too long', async () => {
    write('some/a.md', '# A\n## Who\nErika Mustermann lives in the hills.\n');
    write('some/b.md', '# B\n## One\nfirst\n');
    expect(await dir('some', '--revision', '1')).toMatchObject({ finished: 2, left: 0 });
    await redactPiece('some/a', 1);
    write('some/c.md', '# C\n## One\nfirst\n');
    write(`some/${`${'d'.repeat(200)}/`.repeat(5)}${'d'.repeat(40)}.md`, '# D\n## One\nfirst\n');
    const second = await dir('some', '--revision', '2', '--parallel', '1');
    expect(second).toMatchObject({ exitCode: 1, revisions: 4, finished: 2, refused: 2, left: 0 });
    expect(second.open).toMatchObject([
      { document: 'some/a', code: 'IU897' },
      { document: expect.stringMatching(/^some\/ddd/), code: 'IU734', message: expect.stringContaining('960') },
    ]);
  }, 60_000);

  it('takes a file whose address is also that of a heading first, however many are worked on at once', async () => {
    for (const parallel of ['1', '4']) {
      const name = `below-${parallel}`;
      write(`${name}/law.md`, '# Law\n## One\nof the law\n## Two\nof the law\n');
      write(`${name}/law/one.md`, '# One\n## Two\nof its own\n');
      write(`${name}/law/one/two.md`, '# Two\nof its own\n');
      expect(await dir(name, '--revision', '1', '--parallel', parallel)).toMatchObject({ exitCode: 0, finished: 3 });
      const { rows } = await db.pool.query(
        `select canonical_address as address from information_unit where canonical_address like $1 || '/%' order by 1`,
        [name],
      );
      expect(rows.map(({ address }) => address.slice(name.length + 1))).toEqual([
        'law',
        'law/one',
        'law/one/title',
        'law/one/two',
        'law/one/two/title',
        'law/one/two@2',
        'law/one@2',
        'law/title',
        'law/two',
      ]);
    }
  }, 60_000);

  it('says of each document what became of it, and each way out once', async () => {
    const text = async (name: string) => {
      const words = ['--actor', 'ann', '--prefix', name, '--revision', '1'];
      return runIu(['cut', 'dir', join(folder, name), ...words], db);
    };
    write('told/good.md', '# Good\n');
    for (const name of ['a', 'b']) write(`told/${name}.md`, Buffer.from([0x23, 0x20, 0xff]));
    const told = await text('told');
    expect(told.stdout).toMatch(/document +revision +outcome +waits for/);
    expect(told.stdout).toMatch(/told\/a +1 +refused .*IU724/);
    expect(told.stdout).toMatch(/told\/good +1 +waits +gate 1/);
    expect(told.stderr.match(/IU724: .*--encoding/g)).toHaveLength(1);
    expect(told.stderr.match(/^\d of 3 revisions$/gm)).toEqual([
      '1 of 3 revisions',
      '2 of 3 revisions',
      '3 of 3 revisions',
    ]);
    write('nothing/picture.png', '');
    const nothing = await text('nothing');
    expect(nothing).toMatchObject({ exitCode: 0, stdout: expect.not.stringContaining('outcome') });
    expect(nothing.stderr).toContain('.markdown');
  }, 60_000);

  it('says how many revisions are left when it is stopped', async () => {
    for (const name of ['a', 'b', 'c']) write(`stopped/${name}.md`, `# ${name}\n`);
    const stopped = async (...more: string[]) => {
      const stop = new AbortController();
      const said = { out: '', err: '' };
      const words = ['cut', 'dir', join(folder, 'stopped'), '--revision', '1', '--actor', 'ann', '--parallel', '1'];
      const code = await main([...words, ...more, '--database-url', db.url, '--schema', db.schema], {
        stdout: { write: (text: string) => (said.out += text) },
        stderr: { write: (text: string) => (said.err += text) },
        environment: {},
        stopSignal: () => {
          stop.abort();
          return stop.signal;
        },
      });
      return { ...said, code };
    };
    const { code, out } = await stopped('--json');
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ revisions: 3, finished: 0, waits: 0, left: 3, open: [] });
    expect((await stopped()).err).toContain('the same command again goes on with what is left');
  }, 60_000);
});

/** Threads that `work` makes, those that still live after it, and its answer. */
async function threadsOf<Answer>(work: () => Promise<Answer>) {
  const made: Worker[] = [];
  const onWorker = (worker: Worker) => made.push(worker);
  process.on('worker', onWorker);
  const answer = await work().finally(() => process.off('worker', onWorker));
  // A thread that has ended has no number any more.
  return { answer, made, living: made.filter(({ threadId }) => threadId !== -1) };
}

describe('the threads of a folder', () => {
  it('are as many as documents are worked on at once, at most one a core, and none is left', async () => {
    for (const name of ['a', 'b', 'c']) write(`threads/${name}.md`, `# ${name}\n## One\nof ${name}\n`);
    for (const parallel of [1, 2, 3]) {
      const words = ['--revision', '1', '--parallel', String(parallel)];
      const { answer, made, living } = await threadsOf(() => dir('threads', ...words));
      expect(answer).toMatchObject({ exitCode: 0, finished: parallel === 1 ? 3 : 0, left: 0 });
      expect(made).toHaveLength(Math.min(parallel, availableParallelism()));
      expect(living).toEqual([]);
    }
  }, 60_000);

  it('end with the error of one that lost its connection, and the same command goes on', async () => {
    for (const name of ['a', 'b', 'c']) write(`lost/${name}.md`, `# ${name}\n`);
    const blocker = await db.connect();
    await blocker.query('begin; lock table iu_cut_run in access exclusive mode');
    const cutting = "application_name = 'iu-core cut' and datname = current_database() and wait_event_type = 'Lock'";
    const words = ['cut', 'dir', join(folder, 'lost'), '--revision', '1', '--actor', 'ann', '--json'];
    const run = threadsOf(() => runIu(words, db));
    await waitFor(async () => {
      const { rows } = await db.pool.query(`select pid from pg_stat_activity where ${cutting}`);
      return rows.length === 3;
    });
    await db.pool.query(`select pg_terminate_backend(min(pid)) from pg_stat_activity where ${cutting}`);
    await blocker.query('rollback');
    const { answer, living } = await run;
    expect(answer.exitCode).toBe(69);
    expect(JSON.parse(answer.stderr.split('\n').at(-2) ?? '')).toMatchObject({ error: { code: 'IU001' } });
    expect(living).toEqual([]);
    expect(await dir('lost', '--revision', '1')).toMatchObject({ exitCode: 0, finished: 3, left: 0 });
  }, 60_000);
});

describe('a history', () => {
  it('goes on behind a commit of which something was redacted, and behind a PDF without text', async () => {
    write('past/a.md', '# A\n## Who\nErika Mustermann lives in the valley.\n');
    write('past/b.pdf', pdfOf(['Article 1', 'Scope']));
    commit('past');
    expect(await dir('past', '--git')).toMatchObject({ finished: 2 });
    await redactPiece('past/a', 1);
    write('past/a.md', '# A\n## Who\nSomebody lives in the hills.\n');
    write('past/b.pdf', pdfOf([]));
    commit('past');
    write('past/b.pdf', pdfOf(['Article 1', 'Scope', 'Article 2', 'Terms']));
    commit('past');
    const more = await dir('past', '--git');
    expect(more).toMatchObject({ exitCode: 0, revisions: 5, finished: 2, unchanged: 1, passed: 2, after: 0 });
    expect(more.open).toMatchObject([
      { document: 'past/a', outcome: 'passed', code: 'IU897' },
      { document: 'past/b', outcome: 'passed', code: 'IU728' },
    ]);
  }, 60_000);

  it('goes on behind revisions that were cut with another configuration, which are not cut again', async () => {
    write('other/a.txt', 'Article 1\nScope of it\n\nArticle 2\nTerms of it\n');
    commit('other');
    expect(await dir('other', '--git', '--grammar', 'none')).toMatchObject({ finished: 1 });
    write('other/a.txt', 'Article 1\nScope of it\n\nArticle 2\nTerms of all of it\n');
    commit('other');
    const more = await dir('other', '--git', '--grammar', 'eu');
    expect(more).toMatchObject({ exitCode: 0, finished: 1, passed: 1, open: [{ outcome: 'passed', code: 'IU703' }] });
  }, 60_000);
});
