import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openCutGates } from '../support/cut-pipeline.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { docxOf, pdfOf } from '../support/documents.js';

const program = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
let db: TestDatabase;

/** Runs the built command line as a process of its own. */
function iu(
  words: readonly string[],
  path = program,
  flags: readonly string[] = [],
): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  const env = { PATH: process.env.PATH, IU_DATABASE_URL: db.url, IU_SCHEMA: db.schema };
  return new Promise((resolve) => {
    execFile(process.execPath, [...flags, path, ...words], { env }, (error, stdout, stderr) => {
      resolve({ exitCode: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(async () => {
  await db.drop();
});

it('runs as a built program with results on stdout, errors on stderr, exit codes and no colours in a pipe', async () => {
  const listed = await iu(['gate', 'list', '--json']);
  expect(listed).toMatchObject({ exitCode: 0, stderr: '' });
  expect(JSON.parse(listed.stdout).items).toHaveLength(6);
  const refused = await iu(['gate', 'open', 'nothing', '--reason', 'x']);
  expect(refused).toMatchObject({ stdout: '', stderr: expect.stringMatching(/^iu: IU401 /) });
  expect(refused.exitCode).toBeGreaterThan(0);
  expect((await iu(['gate', 'list'])).stdout).not.toContain('\u001b');
  expect((await iu(['nonsense'])).exitCode).toBe(64);
});

it('runs through a symbolic link, as npm installs it', async () => {
  const link = join(tmpdir(), `iu-link-${process.pid}-${db.name}`);
  await symlink(program, link);
  const run = await iu(['--version'], link).finally(() => rm(link));
  expect(run).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^\d+\.\d+/) });
});

/** A flag of Node.js under which packages are not there. */
function withoutPackages(names: readonly string[]): string {
  const hooks = `export const resolve = (name, context, next) => {
    if (!${JSON.stringify(names)}.includes(name)) return next(name, context);
    throw Object.assign(new Error('Cannot find package ' + name), { code: 'ERR_MODULE_NOT_FOUND' });
  }`;
  const dataUrl = (code: string) => `data:text/javascript,${encodeURIComponent(code)}`;
  return `--import=${dataUrl(`import { register } from 'node:module'; register(${JSON.stringify(dataUrl(hooks))})`)}`;
}

it.each([
  ['a.docx', 'mammoth@1.13.0', docxOf([['Heading1', 'Part 1']])],
  ['a.pdf', 'unpdf@1.8.1', pdfOf(['Article 1', 'Scope'])],
])('names the package that reads %s when it is not installed', async (name, wanted, content) => {
  const folder = await mkdtemp(join(tmpdir(), 'iu-cut-'));
  try {
    const path = join(folder, name);
    await writeFile(path, await content);
    const words = ['cut', 'preview', path];
    const flags = [withoutPackages(['mammoth', 'unpdf'])];
    const refused = await iu(words, program, flags);
    expect(refused).toMatchObject({ exitCode: 1, stdout: '', stderr: expect.stringMatching(/^iu: IU727 /) });
    expect(refused.stderr).toContain(`npm install ${wanted}`);
    // Only for what needs it: text is cut without.
    const text = join(folder, 'a.md');
    await writeFile(text, '# Law\n');
    expect((await iu(['cut', 'preview', text], program, flags)).exitCode).toBe(0);
    expect((await iu(words)).exitCode).toBe(0);
  } finally {
    await rm(folder, { recursive: true });
  }
});

it('says what stops the threads of a folder, also where Node is told to pass over what nobody caught', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'iu-stopped-'));
  for (const name of ['a', 'b', 'c']) await writeFile(join(folder, `${name}.md`), `# ${name}\n`);
  const words = ['cut', 'dir', folder, '--revision', '1', '--actor', 'ann', '--json'];
  const run = await iu(words, program, ['--unhandled-rejections=none']).finally(() => rm(folder, { recursive: true }));
  expect(run).toMatchObject({ exitCode: 3, stdout: '' });
  expect(JSON.parse(run.stderr)).toMatchObject({
    error: { code: 'IU737', hint: expect.stringContaining('iu backup') },
  });
});

it('ends a cut for which Node has no memory left with a code and the way out', async () => {
  await openCutGates(db);
  const folder = await mkdtemp(join(tmpdir(), 'iu-large-'));
  await writeFile(join(folder, 'small.md'), '# a\n');
  // So many pieces do not fit into 40 MB, which each thread may take here.
  await writeFile(join(folder, 'zzz.md'), '# a\n'.repeat(400_000));
  const words = ['cut', 'dir', folder, '--revision', '1', '--actor', 'ann', '--parallel', '1'];
  const run = await iu(words, program, ['--max-old-space-size=40']).finally(() => rm(folder, { recursive: true }));
  expect(run).toMatchObject({
    exitCode: 1,
    stderr: expect.stringMatching(/1 of 2 revisions\niu: IU710 .*\n.*--parallel/),
  });
}, 60_000);
