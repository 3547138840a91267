// Rows 17, 18, 23 and, as far as delivery adds to what race-*.fault.test.ts has, 25 to 34 of the fault matrix: errors of the server in a
// claim, a settle and a sweep, large numbers, and what may not disturb the order of an ordered route.
import { expect } from 'vitest';
import { faultRows } from '../support/fault-rows.js';
import { type FaultRun, withFaultRun } from '../support/fault-run.js';
import { faultDomain } from '../support/fault-writers.js';
import { waitFor } from '../support/wait.js';

const { row } = faultRows([
  'error in claim',
  'error in settle',
  'error in sweep',
  'lock timeout',
  'reconnected',
  'failed and tried again',
  'breaker opened',
  'lease expired',
]);

const received = (run: FaultRun, count: number) =>
  waitFor(() => run.sink.requests.length >= count, { what: `the sink has ${count} requests`, timeoutSeconds: 40 });

/** What the server may raise in the middle of our work that is no event's fault. */
const transientCodes = ['40001', '40P01', '57014', '55P03', '53200', '53100'];

/** Makes a share of the statements that write such a row raise such a code, until it is taken away. Counts them in a sequence. */
async function injectErrors(run: FaultRun, table: string, moment: string, when: string, code: string): Promise<void> {
  // Inside a function of ours the trigger runs as the owner of the tables.
  await run.query('create sequence fault_raised; grant all on sequence fault_raised to public');
  await run.query(`create function fault_raise() returns trigger language plpgsql as $$ begin
      if random() < 0.5 then perform nextval('fault_raised'); raise exception using errcode = '${code}', message = 'injected'; end if;
      return null; end $$`);
  const timing = moment === 'commit' ? 'deferrable initially deferred' : 'not deferrable';
  await run.query(
    `create constraint trigger fault_raise after insert on ${table} ${timing} for each row when (${when}) execute function fault_raise()`,
  );
}

async function endErrors(run: FaultRun, table: string): Promise<number> {
  await run.query(`drop trigger fault_raise on ${table}`);
  return Number(
    (await run.query('select case when is_called then last_value else 0 end as n from fault_raised'))[0]?.n,
  );
}

for (const moment of ['statement', 'commit']) {
  for (const [what, table, when] of [
    ['claim', 'iu_route_lease', 'true'],
    ['settle', 'iu_route_attempt', "new.status = 'sent'"],
  ] as const) {
    row(`row 18: serialization failures, deadlocks and timeouts in the ${moment} of a ${what} are tried again`, (one) =>
      withFaultRun(one, async (run) => {
        const code = transientCodes[one.random.between(0, transientCodes.length - 1)] ?? '40001';
        run.startWorker();
        run.startRunner();
        await injectErrors(run, table, moment, when, code);
        run.startWriters({ most: 300 });
        const raised = async () => Number((await run.query('select last_value as n from fault_raised'))[0]?.n);
        await waitFor(async () => (await raised()) >= 3, { timeoutSeconds: 40, what: `${code} was raised` });
        one.visited(`error in ${what}`, await endErrors(run, table));
        // An error is known not to have committed: nothing is sent again for it.
        await run.expectHealed({ crashes: 0 });
      }),
    );
  }
}

row('row 18: errors while the lease of a dead runner is settled are tried again', (one) =>
  withFaultRun(one, async (run) => {
    run.startWriters();
    run.startWorker();
    const process = run.startProcess({ pause: { at: 'before_settle', visit: 1 } });
    await process.paused();
    await process.kill();
    const code = transientCodes[one.number % transientCodes.length] ?? '40001';
    await injectErrors(run, 'iu_route_attempt', 'commit', "new.failure_code = 'lease_expired'", code);
    await run.endLeases();
    run.startRunner();
    const raised = async () => Number((await run.query('select last_value as n from fault_raised'))[0]?.n);
    await waitFor(
      async () =>
        (await raised()) >= 2 || (await run.count("iu_route_attempt where failure_code = 'lease_expired'")) > 0,
      {
        timeoutSeconds: 40,
      },
    );
    one.visited('error in sweep', await endErrors(run, 'iu_route_attempt'));
    await run.expectHealed({ crashes: 1 });
  }),
);

for (const [what, lock] of [
  ['the flow of the routes', 'select from iu_route_flow for update'],
  ['all leases', 'select from iu_route_lease for update'],
  ['the queue', 'select from iu_route_delivery for update'],
  ['the lanes', 'select from iu_route_lane for update'],
] as const) {
  row(`row 17: a stranger holds row locks on ${what} for longer than the lock timeout`, (one) =>
    withFaultRun(one, async (run) => {
      await run.query(`alter database ${run.db.name} set lock_timeout = '150ms'`);
      run.startWriters();
      run.startWorker();
      const running = run.startRunner();
      const stranger = await run.db.connect();
      await stranger.query('set lock_timeout = 0');
      await received(run, one.random.between(1, 40));
      const before = running.said.length;
      for (let turn = 0; turn < 4; turn += 1) {
        await stranger.query('begin');
        await stranger.query(lock);
        await stranger.query('select pg_sleep(0.4)');
        await stranger.query('commit');
      }
      one.visited('lock timeout', running.said.length - before);
      await run.expectHealed({ crashes: 0 });
    }),
  );
}

row('row 17: statements of the runner are cancelled again and again', (one) =>
  withFaultRun(one, async (run) => {
    run.startWriters({ most: 200 });
    run.startWorker();
    run.startRunner();
    await received(run, 1);
    for (let turn = 0; turn < 60; turn += 1) {
      await run.query(
        `select pg_cancel_backend(pid) from pg_stat_activity where application_name = 'iu-core test runner' and state <> 'idle' and datname = current_database()`,
      );
    }
    await run.expectHealed({ crashes: 0 });
  }),
);

