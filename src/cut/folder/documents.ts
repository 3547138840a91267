import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { extname, join, posix, relative, sep } from 'node:path';
import { promisify } from 'node:util';
import { IuError } from '../../contract/errors/index.js';
import { groupBy } from '../group-by.js';
import { documentEndings } from '../source-kind.js';

/** One revision of one document, found in a folder or in its history. */
export interface FoundRevision {
  /** Path of the file below the folder, with `/`. */
  readonly path: string;
  /** Address of the document: the path without its ending. */
  readonly address: string;
  readonly revisionLabel: string;
  /** null: the file as it lies in the folder. */
  readonly commit: string | null;
  /** What git calls the text of the commit; null: the file as it lies in the folder. */
  readonly blob: string | null;
  readonly note: string;
}

export interface FoundDocuments {
  /** Those of one document in order, oldest first. */
  readonly revisions: readonly FoundRevision[];
  /** By address: two files that would be one document at the same time, such as `a.md` and `a.html`. */
  readonly clashes: ReadonlyMap<string, readonly [string, string]>;
}

const endings = new RegExp(`(?:${documentEndings.map((ending) => `\\${ending}`).join('|')})$`, 'i');
const run = promisify(execFile);
/** A history of a hundred thousand commits fits. */
const outputLimit = 1 << 28;

/** The documents of a folder, by path; each is one revision named by the caller. */
export async function documentsOfFolder(
  folder: string,
  prefix: string,
  revisionLabel: string,
): Promise<FoundDocuments> {
  let names: string[];
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    names = entries
      .filter((entry) => entry.isFile())
      .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
  } catch (error) {
    const { code, path = folder } = error as NodeJS.ErrnoException;
    throw new IuError('IU746', { message: `${path} cannot be read: ${code ?? 'unknown'}.` }, { cause: error });
  }
  const revisions = names
    .map((name) => name.split(sep).join('/'))
    .filter(isDocument)
    .sort()
    .map((path) => ({ path, address: addressOf(path, prefix), revisionLabel, commit: null, blob: null, note: path }));
  const files = new FilesOfDocuments();
  for (const { address, path } of revisions) files.write(address, path, '');
  return { revisions, clashes: files.clashes() };
}

/**
 * The history of a folder in a git repository along the first parents: each commit that gave a file another text is a revision. A file that is
 * there under another name is another document, and a deletion is no revision: a file that comes back goes on as the same document, and so does
 * one that takes the place of another (`a.html` of `a.md`).
 */
export async function documentsOfHistory(folder: string, prefix: string): Promise<FoundDocuments> {
  const text = await git(folder, 'log', ...wholeLog);
  const revisions: FoundRevision[] = [];
  const files = new FilesOfDocuments();
  const texts = new Map<string, string>();
  for (const commit of text.toString('utf8').split('\u0001').slice(1)) {
    const [head = '', ...entries] = commit.split('\0');
    const [id = '', time = ''] = head.trim().split(' ');
    const revisionLabel = `${time.slice(0, 10)} ${id.slice(0, 12)}`;
    const changes = changesOf(entries).filter(({ path }) => isDocument(path));
    for (const { path, isFile } of changes) if (!isFile) files.remove(addressOf(path, prefix), path);
    for (const { path, blob } of changes.filter(({ isFile }) => isFile)) {
      const address = addressOf(path, prefix);
      files.write(address, path, id);
      // Its rights were changed, or what was deleted came back as it was.
      const text = `${blob} ${extname(path)}`;
      if (texts.get(address) === text) continue;
      texts.set(address, text);
      revisions.push({ path, address, revisionLabel, commit: id, blob, note: `git ${id}:${path}` });
    }
  }
  return { revisions, clashes: files.clashes() };
}

/** What a person has configured for reading (no root commit, no merges, signatures) may leave out or add nothing. */
const settings = ['-c', 'log.showRoot=true', '-c', 'log.diffMerges=separate'];
const wholeLog = [
  ...['--no-show-signature', '--first-parent', '-m', '--reverse', '--no-renames', '--diff-filter=ADMT', '--relative'],
  ...['-z', '--raw', '--no-abbrev', '--format=%x01%H %cI'],
];

interface Change {
  readonly path: string;
  readonly isFile: boolean;
  readonly blob: string;
}

/** What a commit did, by path: a file it left, or none any more. A symbolic link holds no text but the name of another file. */
function changesOf(entries: readonly string[]): Change[] {
  return entries
    .flatMap((path, index) => {
      const [, mode, blob = ''] = /^\s*:\d{6} (\d{6}) [0-9a-f]+ ([0-9a-f]+) /.exec(entries[index - 1] ?? '') ?? [];
      return mode === undefined ? [] : [{ path, isFile: mode.startsWith('100'), blob }];
    })
    .sort((left, right) => (left.path < right.path ? -1 : 1));
}

