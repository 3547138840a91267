import { type Command, Option } from 'commander';
import { exitCodes } from '../../contract/errors/exit-codes.js';
import { IuError } from '../../contract/errors/index.js';
import { recordChecks } from '../../install/record-checks.js';
import {
  type ApprovalAnswer,
  type ApprovalLimits,
  type ApprovalRow,
  approveRequest,
  backToDryRun,
  findApproval,
  goLive,
  listApprovals,
  type Readiness,
  type ReadinessItem,
  rejectRequest,
  requestLive,
  routeReadiness,
} from '../../store/going-live.js';
import { findRoute } from '../../store/routes.js';
import { type CliContext, withExamples } from '../context.js';
import { countedId, lengthInSeconds, wholeNumber } from '../global-options.js';
import { commandLineWithout, type PageOptions, withPaging } from '../paging.js';
import type { Printer } from '../printer.js';
import type { Column } from '../table.js';
import { routeNotThere, shareText } from './options.js';

const itemColumns: readonly Column<ReadinessItem>[] = [
  { title: 'item', value: (item) => item.item },
  {
    title: 'result',
    value: (item) => (item.passed ? 'pass' : 'FAIL'),
    paint: (item, palette) => (item.passed ? palette.green : palette.red),
  },
  { title: 'evidence', value: (item) => item.evidence },
  { title: 'what to do', value: (item) => item.action },
];

const openStates = new Set(['requested', 'approved', 'in_use']);

/** What comes next for a route that is ready: the step after the approval that it has. */
function nextStep(code: string, approval: ApprovalRow | undefined): string {
  if (approval?.state === 'in_use') return 'It is live already.';
  if (approval?.state === 'approved') return `To take it live: iu route go-live ${code} --reason TEXT`;
  if (approval?.state === 'requested') {
    const { approval_id: id, requested_by: by } = approval;
    return `Request ${id} of ${by} waits for a second person: iu route approve ${id} --note TEXT`;
  }
  return `To ask for it: iu route request-live ${code} --reason TEXT`;
}

function readinessLines(readiness: Readiness, approval: ApprovalRow | undefined, printer: Printer): string[] {
  const { route_code: code, version } = readiness;
  return [
    ...printer.table(itemColumns, readiness.items),
    readiness.ready
      ? `Route ${code}, version ${version}, is ready. ${nextStep(code, approval)}`
      : `Route ${code}, version ${version}, is not ready.`,
  ];
}

/** `iu route readiness`. */
export function registerReadiness(route: Command, context: CliContext): void {
  withExamples(
    route
      .command('readiness')
      .description(
        'Run both verify commands, record what they found, and judge whether the route may go live; exit code 2: no',
      )
      .argument('<code>', 'code of the route')
      .option('--no-verify', 'check nothing now, judge by the evidence that there is'),
    'iu route readiness crm',
  ).action(async (code: string, options: { verify: boolean }, command: Command) => {
    const printer = context.printer(command);
    const { readiness, approval } = await context.withDatabase(command, async (database) => {
      if ((await findRoute(database.pool, code)) === undefined) throw routeNotThere(code);
      if (options.verify) await recordChecks(database);
      const judged = await routeReadiness(database.pool, code);
      const { items } = await listApprovals(database.pool, { route: code }, { limit: 20 });
      return { readiness: judged, approval: items.find(({ state }) => openStates.has(state)) };
    });
    printer.result(readiness, () => readinessLines(readiness, approval, printer));
    if (!readiness.ready) context.endWith(exitCodes.unhealthy);
  });
}

interface LimitOptions {
  readonly maxEvents?: string;
  readonly for?: number;
  readonly canary?: string;
  readonly failureBudget?: number;
}

function withLimits(command: Command, usual: { forText: string; canary: string; budget: string }): Command {
  return command
    .option(
      '--max-events <count>',
      'most events to deliver; what is over is held, what is counted is tried again to its end',
      countedId,
    )
    .option('--for <time>', `how long it is good for, such as 12h or 7d${usual.forText}`, lengthInSeconds)
    .option('--canary <share>', `share of the subjects that is delivered, over 0 to 1${usual.canary}`, shareText)
    .option(
      '--failure-budget <count>',
      `failed sends within one hour; one more takes the route back to dry-run${usual.budget}`,
      wholeNumber(1, 1_000_000_000),
    );
}

function limitsOf(options: LimitOptions): ApprovalLimits {
  return {
    maxEvents: options.maxEvents,
    expiresAt: options.for === undefined ? undefined : new Date(Date.now() + options.for * 1000).toISOString(),
    canaryShare: options.canary,
    failureBudget: options.failureBudget,
  };
}