for (const [what, start] of [
  ['2^31', '2147483640'],
  ['2^53', '9007199254740985'],
] as const) {
  row(`row 23: numbers beyond ${what} go through decision, claim, send and settle unchanged`, (one) =>
    withFaultRun(one, async (run) => {
      const sequences = await run.query(
        `select c.oid::regclass::text as name, pg_get_serial_sequence(t.oid::regclass::text, a.attname) is not null as owned
           from pg_class c join pg_depend d on d.objid = c.oid and d.deptype = 'i' join pg_class t on t.oid = d.refobjid
           join pg_attribute a on a.attrelid = t.oid and a.attnum = d.refobjsubid
          where c.relkind = 'S' and a.atttypid = 'int8'::regtype and t.relname in
            ('event_outbox', 'iu_route_attempt', 'iu_route_run', 'iu_route_dead_letter', 'iu_outbound_route', 'iu_route_approval')`,
      );
      expect(sequences.length).toBeGreaterThanOrEqual(5);
      for (const { name } of sequences) await run.query('select setval($1::regclass, $2::bigint)', [name, start]);
      // Routes whose own ids are beyond it too.
      await run.replaceRoutes();
      run.startWriters();
      run.startWorker();
      const process = run.startProcess({
        leaseSeconds: 5,
        pause: { at: 'before_settle', visit: one.random.between(2, 4) },
      });
      await process.paused();
      await process.kill();
      await run.takeOver();
      const [highest] = await run.query(
        `select min(seq) >= $1::bigint as seqs, (select min(route_id) >= $1::bigint from iu_outbound_route where enabled and event_domain = $2) as routes
           from event_outbox`,
        [start, faultDomain],
      );
      expect(highest).toEqual({ seqs: true, routes: true });
    }),
  );
}

row('row 25: a writer that stays open delays nobody, and its own events come when it commits', (one) =>
  withFaultRun(one, async (run) => {
    const slow = await run.db.connect();
    await slow.query('begin');
    await slow.query('insert into fault_subject (id, n) values (1000, 1)');
    await slow.query("select fn_iu_emit($1, 'changed', 'fault_subject', '1000', '{\"n\": 1}')", [faultDomain]);
    const writers = run.startWriters();
    run.startWorker();
    run.startRunner();
    await waitFor(
      async () =>
        writers.committed >= 100 &&
        (await run.count("iu_route_attempt where status = 'sent'")) >= 2 * writers.committed,
      {
        timeoutSeconds: 60,
        what: 'everything but the open transaction is sent',
      },
    );
    expect(run.sink.requests.some((request) => request.body.includes('"subject":"1000"'))).toBe(false);
    await slow.query(one.number % 2 === 0 ? 'commit' : 'rollback');
    if (one.number % 2 === 0)
      await waitFor(
        () => run.sink.requests.filter((request) => request.body.includes('"subject":"1000"')).length === 2,
      );
    await run.expectHealed({ crashes: 0 });
  }),
);

row('rows 27 and 34: three runners and two workers of one name send each event once a route', (one) =>
  withFaultRun(one, async (run) => {
    run.startWriters({ writers: 4, most: 200 });
    run.startWorker();
    run.startCommand(['--only', 'route']);
    for (let at = 0; at < 3; at += 1) run.startRunner({ slots: 4 });
    await run.expectHealed({ crashes: 0 });
  }),
);

row(
  'row 33: a sink that fails at random: an ordered subject waits for its own failures and for no other, without an inversion',
  (one) =>
    withFaultRun(one, async (run) => {
      run.sink.behave(() => {
        const dice = one.random.next();
        if (dice < 0.15) return { kind: 'answer', status: 503 };
        if (dice < 0.2) return { kind: 'reset' };
        if (dice < 0.25) return { kind: 'answer', status: 429, headers: { 'retry-after': '1' } };
        return { kind: 'answer', status: 200 };
      });
      run.startWriters();
      run.startWorker();
      run.startRunner();
      await received(run, 120);
      one.visited('breaker opened', await run.count("iu_route_flow where breaker <> 'closed'"));
      run.sink.behave({ kind: 'answer', status: 200 });
      await run.closeBreakers();
      const failed = await run.count("iu_route_attempt where status in ('failed', 'unknown')");
      one.visited('failed and tried again', failed);
      await run.stopAfterHealing();
      const ledger = await run.ledger();
      expect(ledger).toMatchObject({
        undecided: 0,
        unsent: 0,
        doubleSent: 0,
        brokenNumbers: 0,
        unexplained: 0,
        waiting: 0,
        leases: 0,
        deadLetters: 0,
        phantomSent: 0,
        unrecorded: 0,
        inversions: 0,
      });
    }),
);

row('row 33: a sink that is down opens the breaker, and everything is sent when it is back', (one) =>
  withFaultRun(one, async (run) => {
    run.sink.behave({ kind: 'reset' });
    run.startWriters();
    run.startWorker();
    run.startRunner();
    await waitFor(async () => (await run.count("iu_route_flow where breaker <> 'closed'")) === 2, {
      timeoutSeconds: 40,
      what: 'both breakers open',
    });
    one.visited('breaker opened');
    run.sink.behave({ kind: 'answer', status: 200 });
    await run.closeBreakers();
    const ledger = await run.stopAfterHealing();
    expect(ledger).toMatchObject({
      undecided: 0,
      unsent: 0,
      doubleSent: 0,
      brokenNumbers: 0,
      unexplained: 0,
      waiting: 0,
      leases: 0,
      deadLetters: 0,
      phantomSent: 0,
      inversions: 0,
    });
  }),
);
