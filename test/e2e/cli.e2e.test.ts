import { execFile } from 'node:child_process';
import { rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

const program = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
let db: TestDatabase;

/** Runs the built command line as a process of its own. */
function iu(words: readonly string[], path = program): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  const env = { PATH: process.env.PATH, IU_DATABASE_URL: db.url, IU_SCHEMA: db.schema };
  return new Promise((resolve) => {
    execFile(process.execPath, [path, ...words], { env }, (error, stdout, stderr) => {
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
