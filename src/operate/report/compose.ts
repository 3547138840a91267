import type { ReportDocument, ReportPlot, ReportSection, ReportTable } from './document.js';
import { evidenceOf, type ReportInput } from './read.js';

type Rows = readonly Readonly<Record<string, string | null>>[];

/** A table of rows whose columns are named; `keys` of them tell a row apart. */
function tableOf(rows: Rows, columns: readonly string[], keys = 1): ReportTable {
  return {
    columns: columns.map((column) => column.replaceAll('_', ' ')),
    keys,
    rows: rows.map((row) => columns.map((column) => row[column] ?? null)),
  };
}

function section(title: string, more: Partial<Omit<ReportSection, 'title'>>): ReportSection {
  return { title, sentences: [], tables: [], plots: [], ...more };
}

const text = (value: unknown): string | null =>
  value === undefined || value === null ? null : typeof value === 'object' ? JSON.stringify(value) : String(value);
const list = (value: unknown): Readonly<Record<string, unknown>>[] => (Array.isArray(value) ? value : []);

/** Puts the report together; reads nothing, knows no clock. */
export function composeReport(input: ReportInput): ReportDocument {
  const { place, activation } = input;
  return {
    format: 'iu-core report 1',
    title: `IU Core: ${activation === undefined ? 'state' : `activation ${activation.activation_id}`} of ${place.deployment ?? place.database}`,
    facts: [
      ['database', place.database],
      ['schema', place.schema],
      ['cluster', place.cluster],
      ['deployment', place.deployment ?? 'nobody claimed it'],
      ['version', input.changes.at(-1)?.tool_version ?? 'nothing is installed'],
      ...(activation === undefined
        ? ([['activation', 'none is recorded']] as const)
        : ([
            ['activation', `${activation.activation_id}, ${activation.state}`],
            ['reason', activation.reason],
            ['began', `${activation.began_at} by ${activation.began_by}`],
            ['ended', activation.ended_at ?? 'not yet'],
          ] as const)),
    ],
    sections: [
      stepsSection(input),
      section('What changed', {
        tables: [
          tableOf(input.changes, ['change', 'tool_version', 'applied_by', 'applied_at', 'deploy_sha256']),
          tableOf(input.gateLog, ['changed_at', 'config_key', 'old_value', 'new_value', 'changed_by', 'reason'], 2),
        ],
      }),
      backupSection(input),
      section('Gates and settings', {
        sentences: ['A gate is open when its value is true and its time limit has not passed.'],
        tables: [tableOf(input.gates, ['key', 'value', 'open_until', 'changed_by', 'updated_at', 'reason'])],
      }),
      probeSection(input),
      decisionsSection(input),
      healthSection(input),
      routesSection(input),
      section('Evidence', {
        tables: [tableOf(input.evidence, ['kind', 'route_code', 'result', 'recorded_by', 'recorded_at'], 2)],
      }),
      section('What was NOT done', { sentences: notDone(input) }),
      section('How to go back', { sentences: wayBack(input) }),
    ],
  };
}

function stepsSection({ steps }: ReportInput): ReportSection {
  if (steps.length === 0)
    return section('Steps', { sentences: ['No step is recorded: this was not installed by iu activate.'] });
  const rows = steps.map((step) => {
    const evidence = JSON.parse(step.evidence) as Readonly<Record<string, unknown>>;
    const said = step.outcome === 'passed' ? null : (text(evidence.message) ?? text(evidence.reason) ?? text(evidence));
    return [step.step, step.outcome, step.began_at, step.ended_at, step.recorded_by, said];
  });
  const columns = ['step', 'outcome', 'began', 'ended', 'recorded by', 'what was said'];
  return section('Steps', { tables: [{ columns, keys: 1, rows }] });
}

function backupSection({ steps, evidence }: ReportInput): ReportSection {
  const row = steps.findLast((step) => step.step === 'backup');
  const made = evidenceOf(steps, 'backup');
  if (row?.outcome === 'passed') {
    const rows = ['file', 'bytes', 'sha256', 'tocEntries', 'tool', 'takenAt'].map((key) => [key, text(made[key])]);
    return section('Backup', { tables: [{ columns: ['what', 'value'], keys: 1, rows }] });
  }
  const later = evidence.find((one) => one.kind === 'backup');
  const said =
    row?.outcome === 'skipped' ? `No backup was made: ${text(made.reason)}.` : 'No backup was made by an activation.';
  return section('Backup', {
    sentences: [
      said,
      ...(later === undefined
        ? []
        : [`The last one on record: ${later.result}, ${later.recorded_at}, by ${later.recorded_by}.`]),
    ],
  });
}

function probeSection({ steps }: ReportInput): ReportSection {
  const probe = evidenceOf(steps, 'probe');
  const rows = list(probe.rows).map((row) => [text(row.table), text(row.before), text(row.inside), text(row.after)]);
  if (rows.length === 0) return section('Probe, before and after', { sentences: ['No probe is recorded.'] });
  const wrong = list(probe.failed);
  return section('Probe, before and after', {
    sentences: [`${text(probe.checks)} checks, ${wrong.length} failed. Rows that carried its mark:`],
    tables: [{ columns: ['table', 'before', 'inside', 'after'], keys: 1, rows }],
  });
}

