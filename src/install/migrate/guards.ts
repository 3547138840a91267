import type { ClientBase } from 'pg';
import { beginSql } from '../../store/migration.js';
import type { Change } from './changes.js';
import { type StepFailure, scriptSteps, sendSteps } from './run.js';

/** What the guards in the rollback of a change would refuse now, asked in a transaction that can write nothing. */
export async function refusedByGuards(
  client: ClientBase,
  schema: string,
  change: Change,
): Promise<StepFailure | undefined> {
  const guards = scriptSteps(change.rollback).filter(({ text }) => /^do \$/i.test(text));
  if (guards.length === 0) return undefined;
  const begin = beginSql(schema, { asOwner: true, statementTimeout: '30min' }).map((text) => ({ text }));
  return sendSteps(client, [...begin, { text: 'set transaction read only' }, ...guards, { text: 'rollback' }]);
}
