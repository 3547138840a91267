// What a folder has been, by its git history: which revisions, of which documents.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { bytesOfRevision, documentsOfFolder, documentsOfHistory } from '../../src/cut/folder/documents.js';

const folder = mkdtempSync(join(tmpdir(), 'iu-history-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let root: string;
const git = (...words: string[]) =>
  execFileSync('git', ['-C', root, '-c', 'user.name=test', '-c', 'user.email=test@example.com', ...words], {
    stdio: 'pipe',
  });

beforeEach(() => {
  root = mkdtempSync(join(folder, 'repository-'));
  git('init', '-q', '-b', 'main');
});

/** One commit: text, null takes the file away. */
function commit(files: Readonly<Record<string, string | null>>): void {
  for (const [path, text] of Object.entries(files)) {
    rmSync(join(root, path), { force: true });
    if (text === null) continue;
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  git('add', '-A');
  git('commit', '-q', '-m', 'commit');
}

async function paths(): Promise<string[]> {
  return (await documentsOfHistory(root, '')).revisions.map(({ path }) => path);
}

async function clash(): Promise<readonly [string, string] | undefined> {
  return (await documentsOfHistory(root, '')).clashes.get('a');
}

describe('the history of a folder', () => {
  it('is whole whatever a person has configured for reading', async () => {
    commit({ 'a.md': '1', 'b.md': '1' });
    git('checkout', '-q', '-b', 'side');
    commit({ 'c.md': '1' });
    git('checkout', '-q', 'main');
    commit({ 'a.md': '2' });
    git('merge', '-q', '-m', 'merge', 'side');
    for (const [name, value] of [
      ['log.showRoot', 'false'],
      ['log.diffMerges', 'off'],
      ['log.showSignature', 'true'],
      ['diff.renames', 'copies'],
      ['color.ui', 'always'],
    ]) {
      git('config', name ?? '', value ?? '');
      expect(await paths(), name).toEqual(['a.md', 'b.md', 'a.md', 'c.md']);
    }
  });

  it('has the documents that the folder itself has: none with a dot in front, and no links', async () => {
    commit({ '.github/readme.md': '1', '.hidden.md': '1', 'a.md': '1', 'sub/b.md': '1', 'picture.png': '1' });
    symlinkSync('a.md', join(root, 'link.md'));
    git('add', '-A');
    git('commit', '-q', '-m', 'link');
    expect(await paths()).toEqual(['a.md', 'sub/b.md']);
    expect((await documentsOfFolder(root, '', '1')).revisions.map(({ path }) => path)).toEqual(['a.md', 'sub/b.md']);
  });

  it('goes on as one document where a file takes the place of another, or comes back', async () => {
    commit({ 'a.md': '1' });
    commit({ 'a.md': null, 'a.html': '2' });
    expect(await clash()).toBeUndefined();
    commit({ 'a.md': '3', 'a.html': null });
    expect(await clash()).toBeUndefined();
    commit({ 'a.md': null });
    commit({ 'a.md': '4' });
    commit({ 'a.text': '5' });
    commit({ 'a.md': null });
    expect(await clash()).toBeUndefined();
    expect(await paths()).toEqual(['a.md', 'a.html', 'a.md', 'a.md', 'a.text']);
  });

  it('has no revision where a commit leaves the text as it was', async () => {
    commit({ 'a.md': '1', 'b.md': '1' });
    chmodSync(join(root, 'a.md'), 0o755);
    git('commit', '-q', '-a', '-m', 'rights');
    commit({ 'b.md': null });
    commit({ 'b.md': '1' });
    commit({ 'a.md': '2' });
    commit({ 'a.md': '1' });
    commit({ 'b.md': null, 'b.html': '1' });
    expect(await paths()).toEqual(['a.md', 'b.md', 'a.md', 'a.md', 'b.html']);
  });

  it('is read in a repository without a work tree too', async () => {
    commit({ 'laws/ä b.md': 'text' });
    const bare = join(root, 'bare.git');
    git('clone', '-q', '--bare', root, bare);
    const { revisions } = await documentsOfHistory(bare, '');
    expect(revisions).toMatchObject([{ path: 'laws/ä b.md', address: 'laws/ä b' }]);
    for (const { path, commit: id, blob } of revisions) {
      const bytes = await bytesOfRevision(bare, { path, commit: id ?? '', blob: blob ?? '' }, 100);
      expect(bytes.toString()).toBe('text');
    }
  });

  it('is read on when the Ctrl-C of a terminal ends git, and without git it says so', async () => {
    commit({ 'a.md': 'text' });
    const path = process.env.PATH ?? '';
    const git = execFileSync('which', ['git'], { encoding: 'utf8' }).trim();
    const programs = join(root, '.programs');
    mkdirSync(programs);
    try {
      process.env.PATH = programs;
      await expect(documentsOfHistory(root, '')).rejects.toMatchObject({
        code: 'IU746',
        message: expect.stringContaining('there is no git'),
      });
      const once = `[ -e ${programs}/ended ] || { : > ${programs}/ended; kill -INT $$; }`;
      writeFileSync(join(programs, 'git'), `#!/bin/sh\n${once}\nexec ${git} "$@"\n`, { mode: 0o755 });
      expect(await paths()).toEqual(['a.md']);
    } finally {
      process.env.PATH = path;
    }
  });

  it('has two files for one document where both are there at the end, or written beside each other', async () => {
    commit({ 'a.md': '1', 'b.md': '1' });
    commit({ 'a.html': '2' });
    expect(await clash()).toEqual(['a.md', 'a.html']);
    commit({ 'a.html': null });
    expect(await clash(), 'the former file is the document again').toEqual(['a.md', 'a.html']);
    expect((await documentsOfHistory(root, '')).clashes.has('b')).toBe(false);
  });

  it('has two files for one document where the former is written again, or one commit writes both', async () => {
    commit({ 'a.md': '1' });
    commit({ 'a.html': '2' });
    commit({ 'a.md': '3' });
    commit({ 'a.html': null });
    expect(await clash()).toEqual(['a.html', 'a.md']);
    root = mkdtempSync(join(folder, 'repository-'));
    git('init', '-q');
    commit({ 'a.md': '1', 'a.html': '1' });
    commit({ 'a.html': null });
    expect(await clash()).toEqual(['a.html', 'a.md']);
  });

  it('ends as a file where a link takes its place', async () => {
    commit({ 'a.md': '1' });
    rmSync(join(root, 'a.md'));
    symlinkSync('b', join(root, 'a.md'));
    git('add', '-A');
    git('commit', '-q', '-m', 'link');
    commit({ 'a.html': '2' });
    expect(await clash()).toBeUndefined();
    expect(await paths()).toEqual(['a.md', 'a.html']);
  });
});
