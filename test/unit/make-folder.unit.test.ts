import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeFolder } from '../../src/install/make-folder.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'iu-core-make-folder-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('a folder that is made', () => {
  it('comes with those above it, and the first that was made is named', async () => {
    const path = join(folder, 'a', 'b', 'c');
    expect(await makeFolder(path, 0o700)).toBe(join(folder, 'a'));
    expect((await stat(path)).mode & 0o777).toBe(0o700);
    expect(await makeFolder(path, 0o700)).toBeUndefined();
    const both = await Promise.all([makeFolder(join(folder, 'x', 'y')), makeFolder(join(folder, 'x', 'y'))]);
    expect(both).toContain(join(folder, 'x'));
  });

  it('is refused where the system makes none, also where it says that what is missing is not there', async () => {
    await writeFile(join(folder, 'file'), '');
    for (const path of ['file', 'file/below']) {
      await expect(makeFolder(join(folder, path))).rejects.toMatchObject({ code: 'ENOTDIR' });
    }
    await expect(makeFolder('/proc/iu-core/backups')).rejects.toMatchObject({ syscall: 'mkdir' });
  });
});
