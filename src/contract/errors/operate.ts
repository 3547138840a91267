import type { ErrorEntry } from './entry.js';

/** Watchdogs, alerts, activations and reports (IU860 to IU879). */
export const operateErrors: readonly ErrorEntry[] = [
  {
    code: 'IU860',
    name: 'alert_settings_refused',
    meaning: 'An alert needs a way to somebody: a command, or a URL with its secret.',
    httpStatus: 422,
    exitCode: 64,
    action: 'Add `--alert-command CMD`, or `--alert-url URL --alert-secret env:NAME`.',
  },
  {
    code: 'IU862',
    name: 'alert_not_taken',
    meaning: 'An alert was not taken; it is told again at the next look.',
    httpStatus: 502,
    exitCode: 1,
    action: 'Try the command by hand, or look at the receiver of the webhook.',
  },
  {
    code: 'IU863',
    name: 'watchdog_refused',
    meaning: 'The name or the interval of a watchdog is refused.',
    httpStatus: 422,
    exitCode: 64,
    action: 'Name it with letters, digits, dot, dash, at and underscore, and let it look every 1 to 86400 seconds.',
  },
  {
    code: 'IU864',
    name: 'activation_refused',
    meaning: 'An activation has a reason, and settings without secrets.',
    httpStatus: 422,
    exitCode: 64,
    action: 'Add `--reason TEXT`.',
  },
  {
    code: 'IU865',
    name: 'activation_not_open',
    meaning: 'The activation does not exist or has ended.',
    httpStatus: 409,
    exitCode: 1,
    action: 'Look at `iu activate status`.',
  },
  {
    code: 'IU866',
    name: 'activation_step_refused',
    meaning: 'The evidence of a step of an activation is refused.',
    httpStatus: 422,
    exitCode: 1,
    action: 'Report it: a step recorded what it may not.',
  },
  {
    code: 'IU867',
    name: 'activation_stopped',
    meaning: 'A step of the activation failed; nothing after it was done.',
    httpStatus: 409,
    exitCode: 1,
    action: 'Mend what the message names and run `iu activate` again: it goes on from there.',
  },
  {
    code: 'IU868',
    name: 'activation_elsewhere',
    meaning: 'The journal in the evidence folder belongs to another database.',
    httpStatus: 409,
    exitCode: 3,
    action: 'Connect to the database that was begun with, or name another folder with `--evidence FOLDER`.',
  },
];
