import type { AdoptableTable, ColumnFacts, ConstraintFacts, IndexFacts, OtherObjects, TableFacts } from './catalog.js';
import { logSteps, swallowingIndexes } from './log-steps.js';
import {
  type AdoptionPlan,
  type AdoptionStep,
  type Blocker,
  estimateSeconds,
  formerName,
  locks,
  type TableSummary,
  twin,
} from './steps.js';

/** What the planner knows; nothing here is read by it. */
export interface PlanInput {
  /** Tables that are there, as they are. */
  readonly found: ReadonlyMap<string, TableFacts>;
  /** The same tables as this version makes them. */
  readonly wanted: ReadonlyMap<string, TableFacts>;
  /** Names of triggers and functions of ours. */
  readonly ownTriggers: readonly { readonly table: string; readonly name: string }[];
  readonly others: OtherObjects;
  /** Changes that are applied already; an adoption that was interrupted has some. */
  readonly applied: readonly string[];
  readonly changes: readonly string[];
  readonly start: 'beginning' | 'now';
  /** The worker was to start now, an interruption came first, and it has not run yet. */
  readonly startMissing: boolean;
  /** A superuser can keep triggers of others still while existing rows get their numbers. */
  readonly canSilenceTriggers: boolean;
  /** Rows that break a rule of ours, by `table.constraint`; text. */
  readonly violations: ReadonlyMap<string, string>;
  readonly unnumbered: boolean;
  readonly hasParents: boolean;
  readonly allowImmediateIndex: boolean;
  /** Gates of ours that stand open in the settings that are there. */
  readonly openGates: readonly string[];
}

const step = (
  name: string,
  table: string | null,
  what: string,
  action: AdoptionStep['action'],
  rest: Partial<Pick<AdoptionStep, 'lock' | 'estimatedSeconds' | 'needs'>> = {},
): AdoptionStep => ({
  step: name,
  table,
  what,
  action,
  lock: locks.catalog,
  estimatedSeconds: 0,
  needs: null,
  ...rest,
});

/** Two definitions of a default that mean the same are written the same by the server. */
function columnProblem(found: ColumnFacts, wanted: ColumnFacts): string | undefined {
  if (found.type !== wanted.type) return `is ${found.type}, ${wanted.type} is needed`;
  if (found.notNull !== wanted.notNull) return found.notNull ? 'is not null, null has to be possible' : 'may be null';
  if (found.collation !== wanted.collation) return `has collation ${found.collation}, ${wanted.collation} is needed`;
  return undefined;
}

function columnSteps(found: TableFacts, wanted: TableFacts, blockers: Blocker[]): AdoptionStep[] {
  const { table } = found;
  const missing: ColumnFacts[] = [];
  const steps: AdoptionStep[] = [];
  for (const column of wanted.columns) {
    const there = found.columns.find(({ name }) => name === column.name);
    if (table === 'event_outbox' && (column.name === 'seq' || column.name === 'tx_id')) continue;
    if (there === undefined) {
      missing.push(column);
      continue;
    }
    const problem = columnProblem(there, column);
    if (problem !== undefined) {
      blockers.push({
        what: `${table}.${column.name} ${problem}`,
        action: 'change the column, or keep this table out of the schema',
      });
    } else if (there.defaultText !== column.defaultText) {
      const action = {
        kind: 'set_default',
        column: column.name,
        wanted: column.defaultText,
        former: there.defaultText,
      } as const;
      const what = `default of ${table}.${column.name} becomes ${column.defaultText ?? 'none'}, it was ${there.defaultText ?? 'none'}`;
      steps.push(step(`default ${table}.${column.name}`, table, what, action, { needs: 'definitions' }));
    }
  }
  if (missing.length > 0) {
    const what = `columns ${missing.map(({ name }) => name).join(', ')}: instant, no default is computed per row`;
    steps.unshift(step(`columns ${table}`, table, what, { kind: 'add_columns', columns: missing }));
  }
  return steps;
}