/** Which files the documents of a history are, commit by commit. */
class FilesOfDocuments {
  readonly #living = new Map<string, string[]>();
  readonly #written = new Map<string, string>();
  readonly #clashes = new Map<string, readonly [string, string]>();

  remove(address: string, path: string): void {
    const living = this.#living.get(address) ?? [];
    // The one that it had taken the place of is the document again, with a text that no commit wrote now.
    if (living.at(-1) === path && living.length > 1) this.#clash(address, living.at(-2) ?? '', path);
    this.#living.set(
      address,
      living.filter((other) => other !== path),
    );
  }

  write(address: string, path: string, commit: string): void {
    const living = this.#living.get(address) ?? [];
    const last = living.at(-1);
    if (last !== undefined && last !== path) {
      const isBoth = living.includes(path) || this.#written.get(address) === commit;
      if (isBoth) this.#clash(address, last, path);
    }
    this.#living.set(address, [...living.filter((other) => other !== path), path]);
    this.#written.set(address, commit);
  }

  /** Those of the way, and those that are two files at the end. */
  clashes(): FoundDocuments['clashes'] {
    for (const [address, [first, second]] of this.#living) {
      if (first !== undefined && second !== undefined) this.#clash(address, first, second);
    }
    return this.#clashes;
  }

  #clash(address: string, ...paths: [string, string]): void {
    if (!this.#clashes.has(address)) this.#clashes.set(address, paths);
  }
}

/**
 * The revisions of each document, in rounds. A document whose address lies below that of another comes before it: a piece of the other one may be
 * called the same, and an address names one unit for ever.
 */
export function documentsInRounds(revisions: readonly FoundRevision[]): readonly (readonly FoundRevision[][])[] {
  const documents = groupBy(revisions, ({ address }) => address);
  const above = ([first]: readonly FoundRevision[]) =>
    foldersOf(first?.address ?? '').filter((one) => documents.has(one));
  const rounds = groupBy(documents.values(), (document) => above(document).length);
  return [...rounds].sort(([left], [right]) => right - left).map(([, round]) => round);
}

/** `a` and `a/b` of `a/b/c`. */
function foldersOf(address: string): string[] {
  const names = address.split('/');
  return names.slice(1).map((_, index) => names.slice(0, index + 1).join('/'));
}

/** The bytes of a revision of a history; raises IU721 for more than `maxBytes`. */
export async function bytesOfRevision(
  folder: string,
  { path, commit, blob }: { readonly path: string; readonly commit: string; readonly blob: string },
  maxBytes: number,
): Promise<Buffer> {
  try {
    return await gitOutput(folder, maxBytes, 'cat-file', 'blob', blob);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER')
      throw gitFailure(folder, 'cat-file', error);
    const message = `${path} of commit ${commit.slice(0, 12)} has more than ${maxBytes} bytes, the limit.`;
    throw new IuError('IU721', { message, maxBytes });
  }
}

async function git(folder: string, word: string, ...options: string[]): Promise<Buffer> {
  try {
    return await gitOutput(folder, outputLimit, word, ...options);
  } catch (error) {
    throw gitFailure(folder, word, error);
  }
}

async function gitOutput(folder: string, maxBuffer: number, ...words: string[]): Promise<Buffer> {
  const once = () => run('git', ['-C', folder, ...settings, ...words], { encoding: 'buffer', maxBuffer });
  // A terminal sends its Ctrl-C to git too; what is under way is finished all the same.
  const again = (error: { signal?: string }) => (error.signal === 'SIGINT' ? once() : Promise.reject(error));
  const { stdout } = await once().catch(again);
  return stdout;
}

function gitFailure(folder: string, word: string, error: unknown): IuError {
  const { stderr, code } = error as { stderr?: Buffer; code?: string | number };
  const unsaid = code === 'ENOENT' ? 'there is no git' : (code ?? 'unknown');
  const said = stderr?.toString().trim().split('\n')[0] || String(unsaid);
  return new IuError('IU746', { message: `git ${word} in ${folder} failed: ${said}.` }, { cause: error });
}

function addressOf(path: string, prefix: string): string {
  const name = path.replace(endings, '');
  return prefix === '' ? name : posix.join(prefix, name);
}

/** Folders and files with a dot in front hold what programs keep, no documents. */
function isDocument(path: string): boolean {
  return endings.test(path) && !path.split('/').some((part) => part.startsWith('.'));
}
