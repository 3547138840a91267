import type { ErrorEntry } from './entry.js';

/** The partitioned form of the log (IU118 to IU120, IU87x). */
export const partitionsErrors: readonly ErrorEntry[] = [
  {
    code: 'IU118',
    name: 'event_number_supplied',
    meaning: 'tx_id or seq of an event was supplied, and a partitioned log cannot replace it.',
    httpStatus: 422,
    exitCode: 1,
    action: 'Leave both columns out of INSERT, COPY or the data move.',
  },
  {
    code: 'IU119',
    name: 'log_partition_direct',
    meaning: 'A partition of the log was written directly.',
    httpStatus: 403,
    exitCode: 3,
    action: 'Insert into event_outbox; what was logged stays as it was.',
  },
  {
    code: 'IU120',
    name: 'log_full',
    meaning:
      'The log has no partition for the next event, or a change of its form stopped at its bound, so nothing was written.',
    httpStatus: 503,
    exitCode: 1,
    action:
      'Run `iu log partition tend`, or `iu log partition back` when `plan` shows an unfinished change; then emit again. `iu health` warns long before.',
  },
  {
    code: 'IU870',
    name: 'log_form_already',
    meaning: 'The log is in this form already.',
    httpStatus: 409,
    exitCode: 3,
    action: 'Look at `iu log partition plan`.',
  },
  {
    code: 'IU871',
    name: 'log_form_held',
    meaning: 'Something hangs on the log that cannot come along into the other form.',
    httpStatus: 409,
    exitCode: 3,
    action: 'Take away what the message names, change the form, and put it back.',
  },
  {
    code: 'IU872',
    name: 'log_form_reason_missing',
    meaning: 'A change of the form of the log has a reason.',
    httpStatus: 400,
    exitCode: 64,
    action: 'Add `--reason TEXT`.',
  },
  {
    code: 'IU873',
    name: 'log_back_too_many',
    meaning: 'More events would have to be moved under a lock than was allowed.',
    httpStatus: 409,
    exitCode: 3,
    action: 'Prune first, or give `--most-rows N` from 0 on: writers wait while they are moved.',
  },
  {
    code: 'IU874',
    name: 'log_busy',
    meaning: 'The log was in use each time a change of its form or of a partition asked for its lock.',
    httpStatus: 409,
    exitCode: 3,
    action:
      'Try again, or look at `iu health` for transactions that stay open; what was done so far stays and is gone on with.',
  },
  {
    code: 'IU875',
    name: 'log_bound_close',
    meaning: 'The numbers of the log came too close to the bound of its first partition before the change was over.',
    httpStatus: 409,
    exitCode: 3,
    action: 'Take the bound away by `iu log partition back`, raise iu_core.log_partition_events and begin again.',
  },
  {
    code: 'IU876',
    name: 'log_partition_detached',
    meaning: 'A partition of the log was detached by hand, and the log needs a place for the numbers that it has.',
    httpStatus: 409,
    exitCode: 3,
    action:
      'Attach it again with the bounds that iu_log_partition has; drop it only if its events may be lost. Then `iu log partition tend`.',
  },
  {
    code: 'IU877',
    name: 'log_change_stopped',
    meaning: 'The change of the log stopped, and the bound of its first partition stays.',
    httpStatus: 500,
    exitCode: 1,
    action:
      'Take the bound away by `iu log partition back` before the log reaches it, or remove the cause and apply again.',
  },
];
