import type { ErrorEntry } from './entry.js';

function entry(
  code: string,
  name: string,
  meaning: string,
  action: string,
  exitCode = 3,
  httpStatus = 409,
): ErrorEntry {
  return { code, name, meaning, action, exitCode, httpStatus };
}

/** Changes, installation (IU8xx). */
export const installErrors: readonly ErrorEntry[] = [
  entry(
    'IU801',
    'install_rights_missing',
    'The role lacks rights that the installation needs.',
    'Run the grants named.',
  ),
  entry(
    'IU802',
    'install_on_standby',
    'The server is a standby; nothing can be installed there.',
    'Connect to the primary.',
  ),
  entry('IU803', 'schema_open_to_public', 'PUBLIC may create objects in the schema.', 'Run the REVOKE named.'),
  entry('IU805', 'migration_locked', 'Another session is changing this installation.', 'Wait for it, or end it.', 1),
  entry(
    'IU806',
    'change_edited',
    'A change was edited after release: its script differs from what was applied.',
    'Restore the script.',
  ),
  entry(
    'IU807',
    'database_newer',
    'The database holds a change that this version does not know.',
    'Use the newer version.',
  ),
  entry(
    'IU808',
    'change_failed',
    'A statement of a change failed; the change was taken back whole.',
    'See file and line.',
    1,
    500,
  ),
  entry('IU809', 'change_unknown', 'No such change, or changes out of order.', 'See iu migrate status.', 64, 400),
  entry('IU810', 'rollback_refused_gate', 'The rollback is refused: gates or routes are open.', 'Close what is named.'),
  entry(
    'IU811',
    'rollback_refused_rows',
    'The rollback is refused: rows or changes are in the way.',
    'See what is named.',
  ),
  entry(
    'IU812',
    'change_lock_timeout',
    'A lock was not granted, although tried again and again.',
    'Try at a quieter time.',
    1,
  ),
  entry('IU814', 'grant_object_unknown', 'The grants name an object that does not exist.', 'Correct the row.', 1, 500),
  entry(
    'IU815',
    'package_incomplete',
    'A script of a change is missing in the package.',
    'Install the package again.',
    1,
    500,
  ),
  entry('IU819', 'migration_log_kept', 'The migration log is append-only.', 'Add a row instead.'),
  entry('IU820', 'settings_damaged', 'A setting does not have exactly one row.', 'Insert the missing row.', 1, 500),
  entry(
    'IU821',
    'content_damaged',
    'Rows that an installation rests on are missing or wrong.',
    'See what is named.',
    1,
    500,
  ),
  entry(
    'IU822',
    'cluster_changed',
    'Cursors belong to another cluster: this is a copy or a restore.',
    'Rebase the worker.',
    1,
    500,
  ),
  entry(
    'IU830',
    'objects_damaged',
    'Objects are missing or differ from what was installed.',
    'See what is named.',
    1,
    500,
  ),
  entry('IU831', 'rights_differ', 'Rights differ from the grants of this version.', 'Run iu migrate up.', 1, 500),
];
