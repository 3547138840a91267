import type { ClientBase } from 'pg';
import { compareSurveys, type Survey } from '../../contract/adoption/survey.js';
import { IuError } from '../../contract/errors/index.js';
import { type JournalEntry, readJournal } from '../../store/adoption-journal.js';
import type { Database } from '../../store/database.js';
import {
  type LiveObject,
  type RecordedSurvey,
  readLastSurvey,
  readLiveObjects,
  readSurvey,
} from '../../store/drift.js';
import { type RecordedEvidence, recordEvidence } from '../../store/going-live.js';
import { readAppliedChanges } from '../../store/migration.js';
import { quoteIdentifier } from '../../store/session.js';
import { loadChanges, sqlRoot } from '../migrate/changes.js';
import { type ManifestObject, readManifest } from '../migrate/manifest.js';
import { migrateVerify } from '../migrate/verify.js';
import { inComment, removalOf, repairOf, statementsByObject } from './repair.js';

/** One difference between this database and what this version installs, or what the last survey wrote down. */
export interface DriftDifference {
  /** Stands for the difference in a page; unique. */
  readonly key: string;
  readonly state: 'missing' | 'changed' | 'unknown' | 'rights' | 'content' | 'kept' | 'data';
  readonly kind: string;
  readonly identity: string;
  /** True when somebody has to do something; false for what is only different. */
  readonly damage: boolean;
  readonly explanation: string;
  /** A command or SQL, run as iu_owner; for what nobody knows only how it would go. Null where a person has to decide. */
  readonly repair: string | null;
}

/** What `runDrift` found. */
export interface DriftReport {
  readonly clean: boolean;
  readonly objects: number;
  /** Changes that are applied and that this package does not have: it judges nothing of them. */
  readonly unknownChanges: readonly string[];
  readonly differences: readonly DriftDifference[];
  readonly lastSurvey: Omit<RecordedSurvey, 'survey'> | null;
  readonly survey: Survey;
}

/** What `runDrift` is asked. */
export interface DriftWishes {
  readonly database: Database;
  /** Folder of changes; that of this package when not said. */
  readonly sqlFolder?: string | undefined;
}

const difference = (
  state: DriftDifference['state'],
  { kind, identity }: { readonly kind: string; readonly identity: string },
  damage: boolean,
  explanation: string,
  repair: string | null,
): DriftDifference => ({ key: `${kind} ${identity}`, state, kind, identity, damage, explanation, repair });

/** Names like ours, and anything that hangs on a table of ours. */
function isOfOurShape({ kind, identity }: LiveObject, tables: ReadonlySet<string>): boolean {
  if (/^(fn_iu_|pr_iu_|fn_uv_|v_iu_|iu_|trg_iu_)/.test(identity)) return true;
  return ['column', 'constraint', 'trigger', 'rule'].includes(kind) && tables.has(identity.split('.')[0] ?? '');
}

function catalogDifferences(
  live: readonly LiveObject[],
  wanted: readonly ManifestObject[],
  before: ReadonlySet<string> | undefined,
  sqlFolder: string,
): DriftDifference[] {
  const statements = statementsByObject(sqlFolder);
  const found = new Map(live.map((object) => [`${object.kind} ${object.identity}`, object]));
  const known = new Set(wanted.map(({ kind, identity }) => `${kind} ${identity}`));
  const tables = new Set(wanted.flatMap(({ kind, identity }) => (kind === 'table' ? [identity] : [])));
  const ours = wanted.flatMap((object) => {
    const there = found.get(`${object.kind} ${object.identity}`);
    if (there?.fingerprint === object.fingerprint) return [];
    const state = there === undefined ? 'missing' : 'changed';
    const explanation =
      state === 'missing'
        ? `change ${object.change} installs it, and it is not there`
        : `it is not as change ${object.change} installs it: definition, owner or state differ`;
    return [difference(state, object, true, explanation, repairOf(statements, object, state))];
  });
  const others = live.flatMap((object) => {
    if (known.has(`${object.kind} ${object.identity}`) || !isOfOurShape(object, tables)) return [];
    // what an adoption found and left stands beside ours by agreement; a rule never does, it takes rows away unseen
    const isTheirs =
      !['function', 'rule'].includes(object.kind) ||
      object.identity.includes('__before_iu') ||
      before?.has(object.identity) === true;
    if (before !== undefined && isTheirs) {
      return [difference('kept', object, false, 'it was there before the adoption, or an application added it', null)];
    }
    return [difference('unknown', object, true, 'no change of this version makes it', removalOf(object))];
  });
  return [...ours, ...others];
}

