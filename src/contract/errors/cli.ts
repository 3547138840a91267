import type { ErrorEntry } from './entry.js';
import { exitCodes } from './exit-codes.js';

/** Use of the command line (IU030 to IU059). */
export const cliErrors: readonly ErrorEntry[] = [
  {
    code: 'IU030',
    name: 'usage',
    meaning: 'The command line is wrong.',
    httpStatus: 400,
    exitCode: exitCodes.usage.code,
    action: 'See --help of the command.',
  },
  {
    code: 'IU031',
    name: 'argument_invalid',
    meaning: 'A value on the command line is not valid.',
    httpStatus: 400,
    exitCode: exitCodes.usage.code,
    action: 'Correct the value; --help of the command shows an example.',
  },
  {
    code: 'IU032',
    name: 'gate_closed',
    meaning: 'A closed gate refuses this.',
    httpStatus: 409,
    exitCode: exitCodes.refused.code,
    action: '`iu gate list` shows the gates, `iu gate open GATE --reason TEXT` opens one.',
  },
  {
    code: 'IU033',
    name: 'not_found',
    meaning: 'There is nothing with this id.',
    httpStatus: 404,
    exitCode: exitCodes.failed.code,
    action: 'The list command of the same noun shows what there is.',
  },
  {
    code: 'IU034',
    name: 'drain_timed_out',
    meaning: 'The gate is closed, but something that started before still runs.',
    httpStatus: 504,
    exitCode: exitCodes.failed.code,
    action: 'Wait and run the same command again; `iu health` names who blocks.',
  },
  {
    code: 'IU035',
    name: 'database_refused',
    meaning: 'The database refused the statement.',
    httpStatus: 500,
    exitCode: exitCodes.failed.code,
    action: 'The SQLSTATE in the message says why; the log of the server has the details.',
  },
  {
    code: 'IU037',
    name: 'delivery_waiting',
    meaning: 'A delivery of this event on this route is still waiting, so it is not replayed.',
    httpStatus: 409,
    exitCode: exitCodes.refused.code,
    action: 'Let the delivery settle, then replay again.',
  },
  {
    code: 'IU038',
    name: 'replay_failed',
    meaning: 'The replay ended in another failure.',
    httpStatus: 409,
    exitCode: exitCodes.failed.code,
    action: '`iu event show ID` tells what happened; correct the cause and replay again.',
  },
  {
    code: 'IU039',
    name: 'internal',
    meaning: 'A defect of iu-core.',
    httpStatus: 500,
    exitCode: exitCodes.internal.code,
    action: 'Run it again with --log-level debug and report what it prints.',
  },
];
