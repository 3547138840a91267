import type { ColumnFacts, ConstraintFacts, IndexFacts, TableFacts, UnitSample } from './catalog.js';
import { quoted } from './foreign-keys.js';
import { logSteps } from './log-steps.js';
import type { PlanInput } from './plan-input.js';
import { type AdoptionStep, type Blocker, estimateSeconds, formerName, locks, stepOf, twin } from './steps.js';
import { silenceAction, speakingTriggers, tableBlockers } from './table-blockers.js';

/** What is wrong with a column and the statement that puts it right, but for a type, which nobody changes by the way. */
function columnProblem(table: string, found: ColumnFacts, wanted: ColumnFacts): Blocker | undefined {
  const { name, type } = found;
  const blocker = (what: string, change?: string): Blocker => ({
    what: `${table}.${name} ${what}`,
    action:
      change === undefined
        ? 'change the column, or keep this table out of the schema'
        : `alter table ${table} alter column ${quoted(name)} ${change}, or keep this table out of the schema`,
  });
  if (type !== wanted.type) return blocker(`is ${type}, ${wanted.type} is needed`);
  if (found.collation !== wanted.collation) {
    const needed = wanted.collation ?? 'default';
    return blocker(
      `has collation ${found.collation ?? 'default'}, ${needed === 'default' ? 'that of the database' : needed} is needed`,
      `type ${type} collate ${quoted(needed)}`,
    );
  }
  if (found.notNull === wanted.notNull) return undefined;
  return found.notNull
    ? blocker('is not null, null has to be possible', 'drop not null')
    : blocker('may be null', 'set not null');
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
    const problem = columnProblem(table, there, column);
    if (problem !== undefined) {
      blockers.push(problem);
    } else if (there.defaultText !== column.defaultText) {
      const action = {
        kind: 'set_default',
        column: column.name,
        wanted: column.defaultText,
        former: there.defaultText,
      } as const;
      const what = `default of ${table}.${column.name} becomes ${column.defaultText ?? 'none'}, it was ${there.defaultText ?? 'none'}`;
      steps.push(stepOf(`default ${table}.${column.name}`, table, what, action, { needs: 'definitions' }));
    }
  }
  if (missing.length > 0) {
    const what = `columns ${missing.map(({ name }) => name).join(', ')}: instant, no default is computed per row`;
    steps.unshift(stepOf(`columns ${table}`, table, what, { kind: 'add_columns', columns: missing }));
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
        stepOf(`constraint ${constraint.name}`, table, `constraint ${same.name} is called ${constraint.name}`, action),
      );
      continue;
    }
    if (constraint.name === placeKey && input.tree.ranksAreOurs) {
      steps.push(rankStep(constraint, wanted.indexes, found.rows, input));
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

const placeKey = 'information_unit_place_key';

/** The place key needs ranks first; both are one step, because a child that comes in between has none. */
function rankStep(
  { name, definition, deferral }: ConstraintFacts,
  indexes: readonly IndexFacts[],
  rows: string,
  { tree, canSilenceTriggers }: PlanInput,
): AdoptionStep {
  const tail = indexes.find((index) => index.name === name)?.tail ?? '';
  const ranks = tree.parents ? 'siblings get their ranks, 5,000 a transaction; ' : '';
  const what = `unique ${name}: ${ranks}its index is built concurrently, then attached in an instant`;
  const estimatedSeconds = estimateSeconds(rows, tree.parents ? 'number' : 'index');
  const action = { kind: 'rank_and_key', name, definition, deferral, tail, silent: canSilenceTriggers } as const;
  return stepOf(`constraint ${name}`, 'information_unit', what, action, { estimatedSeconds, lock: locks.concurrent });
}

function newConstraint(
  table: string,
  constraint: ConstraintFacts,
  indexes: readonly IndexFacts[],
  rows: string,
): AdoptionStep[] {
  const { name, definition, deferral } = constraint;
  if (!'pu'.includes(constraint.type)) {
    const estimatedSeconds = estimateSeconds(rows, 'scan');
    const what = `constraint ${name}: added unchecked in an instant, then checked by a scan that blocks nobody`;
    return [
      stepOf(
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
  return [stepOf(`constraint ${name}`, table, what, { kind: 'add_key', name, definition, deferral, tail }, rest)];
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
        return [stepOf(`index ${index.name}`, table, `index ${same.name} is called ${index.name}`, action)];
      }
      const rest = { estimatedSeconds: estimateSeconds(found.rows, 'index'), lock: locks.concurrent };
      const action = { kind: 'add_index', name: index.name, unique: index.unique, tail: index.tail } as const;
      return [stepOf(`index ${index.name}`, table, `index ${index.name}: built concurrently`, action, rest)];
    });
}

const sample = ({ count, addresses }: UnitSample): string =>
  `${count} units (${addresses.join(', ')}${count > addresses.length ? ', …' : ''})`;

/** What keeps the units that are there from being a tree of ours. */
function treeBlockers(found: TableFacts, { tree, canSilenceTriggers }: PlanInput): Blocker[] {
  if (!tree.parents) return [];
  const isRanked = found.constraints.some(({ name }) => name === placeKey);
  const speaking = isRanked ? [] : speakingTriggers(found, canSilenceTriggers);
  const problems: readonly (readonly [UnitSample, string, string])[] = [
    [
      tree.circular,
      'stand below themselves',
      'set parent_or_container_ref of one unit of each circle to its real parent',
    ],
    [
      tree.buried,
      'live below a deleted unit',
      'give them a living parent, delete them too (deleted_at), or bring the unit above them back',
    ],
    [tree.tooDeep, 'stand deeper than 128 levels', 'hang them higher up'],
    [
      tree.inCollections,
      'have a parent of kind collection, and there only documents stand in collections',
      'give the parent another unit_kind, or make them documents (parent_or_container_ref = null) and place them in it afterwards: iu structure',
    ],
  ];
  return [
    ...problems.flatMap(([units, what, action]) =>
      units.count === 0 ? [] : [{ what: `${sample(units)} ${what}`, action }],
    ),
    ...(tree.ranksAreOurs && speaking.length > 0
      ? [
          {
            what: `trigger ${speaking.map(({ name }) => name).join(', ')} of information_unit would fire for every unit that gets its rank`,
            action: silenceAction('information_unit', speaking, canSilenceTriggers),
          },
        ]
      : []),
  ];
}

/** What one table that is there still needs, in order; what stands in the way goes to `blockers`. */
export function tableSteps(found: TableFacts, input: PlanInput, blockers: Blocker[]): AdoptionStep[] {
  const wanted = input.wanted.get(found.table);
  if (wanted === undefined) return [];
  const ownership =
    found.owner === 'iu_owner'
      ? []
      : [
          stepOf(
            `owner ${found.table}`,
            found.table,
            `${found.table} goes from ${found.owner} to iu_owner; ${found.owner} keeps its rows`,
            { kind: 'take_ownership', former: found.owner, sequences: found.sequences },
            { needs: 'ownership' },
          ),
        ];
  const log = found.table === 'event_outbox' ? logSteps(found, wanted, input, blockers) : [];
  blockers.push(...tableBlockers(found, wanted, input));
  if (found.table === 'information_unit') blockers.push(...treeBlockers(found, input));
  if (found.rowSecurity) {
    blockers.push({
      what: `row security is enabled on ${found.table}: iu_owner and the roles of IU Core would not see every row`,
      action: `alter table ${found.table} disable row level security, no force row level security`,
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
