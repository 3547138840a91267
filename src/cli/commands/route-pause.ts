import type { Command } from 'commander';
import { setRoutePaused } from '../../store/deliveries.js';
import { type CliContext, withExamples } from '../context.js';

/** `iu route pause|resume`; registered after `iu route`. */
export function register(program: Command, context: CliContext): void {
  const route = program.commands.find((command) => command.name() === 'route');
  if (route === undefined) throw new TypeError('iu route has to be registered first');
  registerSwitch(route, context, true);
  registerSwitch(route, context, false);
}

function registerSwitch(route: Command, context: CliContext, paused: boolean): void {
  const verb = paused ? 'pause' : 'resume';
  const description = paused
    ? 'Stop sending to a route; its events are decided and queued meanwhile, nothing is dropped'
    : 'Send to a route again; closes its breaker and forgets the failures that paused it';
  withExamples(
    route
      .command(verb)
      .description(description)
      .argument('<code>', 'code of the route')
      .requiredOption('--reason <text>', 'why; it stands in the log of gates'),
    `iu route ${verb} crm --reason 'maintenance of the receiver'`,
  ).action(async (code: string, options: { reason: string }, command: Command) => {
    const result = await context.withDatabase(command, ({ pool }) =>
      setRoutePaused(pool, code, paused, options.reason),
    );
    context
      .printer(command)
      .result(result, () => [
        `Route ${result.route_code} is ${result.paused ? 'paused' : 'resumed'}; ${result.waiting} deliveries wait.`,
      ]);
  });
}
