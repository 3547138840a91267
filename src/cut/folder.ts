import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join, posix, relative, sep } from 'node:path';
import { promisify } from 'node:util';
import { IuError } from '../contract/errors/index.js';
import { documentEndings } from './source-kind.js';

/** One revision of one document, found in a folder or in its history. */
export interface FoundRevision {
  /** Path of the file below the folder, with `/`. */
  readonly path: string;
  /** Address of the document: the path without its ending. */
  readonly address: string;
  readonly revisionLabel: string;
  /** null: the file as it lies in the folder. */
  readonly commit: string | null;
  readonly note: string;
}

const endings = new RegExp(`(?:${documentEndings.map((ending) => `\\${ending}`).join('|')})$`, 'i');
const run = promisify(execFile);
/** A history of a hundred thousand commits fits. */
const outputLimit = 1 << 28;

/** The documents of a folder, by path; each is one revision named by the caller. */
export async function revisionsOfFolder(
  folder: string,
  prefix: string,
  revisionLabel: string,
): Promise<FoundRevision[]> {
  let names: string[];
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    names = entries
      .filter((entry) => entry.isFile())
      .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new IuError('IU746', { message: `${folder} cannot be read: ${code ?? 'unknown'}.` }, { cause: error });
  }
  return names
    .map((name) => name.split(sep).join('/'))
    .filter((path) => endings.test(path) && !path.split('/').some((part) => part.startsWith('.')))
    .sort()
    .map((path) => ({ path, address: addressOf(path, prefix), revisionLabel, commit: null, note: path }));
}

/**
 * The revisions of the documents of a folder in a git repository: each commit that touched a file, oldest first along the first parents.
 * A file that is there under another name is another document; a deletion is no revision.
 */
export async function revisionsOfHistory(folder: string, prefix: string): Promise<FoundRevision[]> {
  const text = await git(
    folder,
    'log',
    '--first-parent',
    '-m',
    '--reverse',
    '--no-renames',
    '--diff-filter=AMT',
    '--relative',
    '-z',
    '--raw',
    '--format=%x01%H %cI',
  );
  const found: FoundRevision[] = [];
  for (const commit of text.toString('utf8').split('\u0001').slice(1)) {
    const [head = '', ...entries] = commit.split('\0');
    const [id = '', time = ''] = head.trim().split(' ');
    for (const path of filesOf(entries)
      .filter((one) => endings.test(one))
      .sort()) {
      const revisionLabel = `${time.slice(0, 10)} ${id.slice(0, 12)}`;
      found.push({ path, address: addressOf(path, prefix), revisionLabel, commit: id, note: `git ${id}:${path}` });
    }
  }
  return found;
}

/** Paths of what a commit left as a file: a symbolic link holds no text but the name of another file. */
function filesOf(entries: readonly string[]): readonly string[] {
  return entries.filter((_, index) => /^\s*:\d{6} 100\d{3} /.test(entries[index - 1] ?? ''));
}

/**
 * Two files that would be one document at the same time, such as `a.md` and `a.html`; undefined when there are none. A file that another one takes
 * the place of, in a history, goes on as the same document.
 */
export function twoFilesOf(revisions: readonly FoundRevision[]): readonly [string, string] | undefined {
  const left = new Set<string>();
  for (const [index, { path, commit }] of revisions.entries()) {
    const before = revisions[index - 1];
    if (before === undefined || before.path === path) continue;
    left.add(before.path);
    if (left.has(path) || before.commit === commit) return [before.path, path];
  }
  return undefined;
}

/** The bytes of a file as a commit has it; raises IU721 for more than `maxBytes`. */
export async function bytesOfCommit(folder: string, commit: string, path: string, maxBytes: number): Promise<Buffer> {
  try {
    return await gitOutput(folder, maxBytes, 'show', `${commit}:./${path}`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER')
      throw gitFailure(folder, 'show', error);
    const message = `${path} of commit ${commit.slice(0, 12)} has more than ${maxBytes} bytes, the limit.`;
    throw new IuError('IU721', { message, maxBytes });
  }
}

async function git(folder: string, ...words: string[]): Promise<Buffer> {
  try {
    return await gitOutput(folder, outputLimit, ...words);
  } catch (error) {
    throw gitFailure(folder, words[0] ?? '', error);
  }
}

async function gitOutput(folder: string, maxBuffer: number, ...words: string[]): Promise<Buffer> {
  const { stdout } = await run('git', ['-C', folder, ...words], { encoding: 'buffer', maxBuffer });
  return stdout;
}

function gitFailure(folder: string, word: string, error: unknown): IuError {
  const { stderr, code } = error as { stderr?: Buffer; code?: string | number };
  const said = stderr?.toString().trim().split('\n')[0] || String(code ?? 'unknown');
  return new IuError('IU746', { message: `git ${word} in ${folder} failed: ${said}.` }, { cause: error });
}

function addressOf(path: string, prefix: string): string {
  const name = path.replace(endings, '');
  return prefix === '' ? name : posix.join(prefix, name);
}
