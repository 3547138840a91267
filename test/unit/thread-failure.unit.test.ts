// An error says the same on the other side of a thread.
import { describe, expect, it } from 'vitest';
import { reportOf } from '../../src/cli/failure-report.js';
import { IuError } from '../../src/contract/errors/index.js';
import { failureOf, textsOf } from '../../src/cut/folder/thread-failure.js';

const cause = Object.assign(new Error('of git'), { stdout: Buffer.from('x'), socket: () => {} });
const refused = { severity: 'ERROR', code: '42501', length: 98, internal: undefined };

describe('an error that passes between threads', () => {
  it.each<[string, Error]>([
    ['of ours, with its hint', new IuError('IU746', { message: 'm', hint: 'h', count: 1n, run: () => {} }, { cause })],
    ['of ours, with the registered hint', new IuError('IU710')],
    ['of our SQL', Object.assign(new Error('gate'), { code: 'IU744', hint: 'open it', table: undefined })],
    ['of the server', Object.assign(new Error('permission denied for function fn_iu_source_pin'), refused)],
    ['of a connection', new Error('Connection terminated unexpectedly')],
    ['of two addresses', Object.assign(new AggregateError([cause]), { code: 'ECONNREFUSED', errors: [cause] })],
    ['of a file', Object.assign(new Error('e'), { code: 'EACCES', errno: -13, syscall: 'open', path: '/etc/x' })],
    ['of a program', new TypeError('x is not a function')],
  ])('is reported as before: one %s', (_, error) => {
    const passed = failureOf(structuredClone(textsOf(error)));
    for (const json of [true, false])
      expect(reportOf(passed, { json, withStack: true })).toEqual(reportOf(error, { json, withStack: true }));
  });
});
