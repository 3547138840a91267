import type { ClientBase } from 'pg';
import { beginSql, logFailedSql, registryExists } from '../../store/migration.js';
import { toolVersion } from './changes.js';
import type { StepFailure } from './run.js';

/** Writes a failure into the log, in a transaction of its own; nothing when there is no registry or no connection any more. */
export async function recordFailure(
  client: ClientBase,
  schema: string,
  entry: { change: string; action: 'deploy' | 'rollback'; failure: StepFailure; milliseconds: number },
): Promise<void> {
  const { change, action, failure, milliseconds } = entry;
  const row = { change, action, code: failure.code, place: failure.place, toolVersion: toolVersion(), milliseconds };
  try {
    if (!(await registryExists(client, schema))) return;
    for (const text of beginSql(schema, { asOwner: true, statementTimeout: '10s' })) await client.query(text);
    await client.query(logFailedSql(row));
    await client.query('commit');
  } catch {
    // the failure itself is what the caller must hear about, not that it could not be written down
    await client.query('rollback').catch(() => undefined);
  }
}
