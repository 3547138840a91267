import { hostname } from 'node:os';
import type { Command } from 'commander';
import { exitCodes } from '../contract/errors/exit-codes.js';
import { IuError } from '../contract/errors/index.js';
import { alertLine } from '../contract/operate/alert.js';
import { usualStateFile } from '../operate/alert/state-file.js';
import { type Look, Watchdog, type WatchdogSettings } from '../operate/alert/watch.js';
import { type AlertSender, type AlertWay, commandWay, urlWay } from '../operate/alert/ways.js';
import type { CliContext } from './context.js';
import type { LogFields } from './log.js';
import { connectionFor } from './settings.js';
import { surroundingsOf } from './worker-process.js';

/** Flags of `iu health` that are about watching. */
export interface WatchFlags {
  readonly watch?: boolean;
  readonly alert?: boolean;
  readonly every: number;
  readonly repeat: number;
  readonly alertCommand?: string;
  readonly alertUrl?: string;
  readonly alertSecret: readonly string[];
  readonly state?: string;
  readonly name?: string;
}

/** `iu health --watch` and `--alert`: look, tell what changed, and with `--watch` again until stopped. */
export async function watchHealth(flags: WatchFlags, command: Command, context: CliContext): Promise<void> {
  if (flags.alert === true && flags.alertCommand === undefined && flags.alertUrl === undefined) {
    throw new IuError('IU860');
  }
  const printer = context.printer(command);
  const connection = await connectionFor(context.config(command), (text) => printer.note(text));
  const from = { name: installationName(connection.url, context.config(command).deployment), host: hostname() };
  const ways: AlertWay[] = [];
  try {
    ways.push(...(await openWays(flags, from, command, context)));
    const dog = new Watchdog(settingsOf(flags, command, context, connection, ways));
    const show = (look: Look) => {
      const { told, failed, ...seen } = look;
      printer.result({ ...seen, told: told?.kind ?? null, alert_id: told?.id ?? null, failed }, () =>
        told === null ? quietLine(flags, look) : [alertLine(told, from.name)],
      );
    };
    if (flags.watch === true) {
      await dog.run(context.stopSignal(), (look) => {
        if (look.told !== null || look.failed.length > 0) show(look);
      });
      return;
    }
    const look = await dog.look();
    show(look);
    if (look.failed.length > 0) {
      throw new IuError('IU862', {
        message: `The alert was not taken: ${look.failed.map(({ way, why }) => `${way}: ${why}`).join('; ')}.`,
      });
    }
    if (!look.healthy) context.endWith(exitCodes.unhealthy);
  } finally {
    for (const way of ways) await way.close();
    await connection.release();
  }
}

function quietLine(flags: WatchFlags, look: Look): string[] {
  if (flags.watch === true) return [];
  return [look.healthy ? 'healthy, nothing to tell' : 'unhealthy, told before'];
}

/** What an alert calls the installation: its deployment name, otherwise the name of the database. */
function installationName(url: string, deployment: string | undefined): string {
  return deployment ?? (decodeURIComponent(new URL(url).pathname.slice(1)) || 'database');
}

async function openWays(
  flags: WatchFlags,
  from: AlertSender,
  command: Command,
  context: CliContext,
): Promise<AlertWay[]> {
  const ways: AlertWay[] = [];
  if (flags.alertCommand !== undefined) ways.push(commandWay(flags.alertCommand, from, context.environment));
  if (flags.alertUrl !== undefined) {
    ways.push(await urlWay(flags.alertUrl, flags.alertSecret, from, surroundingsOf(context, command)));
  }
  return ways;
}

function settingsOf(
  flags: WatchFlags,
  command: Command,
  context: CliContext,
  connection: { readonly url: string; readonly schema: string },
  ways: readonly AlertWay[],
): WatchdogSettings {
  const logger = context.logger(command);
  const { url, schema } = connection;
  const host = hostname();
  return {
    ...{ url, schema, host, ways },
    watcher: flags.name ?? `health@${host.replaceAll(/[^A-Za-z0-9._@-]/g, '-')}`.slice(0, 100),
    everySeconds: flags.every,
    repeatSeconds: flags.repeat,
    stateFile: flags.state ?? usualStateFile(url, schema, context.environment),
    log: (level, message, fields) => logger[level](message, fields as LogFields | undefined),
  };
}
