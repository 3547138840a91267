import type { OtherObjects, ReferencingKey } from './catalog.js';
import type { Blocker } from './steps.js';

/** How somebody who reads a plan finds it. */
export const keyName = ({ table, name }: ReferencingKey): string => `${table}.${name}`;

/** A name of somebody else in a statement that an operator is told to run. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** What takes a foreign key away. */
export const dropKey = ({ table, name }: Pick<ReferencingKey, 'table' | 'name'>): string =>
  `alter table ${table} drop constraint ${quoted(name)}`;

/** What a foreign key does to the rows that refer to one that goes, where it does not keep that one. */
const onDelete = / ON DELETE (CASCADE|SET NULL|SET DEFAULT)(?: \([^)]*\))?/;

/** Why nothing could be pruned while this key of a table of ours acts when events go: on rows that no prune has judged. */
export function reachesUnjudged({ table, name, definition }: OtherObjects['reachingKeys'][number]): Blocker {
  const keeping = definition.replace(onDelete, '');
  return {
    what: `foreign key ${table}.${name} is ${definition}: when a prune takes events, it would delete or change rows that nobody judged`,
    action: `let it keep what it refers to: ${dropKey({ table, name })}, add constraint ${quoted(name)} ${keeping}`,
  };
}

/** Why a foreign key on the log cannot move with `id` to another unique index; undefined when it can. */
export function immovable(key: ReferencingKey): Blocker | undefined {
  const { table, name, definition, refersTo } = key;
  const again = `${dropKey(key)}, and afterwards alter table ${table} add constraint ${quoted(name)} ${definition}`;
  const what = `foreign key ${keyName(key)} on event_outbox`;
  if (refersTo.length !== 1 || refersTo[0] !== 'id') {
    return {
      what: `${what} refers to more than id: ${definition}`,
      action: `let it refer to id alone, which stays unique, or drop it: ${dropKey(key)}`,
    };
  }
  if (key.partitioned) {
    return { what: `${what} is of a partitioned table, which takes no foreign key unchecked`, action: again };
  }
  if (!key.alterable) {
    return {
      what: `${what} is of a table that this login may not alter`,
      action: `adopt as a superuser or as a member of the owner of ${table}, or: ${again}`,
    };
  }
  return undefined;
}

/** What an operator should know of a key that holds events: it decides what a prune takes. */
export function holdsEvents(key: ReferencingKey): string {
  const action = onDelete.exec(key.definition)?.[1];
  const effect =
    action === undefined
      ? 'a prune passes over the events that it refers to'
      : `a prune does ${action.toLowerCase()} in ${key.table}`;
  return `foreign key ${keyName(key)} refers to events: ${effect}; an index on its column keeps that cheap`;
}

/** The same rule, whatever else became of it. */
const isSame = (one: ReferencingKey, other: ReferencingKey): boolean =>
  one.table === other.table && one.name === other.name && one.definition === other.definition;

/** The keys that are there, each as it was known before somebody began to move it: checked ones stay checked. */
export function asKnown(present: readonly ReferencingKey[], known: readonly ReferencingKey[]): ReferencingKey[] {
  return present.map((key) => ({
    ...key,
    validated: key.validated || known.some((one) => isSame(one, key) && one.validated),
  }));
}
