import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { IuError } from '../contract/errors/index.js';

/** A document that somebody changed in an editor. The file stays until `discard`, readable by its owner only. */
export interface EditedDocument {
  readonly path: string;
  readonly text: string;
  discard(): void;
}

/** Opens the editor of the environment (VISUAL, EDITOR, vi) on a document and waits until it ends. Throws IU031 when it fails. */
export function editDocument(text: string, environment: Readonly<Record<string, string | undefined>>): EditedDocument {
  const folder = mkdtempSync(join(tmpdir(), 'iu-edit-'));
  const path = join(folder, 'payload.json');
  const discard = () => rmSync(dirname(path), { recursive: true, force: true });
  writeFileSync(path, text);
  chmodSync(path, 0o600);
  const editor = environment.VISUAL ?? environment.EDITOR ?? 'vi';
  // By a shell, because EDITOR may have arguments ("code --wait").
  const { status } = spawnSync('sh', ['-c', `${editor} "$1"`, 'sh', path], { stdio: 'inherit' });
  if (status !== 0) {
    discard();
    throw new IuError('IU031', { message: 'The editor ended with an error; nothing was changed.' });
  }
  return { path, text: readFileSync(path, 'utf8'), discard };
}