function constraintSteps(found: TableFacts, wanted: TableFacts, input: PlanInput, blockers: Blocker[]): AdoptionStep[] {
  const { table } = found;
  const ours = new Set(wanted.constraints.map(({ name }) => name));
  const steps: AdoptionStep[] = [];
  for (const constraint of wanted.constraints) {
    // the keys of the log move as one
    if (table === 'event_outbox' && 'pu'.includes(constraint.type)) continue;
    const there = found.constraints.find(({ name }) => name === constraint.name);
    if (there?.definition === constraint.definition && there.validated) continue;
    if (there !== undefined && there.definition.replace(/ NOT VALID$/, '') !== constraint.definition) {
      blockers.push({
        what: `constraint ${constraint.name} of ${table} is ${there.definition}, ${constraint.definition} is needed`,
        action: `rename it: alter table ${table} rename constraint ${constraint.name} to ${formerName(constraint.name)}`,
      });
      continue;
    }
    const same = twin(
      found.constraints,
      ours,
      (one) => one.type === constraint.type && one.definition === constraint.definition && one.validated,
    );
    if (there === undefined && same !== undefined) {
      const action = { kind: 'rename_constraint', from: same.name, to: constraint.name } as const;
      steps.push(
        step(`constraint ${constraint.name}`, table, `constraint ${same.name} is called ${constraint.name}`, action),
      );
      continue;
    }
    const broken = input.violations.get(`${table}.${constraint.name}`);
    if (broken !== undefined) {
      blockers.push({
        what: `${broken} rows of ${table} break ${constraint.name}: ${constraint.definition}`,
        action: 'correct them',
      });
      continue;
    }
    steps.push(...newConstraint(table, constraint, wanted.indexes, found.rows));
  }
  return steps;
}

function newConstraint(
  table: string,
  constraint: ConstraintFacts,
  indexes: readonly IndexFacts[],
  rows: string,
): AdoptionStep[] {
  const { name, definition } = constraint;
  if (!'pu'.includes(constraint.type)) {
    const estimatedSeconds = estimateSeconds(rows, 'scan');
    const what = `constraint ${name}: added unchecked in an instant, then checked by a scan that blocks nobody`;
    return [
      step(
        `constraint ${name}`,
        table,
        what,
        { kind: 'add_constraint', name, definition },
        { estimatedSeconds, lock: locks.validate },
      ),
    ];
  }
  const tail = indexes.find((index) => index.name === name)?.tail ?? '';
  const what = `${constraint.type === 'p' ? 'primary key' : 'unique'} ${name}: its index is built concurrently, then attached in an instant`;
  const rest = { estimatedSeconds: estimateSeconds(rows, 'index'), lock: locks.concurrent };
  return [step(`constraint ${name}`, table, what, { kind: 'add_key', name, definition, tail }, rest)];
}

function indexSteps(found: TableFacts, wanted: TableFacts, blockers: Blocker[]): AdoptionStep[] {
  const { table } = found;
  const ours = new Set(wanted.indexes.map(({ name }) => name));
  return wanted.indexes
    .filter((index) => !index.ofConstraint)
    .flatMap((index) => {
      const there = found.indexes.find(({ name }) => name === index.name);
      const isSame = there?.tail === index.tail && there.unique === index.unique;
      if (there?.valid && isSame) return [];
      if (there !== undefined && !isSame) {
        blockers.push({
          what: `index ${index.name} of ${table} is ${there.definition}, ${index.tail} is needed`,
          action: `rename it: alter index ${index.name} rename to ${formerName(index.name)}`,
        });
        return [];
      }
      const same = twin(
        found.indexes,
        ours,
        (one) => !one.ofConstraint && one.valid && one.tail === index.tail && one.unique === index.unique,
      );
      if (there === undefined && same !== undefined) {
        const action = { kind: 'rename_index', from: same.name, to: index.name } as const;
        return [step(`index ${index.name}`, table, `index ${same.name} is called ${index.name}`, action)];
      }
      const rest = { estimatedSeconds: estimateSeconds(found.rows, 'index'), lock: locks.concurrent };
      const action = { kind: 'add_index', name: index.name, unique: index.unique, tail: index.tail } as const;
      return [step(`index ${index.name}`, table, `index ${index.name}: built concurrently`, action, rest)];
    });
}

