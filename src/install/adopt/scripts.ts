import { adoptableTables, adoptedChanges } from '../../contract/adoption/catalog.js';
import { type Change, loadChanges } from '../migrate/changes.js';
import { type Step, scriptSteps } from '../migrate/run.js';

/** The table that a statement of a change makes, completes or describes; undefined for anything else. */
export function tableOf(statement: string): { readonly table: string; readonly makes: boolean } | undefined {
  const made = /^create table (?:if not exists )?(\w+)/i.exec(statement)?.[1];
  if (made !== undefined) return { table: made, makes: true };
  const patterns = [
    /^create (?:unique )?index \w+\s+on (\w+)/i,
    /^alter table (\w+)\s+add constraint/i,
    /^comment on (?:table|column) (\w+)/i,
  ];
  for (const pattern of patterns) {
    const table = pattern.exec(statement)?.[1];
    if (table !== undefined) return { table, makes: !/^comment/i.test(statement) };
  }
  return undefined;
}

/** The statements by which this version makes the tables that can be adopted, in order. */
export function tableStatements(sqlFolder: string): string[] {
  const wanted: ReadonlySet<string> = new Set(adoptableTables);
  // what later changes add to these tables they add themselves
  const changes = loadChanges(sqlFolder).filter(({ name }) => (adoptedChanges as readonly string[]).includes(name));
  return changes
    .flatMap((change) => scriptSteps(change.deploy))
    .flatMap(({ text }) => {
      const about = tableOf(text);
      return about?.makes === true && wanted.has(about.table) ? [text] : [];
    });
}

/** A change without what makes or describes tables that were there before. */
export function adaptedDeploy(change: Change, adopted: ReadonlySet<string>): Step[] {
  return scriptSteps(change.deploy).filter(({ text }) => {
    const about = tableOf(text);
    return about === undefined || !adopted.has(about.table);
  });
}

/**
 * The way back of such a change: without the guard that counts rows which were there before, without dropping those tables, and
 * without deleting settings; our triggers on them go by name.
 */
export function adaptedRollback(change: Change, adopted: ReadonlySet<string>, triggers: readonly string[]): Step[] {
  const kept = scriptSteps(change.rollback).filter(({ text }) => {
    if (/^do \$/i.test(text) || /^(delete from|update) /i.test(text)) return false;
    const dropped = /^drop table (\w+)/i.exec(text)?.[1] ?? /^alter table (\w+) drop constraint/i.exec(text)?.[1];
    if (dropped !== undefined && adopted.has(dropped)) return false;
    return !/^drop trigger (\w+) on (\w+)/i.test(text);
  });
  const ours = triggers.flatMap((identity) => {
    const [table = '', name = ''] = identity.split('.');
    return adopted.has(table) ? [{ text: `drop trigger if exists ${name} on ${table}` }] : [];
  });
  return [...ours, ...kept];
}

/** The statement that makes the journal, as its change has it. */
export function journalStatement(sqlFolder: string): string {
  const found = loadChanges(sqlFolder)
    .flatMap((change) => scriptSteps(change.deploy))
    .find(({ text }) => /^create table if not exists iu_adoption_step/i.test(text));
  if (found === undefined) throw new TypeError('no change makes iu_adoption_step');
  return found.text;
}
