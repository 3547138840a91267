import type { ClientBase } from 'pg';
import type { ReferencingKey } from '../contract/adoption/catalog.js';
import type { AdoptionStatements } from './adoption-sql.js';
import type { IuAdoptionStepRow } from './catalog.generated.js';
import { quoteIdentifier } from './session.js';

/** A step as the journal has it. */
export interface JournalEntry
  extends Pick<IuAdoptionStepRow, 'step' | 'what' | 'state' | 'done_by' | 'started_at' | 'finished_at'> {
  readonly state: 'started' | 'done';
  readonly back: AdoptionStatements['back'] | JournalNote;
}

/** Entries that are more than statements: a change, or the settings that were there. */
export type JournalNote =
  | { readonly change: string; readonly settings?: readonly string[] }
  | {
      readonly rows: {
        readonly settings: readonly string[];
        readonly markers: string | null;
        readonly types: readonly string[];
        /** Functions of the schema, as the fingerprint names them. */
        readonly functions: readonly string[];
        /** Tables that were there before IU Core: those that a way back never drops. */
        readonly tables: readonly string[];
        /** Where the worker of domain iu is to begin, as it was said when the adoption began. */
        readonly start: 'beginning' | 'now';
      };
    }
  | { readonly numbersFrom: string }
  /** Foreign keys on the log as they were before they moved; `started` while they are not checked again. */
  | { readonly foreignKeys: readonly ReferencingKey[] };

/** True when the journal exists. */
export async function journalExists(client: ClientBase, schema: string): Promise<boolean> {
  const text = 'select to_regclass($1) is not null as there';
  return (await client.query(text, [`${quoteIdentifier(schema)}.iu_adoption_step`])).rows[0].there;
}

/** Every step, the first first; empty where nothing was adopted. */
export async function readJournal(client: ClientBase, schema: string): Promise<JournalEntry[]> {
  if (!(await journalExists(client, schema))) return [];
  const columns = 'step, what, state, back::text as back, done_by, started_at::text, finished_at::text';
  const text = `select ${columns} from ${quoteIdentifier(schema)}.iu_adoption_step order by step_no`;
  return (await client.query(text)).rows.map((row) => ({ ...row, back: JSON.parse(row.back) }));
}

/** Keys of settings and types of domain iu that were there before, and the list of writers. */
export async function readFormerRows(
  client: ClientBase,
  schema: string,
  tables: ReadonlySet<string>,
  start: 'beginning' | 'now',
): Promise<JournalNote> {
  const quoted = quoteIdentifier(schema);
  const list = async (table: string, text: string): Promise<string[]> =>
    tables.has(table) ? (await client.query(text)).rows.map((row) => row.name) : [];
  const settings = await list('dot_config', `select key as name from ${quoted}.dot_config order by 1`);
  const types = await list(
    'event_type_registry',
    `select event_type as name from ${quoted}.event_type_registry where event_domain = 'iu' order by 1`,
  );
  const [markers] = await list(
    'dot_config',
    `select value as name from ${quoted}.dot_config where key = 'iu_create.gateway.allowed_marker_values'`,
  );
  const known = `select p.proname || '(' || oidvectortypes(p.proargtypes) || ')' as name
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname = $1 order by 1`;
  const functions = (await client.query(known, [schema])).rows.map((row) => row.name);
  return { rows: { settings, types, functions, markers: markers ?? null, tables: [...tables], start } };
}

/** The first entry of an adoption; undefined where there is none. */
export function adoptionBegan(
  journal: readonly JournalEntry[],
): Extract<JournalNote, { rows: unknown }>['rows'] | undefined {
  for (const { back } of journal) if ('rows' in back) return back.rows;
  return undefined;
}

/** The number of the first new event, below which existing rows are numbered. */
export function numbersFrom(journal: readonly JournalEntry[]): string | undefined {
  for (const { back } of journal) if ('numbersFrom' in back) return back.numbersFrom;
  return undefined;
}

/** Foreign keys on the log as they were before they moved, and whether they have still to be checked. */
export function movedForeignKeys(journal: readonly JournalEntry[]): {
  readonly known: readonly ReferencingKey[];
  readonly unchecked: boolean;
} {
  for (const { back, state } of journal) {
    if ('foreignKeys' in back) return { known: back.foreignKeys, unchecked: state === 'started' };
  }
  return { known: [], unchecked: false };
}

/** Settings that the changes wrote. */
export function settingsWritten(journal: readonly JournalEntry[]): string[] {
  return journal.flatMap(({ back }) => ('change' in back ? (back.settings ?? []) : []));
}

/** What takes back rows that the changes added to tables that were there before; $1 settings, $2 markers, $3 types. */
export async function restoreFormerRows(
  client: ClientBase,
  rows: Extract<JournalNote, { rows: unknown }>['rows'],
  tables: ReadonlySet<string>,
  written: readonly string[],
): Promise<void> {
  if (tables.has('dot_config')) {
    await client.query(
      `delete from dot_config where key <> all ($1)
        and (key like 'iu\\_core.%' or key = any ($2))`,
      [rows.settings, written],
    );
    await client.query(
      `update dot_config set value = $1 where key = 'iu_create.gateway.allowed_marker_values' and value is distinct from $1`,
      [rows.markers],
    );
  }
  if (tables.has('event_type_registry')) {
    // an event of a type keeps its type
    await client.query(
      `delete from event_type_registry r where r.event_domain = 'iu' and r.event_type <> all ($1)
        and not exists (select from event_outbox e where e.event_domain = 'iu' and e.event_type = r.event_type)`,
      [rows.types],
    );
  }
}
