import type { Command } from 'commander';
import { describeConfig } from '../../install/config/index.js';
import { type CliContext, withExamples } from '../context.js';

/** `iu config show`. */
export function register(program: Command, context: CliContext): void {
  const config = withExamples(
    program.command('config').description('Configuration: flags, then environment, then one file'),
    'iu config show',
  );
  withExamples(
    config.command('show').description('Every value and where it comes from; secrets are hidden'),
    'iu config show --json',
  ).action((_options: object, command: Command) => {
    const printer = context.printer(command);
    const settled = context.config(command);
    const values = describeConfig(settled);
    printer.result({ file: settled.file ?? null, values }, () =>
      printer.table(
        [
          { title: 'key', value: (line) => line.key },
          { title: 'value', value: (line) => line.value },
          { title: 'from', value: (line) => line.source },
        ],
        values,
      ),
    );
  });
}
