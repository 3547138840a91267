import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { diagnose, doctorCodes } from '../../src/contract/operate/doctor.js';
import type { DoctorFacts } from '../../src/contract/operate/doctor-facts.js';

const well: DoctorFacts = {
  server: {
    inRecovery: false,
    readOnly: false,
    synchronousCommit: 'on',
    fsync: true,
    autovacuum: true,
    hasPgCron: false,
    connections: 5,
    mostConnections: 97,
    transactionAge: 1000,
    multixactAge: 1,
  },
  role: { name: 'w', memberOf: ['iu_worker'], isSuperuser: false, seesAllSessions: true, missing: [] },
  clockSkewMilliseconds: 3,
  sessionShared: false,
  openTransactions: [],
  preparedTransactions: [],
  slots: [],
  tables: [],
  gates: [],
  settings: [],
  healthReasons: [],
  cursors: [],
  processes: [],
  flows: [],
  unopened: [],
  approvals: [],
  delivery: { hold: null, ownName: 'p', liveRoutes: 1, promoted: null },
  watchdogs: [{ watcher: 'w', secondsSinceLook: 1, everySeconds: 60 }],
  blind: [],
};

it('finds a standby, a server without autovacuum and a pooler red, whatever else is well', () => {
  expect(diagnose(well)).toEqual([]);
  const codes = (facts: Partial<DoctorFacts>) => diagnose({ ...well, ...facts }).map((one) => [one.severity, one.code]);
  expect(codes({ server: { ...well.server, inRecovery: true, readOnly: true } })).toEqual([['red', 'replica']]);
  expect(codes({ server: { ...well.server, autovacuum: false } })).toEqual([['red', 'autovacuum_off']]);
  expect(codes({ sessionShared: true })).toEqual([['red', 'pooler_transaction_mode']]);
  const lost = { name: 's', kind: 'logical', active: true, walStatus: 'lost', heldMegabytes: null, horizonAge: null };
  expect(codes({ slots: [lost] })).toEqual([['red', 'slot_holds']]);
});

it('misses a worker at once where the gates are open, and red when the passes are too old', () => {
  const gate = { open: true, changedBy: 'o', changedAt: null, reason: null, openUntil: null };
  const gates = ['routes_master_enabled', 'route_worker_enabled'].map((key) => ({ ...gate, key: `iu_core.${key}` }));
  const cursor = { worker: 'w', domain: '*', waiting: 0, oldestSeconds: null, allowedSilenceSeconds: 120 };
  const cursors = [{ ...cursor, secondsSinceRun: 3 }];
  const said = (facts: Partial<DoctorFacts>) =>
    diagnose({ ...well, gates, cursors, ...facts }).map((one) => `${one.severity} ${one.code}`);
  const beat = (secondsSinceBeat: number) => [{ processId: 'p', host: 'h', state: 'stopped', secondsSinceBeat }];
  expect(said({})).toEqual(['yellow worker_missing']);
  expect(said({ processes: beat(121) })).toEqual(['yellow worker_missing']);
  expect(said({ cursors: [{ ...cursor, secondsSinceRun: 121 }] })).toEqual(['red worker_missing']);
  expect(said({ cursors: [{ ...cursor, secondsSinceRun: null }] })).toEqual(['red worker_missing']);
  // A timer that was here in its last minute or two, pg_cron, and gates that nobody opened yet are well.
  expect(said({ processes: beat(70) })).toEqual([]);
  expect(said({ server: { ...well.server, hasPgCron: true } })).toEqual([]);
  expect(said({ gates: [] })).toEqual([]);
});

it('says a thing once: the reason of health gives way to the finding that says more', () => {
  const prepared = { name: 'x', owner: 'o', ageSeconds: 100 };
  const reason = {
    worker: 'w',
    code: 'prepared_transaction',
    message: 'a prepared transaction is forgotten',
    action: 'see',
  };
  const silent = { ...reason, code: 'silent' };
  const found = diagnose({
    ...well,
    preparedTransactions: [prepared],
    healthReasons: [reason, silent, { ...silent, worker: 'v' }],
  });
  expect(found.map((one) => one.code)).toEqual(['prepared_transaction', 'silent']);
  expect(found[0]?.evidence).toMatchObject({ name: 'x' });
});

it('is described code by code for whoever meets one', () => {
  const guide = readFileSync(new URL('../../docs/how-to/doctor.md', import.meta.url), 'utf8');
  for (const code of doctorCodes) expect(guide).toContain(`\`${code}\``);
});
