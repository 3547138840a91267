import type { Command } from 'commander';
import { exitCodes } from '../../contract/errors/exit-codes.js';
import { checkSecrets, type SecretCheck } from '../../deliver/secrets.js';
import { listTargetConfigs } from '../../store/test-send.js';
import { type CliContext, withExamples } from '../context.js';
import { routeNotThere } from '../route/options.js';
import type { Column } from '../table.js';

interface CheckedSecret extends SecretCheck {
  readonly route: string;
}

const columns: readonly Column<CheckedSecret>[] = [
  { title: 'route', value: (row) => row.route },
  { title: 'where', value: (row) => row.path },
  { title: 'reference', value: (row) => row.reference },
  {
    title: 'readable',
    value: (row) => (row.readable ? 'yes' : 'NO'),
    paint: (row, palette) => (row.readable ? palette.green : palette.red),
  },
  { title: 'why not', value: (row) => row.message ?? '' },
];

/** `iu secret check`. */
export function register(program: Command, context: CliContext): void {
  const secret = withExamples(
    program.command('secret').description('Secrets of targets: references only, never values'),
    'iu secret check',
  );
  withExamples(
    secret
      .command('check')
      .description(
        'Try to read every secret that a route refers to, in the environment of this process; shows no value',
      )
      .option('--route <code>', 'of this route only'),
    'iu secret check --route crm',
  ).action(async (options: { route?: string }, command: Command) => {
    const { route } = options;
    const all = await context.withDatabase(command, ({ pool }) => listTargetConfigs(pool), { readOnlyAllowed: true });
    const routes = route === undefined ? all : all.filter((one) => one.route_code === route);
    if (route !== undefined && routes.length === 0) throw routeNotThere(route);
    const checked: CheckedSecret[] = [];
    for (const { route_code: code, target_config: config } of routes) {
      const found = await checkSecrets(JSON.parse(config), context.environment);
      checked.push(...found.map((one) => ({ route: code, ...one })));
    }
    const printer = context.printer(command);
    printer.result({ items: checked }, () =>
      checked.length === 0 ? ['No route refers to a secret.'] : printer.table(columns, checked),
    );
    if (checked.some((one) => !one.readable)) context.endWith(exitCodes.unhealthy);
  });
}
