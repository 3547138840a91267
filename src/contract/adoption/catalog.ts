/** Tables that a running database may have before IU Core, in the order in which their changes come. */
export const adoptableTables = [
  'dot_config',
  'event_type_registry',
  'event_outbox',
  'information_unit',
  'unit_version',
] as const;

export type AdoptableTable = (typeof adoptableTables)[number];

/** Changes that make those tables; a database is adopted by what they add to what is there. */
export const adoptedChanges = ['002_control', '003_log', '004_units'] as const;

/** The change that makes one of those tables. */
export function changeOfTable(table: string): string {
  if (table === 'dot_config') return '002_control';
  return table === 'information_unit' || table === 'unit_version' ? '004_units' : '003_log';
}

export interface ColumnFacts {
  readonly name: string;
  readonly type: string;
  readonly notNull: boolean;
  /** `a` always, `d` by default, empty = no identity. */
  readonly identity: string;
  readonly collation: string | null;
  readonly defaultText: string | null;
}

export interface ConstraintFacts {
  readonly name: string;
  /** p, u, c, f */
  readonly type: string;
  readonly definition: string;
  readonly validated: boolean;
  /** In the order of the rule. */
  readonly columns: readonly string[];
  /** When it is checked, where that is not at once: `DEFERRABLE`, perhaps `DEFERRABLE INITIALLY DEFERRED`. */
  readonly deferral: string;
}

export interface IndexFacts {
  readonly name: string;
  readonly unique: boolean;
  /** From `USING` on: what two indexes of different names may have in common. */
  readonly tail: string;
  readonly valid: boolean;
  /** A constraint owns it. */
  readonly ofConstraint: boolean;
  readonly columns: readonly string[];
  readonly definition: string;
  /** Its columns in order where it is a unique rule of plain columns. */
  readonly keyColumns: readonly string[] | null;
  /** Which rows it holds; null = all. */
  readonly predicate: string | null;
  /** Where it lies; null = where the database lies. */
  readonly tablespace: string | null;
}

export interface TriggerFacts {
  readonly name: string;
  /** O, A, R or D as pg_trigger has it. */
  readonly enabled: string;
  readonly onUpdate: boolean;
}

/** What the catalog says about one table. */
export interface TableFacts {
  readonly table: string;
  readonly owner: string;
  /** Estimated by the planner's statistics, at least; text, a bigint. */
  readonly rows: string;
  readonly bytes: string;
  readonly columns: readonly ColumnFacts[];
  readonly constraints: readonly ConstraintFacts[];
  readonly indexes: readonly IndexFacts[];
  readonly triggers: readonly TriggerFacts[];
  /** Roles besides the owner that may insert. */
  readonly inserters: readonly string[];
  /** Sequences that belong to its columns: they follow its owner. */
  readonly sequences: readonly string[];
  readonly rowSecurity: boolean;
  /** Rewrite rules. */
  readonly rules: readonly string[];
  /** Tables that inherit from it, with their schema; no partitions. */
  readonly children: readonly string[];
  /** d default, f full, i an index, n nothing. */
  readonly replicaIdentity: string;
  /** Some publication publishes its updates or deletes. */
  readonly published: boolean;
  readonly unlogged: boolean;
  readonly partitioned: boolean;
}

/** Objects of our names outside those tables. */
export interface OtherObjects {
  /** Functions as `name(argument types)` with the name alone. */
  readonly functions: readonly { readonly name: string; readonly signature: string }[];
  /** Tables, views, sequences and types. */
  readonly relations: readonly { readonly kind: string; readonly name: string }[];
  /** Foreign keys on the log. */
  readonly referencingLog: readonly ReferencingKey[];
  /** Foreign keys of tables that are taken over, the log among them, that act on their rows when events are deleted. */
  readonly reachingKeys: readonly Pick<ReferencingKey, 'table' | 'name' | 'definition'>[];
  /** Tables that are neither ours nor taken over. */
  readonly tables: readonly string[];
  /** Relations of Directus to the log: `collection.field`. */
  readonly directusRelations: readonly string[];
  /** Logins, superusers apart, that may create objects in the schema. */
  readonly creators: readonly string[];
  /** Event triggers that fire for our DDL with the rights of iu_owner: `trigger, which calls function`. */
  readonly eventTriggers: readonly string[];
}

/** What is known of the tree of the units that are there. */
export interface TreeFacts {
  /** Units have parents. */
  readonly parents: boolean;
  /** sibling_rank is not there yet, or an adoption made it: ranks may be given. */
  readonly ranksAreOurs: boolean;
  /** Addresses of units in the way, at most five each, and how many there are. */
  readonly circular: UnitSample;
  readonly buried: UnitSample;
  readonly tooDeep: UnitSample;
  readonly inCollections: UnitSample;
}

export interface UnitSample {
  readonly count: number;
  readonly addresses: readonly string[];
}

/** A foreign key that holds rows of the log: of another table, or of the log itself. */
export interface ReferencingKey {
  /** With its schema, as ALTER TABLE takes it. */
  readonly table: string;
  readonly name: string;
  /** Without NOT VALID, and without the name of the schema. */
  readonly definition: string;
  /** Columns of the log. */
  readonly refersTo: readonly string[];
  readonly validated: boolean;
  readonly comment: string | null;
  /** The unique index of the log on which it rests. */
  readonly index: string;
  /** Its table is partitioned: such a key cannot be added unchecked. */
  readonly partitioned: boolean;
  /** Whoever adopts may alter its table. */
  readonly alterable: boolean;
}
