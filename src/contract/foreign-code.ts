const has = (error: object, key: string): unknown =>
  key in error ? (error as Record<string, unknown>)[key] : undefined;

/** The code of ours for an error of PostgreSQL that is about our tables and comes before any trigger could name it. */
export function codeOfForeignError(error: object): string | undefined {
  const isWithoutRoom =
    has(error, 'code') === '23514' &&
    has(error, 'table') === 'event_outbox' &&
    (has(error, 'routine') === 'ExecFindPartition' || has(error, 'constraint') === 'iu_log_first_partition_chk');
  return isWithoutRoom ? 'IU120' : undefined;
}
