import type { ConstraintFacts, IndexFacts, ReferencingKey, TableFacts } from './catalog.js';
import { dropKey, immovable, keyName, quoted } from './foreign-keys.js';
import type { PlanInput } from './plan-input.js';
import { type AdoptionStep, type Blocker, estimateSeconds, foreignKeysStep, keysStep, locks } from './steps.js';
import { silenceAction, speakingTriggers } from './table-blockers.js';

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
    const speaking = speakingTriggers(found, input.canSilenceTriggers);
    if (speaking.length > 0) {
      blockers.push({
        what: `trigger ${speaking.map(({ name }) => name).join(', ')} of event_outbox would fire for every existing row`,
        action: silenceAction('event_outbox', speaking, input.canSilenceTriggers),
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

/** What a way back builds again. */
function formerOf(found: TableFacts, key: ConstraintFacts | undefined) {
  if (key === undefined) return null;
  const index = found.indexes.find(({ name }) => name === key.name);
  if (index === undefined) throw new Error(`the index of primary key ${key.name} is missing`);
  const { name, definition, columns, deferral } = key;
  return { name, definition, columns, deferral, tail: index.tail, tablespace: index.tablespace };
}

/** Columns, numbers and keys of the log. */
export function logSteps(found: TableFacts, wanted: TableFacts, input: PlanInput, blockers: Blocker[]): AdoptionStep[] {
  if (found.partitioned) {
    blockers.push({
      what: 'event_outbox is partitioned by somebody else: its key cannot become seq',
      action: 'bring its rows into one table, adopt that, and then run iu log partition apply',
    });
    return [];
  }
  const steps = numberSteps(found, input, blockers);
  const key = found.constraints.find(({ type }) => type === 'p');
  const wantedKey = wanted.constraints.find(({ type }) => type === 'p');
  const hasId = found.constraints.some(({ name, type }) => name === 'event_outbox_id_key' && type === 'u');
  const identity = found.columns.find(({ name }) => name === 'seq')?.identity;
  if (key?.name === wantedKey?.name && key?.definition === wantedKey?.definition && hasId && identity === 'a')
    return [...steps, ...checkedKeys(found, input.uncheckedKeys)];
  const moved = input.others.referencingLog.filter(({ index }) => index === key?.name);
  blockers.push(...moved.flatMap((one) => immovable(one) ?? []));
  const along = moved.length === 0 ? '' : `; ${moved.map(keyName).join(', ')} move to it in the same instant`;
  steps.push({
    step: keysStep,
    table: found.table,
    what: `primary key on seq${key === undefined ? '' : `, it was ${key.definition.replace('PRIMARY KEY ', '')}`}; id stays unique${along}; both indexes are built concurrently`,
    action: {
      kind: 'move_primary_key',
      former: formerOf(found, key),
      foreignKeys: moved,
    },
    lock: locks.catalog,
    estimatedSeconds: 2 * estimateSeconds(found.rows, 'index'),
    needs: key === undefined ? null : 'keys',
  });
  return [
    ...steps,
    ...checkedKeys(
      found,
      moved.filter(({ validated }) => validated),
    ),
  ];
}

/** A key that moves is added unchecked; that its old rows have their events is checked without blocking anybody. */
function checkedKeys(found: TableFacts, foreignKeys: readonly ReferencingKey[]): AdoptionStep[] {
  if (foreignKeys.length === 0) return [];
  return [
    {
      step: foreignKeysStep,
      table: found.table,
      what: `${foreignKeys.map(keyName).join(', ')}: checked by a scan that blocks nobody`,
      action: { kind: 'validate_foreign_keys', foreignKeys },
      lock: locks.validate,
      estimatedSeconds: estimateSeconds(found.rows, 'scan'),
      needs: null,
    },
  ];
}

/** The unique rule of the immediate lane, as the server writes it. */
const immediateTail =
  "USING btree (event_domain, event_type, event_subject_table, event_subject_ref) WHERE (delivery_lane = 'immediate'::text)";

/** Types whose text is the same in every session: a key made of them is found again. */
const keyTypes = /^(text|character varying|uuid|smallint|integer|bigint|boolean)\b/;

/** A unique rule of the log by which later events vanish or fail, and the dedupe keys that can stand for it. */
export interface UniqueRule {
  readonly name: string;
  readonly word: 'immediate-index' | 'unique-rules';
  readonly columns: readonly string[];
  readonly action: Extract<AdoptionStep['action'], { readonly kind: 'replace_unique_rule' }>;
}

function columnsOf(log: TableFacts, { keyColumns }: IndexFacts): readonly string[] | undefined {
  const isPlain = keyColumns?.every((name) => log.columns.some((one) => one.name === name && keyTypes.test(one.type)));
  return isPlain === true ? (keyColumns ?? undefined) : undefined;
}

/** Unique rules by which later events vanish or fail. What dedupe keys cannot stand for is in the way. */
export function uniqueRules(log: TableFacts, input: PlanInput, blockers: Blocker[]): UniqueRule[] {
  const found = log.indexes.filter(
    (index) => index.unique && !index.columns.includes('id') && !index.columns.includes('seq'),
  );
  return found.flatMap((index) => {
    const { name, definition, ofConstraint, tail, predicate, tablespace } = index;
    const what = `unique ${ofConstraint ? 'constraint' : 'index'} ${name} on event_outbox (${tail}) makes later events vanish or fail`;
    const drop = `${ofConstraint ? 'alter table event_outbox drop constraint' : 'drop index concurrently'} ${quoted(name)}`;
    const held = input.others.referencingLog.filter((key) => key.index === name);
    if (held.length > 0) {
      const keys = held.map(dropKey).join('; ');
      blockers.push({ what: `${what}, and ${held.map(keyName).join(', ')} rest on it`, action: `${keys}; ${drop}` });
      return [];
    }
    const columns = columnsOf(log, index);
    if (columns === undefined) {
      const action = `${drop}; its producers then say what may happen once: fn_iu_emit(…, p_dedupe_key => …). iu adopt back will not bring it back`;
      blockers.push({ what: `${what}, and dedupe keys do not stand for expressions or such columns`, action });
      return [];
    }
    const isImmediate = tail === immediateTail;
    const constraint = log.constraints.find((one) => one.name === name && one.type === 'u');
    const constraintDeferral = constraint?.deferral ?? null;
    const prefix = isImmediate ? 'immediate' : name;
    const rule = { name, definition, constraintDeferral, prefix, columns, predicate, tablespace };
    const action = { kind: 'replace_unique_rule', ...rule } as const;
    return [{ name, word: isImmediate ? 'immediate-index' : 'unique-rules', columns, action } as const];
  });
}
