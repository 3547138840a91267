import type { Command } from 'commander';
import { ladderDisable, ladderEnable } from '../../store/gates.js';
import { type CliContext, withExamples } from '../context.js';
import { timeOption, wholeNumber } from '../global-options.js';
import { drainAfterClosing } from './gate.js';

/** Highest level whose step passes and claims look at, so that those which began before have to be waited for. */
const highestDrainedLevel = 2;
/** Levels that stop claims: their sends are waited for too. */
const sendingLevels: readonly number[] = [1, 2];

const ladderText = `
Levels:
  0  worker gate    stops passes and replays; events are recorded and wait; what is queued is still delivered
  1  master gate    stops every pass, replay and claim; events and deliveries wait
  2  routes         stops every route; events met meanwhile are decided skipped and can be revived
  3  triggers       stops the recording of new versions and SQL links: those events are not recorded (last resort)
Each level does its own step only.`;

interface DisableOptions {
  readonly level: number;
  readonly reason: string;
  readonly wait: number;
}

function registerDisable(program: Command, context: CliContext): void {
  withExamples(
    program
      .command('disable')
      .description('One step of the disable ladder: stop at once')
      .requiredOption('--level <level>', 'how far, 0 to 3', wholeNumber(0, 3))
      .requiredOption('--reason <text>', 'why; it stands in the log of gates')
      .addOption(
        timeOption(
          '--wait <time>',
          'longest wait for passes that started before, and from level 1 on for sends',
          '10s',
        ),
      )
      .addHelpText('after', ladderText),
    "iu disable --level 0 --reason 'receiver is down'",
  ).action(async (options: DisableOptions, command: Command) => {
    const printer = context.printer(command);
    const result = await context.withDatabase(command, async ({ pool }) => {
      const done = await ladderDisable(pool, options.level, options.reason);
      if (options.level <= highestDrainedLevel) {
        await drainAfterClosing(
          pool,
          printer,
          'iu_core.routes_master_enabled',
          options.wait,
          sendingLevels.includes(options.level),
        );
      }
      return done;
    });
    printer.result(result, () => [
      `level ${result.level}: ${result.did}`,
      `  stops:          ${result.stops ?? '-'}`,
      `  leaves running: ${result.leaves_running ?? '-'}`,
      `  way back:       iu enable --level ${result.level} --reason TEXT`,
    ]);
  });
}

interface EnableOptions {
  readonly level: number;
  readonly reason: string;
}

function registerEnable(program: Command, context: CliContext): void {
  withExamples(
    program
      .command('enable')
      .description('The way back from one step of the disable ladder; what was live before level 2 sends again')
      .requiredOption('--level <level>', 'which step, 0 to 3', wholeNumber(0, 3))
      .requiredOption('--reason <text>', 'why; it stands in the log of gates')
      .addHelpText('after', ladderText),
    "iu enable --level 0 --reason 'receiver is back'",
  ).action(async (options: EnableOptions, command: Command) => {
    const result = await context.withDatabase(command, ({ pool }) => ladderEnable(pool, options.level, options.reason));
    context.printer(command).result(result, () => [`level ${result.level}: ${result.did}`]);
  });
}

/** `iu disable` and `iu enable`. */
export function register(program: Command, context: CliContext): void {
  registerDisable(program, context);
  registerEnable(program, context);
}
