import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sqlRoot } from './changes.js';

/** One object that this version installs. */
export interface ManifestObject {
  readonly kind: string;
  readonly identity: string;
  /** The change that created it, or altered it last. */
  readonly change: string;
  readonly fingerprint: string;
}

/** Everything this version installs, as `npm run generate` wrote it down. */
export function readManifest(root = sqlRoot): readonly ManifestObject[] {
  const manifest: { readonly objects: readonly ManifestObject[] } = JSON.parse(
    readFileSync(join(root, 'manifest.json'), 'utf8'),
  );
  return manifest.objects;
}
