import type { AdoptableTable, TableFacts } from './catalog.js';
import { holdsEvents, reachesUnjudged } from './foreign-keys.js';
import { type UniqueRule, uniqueRules } from './log-steps.js';
import type { PlanInput } from './plan-input.js';
import {
  type AdoptionPlan,
  type AdoptionStep,
  type Blocker,
  estimateSeconds,
  formerName,
  keysStep,
  locks,
  replacedWords,
  stepOf,
  type TableSummary,
} from './steps.js';
import { tableSteps } from './table-steps.js';

function nameSteps(input: PlanInput): AdoptionStep[] {
  const functions = input.others.functions.map(({ name, signature }) =>
    stepOf(
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
      stepOf(
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

/** A unique rule of theirs beside a deferrable one of ours refuses what exchanges two places in one statement. */
function rigidKeys(input: PlanInput): string[] {
  return [...input.found].flatMap(([table, { constraints }]) => {
    const ours = input.wanted.get(table)?.constraints ?? [];
    return constraints.flatMap(({ name, type, columns, deferral }) =>
      deferral === '' &&
      ours.some(
        (one) =>
          one.name !== name &&
          one.type === type &&
          one.deferral !== '' &&
          one.columns.join('\n') === columns.join('\n'),
      )
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
    stepOf(
      `change ${change}`,
      null,
      `change ${change} without the tables that are there`,
      { kind: 'deploy', change },
      { lock: locks.triggers },
    ),
  );
  if (pending.length > adapted.length) {
    steps.push(
      stepOf(
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
      stepOf(
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

/** Unique rules of the log are replaced where that is allowed; otherwise they stay, and with them the gates of passes closed. */
function ruleStep(rule: UniqueRule, log: TableFacts): AdoptionStep {
  const { name, word, action } = rule;
  return stepOf(
    `index ${name}`,
    'event_outbox',
    `unique ${action.constraintDeferral === null ? 'index' : 'constraint'} ${name} goes; ${replacedWords(action.prefix)}`,
    action,
    { needs: word, lock: locks.concurrent, estimatedSeconds: estimateSeconds(log.rows, 'number') },
  );
}

function standingRule({ name, word, columns }: UniqueRule): string {
  const what = word === 'immediate-index' ? 'the second event of a subject vanish' : `later events vanish or fail`;
  return `unique rule ${name} (${columns.join(', ')}) makes ${what}: the gates of passes stay closed while it stands; --allow ${word} replaces it by dedupe keys`;
}

/** Checks of theirs that list domains refuse those of the probe. */
function domainChecks(log: TableFacts | undefined, { wanted }: PlanInput): string[] {
  const ours = wanted.get('event_outbox')?.constraints ?? [];
  return (log?.constraints ?? []).flatMap(({ name, type, definition }) =>
    type === 'c' &&
    /\bevent_domain\b[^<]*\bANY\b/.test(definition) &&
    !definition.includes('iu_probe') &&
    !ours.some((one) => one.name === name)
      ? [
          `check ${name} lists domains: let it allow those that you will emit, and for iu probe and iu activate those of the probe: … or event_domain like 'iu_probe_%'`,
        ]
      : [],
  );
}

function notesOf(input: PlanInput, steps: readonly AdoptionStep[], standing: readonly UniqueRule[]): string[] {
  const log = input.found.get('event_outbox');
  const { creators, directusRelations, eventTriggers, referencingLog } = input.others;
  const moves = steps.some(({ step }) => step === keysStep);
  return [
    ...rigidKeys(input),
    ...(input.openGates.includes('iu_core.routes_master_enabled')
      ? ['the master gate is open and stays so; the worker gate comes closed, so nothing runs']
      : []),
    ...standing.map(standingRule),
    ...domainChecks(log, input),
    ...referencingLog.map(holdsEvents),
    ...(directusRelations.length > 0 && moves
      ? [
          `Directus joins ${directusRelations.join(', ')} to events by their primary key: from seq as the key on, what reads through that relation fails there`,
        ]
      : []),
    ...(creators.length === 0
      ? []
      : [
          `${creators.join(', ')} may create objects in this schema, and so put a function in the way of ours: trust who logs in as such a role like an owner`,
        ]),
    ...eventTriggers.map(
      (one) =>
        `event trigger ${one}, fires for what iu_owner creates: make that function security definer, or let iu_owner write what it writes`,
    ),
    ...(input.tree.parents
      ? [
          'units keep their parents; siblings are ranked by sort_order, address and time. From then on children are made by the governed functions: a plain insert of a second child has no rank and fails',
        ]
      : []),
    ...(log === undefined
      ? []
      : [
          'event_outbox becomes append-only: update, delete and truncate are refused from then on',
          `adding seq as an identity would rewrite event_outbox under ACCESS EXCLUSIVE for about ${estimateSeconds(log.rows, 'rewrite')} s; the way taken here holds that lock for milliseconds only, and existing rows are numbered in batches`,
        ]),
  ];
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
  blockers.push(...input.others.reachingKeys.map(reachesUnjudged));
  const ofTables = [...input.found.values()].flatMap((table) => tableSteps(table, input, blockers));
  const isOwnership = ({ action }: AdoptionStep) => action.kind === 'take_ownership';
  // every table first: a foreign key of one needs rights on another. Guards of theirs are switched off last, so that the log is without
  // one for a moment only.
  const steps = [
    ...ofTables.filter(isOwnership),
    ...ofTables.filter((step) => !isOwnership(step)),
    ...nameSteps(input),
  ];
  const log = input.found.get('event_outbox');
  const rules = log === undefined ? [] : uniqueRules(log, input, blockers);
  const replaced = log === undefined ? [] : rules.filter(({ word }) => input.allow.includes(word));
  const tables = [...input.wanted].map(([table, wanted]) =>
    summary(table, input.found.get(table), wanted, input, steps),
  );
  return {
    tables,
    foreign: input.others.tables,
    steps: [
      ...steps,
      ...deploySteps(input),
      ...replaced.flatMap((rule) => (log === undefined ? [] : [ruleStep(rule, log)])),
    ],
    blockers,
    notes: notesOf(
      input,
      steps,
      rules.filter((rule) => !replaced.includes(rule)),
    ),
  };
}
