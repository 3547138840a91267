import type { TableFacts, TriggerFacts } from './catalog.js';
import { quoted } from './foreign-keys.js';
import type { PlanInput } from './plan-input.js';
import type { Blocker } from './steps.js';

/** Triggers that would fire for every row of an update of ours. As `replica`, which a superuser can be, those of the ordinary mode keep still. */
export function speakingTriggers(found: TableFacts, silent: boolean): readonly TriggerFacts[] {
  return found.triggers.filter(({ onUpdate, enabled }) => onUpdate && (silent ? 'AR' : 'OA').includes(enabled));
}

/** What an operator does about triggers that would fire. */
export function silenceAction(table: string, speaking: readonly TriggerFacts[], silent: boolean): string {
  const [first] = speaking;
  if (!silent || first === undefined)
    return 'adopt as a superuser, who can keep triggers still, or switch them off for the time of the adoption';
  const mode = first.enabled === 'A' ? 'always' : 'replica';
  return `alter table ${table} disable trigger ${quoted(first.name)}, and afterwards enable ${mode} trigger ${quoted(first.name)}`;
}

/** What would stop an adoption halfway, or lose rows behind it, whatever the steps are. */
export function tableBlockers(found: TableFacts, wanted: TableFacts, input: PlanInput): Blocker[] {
  const { table } = found;
  const own = new Set(wanted.columns.map(({ name }) => name));
  const blockers: Blocker[] = found.rules.map((name) => ({
    what: `rule ${name} of ${table} rewrites statements: what IU Core inserts, corrects or prunes could be lost unseen`,
    action: `drop rule ${quoted(name)} on ${table}; the log refuses update and delete by itself`,
  }));
  for (const child of found.children) {
    blockers.push({
      what: `${child} inherits from ${table}: its rows would be seen as rows of ${table}, without its numbers and keys`,
      action: `alter table ${child} no inherit ${table}`,
    });
  }
  for (const { name, notNull, identity, defaultText } of found.columns) {
    if (own.has(name) || !notNull || identity !== '' || defaultText !== null) continue;
    blockers.push({
      what: `column ${name} of ${table} may not be null and has no default: everything that IU Core writes there would be refused`,
      action: `alter table ${table} alter column ${quoted(name)} set default …, or drop not null`,
    });
  }
  if (found.replicaIdentity === 'i' || found.replicaIdentity === 'n') {
    blockers.push({
      what: `replica identity of ${table} is ${found.replicaIdentity === 'i' ? 'an index' : 'nothing'}: once its primary key moves, updates and deletes of a published table can be refused`,
      action: `alter table ${table} replica identity default, or full`,
    });
  }
  if (found.published && found.replicaIdentity === 'd' && !found.constraints.some(({ type }) => type === 'p')) {
    blockers.push({
      what: `${table} is published and has no primary key: the server refuses every update and delete there, those of an adoption and of its way back too`,
      action: `alter table ${table} replica identity full`,
    });
  }
  if (found.unlogged) {
    blockers.push({
      what: `${table} is unlogged: a crash of the server empties it`,
      action: `alter table ${table} set logged`,
    });
  }
  const doubles = input.violations.get(`${table}.event_outbox_id_key`);
  if (doubles !== undefined) {
    blockers.push({
      what: `${doubles} rows of ${table} share their id with another one`,
      action: 'give them ids of their own',
    });
  }
  return blockers;
}
