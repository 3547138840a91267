import { existsSync } from 'node:fs';
import { mkdtemp, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { removeServerLeftovers } from '../support/server-folder.js';

it('takes away what killed runs left more than a day ago, in memory and on the disk, and nothing younger', async () => {
  const places = ['/dev/shm', tmpdir()].filter((place) => existsSync(place));
  const old: string[] = [];
  const young: string[] = [];
  const two = new Date(Date.now() - 2 * 86_400_000);
  try {
    for (const place of places) {
      young.push(await mkdtemp(join(place, 'iu-core-test-')));
      const left = await mkdtemp(join(place, 'iu-core-test-'));
      await utimes(left, two, two);
      old.push(left);
    }
    await removeServerLeftovers();
    expect(old.filter((folder) => existsSync(folder))).toEqual([]);
    expect(young.filter((folder) => existsSync(folder))).toEqual(young);
  } finally {
    for (const folder of [...old, ...young]) await rm(folder, { recursive: true, force: true });
  }
});
