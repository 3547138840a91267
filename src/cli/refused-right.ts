import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sqlRoot } from '../install/migrate/index.js';

/** Who may do what, as data; a package without it has no answer, and the refusal is reported all the same. */
const grantsFile = join(sqlRoot, 'roles', 'grants.sql');

/** Roles that a login is given to do something; the others own. */
const givenRoles = /^iu_(emitter|worker|operator|approver|reader|core_pruner)$/;

/** What of ours PostgreSQL names in `permission denied for function fn_iu_gate_set`, and the like. */
const refusedObject = /^permission denied for (function|table|view|sequence) (\w+)$/;

/**
 * The group roles that may do what PostgreSQL refused; empty when it is about nothing of ours. Of a table it does not say what was
 * refused, so these are the roles that may read it: who may only read it is then refused by a function.
 */
function rolesThatMay(message: string): readonly string[] {
  const [, kind, object] = refusedObject.exec(message) ?? [];
  if (kind === undefined || !existsSync(grantsFile)) return [];
  const wanted = kind === 'function' ? `'function', '${object}', 'execute'` : `'relation', '${object}', 'select'`;
  const line = readFileSync(grantsFile, 'utf8')
    .split('\n')
    .find((text) => text.includes(wanted));
  const roles = /'([\w, ]+)'\),?\s*$/.exec(line ?? '')?.[1] ?? '';
  return roles.split(', ').filter((role) => givenRoles.test(role));
}

/** The way out for who was refused, naming the role that is missing. */
export function rightsHint(message: string): string | undefined {
  const roles = rolesThatMay(message);
  if (roles.length === 0) return undefined;
  return `That is for ${roles.join(' or ')}: use a login that has it, or grant it, as in: grant ${roles[0]} to LOGIN;`;
}
