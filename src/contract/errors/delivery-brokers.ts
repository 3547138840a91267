import type { ErrorEntry } from './entry.js';

/** Targets that are message brokers (IU470 to IU479). */
export const deliveryBrokersErrors: readonly ErrorEntry[] = [
  {
    code: 'IU470',
    name: 'broker_client_missing',
    meaning: 'The client library of a target kind is not installed beside IU Core.',
    httpStatus: 503,
    exitCode: 69,
    action: 'Install it where the delivering process runs: `npm install @platformatic/kafka@1.35.0`.',
  },
  {
    code: 'IU471',
    name: 'broker_subject_malformed',
    meaning: 'The target_ref of a nats route is not a subject that can be published to.',
    httpStatus: 422,
    exitCode: 64,
    action:
      'Write tokens separated by dots, without white space, `*` or `>`; {domain}, {type} and {stream} stand for those of the event.',
  },
  {
    code: 'IU472',
    name: 'broker_topic_malformed',
    meaning: 'The target_ref of a kafka route is not the name of a topic.',
    httpStatus: 422,
    exitCode: 64,
    action: 'Write 1 to 249 of the characters A-Z a-z 0-9 . _ and -.',
  },
  {
    code: 'IU473',
    name: 'broker_address_unlisted',
    meaning: 'A server of a broker is not listed for delivery.',
    httpStatus: 422,
    exitCode: 64,
    action: 'List each server, as host or host:port, in IU_DELIVERY_ALLOW of the delivering process.',
  },
  {
    code: 'IU474',
    name: 'broker_credentials_unfit',
    meaning: 'The credentials of a broker contradict each other or cannot be used.',
    httpStatus: 422,
    exitCode: 64,
    action: 'Give one way to log in: user and password, token, creds, or nkey.',
  },
];
