import { type Command, InvalidArgumentError, Option } from 'commander';
import { IuError } from '../../contract/errors/index.js';
import { jsonObjectText, wholeNumber } from '../global-options.js';
import { RawJson, renderJson } from '../json.js';

/** Kinds of target that a route can name; those of the second line stay dry-run for ever. */
export const targetKinds = [
  ...['sql_function', 'table', 'webhook', 'directus_flow', 'nats', 'kafka'],
  ...['workflow', 'vector', 'report', 'external_endpoint'],
] as const;

/** The refusal of a code that no route has. */
export function routeNotThere(code: string): IuError {
  return new IuError('IU337', { message: `There is no route '${code}'.`, hint: '`iu route list` shows the routes.' });
}

/** What is said about a route: all of it optional, except where a command asks for it. */
export interface RouteOptions {
  readonly targetKind?: string;
  readonly targetRef?: string;
  readonly domain?: string;
  readonly type?: string;
  readonly stream?: string;
  readonly filter?: string;
  readonly targetConfig?: string;
  readonly retryPolicy?: string;
  readonly ordering?: string;
  readonly onDeadLetter?: string;
  readonly ratePerSecond?: number;
  readonly maxConcurrency?: number;
}

/** Options of a route as JSON members for the database; documents stay as they were given, what was not said is left out. */
export function routeMembers(options: RouteOptions): Record<string, unknown> {
  const document = (text: string | undefined) => (text === undefined ? undefined : new RawJson(text));
  return {
    event_domain: options.domain,
    event_type: options.type,
    event_stream: options.stream,
    filter: options.filter,
    target_kind: options.targetKind,
    target_ref: options.targetRef,
    target_config: document(options.targetConfig),
    retry_policy: document(options.retryPolicy),
    ordering: options.ordering,
    on_dead_letter: options.onDeadLetter,
    rate_per_second: options.ratePerSecond,
    max_concurrency: options.maxConcurrency,
  };
}

/** Adds the options of a route; a new one must name its target. */
export function withRouteOptions(command: Command, isNew: boolean): Command {
  const kind = new Option('--target-kind <kind>', 'kind of target').choices(targetKinds);
  const usual = (text: string) => (isNew ? ` (default ${text})` : '');
  return command
    .addOption(isNew ? kind.makeOptionMandatory() : kind)
    .addOption(
      new Option('--target-ref <ref>', 'the target: an address, a function, a subject').makeOptionMandatory(isNew),
    )
    .option('--domain <pattern>', `events of this domain; a * at the end stands for anything${usual('*')}`)
    .option('--type <pattern>', `events of this type, such as structure_*${usual('*')}`)
    .option('--stream <pattern>', `events of this stream${usual('*')}`)
    .option('--filter <jsonpath>', 'only events whose payload this jsonpath predicate accepts')
    .option('--target-config <json>', 'further settings of the target; secrets as references only', jsonObjectText)
    .option('--retry-policy <json>', 'when to try again', jsonObjectText)
    .addOption(new Option('--ordering <ordering>', 'order of delivery').choices(['none', 'subject']))
    .addOption(
      new Option('--on-dead-letter <what>', 'what a dead letter does to its subject').choices(['continue', 'hold']),
    )
    .option('--rate-per-second <count>', 'most sends a second', wholeNumber(1, 1_000_000))
    .option('--max-concurrency <count>', 'most sends at once', wholeNumber(1, 10_000));
}

/** Names that `--clear` knows, and the member that each stands for. */
const clearable: Readonly<Record<string, string>> = {
  domain: 'event_domain',
  type: 'event_type',
  stream: 'event_stream',
  filter: 'filter',
  'target-config': 'target_config',
  'retry-policy': 'retry_policy',
  ordering: 'ordering',
  'on-dead-letter': 'on_dead_letter',
  'rate-per-second': 'rate_per_second',
  'max-concurrency': 'max_concurrency',
};

/** Options of a change: those of a route, and what gets back what a new route has. */
export interface ChangeOptions extends RouteOptions {
  readonly clear?: readonly string[];
}

export function withChangeOptions(command: Command): Command {
  return withRouteOptions(command, false).addOption(
    new Option('--clear <what...>', 'back to what a new route has').choices(Object.keys(clearable)),
  );
}

/** A change as JSON text for the database. */
export function changeText(options: ChangeOptions): string {
  const cleared = (options.clear ?? []).map((name) => [clearable[name] ?? name, null]);
  return renderJson({ ...routeMembers(options), ...Object.fromEntries(cleared) });
}

/** Parser of a share of subjects: decimal text over 0 to 1, as it was written. */
export function shareText(text: string): string {
  if (/^(0?\.\d{1,9}|1(\.0{1,9})?)$/.test(text) && Number(text) > 0) return text.startsWith('.') ? `0${text}` : text;
  throw new InvalidArgumentError('It has to be a share over 0 to 1, such as 0.05.');
}