function decisionsSection(input: ReportInput): ReportSection {
  const observed = evidenceOf(input.steps, 'observe');
  const window = observed.window as { readonly from: string; readonly to: string } | undefined;
  const byStatus = new Map<string, number>();
  for (const row of input.attempts)
    byStatus.set(row.status ?? '-', (byStatus.get(row.status ?? '-') ?? 0) + Number(row.attempts));
  const plots: ReportPlot[] = [];
  if (byStatus.size > 0) {
    const values = [...byStatus].map(([label, count]) => ({ label, count }));
    plots.push({ kind: 'bars', title: 'Attempts by status, all of the audit', values });
  }
  if (input.timeline.some((one) => one.count > 0)) {
    plots.push({ kind: 'columns', title: 'Decisions during the observation (UTC)', values: input.timeline });
  }
  const sentences =
    window === undefined
      ? ['No observation is recorded.']
      : [
          `Observed from ${window.from} to ${window.to}: ${text(observed.total)} decisions in ${text(observed.passes)} passes, ${text(observed.lost)} missing.`,
        ];
  return section('Decisions', {
    sentences,
    tables: [
      tableOf(input.attempts, ['route_code', 'status', 'attempts'], 2),
      tableOf(input.accounts, [
        'worker_name',
        'event_domain',
        'events',
        'decided',
        'pending',
        'lost',
        'queued',
        'waiting',
        'settled',
        'balanced',
      ]),
    ],
    plots,
  });
}

function healthSection({ steps, open }: ReportInput): ReportSection {
  const observed = evidenceOf(steps, 'observe');
  const reasons = Array.isArray(observed.health) ? observed.health.map(String) : undefined;
  const said =
    reasons === undefined
      ? ['Health was not recorded: iu health.']
      : reasons.length === 0
        ? ['Green at the end of the observation.']
        : reasons.map((reason) => `Red at the end of the observation: ${reason}`);
  return section('Health', {
    sentences: said,
    tables: [tableOf([open], ['dead_letters', 'deliveries', 'suppressed'], 0)],
  });
}

function routesSection({ routes, steps }: ReportInput): ReportSection {
  const readiness = evidenceOf(steps, 'readiness');
  const leftOut = text((readiness.left_out as { readonly routes?: number } | undefined)?.routes);
  const judged = list(readiness.routes).map((one) => [
    text(one.route),
    text(one.version),
    one.ready === true ? 'ready' : 'not ready',
    Array.isArray(one.missing) ? one.missing.join(', ') : null,
  ]);
  return section('Routes and their readiness', {
    sentences:
      leftOut === null ? [] : [`${leftOut} more routes were judged than the evidence holds: iu route readiness CODE.`],
    tables: [
      tableOf(routes, ['route_code', 'version', 'target_kind', 'state', 'approval_id']),
      { columns: ['route', 'version', 'judged', 'missing'], keys: 1, rows: judged },
    ],
  });
}

function notDone({ steps, routes, gates, place, activation }: ReportInput): string[] {
  const gate = (key: string) => gates.find((one) => one.key === `iu_core.${key}`)?.value === 'true';
  const live = routes.filter((route) => route.state === 'live').map((route) => route.route_code);
  const lastWords = new Map(steps.map((step) => [step.step, step.outcome]));
  return [
    gate('delivery_enabled') ? 'The gate of delivery IS open.' : 'Delivery was not switched on: its gate is closed.',
    live.length === 0 ? 'No route was taken live: nothing is sent.' : `Live routes: ${live.join(', ')}.`,
    ...(place.deployment === null ? ['Nobody has said that this database is the real one: iu deployment claim.'] : []),
    ...[...lastWords]
      .filter(([, outcome]) => outcome !== 'passed')
      .map(([step, outcome]) => `The step ${step} was ${outcome}.`),
    ...(activation?.state === 'open' ? ['The activation has not ended.'] : []),
    ...routes
      .filter((route) => route.state === 'disabled')
      .map((route) => `The route ${route.route_code} is disabled.`),
  ];
}

function wayBack({ routes, gates, adopted }: ReportInput): string[] {
  const isOpen = (key: string) => gates.find((one) => one.key === `iu_core.${key}`)?.value === 'true';
  const live = routes.filter((route) => route.state === 'live');
  return [
    ...live.map(
      (route) => `iu route back-to-dry-run ${route.route_code} --reason TEXT: what is queued stays and is held.`,
    ),
    ...(isOpen('routes_master_enabled')
      ? ['iu disable --level 1 --reason TEXT: nothing is decided or sent; events are recorded and wait.']
      : []),
    ...(adopted
      ? ['iu adopt back gives the former catalog and keeps the rows; it is refused while something would be lost.']
      : [
          'iu migrate down --dry-run shows what taking back the last change does; it is refused while something would be lost.',
          'iu uninstall takes everything back; the backup named above is the way behind that.',
        ]),
  ];
}
