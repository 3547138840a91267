import { Argument, type Command, Option } from 'commander';
import { listTargets, registerTarget, type TargetRow, unregisterTarget } from '../../store/targets.js';
import { type CliContext, withExamples } from '../context.js';
import { commandLineWithout, type PageOptions, withPaging } from '../paging.js';
import type { Column } from '../table.js';

/** Kinds of target in the database: what a route may name has to be registered. */
const kinds = ['sql_function', 'table'] as const;

const targetColumns: readonly Column<TargetRow>[] = [
  { title: 'kind', value: (row) => row.target_kind },
  { title: 'name', value: (row) => row.target_ref },
  { title: 'object', value: (row) => row.identity },
  {
    title: 'state',
    value: (row) => (row.sha256 === null ? 'gone' : 'there'),
    paint: (row, palette) => (row.sha256 === null ? palette.red : palette.green),
  },
  { title: 'routes', value: (row) => row.routes.join(', ') },
  { title: 'by', value: (row) => row.registered_by },
  { title: 'when', value: (row) => row.registered_at },
  { title: 'reason', value: (row) => row.reason },
];

function registerRegister(target: Command, context: CliContext): void {
  withExamples(
    target
      .command('register')
      .description('Allow routes to deliver to a function (uuid, jsonb) or a table (delivery_id, event_id, event)')
      .addArgument(new Argument('<kind>', 'kind of target').choices(kinds))
      .argument('<name>', 'the name that routes use')
      .argument('<object>', 'schema.function(uuid,jsonb) or schema.table')
      .requiredOption('--reason <text>', 'why; it stands in the list'),
    "iu target register sql_function take_order 'app.take_order(uuid,jsonb)' --reason 'orders of the shop'",
  ).action(async (kind: string, ref: string, identity: string, options: { reason: string }, command: Command) => {
    const wanted = { kind, ref, identity, reason: options.reason };
    const result = await context.withDatabase(command, ({ pool }) => registerTarget(pool, wanted));
    context
      .printer(command)
      .result(result, () => [`Target ${result.target_ref} is ${result.target_kind} ${result.identity}.`]);
  });
}

function registerList(target: Command, context: CliContext): void {
  const list = target
    .command('list')
    .description('Functions and tables of this database that routes may deliver to, and the routes that do')
    .addOption(new Option('--kind <kind>', 'only this kind').choices(kinds));
  withExamples(withPaging(list), 'iu target list').action(
    async (options: PageOptions & { kind?: string }, command: Command) => {
      const page = await context.withDatabase(command, ({ pool }) => listTargets(pool, options, options), {
        readOnlyAllowed: true,
      });
      const again = commandLineWithout(context.words, ['--after']);
      context.printer(command).page(page, { columns: targetColumns, whenEmpty: 'No target is registered.', again });
    },
  );
}

function registerUnregister(target: Command, context: CliContext): void {
  withExamples(
    target
      .command('unregister')
      .description('Take a target off the list; refused while a live route or a waiting delivery uses it')
      .addArgument(new Argument('<kind>', 'kind of target').choices(kinds))
      .argument('<name>', 'the name it was registered under')
      .requiredOption('--reason <text>', 'why; it stands in the log of gates'),
    "iu target unregister sql_function take_order --reason 'the shop is gone'",
  ).action(async (kind: string, ref: string, options: { reason: string }, command: Command) => {
    const unwanted = { kind, ref, reason: options.reason };
    const result = await context.withDatabase(command, ({ pool }) => unregisterTarget(pool, unwanted));
    context
      .printer(command)
      .result(result, () => [`Target ${result.target_ref} (${result.identity}) is unregistered.`]);
  });
}

/** `iu target register|list|unregister`. */
export function register(program: Command, context: CliContext): void {
  const target = withExamples(
    program.command('target').description('Functions and tables of this database that routes may deliver to'),
    'iu target list',
  );
  registerRegister(target, context);
  registerList(target, context);
  registerUnregister(target, context);
}
