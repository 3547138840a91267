import { quoteIdentifier } from '../../store/session.js';
import { loadChanges } from '../migrate/changes.js';
import { scriptSteps } from '../migrate/run.js';

const patterns: readonly (readonly [kind: string, pattern: RegExp])[] = [
  ['function', /^create (?:or replace )?(?:function|procedure) (\w+)/i],
  ['view', /^create (?:or replace )?view (\w+)/i],
  ['trigger', /^create (?:constraint )?trigger (\w+)[\s\S]*?\bon (\w+)/i],
  ['index', /^create (?:unique )?index (\w+)/i],
  ['type', /^create type (\w+)/i],
  ['table', /^create table (?:if not exists )?(\w+)/i],
];

/** The statements that make each object, by `kind name`, as the changes of this package have them; a later one replaces an earlier. */
export function statementsByObject(sqlFolder: string): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  const add = (key: string, text: string) => found.set(key, [...(found.get(key) ?? []), text]);
  for (const { text } of loadChanges(sqlFolder).flatMap((change) => scriptSteps(change.deploy))) {
    for (const [kind, pattern] of patterns) {
      const match = pattern.exec(text);
      if (match === null) continue;
      add(kind === 'trigger' ? `trigger ${match[2]}.${match[1]}` : `${kind} ${match[1]}`, text);
    }
    const always = /^alter table (\w+) enable always trigger (\w+)/i.exec(text);
    if (always !== null) add(`trigger ${always[1]}.${always[2]}`, text);
  }
  return found;
}

/** Text that cannot leave the comment it stands in. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: names may hold them
export const inComment = (text: string): string => text.replace(/[\u0000-\u001f\u007f\u0085\u2028\u2029]+/g, ' ');

/** A concurrent build waits for older transactions without blocking anybody, so it may wait longer than a statement that blocks. */
const patiently = (texts: readonly string[]): string[] => [
  "set lock_timeout = '60s'",
  ...texts,
  "set lock_timeout = '300ms'",
];

/** The index is built beside the one that is there and takes its name when it is complete: no moment is without one. */
function indexRepair(name: string, texts: readonly string[], state: 'missing' | 'changed'): string[] {
  const built = `${name.slice(0, 50)}__rebuilt`;
  const former = `${name.slice(0, 50)}__former`;
  const made = texts.map((text) =>
    text.replace(
      /^create (unique )?index \w+/i,
      (_, unique = '') => `create ${unique}index concurrently ${quoteIdentifier(built)}`,
    ),
  );
  return patiently([
    `drop index concurrently if exists ${quoteIdentifier(built)}`,
    ...made,
    'begin',
    ...(state === 'changed' ? [`alter index ${quoteIdentifier(name)} rename to ${quoteIdentifier(former)}`] : []),
    `alter index ${quoteIdentifier(built)} rename to ${quoteIdentifier(name)}`,
    'commit',
    ...(state === 'changed' ? [`drop index concurrently ${quoteIdentifier(former)}`] : []),
  ]);
}

/** SQL that puts an object back as this version has it, to be run as iu_owner; null where a person has to decide. */
export function repairOf(
  statements: ReadonlyMap<string, readonly string[]>,
  object: { readonly kind: string; readonly identity: string },
  state: 'missing' | 'changed',
): string | null {
  const { kind, identity } = object;
  const name = kind === 'function' ? (identity.split('(')[0] ?? identity) : identity;
  const texts = statements.get(`${kind} ${name}`);
  if (texts === undefined || kind === 'table' || kind === 'type') return null;
  const [table = '', trigger = ''] = identity.split('.');
  const made =
    kind === 'index'
      ? indexRepair(name, texts, state)
      : kind === 'trigger'
        ? [
            'begin',
            `drop trigger if exists ${quoteIdentifier(trigger)} on ${quoteIdentifier(table)}`,
            ...texts,
            'commit',
          ]
        : texts;
  return made.map((text) => `${text};`).join('\n');
}

/** How an object of our shape that nobody knows would go, for whoever decides that it should. Never executed: it may be somebody's data. */
export function removalOf({ kind, identity }: { readonly kind: string; readonly identity: string }): string | null {
  const [table = '', part = ''] = identity.split('.').map(quoteIdentifier);
  switch (kind) {
    case 'function': {
      const [name = '', types = ''] = identity.split(/(?=\()/);
      return `drop function ${quoteIdentifier(name)}${types};`;
    }
    case 'view':
    case 'table':
    case 'sequence':
    case 'type':
      return `drop ${kind} ${quoteIdentifier(identity)};`;
    case 'index':
      return `drop index concurrently ${quoteIdentifier(identity)};`;
    case 'trigger':
    case 'rule':
      return `drop ${kind} ${part} on ${table};`;
    case 'constraint':
      return `alter table ${table} drop constraint ${part};`;
    case 'column':
      return `alter table ${table} drop column ${part};`;
    default:
      return null;
  }
}