function limitsSentence(answer: ApprovalAnswer): string {
  const events = answer.max_events === null ? 'any number of events' : `${answer.max_events} events`;
  const share =
    Number(answer.canary_share) === 1 ? 'all subjects' : `a share of ${answer.canary_share} of the subjects`;
  return `Until ${answer.expires_at}, ${events}, ${share}, ${answer.failure_budget} failures an hour.`;
}

/** `iu route request-live`. */
export function registerRequestLive(route: Command, context: CliContext): void {
  const request = route
    .command('request-live')
    .description(
      'Ask a second person to let this version of a route go live, within limits; refused unless it is ready',
    )
    .argument('<code>', 'code of the route')
    .requiredOption('--reason <text>', 'why; the approver reads it');
  withExamples(
    withLimits(request, { forText: ' (default 30d)', canary: ' (default 1)', budget: ' (default 50)' }),
    "iu route request-live crm --reason 'four weeks of dry-run agree' --canary 0.05 --for 7d --max-events 10000",
  ).action(async (code: string, options: LimitOptions & { reason: string }, command: Command) => {
    const answer = await context.withDatabase(command, ({ pool }) =>
      requestLive(pool, code, options.reason, limitsOf(options)),
    );
    context
      .printer(command)
      .result(answer, () => [
        `Request ${answer.approval_id} for version ${answer.route_version} of route ${code}, by ${answer.requested_by}.`,
        limitsSentence(answer),
        `Somebody else approves it: iu route approve ${answer.approval_id} --note TEXT`,
      ]);
  });
}

/** `iu route approve`. */
export function registerApprove(route: Command, context: CliContext): void {
  const approve = route
    .command('approve')
    .description('Approve a request that somebody else made, as it is or narrower; nothing goes live by it yet')
    .argument('<id>', 'number of the request (iu route approvals)', countedId)
    .requiredOption('--note <text>', 'what you looked at');
  withExamples(
    withLimits(approve, { forText: '', canary: '', budget: '' }),
    "iu route approve 7 --note 'evidence read, receiver informed' --canary 0.01",
  ).action(async (id: string, options: LimitOptions & { note: string }, command: Command) => {
    const answer = await context.withDatabase(command, ({ pool }) =>
      approveRequest(pool, id, options.note, limitsOf(options)),
    );
    context
      .printer(command)
      .result(answer, () => [
        `Version ${answer.route_version} of route ${answer.route_code} may go live, says ${answer.approved_by}.`,
        limitsSentence(answer),
        `To take it live: iu route go-live ${answer.route_code} --reason TEXT`,
      ]);
  });
}

/** `iu route reject`. */
export function registerReject(route: Command, context: CliContext): void {
  withExamples(
    route
      .command('reject')
      .description('Reject a request, or take back an approval that is not in use')
      .argument('<id>', 'number of the request (iu route approvals)', countedId)
      .requiredOption('--reason <text>', 'why'),
    "iu route reject 7 --reason 'the receiver is not ready'",
  ).action(async (id: string, options: { reason: string }, command: Command) => {
    const result = await context.withDatabase(command, ({ pool }) => rejectRequest(pool, id, options.reason));
    context
      .printer(command)
      .result(result, () => [
        `${result.was === 'requested' ? 'Request' : 'Approval'} ${id} for route ${result.route_code} is gone.`,
      ]);
  });
}

const heldSentences: Readonly<Record<string, string>> = {
  master_gate_closed: 'the master gate is closed: iu gate open routes_master_enabled --reason TEXT',
  worker_gate_closed: 'the worker gate is closed: iu gate open route_worker_enabled --reason TEXT',
  delivery_gate_closed: 'the delivery gate is closed: iu gate open delivery_enabled --reason TEXT',
  route_paused: 'the route is paused',
};

/** `iu route go-live`. */
export function registerGoLive(route: Command, context: CliContext): void {
  withExamples(
    route
      .command('go-live')
      .description('Take an enabled, approved route live; readiness is judged once more')
      .argument('<code>', 'code of the route')
      .requiredOption('--reason <text>', 'why; it stands in the history of the route'),
    "iu route go-live crm --reason 'approved by bob'",
  ).action(async (code: string, options: { reason: string }, command: Command) => {
    const result = await context.withDatabase(command, ({ pool }) => goLive(pool, code, options.reason));
    context
      .printer(command)
      .result(result, () => [
        `Route ${code}, version ${result.route_version}, is live by approval ${result.approval_id} of ${result.approved_by}.`,
        limitsSentence(result),
        ...result.held_by.map(
          (hold) => `Its deliveries are held: ${heldSentences[hold] ?? hold.replaceAll('_', ' ')}.`,
        ),
        `To stop at once: iu route back-to-dry-run ${code} --reason TEXT`,
      ]);
  });
}