async function otherDifferences(client: ClientBase, schema: string, sqlFolder: string): Promise<DriftDifference[]> {
  const { failures } = await migrateVerify(client, { schema, sqlFolder });
  return failures.flatMap(({ subject, code, message, objects }) => {
    if (code === 'IU830') return [];
    if (code === 'IU831') {
      return objects.map((right) =>
        difference(
          'rights',
          { kind: 'right', identity: right },
          true,
          'rights are data: sql/roles/grants.sql',
          'iu migrate up',
        ),
      );
    }
    return [difference('content', { kind: 'change', identity: `${subject} ${code}` }, true, message, null)];
  });
}

function dataDifferences(last: RecordedSurvey | undefined, now: Survey): DriftDifference[] {
  if (last === undefined) return [];
  return compareSurveys(last.survey, now).map(({ what, name, was, is, damage }) => {
    const grew =
      what === 'rows' && was !== null && is !== null
        ? ` (${BigInt(is) >= BigInt(was) ? '+' : ''}${BigInt(is) - BigInt(was)})`
        : '';
    const explanation = `${was ?? 'not there'} at the last survey, ${is ?? 'not there'} now${grew}`;
    const repair = damage
      ? 'iu cursor reconcile, then a restore beside it: rows left a table that only grows'
      : what === 'gate'
        ? `iu gate log --gate ${name} says who and why`
        : what === 'route'
          ? `iu route history ${name} says who and when`
          : null;
    return difference('data', { kind: what, identity: name }, damage, explanation, repair);
  });
}

/** Functions that were there before an adoption; undefined where nothing was adopted. */
function functionsBefore(journal: readonly JournalEntry[]): ReadonlySet<string> | undefined {
  if (journal.length === 0) return undefined;
  return new Set(journal.flatMap(({ back }) => ('rows' in back ? back.rows.functions : [])));
}

/** A script for psql that repairs what a report names, in one session of a superuser; what no SQL repairs stands in it as a remark. */
export function repairScript(
  { differences, unknownChanges }: Pick<DriftReport, 'differences' | 'unknownChanges'>,
  schema: string,
): string[] {
  if (unknownChanges.length > 0) {
    throw new IuError('IU807', {
      message: `applied and not known to this version: ${unknownChanges.join(', ')}`,
      hint: 'run iu drift --sql with the version of iu-core that applied them: this one would put older definitions back',
    });
  }
  const named = differences.flatMap(({ key, state, repair }) => {
    if (repair === null) return [inComment(`-- ${key}: a person has to decide`)];
    if (state === 'rights' || state === 'data') return [inComment(`-- ${key}: ${repair}`)];
    // what nobody knows may be somebody's data
    if (state === 'unknown') return [inComment(`-- ${key}: a person has to decide; it would go by: ${repair}`)];
    return [inComment(`-- ${key}`), 'set role iu_owner;', repair];
  });
  return [
    '\\set ON_ERROR_STOP on',
    `set search_path = ${quoteIdentifier(schema)}, pg_temp;`,
    "set lock_timeout = '300ms';",
    ...named,
    'reset role;',
  ];
}

/** Compares the live catalog with what this version installs, and the data with the last survey. Reads only. */
export async function runDrift(wishes: DriftWishes): Promise<DriftReport> {
  const { database, sqlFolder = sqlRoot } = wishes;
  const client = await database.pool.connect();
  try {
    const { schema } = database;
    const applied = new Set((await readAppliedChanges(client, schema)).map(({ change }) => change));
    const known = new Set(loadChanges(sqlFolder).map(({ name }) => name));
    const wanted = readManifest(sqlFolder).filter(({ change }) => applied.has(change));
    const live = await readLiveObjects(client);
    const before = functionsBefore(await readJournal(client, schema));
    const tables = wanted.flatMap(({ kind, identity }) => (kind === 'table' ? [identity] : []));
    const survey = await readSurvey(client, schema, tables);
    const last = await readLastSurvey(client);
    const differences = [
      ...catalogDifferences(live, wanted, before, sqlFolder),
      ...(await otherDifferences(client, schema, sqlFolder)),
      ...dataDifferences(last, survey),
    ];
    const { survey: _, ...lastSurvey } = last ?? { survey: undefined };
    return {
      clean: differences.every(({ damage }) => !damage),
      objects: wanted.length,
      unknownChanges: [...applied].filter((change) => !known.has(change)),
      differences,
      lastSurvey: last === undefined ? null : (lastSurvey as Omit<RecordedSurvey, 'survey'>),
      survey,
    };
  } finally {
    client.release(true);
  }
}

/** Writes the survey of a report down, so that the next one has something to compare with. */
export function recordSurvey(database: Database, report: DriftReport): Promise<RecordedEvidence> {
  const detailText = JSON.stringify(report.survey);
  return recordEvidence(database.pool, { kind: 'survey', passed: report.clean, detailText });
}
