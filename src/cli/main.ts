#!/usr/bin/env node
import { realpathSync } from 'node:fs';
import { argv, env, exit, stderr, stdout } from 'node:process';
import { fileURLToPath } from 'node:url';
import { register as activate } from './commands/activate.js';
import { register as adopt } from './commands/adopt.js';
import { register as attempt } from './commands/attempt.js';
import { register as backup } from './commands/backup.js';
import { register as completion } from './commands/completion.js';
import { register as config } from './commands/config.js';
import { register as cursor } from './commands/cursor.js';
import { register as cut } from './commands/cut.js';
import { register as deadLetter } from './commands/dead-letter.js';
import { register as delivery } from './commands/delivery.js';
import { register as demo } from './commands/demo.js';
import { register as deployment } from './commands/deployment.js';
import { register as doctor } from './commands/doctor.js';
import { register as drift } from './commands/drift.js';
import { register as event } from './commands/event.js';
import { register as eventType } from './commands/event-type.js';
import { register as evidence } from './commands/evidence.js';
import { register as gap } from './commands/gap.js';
import { register as gate } from './commands/gate.js';
import { register as health } from './commands/health.js';
import { register as ladder } from './commands/ladder.js';
import { register as link } from './commands/link.js';
import { register as log } from './commands/log.js';
import { register as migrate } from './commands/migrate.js';
import { register as precheck } from './commands/precheck.js';
import { register as probe } from './commands/probe.js';
import { register as prune } from './commands/prune.js';
import { register as redact } from './commands/redact.js';
import { register as replay } from './commands/replay.js';
import { register as report } from './commands/report.js';
import { register as route } from './commands/route.js';
import { register as routePause } from './commands/route-pause.js';
import { register as secret } from './commands/secret.js';
import { register as structure } from './commands/structure.js';
import { register as target } from './commands/target.js';
import { register as uninstall } from './commands/uninstall.js';
import { register as unit } from './commands/unit.js';
import { register as verify } from './commands/verify.js';
import { register as worker } from './commands/worker.js';
import type { CliSurroundings, RegisterCommand } from './context.js';
import { processStopSignal, runCli } from './run.js';

/** Every command of `iu`, in the order of the help. A new command is one file and two lines here. */
export const commands: readonly RegisterCommand[] = [
  config,
  precheck,
  migrate,
  adopt,
  verify,
  drift,
  uninstall,
  activate,
  report,
  worker,
  health,
  doctor,
  gate,
  ladder,
  route,
  routePause,
  target,
  deployment,
  gap,
  evidence,
  backup,
  event,
  eventType,
  attempt,
  delivery,
  deadLetter,
  secret,
  replay,
  cursor,
  prune,
  log,
  redact,
  cut,
  unit,
  structure,
  link,
  probe,
  demo,
  completion,
];

const processSurroundings: CliSurroundings = { stdout, stderr, environment: env, stopSignal: processStopSignal };

/** Runs one command line and resolves to its exit code. */
export function main(words: readonly string[], surroundings = processSurroundings): Promise<number> {
  return runCli(words, commands, surroundings);
}

if (argv[1] !== undefined && realpathSync(argv[1]) === fileURLToPath(import.meta.url)) {
  // A reader that went away (`iu event list | head -1`) is no failure.
  stdout.on('error', (error: NodeJS.ErrnoException) => (error.code === 'EPIPE' ? exit(0) : undefined));
  stderr.on('error', () => {});
  process.exitCode = await main(argv.slice(2));
}
