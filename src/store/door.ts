import type pg from 'pg';
import { IuError } from '../contract/errors/index.js';
import { answeredWithin } from './session.js';

/** What the server says about itself, this role and this schema. */
export interface ServerFacts {
  readonly serverVersionNumber: number;
  readonly inRecovery: boolean;
  readonly readOnly: boolean;
  readonly roleName: string;
  readonly isSuperuser: boolean;
  /** Group roles of IU Core whose rights this role has. */
  readonly memberOf: readonly string[];
  readonly schemaExists: boolean;
  readonly schemaUsable: boolean;
  /** By the tables that are there. */
  readonly installation: 'complete' | 'interrupted' | 'log of others' | 'none';
}

/** How much must be there before work begins. */
export interface DoorRules {
  readonly schema: string;
  /** `server`: a server of ours, nothing installed yet. `schema`: the schema exists. `installed`: IU Core is in it. */
  readonly expect: 'server' | 'schema' | 'installed';
  /** Group roles of which one must have been granted; any of IU Core's when empty. */
  readonly anyRoleOf: readonly string[];
  /** True for commands that only read, which may look at a standby; `primary` for those that read what only a primary can say. */
  readonly readOnlyAllowed: boolean | 'primary';
}

/** Oldest and newest major version that the test suite runs on. */
export const supportedMajors = { oldest: 15, newest: 18 } as const;

/** The group roles that people and programs are granted. By name, because a login role may be called `iu_` something too. */
export const groupRoles = [
  'iu_owner',
  'iu_migrator',
  'iu_emitter',
  'iu_worker',
  'iu_operator',
  'iu_approver',
  'iu_reader',
  'iu_core_pruner',
] as const;

const factsQuery = `select current_setting('server_version_num')::int as version, pg_is_in_recovery() as in_recovery,
  current_setting('transaction_read_only') = 'on' as read_only, current_user::text as role_name,
  (select r.rolsuper from pg_catalog.pg_roles r where r.rolname = current_user) as is_superuser,
  array(select r.rolname::text from pg_catalog.pg_roles r
    where r.rolname = any ($2) and pg_has_role(current_user, r.oid, 'usage') order by 1) as member_of,
  n.oid is not null as schema_exists, coalesce(has_schema_privilege(n.oid, 'usage'), false) as schema_usable,
  array(select c.relname::text from pg_catalog.pg_class c where c.relnamespace = n.oid
    and c.relname in ('event_outbox', 'iu_migration', 'iu_route_worker_cursor')) as found
  from (values (1)) as one left join pg_catalog.pg_namespace n on n.nspname = $1`;

/** Asks the server, in one query. */
export async function readServerFacts(client: pg.ClientBase | pg.Pool, schema: string): Promise<ServerFacts> {
  const row = (await client.query(answeredWithin(undefined, factsQuery, [schema, groupRoles]))).rows[0];
  return {
    serverVersionNumber: row.version,
    inRecovery: row.in_recovery,
    readOnly: row.read_only,
    roleName: row.role_name,
    isSuperuser: row.is_superuser,
    memberOf: row.member_of,
    schemaExists: row.schema_exists,
    schemaUsable: row.schema_usable,
    installation: installationOf(row.found),
  };
}

function installationOf(found: readonly string[]): ServerFacts['installation'] {
  if (found.includes('event_outbox') && found.includes('iu_route_worker_cursor')) return 'complete';
  if (found.includes('iu_migration')) return 'interrupted';
  return found.includes('event_outbox') ? 'log of others' : 'none';
}

/** Refuses with what to do where IU Core is not there, or not wholly. */
export function requireInstalled({ installation }: Pick<ServerFacts, 'installation'>, schema: string): void {
  if (installation === 'complete') return;
  throw new IuError('IU006', {
    schema,
    ...{
      none: { message: `IU Core is not installed in schema ${schema}.` },
      'log of others': {
        message: `IU Core is not installed in schema ${schema}; the event_outbox there is of somebody else.`,
        hint: 'iu adopt plan says how it is taken over',
      },
      interrupted: {
        message: `IU Core is not installed wholly in schema ${schema}: an installation or its way back was interrupted.`,
        hint: 'run it again, iu migrate up or iu adopt apply with the same words, or go on back',
      },
    }[installation],
  });
}

/** Refuses what IU Core cannot work with, the most basic reason first. */
export function checkServerFacts(facts: ServerFacts, rules: DoorRules): void {
  const major = Math.floor(facts.serverVersionNumber / 10_000);
  if (major < supportedMajors.oldest || major > supportedMajors.newest) {
    throw new IuError('IU003', {
      message: `The server is PostgreSQL ${major}; IU Core runs on ${supportedMajors.oldest} to ${supportedMajors.newest}.`,
      serverVersionNumber: facts.serverVersionNumber,
    });
  }
  if (facts.inRecovery && rules.readOnlyAllowed !== true) {
    throw new IuError('IU002', {
      message: `The server is a standby (in recovery); ${rules.readOnlyAllowed === 'primary' ? 'only the primary can say that' : 'IU Core has to write'}.`,
    });
  }
  if (facts.readOnly && !rules.readOnlyAllowed) {
    throw new IuError('IU002', {
      message: 'Transactions are read-only here (default_transaction_read_only); IU Core has to write.',
      hint: 'ALTER ROLE … or ALTER DATABASE … RESET default_transaction_read_only, or log in as a role that may write',
    });
  }
  if (rules.expect === 'server') return;
  if (!facts.schemaExists) {
    throw new IuError('IU005', {
      message: `Schema ${rules.schema} does not exist in this database.`,
      schema: rules.schema,
    });
  }
  if (rules.expect === 'schema') return;
  requireInstalled(facts, rules.schema);
  checkRights(facts, rules);
}

function checkRights(facts: ServerFacts, rules: DoorRules): void {
  if (facts.isSuperuser) return;
  const wanted = rules.anyRoleOf;
  const suits = wanted.length === 0 ? facts.memberOf.length > 0 : wanted.some((role) => facts.memberOf.includes(role));
  if (suits && facts.schemaUsable) return;
  const missing = suits
    ? `usage on schema ${rules.schema}`
    : `membership in ${wanted.length > 0 ? wanted.join(' or ') : `one of ${groupRoles.join(', ')}`}`;
  throw new IuError('IU004', {
    message: `Role ${facts.roleName} lacks ${missing}.`,
    roleName: facts.roleName,
    schema: rules.schema,
  });
}
