import type { IuCutDecisionRow, IuCutLogRow, IuCutRunRow, VIuCutPlanRow, VIuCutRunRow } from './catalog.generated.js';
import { isoTimes, type ListPage, type PageWishes, type Queryable, readPage } from './listing.js';
import type { Columns } from './rows.js';

/** One cut run of a list; `manifest_digest` is what an approval names. */
export type CutRunRow = Columns<
  VIuCutRunRow,
  | 'run_id'
  | 'document_address'
  | 'revision_label'
  | 'state'
  | 'manifest_digest'
  | 'units_created'
  | 'units_revised'
  | 'units_deprecated'
  | 'units_moved'
  | 'anchors_only'
  | 'doubts'
  | 'created_by'
  | 'actor_ref'
  | 'started_at',
  'waits_for' | 'piece_count' | 'gate_1_approved_by' | 'gate_2_approved_by' | 'finished_at'
>;

const runColumns = `run_id, document_address, revision_label, state, waits_for, manifest_digest, piece_count, units_created, units_revised,
  units_deprecated, units_moved, anchors_only, doubts, created_by, actor_ref, gate_1_approved_by, gate_2_approved_by, started_at, finished_at`;

/** Cut runs, newest first. */
export function listCutRuns(
  database: Queryable,
  filter: {
    readonly document?: string | undefined;
    readonly state?: string | undefined;
    readonly waitsFor?: string | undefined;
    readonly open?: boolean | undefined;
  },
  wishes: PageWishes,
): Promise<ListPage<CutRunRow>> {
  return readPage(
    database,
    {
      columns: runColumns,
      from: 'v_iu_cut_run',
      conditions: [
        ['document_address = ?', filter.document],
        ['state = ?', filter.state],
        ['waits_for = ?', filter.waitsFor],
        ["(state <> 'closeout_reported' and state !~ '^voided_') = ?", filter.open],
      ],
      key: 'run_id',
      keyType: 'bigint',
      keyColumn: 'run_id',
      descending: true,
    },
    wishes,
  );
}

/**
 * A line of a plan: a piece in order of the source, or a structure step after them. `by_hand`: what people did to the unit beside the cuts,
 * and this line undoes or builds on.
 */
export interface CutPlanRow
  extends Columns<
    VIuCutPlanRow,
    'line' | 'what' | 'level' | 'fate' | 'reason',
    'ordinal' | 'label' | 'unit' | 'score' | 'note' | 'by_hand'
  > {
  readonly what: 'piece' | 'step';
}

/** How many lines of a plan meet what people did beside the cuts. */
export async function countByHand(database: Queryable, runId: string): Promise<number> {
  const { rows } = await database.query(
    'select count(*)::integer as lines from v_iu_cut_plan where run_id = $1 and by_hand is not null',
    [runId],
  );
  return rows[0].lines;
}

/** The plan of a run, line by line. */
export function listCutPlan(
  database: Queryable,
  runId: string,
  filter: {
    readonly what?: string | undefined;
    readonly fate?: string | undefined;
    readonly changes?: boolean | undefined;
  },
  wishes: PageWishes,
): Promise<ListPage<CutPlanRow>> {
  return readPage(
    database,
    {
      columns: 'line, what, ordinal, level, label, fate, unit, reason, score, note, by_hand',
      from: 'v_iu_cut_plan',
      conditions: [
        ['run_id = ?', runId],
        ['what = ?', filter.what],
        ['fate = ?', filter.fate],
        ["(fate <> 'same') = ?", filter.changes],
      ],
      key: 'line',
      keyType: 'bigint',
      keyColumn: 'line',
      descending: false,
    },
    wishes,
  );
}

/** A piece of a run with its text, and the units that it may be. */
export interface CutPiece extends Columns<VIuCutPlanRow, 'fate', 'label'> {
  readonly body: string;
  /** Addresses: the candidates of a doubtful match, else the unit of the plan when it is one that was there. */
  readonly units: readonly string[];
}

/** One planned piece of a run; undefined when the run is not planned or has no such piece. */
export async function findCutPiece(database: Queryable, runId: string, ordinal: number): Promise<CutPiece | undefined> {
  const { rows } = await database.query(
    `select v.label, v.fate, convert_from(substring(s.bytes from m.byte_start + 1 for m.byte_end - m.byte_start), 'UTF8') as body,
            array(select u.canonical_address from information_unit u
                   where u.id in (select (c ->> 'unit_id')::uuid from jsonb_array_elements(d.candidates) c)
                      or (d.ordinal is null and u.id = p.unit_id) order by 1) as units
       from v_iu_cut_plan v
       join iu_cut_run r on r.run_id = v.run_id
       join iu_source_pin s on s.pin_id = r.pin_id
       join iu_cut_mark m on m.run_id = v.run_id and m.ordinal = v.ordinal
       join iu_cut_plan_piece p on p.run_id = v.run_id and p.ordinal = v.ordinal
       left join iu_cut_doubt d on d.run_id = v.run_id and d.ordinal = v.ordinal
      where v.run_id = $1 and v.what = 'piece' and v.ordinal = $2`,
    [runId, ordinal],
  );
  return rows[0] as CutPiece | undefined;
}

/** A change of state of a run. */
export type CutLogRow = Pick<IuCutLogRow, 'to_state' | 'actor_ref' | 'recorded_by' | 'recorded_at' | 'detail'>;

/** A word that a person said about a piece. */
export interface CutDecisionRow
  extends Pick<IuCutDecisionRow, 'ordinal' | 'note' | 'actor_ref' | 'decided_by' | 'decided_at'> {
  /** Addresses of the units that it is, several are merged; none: it is new; null: the word before was withdrawn. */
  readonly units: readonly string[] | null;
  /** The last word about the piece, and not withdrawn. */
  readonly counts: boolean;
}

/** Every word about the pieces of a run, in order. */
async function listCutDecisions(database: Queryable, runId: string): Promise<readonly CutDecisionRow[]> {
  const { rows } = await database.query(
    `select d.ordinal, case when d.unit_ids is not null then array(select u.canonical_address from information_unit u
              where u.id = any (d.unit_ids) order by 1) end as units, d.note, d.actor_ref, d.decided_by, d.decided_at,
            d.decision_id in (select w.decision_id from fn_iu_cut_words($1) w) as counts
       from iu_cut_decision d where d.run_id = $1 order by d.decision_id`,
    [runId],
  );
  return rows.map(isoTimes) as unknown as readonly CutDecisionRow[];
}

/** One run with its manifest, its decisions and its log; undefined when there is no such run. */
export async function findCutRun(database: Queryable, runId: string) {
  const { rows } = await database.query(
    `select v.*, r.manifest::text as manifest, r.detail::text as detail
       from v_iu_cut_run v join iu_cut_run r on r.run_id = v.run_id where v.run_id = $1`,
    [runId],
  );
  const [run] = rows;
  if (run === undefined) return undefined;
  const log = await database.query(
    `select to_state, actor_ref, recorded_by, recorded_at, detail::text as detail from iu_cut_log where run_id = $1 order by log_id`,
    [runId],
  );
  return {
    run: isoTimes(run) as unknown as Omit<VIuCutRunRow, keyof CutRunRow> &
      CutRunRow &
      Pick<IuCutRunRow, 'manifest' | 'detail'>,
    decisions: await listCutDecisions(database, runId),
    log: log.rows.map(isoTimes) as unknown as readonly CutLogRow[],
  };
}