/** `iu route back-to-dry-run`. */
export function registerBackToDryRun(route: Command, context: CliContext): void {
  withExamples(
    route
      .command('back-to-dry-run')
      .description('Stop sending for a route and revoke its approval; what is queued stays and is held')
      .argument('<code>', 'code of the route')
      .requiredOption('--reason <text>', 'why; it stands in the history of the route'),
    "iu route back-to-dry-run crm --reason 'receiver counts doubles'",
  ).action(async (code: string, options: { reason: string }, command: Command) => {
    const result = await context.withDatabase(command, ({ pool }) => backToDryRun(pool, code, options.reason));
    context
      .printer(command)
      .result(result, () => [
        result.was_live
          ? `Route ${code} is in dry-run again; approval ${result.approval_id} is revoked.`
          : `Route ${code} was in dry-run already.`,
        ...(result.deliveries_waiting === 0 ? [] : [`${result.deliveries_waiting} deliveries wait and are held.`]),
      ]);
  });
}

const approvalColumns: readonly Column<ApprovalRow>[] = [
  { title: 'id', value: (row) => row.approval_id, align: 'right' },
  { title: 'route', value: (row) => row.route_code },
  { title: 'version', value: (row) => row.route_version, align: 'right' },
  {
    title: 'state',
    value: (row) => row.state,
    paint: (row, palette) =>
      row.state === 'in_use' ? palette.green : row.state === 'requested' ? palette.bold : palette.dim,
  },
  { title: 'requested by', value: (row) => row.requested_by },
  { title: 'approved by', value: (row) => row.approved_by },
  { title: 'until', value: (row) => row.expires_at },
  { title: 'events', value: (row) => `${row.events_used} of ${row.max_events ?? 'any'}`, align: 'right' },
  { title: 'canary', value: (row) => row.canary_share, align: 'right' },
  { title: 'reason', value: (row) => row.revoke_reason ?? row.approval_note ?? row.reason },
];

const approvalStates = ['requested', 'expired', 'rejected', 'approved', 'in_use', 'spent', 'revoked', 'void'] as const;

interface ApprovalsOptions extends PageOptions {
  readonly route?: string;
  readonly state?: string;
  readonly requestedBy?: string;
  readonly approvedBy?: string;
}

/** `iu route approvals`. */
export function registerApprovals(route: Command, context: CliContext): void {
  const approvals = route
    .command('approvals')
    .description('Requests and approvals with what each is worth now, newest first')
    .option('--route <code>', 'only of this route')
    .addOption(new Option('--state <state>', 'only in this state').choices(approvalStates))
    .option('--requested-by <person>', 'only of this login')
    .option('--approved-by <person>', 'only approved by this login');
  withExamples(withPaging(approvals, countedId), 'iu route approvals --state requested').action(
    async (options: ApprovalsOptions, command: Command) => {
      const page = await context.withDatabase(command, ({ pool }) => listApprovals(pool, options, options), {
        readOnlyAllowed: true,
      });
      const again = commandLineWithout(context.words, ['--after']);
      context.printer(command).page(page, { columns: approvalColumns, whenEmpty: 'Nothing was asked for.', again });
    },
  );
}

/** `iu route approval`. */
export function registerApproval(route: Command, context: CliContext): void {
  withExamples(
    route
      .command('approval')
      .description(
        'One request or approval with its limits and the readiness that it was made on: what an approver reads',
      )
      .argument('<id>', 'number of the request (iu route approvals)', countedId),
    'iu route approval 7',
  ).action(async (id: string, _options: object, command: Command) => {
    const printer = context.printer(command);
    const approval = await context.withDatabase(command, ({ pool }) => findApproval(pool, id), {
      readOnlyAllowed: true,
    });
    if (approval === undefined) {
      throw new IuError('IU424', { message: `There is no request or approval ${id}.` });
    }
    const { readiness, ...facts } = approval;
    printer.result(approval, () => [
      ...printer.facts(facts),
      `readiness, judged ${readiness.judged_at ?? 'never'}:`,
      ...printer.table(itemColumns, readiness.items ?? []),
    ]);
  });
}
