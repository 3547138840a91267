import type { ReferencingKey } from './catalog.js';
import type { Blocker } from './steps.js';

/** How somebody who reads a plan finds it. */
export const keyName = ({ table, name }: ReferencingKey): string => `${table}.${name}`;

/** Why a foreign key on the log cannot move with `id` to another unique index; undefined when it can. */
export function immovable(key: ReferencingKey): Blocker | undefined {
  const { table, name, definition } = key;
  const again = `alter table ${table} drop constraint ${name}, and afterwards alter table ${table} add constraint ${name} ${definition}`;
  const what = `foreign key ${keyName(key)} on event_outbox`;
  if (!/ REFERENCES event_outbox\(id\)/.test(definition)) {
    return {
      what: `${what} refers to more than id: ${definition}`,
      action: `let it refer to id alone, which stays unique, or drop it: alter table ${table} drop constraint ${name}`,
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
  const onDelete = / ON DELETE (CASCADE|SET NULL|SET DEFAULT)/.exec(key.definition)?.[1];
  const effect =
    onDelete === undefined
      ? 'a prune passes over the events that it refers to'
      : `a prune does ${onDelete.toLowerCase()} in ${key.table}`;
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
