import { type ClientBase, escapeIdentifier } from 'pg';
import { IuError } from '../../contract/errors/index.js';
import { beginSql, setLocalSql } from '../../store/migration.js';
import { readScript } from './changes.js';
import { type Step, scriptSteps } from './run.js';

/** What install_check.sql says about the server, the role and the schema. */
export interface InstallFacts {
  readonly in_recovery: boolean;
  readonly session_role: string;
  readonly database: string;
  readonly is_superuser: boolean;
  readonly may_create_roles: boolean;
  readonly roles_missing: readonly string[];
  readonly may_become_owner: boolean;
  readonly may_grant_owner: boolean;
  readonly schema_exists: boolean;
  readonly may_create_schema: boolean;
  readonly may_grant_schema: boolean;
  readonly owner_may_create: boolean;
  readonly public_may_create: boolean;
}

/** Reads the facts; nothing is written. */
export async function readInstallFacts(client: ClientBase, schema: string): Promise<InstallFacts> {
  const { rows } = await client.query<InstallFacts>(readScript('runtime/install_check.sql').text, [schema]);
  const facts = rows[0];
  if (facts === undefined) throw new IuError('IU801', { message: 'the role of this session no longer exists' });
  return facts;
}

/** The grants a role still needs before it can install; empty when it has everything. */
export function missingRights(facts: InstallFacts, schema: string): string[] {
  if (facts.is_superuser) return [];
  const role = escapeIdentifier(facts.session_role);
  const needed: string[] = [];
  if (facts.roles_missing.length > 0 && !facts.may_create_roles) needed.push(`alter role ${role} createrole`);
  const ownerIsNew = facts.roles_missing.includes('iu_owner');
  if (!ownerIsNew && !facts.may_become_owner && !facts.may_grant_owner) needed.push(`grant iu_owner to ${role}`);
  if (!facts.schema_exists && !facts.may_create_schema) {
    needed.push(`grant create on database ${escapeIdentifier(facts.database)} to ${role}`);
  }
  if (facts.schema_exists && !facts.owner_may_create && !facts.may_grant_schema) {
    needed.push(`grant usage, create on schema ${escapeIdentifier(schema)} to ${role} with grant option`);
  }
  return needed;
}

/** Refuses what cannot or must not be installed on, before anything is written. */
export async function requireInstallable(client: ClientBase, schema: string): Promise<InstallFacts> {
  const facts = await readInstallFacts(client, schema);
  if (facts.in_recovery) {
    throw new IuError('IU802', { message: `database ${facts.database} is on a standby, which cannot be written` });
  }
  if (facts.public_may_create) {
    throw new IuError('IU803', {
      message: `PUBLIC may create objects in schema ${schema}: anybody could put a function in the way of ours`,
      hint: `revoke create on schema ${escapeIdentifier(schema)} from public;`,
    });
  }
  const needed = missingRights(facts, schema);
  if (needed.length > 0) {
    throw new IuError('IU801', {
      message: `role ${facts.session_role} may not install into schema ${schema} of database ${facts.database}`,
      hint: `as a superuser run: ${needed.join('; ')};`,
      needed,
    });
  }
  return facts;
}

/** Roles first, then the schema: the two transactions every installation begins with. */
export function preparationSteps(schema: string): readonly { readonly subject: string; readonly steps: Step[] }[] {
  const own = (file: string): Step[] => [
    ...['begin', `set local lock_timeout = '300ms'`, setLocalSql('iu.install_schema', schema)].map((text) => ({
      text,
    })),
    ...scriptSteps(readScript(file)),
    { text: 'commit' },
  ];
  return [
    { subject: 'roles', steps: own('roles/roles.sql') },
    { subject: 'schema', steps: own('roles/schema.sql') },
  ];
}

/** The transaction that sets the rights to what sql/roles/grants.sql says; `partial` skips what is not installed yet. */
export function grantSteps(schema: string, partial: boolean): Step[] {
  return [
    ...beginSql(schema, { asOwner: true, statementTimeout: '1min' }).map((text) => ({ text })),
    { text: setLocalSql('iu.grants_partial', partial ? 'on' : 'off') },
    ...scriptSteps(readScript('roles/grants.sql')),
    { text: 'commit' },
  ];
}
