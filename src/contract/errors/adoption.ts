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

/** Bringing IU Core into a running database: precheck, backup gate, adoption, drift (IU840 to IU859). */
export const adoptionErrors: readonly ErrorEntry[] = [
  entry(
    'IU840',
    'adoption_blocked',
    'The database cannot be adopted as it is; the message names what is in the way.',
    'Look at `iu adopt plan`: it says for each blocker what to do.',
  ),
  entry(
    'IU841',
    'adoption_not_allowed',
    'A step of the adoption changes what IU Core did not make, and nobody allowed it.',
    'Add the words named with `--allow`.',
  ),
  entry(
    'IU842',
    'database_adopted',
    'Tables of this database were there before IU Core; the command would drop them.',
    'Take the adoption back with `iu adopt back`: it gives the former catalog.',
  ),
  entry(
    'IU843',
    'adoption_back_refused',
    'The adoption cannot be taken back now; the message names what holds it.',
    'Do what is named, then run `iu adopt back` again.',
  ),
  entry(
    'IU844',
    'backup_missing',
    'There is no fresh backup of this very database that can be restored.',
    'Run `iu backup`, or say why it may go without one: `--without-backup REASON`.',
  ),
  entry(
    'IU845',
    'events_would_vanish',
    'A unique rule on the log makes later events vanish or fail; passes stay off while it stands.',
    'Replace it by dedupe keys: `iu adopt apply --allow immediate-index`, or `unique-rules` for any other.',
  ),
  entry(
    'IU846',
    'probe_refused',
    'A check of the log that was there before IU Core refuses the events of the probe.',
    "Let the check allow their domain too: `… or event_domain like 'iu_probe_%'`.",
  ),
  entry('IU847', 'adoption_unknown', 'This database was not adopted.', 'See `iu migrate status`.', 1, 404),
  entry(
    'IU848',
    'backup_not_restorable',
    'The backup could not be restored into a scratch database, or what came back is not what was saved.',
    'Do not rely on it: make another one. Where the message says that the login may not make an object (an event trigger, an extension), the test needs a superuser: log in as one, or leave --test-restore out.',
    1,
    500,
  ),
];
