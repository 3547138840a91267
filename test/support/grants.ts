import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sqlRoot } from '../../src/install/migrate/index.js';

/** A row of sql/roles/grants.sql. */
export interface Grant {
  readonly kind: string;
  readonly object: string;
  readonly privilege: string;
  readonly roles: readonly string[];
}

/** The data of sql/roles/grants.sql, read from its text. */
export function readGrants(): Grant[] {
  const text = readFileSync(join(sqlRoot, 'roles', 'grants.sql'), 'utf8');
  return [...text.matchAll(/^ {6}\('(\w+)', '(\w+)', '(\w+)', '([\w, ]+)'\),?$/gm)].map((match) => ({
    kind: match[1] ?? '',
    object: match[2] ?? '',
    privilege: match[3] ?? '',
    roles: (match[4] ?? '').split(', '),
  }));
}

/** Roles a person or a program can be given; iu_owner and iu_migrator own. */
export const grantedRoles = [
  'iu_emitter',
  'iu_worker',
  'iu_operator',
  'iu_approver',
  'iu_reader',
  'iu_core_pruner',
] as const;
