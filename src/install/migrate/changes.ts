import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { IuError } from '../../contract/errors/index.js';

/** The sql/ folder of this package: src/install/migrate and dist/install/migrate lie equally deep. */
export const sqlRoot = fileURLToPath(new URL('../../../sql/', import.meta.url));

/** One script of a change. */
export interface Script {
  /** Path from the package root, as errors name it. */
  readonly file: string;
  readonly text: string;
  readonly sha256: string;
}

/** One change of this package. */
export interface Change {
  readonly name: string;
  readonly deploy: Script;
  readonly rollback: Script;
  readonly verify: Script;
}

/** A file of sql/ with its hash; line ends are made LF first, so that a checkout on another system hashes the same. */
export function readScript(pathInSql: string, root = sqlRoot): Script {
  const path = join(root, pathInSql);
  if (!existsSync(path)) throw new IuError('IU815', { message: `sql/${pathInSql} is missing in this package` });
  const text = readFileSync(path, 'utf8').replaceAll('\r\n', '\n');
  return { file: `sql/${pathInSql}`, text, sha256: createHash('sha256').update(text).digest('hex') };
}

/** All changes of a sql/ folder in the order they are applied. */
export function loadChanges(root = sqlRoot): Change[] {
  return readdirSync(join(root, 'changes'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort()
    .map((name) => ({
      name,
      deploy: readScript(`changes/${name}/deploy.sql`, root),
      rollback: readScript(`changes/${name}/rollback.sql`, root),
      verify: readScript(`changes/${name}/verify.sql`, root),
    }));
}

/** Version of this package, as the registry records it. */
export function toolVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(join(sqlRoot, '..', 'package.json'), 'utf8'));
  if (typeof manifest === 'object' && manifest !== null && 'version' in manifest) return String(manifest.version);
  throw new IuError('IU815', { message: 'package.json names no version' });
}
