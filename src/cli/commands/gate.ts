import type { Command } from 'commander';
import { IuError } from '../../contract/errors/index.js';
import {
  drainGate,
  emissionKey,
  type GateRow,
  type GateSetResult,
  listGateLog,
  listGates,
  openSends,
  setGate,
} from '../../store/gates.js';
import type { Queryable } from '../../store/listing.js';
import { type CliContext, withExamples } from '../context.js';
import { countedId, lengthInSeconds, pointInTime, timeOption } from '../global-options.js';
import { commandLineWithout, type PageOptions, withPaging } from '../paging.js';
import type { Printer } from '../printer.js';
import type { Column } from '../table.js';

const gateColumns: readonly Column<GateRow>[] = [
  { title: 'gate', value: (gate) => gate.key },
  {
    title: 'state',
    value: (gate) => (gate.open ? 'open' : 'closed'),
    paint: (gate, palette) => (gate.open ? palette.green : palette.yellow),
  },
  { title: 'until', value: (gate) => gate.open_until },
  { title: 'changed', value: (gate) => gate.updated_at },
  { title: 'by', value: (gate) => gate.changed_by },
  { title: 'reason', value: (gate) => gate.reason },
];

/**
 * Waits until nothing runs that began while the gate was open, and with `sends` until every send that was claimed before is settled or released;
 * throws IU034 when something is left after the wait.
 */
export async function drainAfterClosing(
  database: Queryable,
  printer: Printer,
  key: string,
  waitSeconds: number,
  sends: boolean,
): Promise<void> {
  const endsAt = performance.now() + waitSeconds * 1000;
  const passes = sends ? 'passes and sends' : 'passes';
  const waitedFor = corpusGates.includes(key) ? 'operations and cuts' : passes;
  printer.note(`closed; waiting up to ${waitSeconds} s for ${waitedFor} that started before`);
  if (!(await drainGate(database, key, waitSeconds * 1000))) {
    throw new IuError('IU034', {
      message: `The gate is closed, but after ${waitSeconds} s something that started before still runs.`,
    });
  }
  if (!sends) return;
  for (;;) {
    const open = await openSends(database);
    if (open === 0) return;
    if (performance.now() > endsAt) {
      throw new IuError('IU034', {
        message: `The gate is closed and nothing more is claimed, but after ${waitSeconds} s ${open} sends are still in flight.`,
        hint: 'Each settles by its deadline (15 s unless the route says otherwise): `iu delivery leases` shows them.',
      });
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Gates that hold claims: after closing one of them sends are waited for too. */
const corpusGates: readonly string[] = ['iu_core.structure_ops_enabled', 'iu_core.autocut_enabled'];
const sendingGates: readonly string[] = ['iu_core.routes_master_enabled', 'iu_core.delivery_enabled'];

function registerList(gate: Command, context: CliContext): void {
  withExamples(
    gate.command('list').description('Every gate, open or closed, with who, when and why'),
    'iu gate list --json',
  ).action(async (_options: object, command: Command) => {
    const printer = context.printer(command);
    const items = await context.withDatabase(command, ({ pool }) => listGates(pool), { readOnlyAllowed: true });
    printer.page({ items, next: null }, { columns: gateColumns, whenEmpty: 'There are no gates.', again: '' });
  });
}

interface OpenOptions {
  readonly reason: string;
  readonly for?: number;
}

function registerOpen(gate: Command, context: CliContext): void {
  withExamples(
    gate
      .command('open')
      .description('Open a gate; with --for it closes by itself')
      .argument('<gate>', 'key of the gate, with or without the prefix iu_core.')
      .requiredOption('--reason <text>', 'why; it stands in the log of gates')
      .option('--for <time>', 'close again after this time, such as 30m or 2h', lengthInSeconds),
    "iu gate open route_worker_enabled --reason 'trial run' --for 2h",
  ).action(async (key: string, options: OpenOptions, command: Command) => {
    const printer = context.printer(command);
    const change = { key, open: true, reason: options.reason, openSeconds: options.for };
    const result = await context.withDatabase(command, ({ pool }) => setGate(pool, change));
    const limit = result.open_until === null ? '' : ` until ${result.open_until}`;
    printer.result(result, () => [`${result.key} is open${limit}${was(result)}`]);
  });
}

function was(result: GateSetResult): string {
  return result.was === result.value ? ' (it was already)' : '';
}

interface CloseOptions {
  readonly reason: string;
  readonly wait: number;
}

function registerClose(gate: Command, context: CliContext): void {
  withExamples(
    gate
      .command('close')
      .description('Close a gate and wait until nothing runs that started before; held work waits, nothing is dropped')
      .argument('<gate>', 'key of the gate, with or without the prefix iu_core.')
      .requiredOption('--reason <text>', 'why; it stands in the log of gates')
      .addOption(timeOption('--wait <time>', 'longest wait for what started before', '10s')),
    "iu gate close routes_master_enabled --reason 'receiver is down'",
  ).action(async (key: string, options: CloseOptions, command: Command) => {
    const printer = context.printer(command);
    const result = await context.withDatabase(command, async ({ pool }) => {
      // The pool commits the closing at once: from here on nothing new starts, whatever the wait gives.
      const closed = await setGate(pool, { key, open: false, reason: options.reason });
      if (closed.key !== emissionKey)
        await drainAfterClosing(pool, printer, closed.key, options.wait, sendingGates.includes(closed.key));
      return closed;
    });
    const drained = result.key !== emissionKey;
    printer.result({ ...result, drained }, () => [
      drained
        ? `${result.key} is closed${was(result)}; nothing that started before is running`
        : `${result.key} is closed${was(result)}: events are suppressed and counted, and health is red`,
    ]);
  });
}

interface LogOptions extends PageOptions {
  readonly gate?: string;
  readonly since?: string;
  readonly by?: string;
}

function registerLog(gate: Command, context: CliContext): void {
  const log = gate
    .command('log')
    .description('Who changed which gate or setting, when and why, newest first')
    .option('--gate <gate>', 'only this gate or setting', (key) =>
      key.startsWith('iu_core.') ? key : `iu_core.${key}`,
    )
    .option('--since <time>', 'only changes since then, such as 2h or 2026-03-01', pointInTime)
    .option('--by <person>', 'only changes of this session_user');
  withExamples(withPaging(log, countedId), 'iu gate log --gate route_worker_enabled --since 7d').action(
    async (options: LogOptions, command: Command) => {
      const filter = { key: options.gate, since: options.since, by: options.by };
      const page = await context.withDatabase(command, ({ pool }) => listGateLog(pool, filter, options), {
        readOnlyAllowed: true,
      });
      context.printer(command).page(page, {
        columns: [
          { title: 'id', value: (row) => row.log_id, align: 'right' },
          { title: 'when', value: (row) => row.changed_at },
          { title: 'what', value: (row) => row.config_key },
          { title: 'from', value: (row) => row.old_value },
          { title: 'to', value: (row) => row.new_value },
          { title: 'by', value: (row) => row.changed_by },
          { title: 'reason', value: (row) => row.reason },
        ],
        whenEmpty: 'Nothing was changed.',
        again: commandLineWithout(context.words, ['--after']),
      });
    },
  );
}

/** `iu gate list|open|close|log`. */
export function register(program: Command, context: CliContext): void {
  const gate = withExamples(
    program.command('gate').description('Gates: what may run, with reasons and a log'),
    'iu gate list',
  );
  registerList(gate, context);
  registerOpen(gate, context);
  registerClose(gate, context);
  registerLog(gate, context);
}
