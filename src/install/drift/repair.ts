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
  const drop =
    kind === 'trigger'
      ? `drop trigger if exists ${identity.split('.')[1]} on ${identity.split('.')[0]}`
      : kind === 'index' && state === 'changed'
        ? `drop index concurrently if exists ${identity}`
        : undefined;
  const made = texts.map((text) => (kind === 'index' ? text.replace(/ index /i, ' index concurrently ') : text));
  return [...(drop === undefined ? [] : [drop]), ...made].map((text) => `${text};`).join('\n');
}

/** How an object of our shape that nobody knows would go, for whoever decides that it should. */
export function removalOf({ kind, identity }: { readonly kind: string; readonly identity: string }): string | null {
  const [table = '', part = ''] = identity.split('.');
  switch (kind) {
    case 'function':
      return `drop function ${identity};`;
    case 'view':
    case 'table':
    case 'sequence':
    case 'type':
      return `drop ${kind} ${identity};`;
    case 'index':
      return `drop index concurrently ${identity};`;
    case 'trigger':
      return `drop trigger ${part} on ${table};`;
    case 'constraint':
      return `alter table ${table} drop constraint ${part};`;
    case 'column':
      return `alter table ${table} drop column ${part};`;
    default:
      return null;
  }
}