function nameSteps(input: PlanInput): AdoptionStep[] {
  const functions = input.others.functions.map(({ name, signature }) =>
    step(
      `function ${signature}`,
      null,
      `function ${signature} is called ${formerName(name)}`,
      { kind: 'rename_function', signature, from: name, to: formerName(name) },
      { needs: 'definitions', lock: locks.none },
    ),
  );
  const triggers = input.ownTriggers.flatMap(({ table, name }) => {
    const there = input.found.get(table)?.triggers.find((trigger) => trigger.name === name);
    if (there === undefined) return [];
    const to = formerName(name);
    return [
      step(
        `trigger ${table}.${name}`,
        table,
        `trigger ${name} is called ${to} and switched off; ours takes its place`,
        { kind: 'rename_trigger', from: name, to, enabled: there.enabled },
        { needs: 'definitions' },
      ),
    ];
  });
  return [...functions, ...triggers];
}

function tableSteps(found: TableFacts, input: PlanInput, blockers: Blocker[]): AdoptionStep[] {
  const wanted = input.wanted.get(found.table);
  if (wanted === undefined) return [];
  const ownership =
    found.owner === 'iu_owner'
      ? []
      : [
          step(
            `owner ${found.table}`,
            found.table,
            `${found.table} goes from ${found.owner} to iu_owner; ${found.owner} keeps its rows`,
            { kind: 'take_ownership', former: found.owner, sequences: found.sequences },
            { needs: 'ownership' },
          ),
        ];
  const log = found.table === 'event_outbox' ? logSteps(found, wanted, input, blockers) : [];
  const placed = found.constraints.some(({ name }) => name === 'information_unit_place_key');
  if (found.table === 'information_unit' && input.hasParents && !placed) {
    blockers.push({
      what: 'information_unit has units with parents: they would need ranks among their siblings while writers go on inserting without one',
      action:
        'keep the tree outside parent_or_container_ref for the adoption (set it null), and place the units afterwards',
    });
  }
  if (found.rowSecurity) {
    blockers.push({
      what: `row security is enabled on ${found.table}: iu_owner and the roles of IU Core would not see every row`,
      action: `alter table ${found.table} disable row level security`,
    });
  }
  return [
    ...ownership,
    ...columnSteps(found, wanted, blockers),
    ...log,
    ...constraintSteps(found, wanted, input, blockers),
    ...indexSteps(found, wanted, blockers),
  ];
}

/** A unique rule of theirs beside a deferrable one of ours refuses what exchanges two places in one statement. */
function rigidKeys(input: PlanInput): string[] {
  return [...input.found].flatMap(([table, { constraints }]) => {
    const ours = input.wanted.get(table)?.constraints ?? [];
    return constraints.flatMap(({ name, definition }) =>
      ours.some((one) => one.name !== name && one.definition.startsWith(`${definition} DEFERRABLE`))
        ? [
            `constraint ${name} of ${table} is not deferrable: structure operations that exchange numbers are refused while it stands`,
          ]
        : [],
    );
  });
}

/** What stays beside ours: rules and triggers of somebody else. */
function summary(
  table: AdoptableTable | string,
  found: TableFacts | undefined,
  wanted: TableFacts,
  input: PlanInput,
  steps: readonly AdoptionStep[],
): TableSummary {
  if (found === undefined) return { table, exists: false, rows: '0', bytes: '0', missing: [], kept: [] };
  const has = new Set(found.columns.map(({ name }) => name));
  const renamed = steps.flatMap((one) => (one.table === table && 'from' in one.action ? [one.action.from] : []));
  const ours = new Set([...[...wanted.constraints, ...wanted.indexes].map(({ name }) => name), ...renamed]);
  const ourTriggers = new Set(input.ownTriggers.filter((one) => one.table === table).map(({ name }) => name));
  const kept = [
    ...found.columns.flatMap(({ name }) => (wanted.columns.some((one) => one.name === name) ? [] : [`column ${name}`])),
    ...found.constraints.flatMap(({ name, type }) =>
      ours.has(name) ? [] : [`${type === 'c' ? 'check' : 'constraint'} ${name}`],
    ),
    ...found.indexes.flatMap(({ name, ofConstraint }) => (ofConstraint || ours.has(name) ? [] : [`index ${name}`])),
    ...found.triggers.flatMap(({ name }) => (ourTriggers.has(name) ? [] : [`trigger ${name}`])),
  ];
  const missing = wanted.columns.flatMap(({ name }) => (has.has(name) ? [] : [name]));
  return { table, exists: true, rows: found.rows, bytes: found.bytes, missing, kept };
}

