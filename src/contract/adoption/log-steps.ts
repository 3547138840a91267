import type { IndexFacts, TableFacts } from './catalog.js';
import type { PlanInput } from './plan.js';
import { type AdoptionStep, type Blocker, estimateSeconds, locks } from './steps.js';

/** Numbers left free below the first new event, for rows that come between the plan and the lock. */
const headroom = 1_000_000n;

/** Above this many rows nobody counted them, and an estimate may be far off: numbers cost nothing, so many are left free. */
const mostCountedRows = 5_000_000n;

function numberSteps(found: TableFacts, input: PlanInput, blockers: Blocker[]): AdoptionStep[] {
  const has = (column: string) => found.columns.some(({ name }) => name === column);
  const steps: AdoptionStep[] = [];
  if (has('seq') !== has('tx_id')) {
    blockers.push({
      what: `event_outbox has ${has('seq') ? 'seq' : 'tx_id'} and not the other`,
      action: 'rename that column: both have to be made together, tx_id first',
    });
    return [];
  }
  if (!has('seq')) {
    const rows = BigInt(found.rows);
    const start = ((rows > mostCountedRows ? rows * 10n : (rows * 11n) / 10n) + headroom).toString();
    const inserters = [...new Set([...found.inserters, found.owner])].filter((role) => role !== 'iu_owner');
    steps.push({
      step: 'columns event_outbox.tx_id, event_outbox.seq',
      table: found.table,
      what: `columns tx_id and seq: instant; new events are numbered from ${start} on, existing ones below it`,
      action: { kind: 'number_log', start, inserters },
      lock: locks.catalog,
      estimatedSeconds: 0,
      needs: null,
    });
  }
  if (!has('seq') || input.unnumbered) {
    const speaking = found.triggers.filter(({ onUpdate, enabled }) => onUpdate && enabled !== 'D');
    if (speaking.length > 0 && !input.canSilenceTriggers) {
      blockers.push({
        what: `trigger ${speaking.map(({ name }) => name).join(', ')} of event_outbox would fire for every existing row`,
        action: 'adopt as a superuser, who can keep triggers still, or switch them off for the time of the adoption',
      });
    }
    steps.push({
      step: 'numbers event_outbox.seq',
      table: found.table,
      what: `existing rows get their numbers in order of created_at and id, 5,000 a transaction; the table grows by its size until the next vacuum`,
      action: { kind: 'fill_numbers', silent: input.canSilenceTriggers },
      lock: locks.rows,
      estimatedSeconds: estimateSeconds(found.rows, 'number'),
      needs: null,
    });
  }
  return steps;
}

/** Columns, numbers and keys of the log. */
export function logSteps(found: TableFacts, wanted: TableFacts, input: PlanInput, blockers: Blocker[]): AdoptionStep[] {
  const steps = numberSteps(found, input, blockers);
  const key = found.constraints.find(({ type }) => type === 'p');
  const wantedKey = wanted.constraints.find(({ type }) => type === 'p');
  const hasId = found.constraints.some(({ name, type }) => name === 'event_outbox_id_key' && type === 'u');
  const identity = found.columns.find(({ name }) => name === 'seq')?.identity;
  if (key?.name === wantedKey?.name && key?.definition === wantedKey?.definition && hasId && identity === 'a')
    return steps;
  if (input.others.referencingLog.length > 0) {
    blockers.push({
      what: `foreign keys hold the primary key of event_outbox: ${input.others.referencingLog.join(', ')}`,
      action: 'drop them: events leave by retention, so nothing may hold them by a foreign key',
    });
  }
  steps.push({
    step: 'keys event_outbox',
    table: found.table,
    what: `primary key on seq${key === undefined ? '' : `, it was ${key.definition.replace('PRIMARY KEY ', '')}`}; id stays unique; both indexes are built concurrently`,
    action: { kind: 'move_primary_key', former: key?.definition ?? null, formerName: key?.name ?? null },
    lock: locks.catalog,
    estimatedSeconds: 2 * estimateSeconds(found.rows, 'index'),
    needs: key === undefined ? null : 'keys',
  });
  return steps;
}

/** The unique rule whose keys dedupe keys can stand for, as the server writes it. */
const immediateTail =
  "USING btree (event_domain, event_type, event_subject_table, event_subject_ref) WHERE (delivery_lane = 'immediate'::text)";

/** Unique indexes by which later events vanish: those that dedupe keys replace; any other is in the way. */
export function swallowingIndexes(log: TableFacts | undefined, blockers: Blocker[]): IndexFacts[] {
  const found = (log?.indexes ?? []).filter(
    (index) => index.unique && !index.columns.includes('id') && !index.columns.includes('seq'),
  );
  for (const { name, tail, ofConstraint } of found.filter((index) => index.tail !== immediateTail)) {
    blockers.push({
      what: `unique ${ofConstraint ? 'constraint' : 'index'} ${name} on event_outbox (${tail}) makes later events vanish, and dedupe keys do not stand for it`,
      action: ofConstraint ? `alter table event_outbox drop constraint ${name}` : `drop index concurrently ${name}`,
    });
  }
  return found.filter((index) => index.tail === immediateTail);
}
