import { IuError } from '../contract/errors/index.js';
import type { EmitClient } from './emit.js';

/** What `dedupeById` keeps its ids in, unless told otherwise. */
export const defaultReceiptTable = 'iu_receipt';

/**
 * The table that remembers what was received, for a migration of the receiver: one row a delivery id.
 *
 * Remove rows of before `received_at` when no sender can repeat them any more: retries end after the route's policy (75 hours by
 * default), a replay of a dead letter may come much later.
 */
export function receiptTableDdl(table: string = defaultReceiptTable): string {
  return `create table if not exists ${tableName(table)} (
  delivery_id text primary key,
  received_at timestamptz not null default clock_timestamp()
)`;
}

/**
 * True when this delivery id comes for the first time. Writes it into the receiver's table inside the transaction that is open on
 * `client`: do the work in the same transaction, so that the id is remembered exactly when the work is done.
 *
 * Two requests with one id at the same time: the second waits for the transaction of the first, and is new only if that rolls back.
 *
 * Throws IU465 for an empty id or a table name of anything but letters, digits and underscores (with a schema or without), and what
 * PostgreSQL raises.
 */
export async function dedupeById(
  client: EmitClient,
  deliveryId: string,
  options: { readonly table?: string } = {},
): Promise<boolean> {
  if (typeof deliveryId !== 'string' || deliveryId === '' || deliveryId.length > 500) {
    throw new IuError('IU465', { message: 'dedupeById: deliveryId is not a text of 1 to 500 characters' });
  }
  const table = tableName(options.table ?? defaultReceiptTable);
  const { rows } = await client.query(
    `insert into ${table} (delivery_id) values ($1) on conflict (delivery_id) do nothing returning delivery_id`,
    [deliveryId],
  );
  return rows.length === 1;
}

function tableName(table: string): string {
  if (/^[a-z_][a-z0-9_]{0,62}(\.[a-z_][a-z0-9_]{0,62})?$/.test(table)) {
    return table
      .split('.')
      .map((part) => `"${part}"`)
      .join('.');
  }
  throw new IuError('IU465', { message: 'dedupeById: table is not a plain name, with a schema or without' });
}
