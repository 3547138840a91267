import type { ErrorEntry } from './entry.js';

/** Gates and approvals (IU4xx). */
export const gatesErrors: readonly ErrorEntry[] = [
  {
    code: 'IU401',
    name: 'gate_unknown',
    meaning: 'There is no gate of this name.',
    httpStatus: 404,
    exitCode: 64,
    action: 'Look at `iu gate list` for the gates.',
  },
  {
    code: 'IU402',
    name: 'gate_reason_missing',
    meaning: 'A gate is opened or closed with a reason.',
    httpStatus: 400,
    exitCode: 64,
    action: 'Add `--reason TEXT`.',
  },
  {
    code: 'IU403',
    name: 'gate_time_invalid',
    meaning: 'A time to live is a positive number of seconds and belongs to an opening.',
    httpStatus: 400,
    exitCode: 64,
    action: 'Say how many seconds the gate stays open.',
  },
  {
    code: 'IU404',
    name: 'ladder_level_unknown',
    meaning: 'The disable ladder has the levels 0 to 3.',
    httpStatus: 400,
    exitCode: 64,
    action: 'Look at `iu disable --help` for what each level stops.',
  },
  {
    code: 'IU410',
    name: 'route_not_live',
    meaning: 'The route is not live, or has no valid approval for its version.',
    httpStatus: 409,
    exitCode: 3,
    action: 'Let a second person approve this version of the route; a dry-run route delivers nothing.',
  },
  {
    code: 'IU411',
    name: 'target_kind_not_live',
    meaning: 'A target of this kind cannot go live.',
    httpStatus: 422,
    exitCode: 3,
    action: 'Use sql_function, table, webhook, directus_flow, nats or kafka.',
  },
  {
    code: 'IU412',
    name: 'delivery_by_queue_only',
    meaning: 'A live route delivers through its queue, not by a direct call.',
    httpStatus: 409,
    exitCode: 3,
    action: 'Let the delivery step claim and send.',
  },
];