function deploySteps(input: PlanInput): AdoptionStep[] {
  const pending = input.changes.filter((change) => !input.applied.includes(change) && change !== '001_registry');
  const adapted = pending.filter((change) => /^00[234]_/.test(change));
  const steps = adapted.map((change) =>
    step(
      `change ${change}`,
      null,
      `change ${change} without the tables that are there`,
      { kind: 'deploy', change },
      { lock: locks.triggers },
    ),
  );
  if (pending.length > adapted.length) {
    steps.push(
      step(
        'changes',
        null,
        `${pending.length - adapted.length} more changes, as in a new installation`,
        { kind: 'migrate_rest' },
        { lock: locks.triggers },
      ),
    );
  }
  if (input.start === 'now' && (pending.length > 0 || input.startMissing)) {
    steps.push(
      step(
        'start',
        null,
        'the worker of domain iu starts now: what was logged before stays undecided for ever',
        { kind: 'start_now' },
        { lock: locks.none },
      ),
    );
  }
  return steps;
}

/** The differences between what is there and what this version makes, as steps in their order. Pure: it reads nothing. */
export function planAdoption(input: PlanInput): AdoptionPlan {
  const blockers: Blocker[] = input.others.relations.map(({ kind, name }) => ({
    what: `${kind} ${name} exists and is not of this installation`,
    action: `rename it or move it to another schema; only ${[...input.wanted.keys()].join(', ')} can be taken over`,
  }));
  for (const key of input.openGates.filter((one) => one !== 'iu_core.routes_master_enabled')) {
    const action = `update dot_config set value = 'false' where key = '${key}'`;
    blockers.push({ what: `${key} is true in dot_config: passes would run at once`, action });
  }
  // guards of theirs are switched off last, so that the log is without one for a moment only
  const steps = [
    ...[...input.found.values()].flatMap((table) => tableSteps(table, input, blockers)),
    ...nameSteps(input),
  ];
  const log = input.found.get('event_outbox');
  const swallowing = swallowingIndexes(log, blockers);
  const replaced = swallowing.flatMap((index) =>
    input.allowImmediateIndex
      ? [
          step(
            `index ${index.name}`,
            'event_outbox',
            `unique index ${index.name} goes; what it held becomes dedupe keys`,
            { kind: 'replace_immediate_index', name: index.name, definition: index.definition },
            {
              needs: 'immediate-index',
              lock: locks.concurrent,
              estimatedSeconds: estimateSeconds(log?.rows ?? '0', 'number'),
            },
          ),
        ]
      : [],
  );
  const notes = [
    ...rigidKeys(input),
    ...(input.openGates.includes('iu_core.routes_master_enabled')
      ? ['the master gate is open and stays so; the worker gate comes closed, so nothing runs']
      : []),
    ...swallowing.flatMap(({ name }) =>
      input.allowImmediateIndex
        ? []
        : [
            `unique index ${name} makes the second event of a subject vanish: the gates of passes stay closed while it stands; --allow immediate-index replaces it by dedupe keys`,
          ],
    ),
    ...(log === undefined
      ? []
      : [
          'event_outbox becomes append-only: update, delete and truncate are refused from then on',
          `adding seq as an identity would rewrite event_outbox under ACCESS EXCLUSIVE for about ${estimateSeconds(log.rows, 'rewrite')} s; the way taken here holds that lock for milliseconds only, and existing rows are numbered in batches`,
        ]),
  ];
  const tables = [...input.wanted].map(([table, wanted]) =>
    summary(table, input.found.get(table), wanted, input, steps),
  );
  return { tables, steps: [...steps, ...deploySteps(input), ...replaced], blockers, notes };
}
