// Rows 66 to 74 of the fault matrix: who governs flips a gate, edits, disables or takes back a route, or replays, in the middle of a batch.
import { expect } from 'vitest';
import { pastTheGuards } from '../support/approval.js';
import { deployment } from '../support/delivery-queue.js';
import { faultRows, type RowRun } from '../support/fault-rows.js';
import { type FaultRun, withFaultRun } from '../support/fault-run.js';
import { faultDomain } from '../support/fault-writers.js';
import { takeLive } from '../support/race.js';
import { waitFor } from '../support/wait.js';

const { row } = faultRows(['released', 'held', 'route stopped', 'revived', 'replayed', 'replay refused'], 2);

const setGate = (gate: string, open: boolean) => `select fn_iu_gate_set('${gate}', ${open}, 'fault run')`;
const write = (value: string) => `update dot_config set value = ${value} where key = 'iu_core.delivery_enabled'`;

/** What ends all sends, the reason that the runner names, and how it is taken back. */
const stops: [row: string, stop: string, hold: string, goOn: string][] = [
  [
    'row 66: the delivery gate closes',
    setGate('delivery_enabled', false),
    'delivery_gate_closed',
    setGate('delivery_enabled', true),
  ],
  [
    'row 66: the master gate closes',
    setGate('routes_master_enabled', false),
    'master_gate_closed',
    setGate('routes_master_enabled', true),
  ],
  [
    'row 68: the row of the gate is deleted',
    "delete from dot_config where key = 'iu_core.delivery_enabled'",
    'delivery_gate_closed',
    setGate('delivery_enabled', true),
  ],
  ['row 68: the gate holds TRUE in capitals', write("'TRUE'"), 'delivery_gate_closed', write("'true'")],
  ['row 68: the gate holds garbage', write(`E'true\\n'`), 'delivery_gate_closed', write("'true'")],
  [
    'row 68: the time of the gate is over',
    "update dot_config set open_until = clock_timestamp() where key = 'iu_core.delivery_enabled'",
    'delivery_gate_closed',
    setGate('delivery_enabled', true),
  ],
  [
    'row 74: the installation gets another name',
    "select fn_iu_deployment_claim('elsewhere', 'fault run')",
    'deployment_differs',
    `select fn_iu_deployment_claim('${deployment}', 'fault run')`,
  ],
  [
    'row 74: somebody writes another name past the function',
    "update dot_config set value = 'elsewhere' where key = 'iu_core.deployment'",
    'deployment_unclaimed',
    `update dot_config set value = '${deployment}' where key = 'iu_core.deployment'`,
  ],
];

/** A batch in the middle: more waits than is in flight, on a sink that takes its time. */
async function middleOfABatch(run: FaultRun, one: RowRun) {
  run.sink.behave({ kind: 'answer', status: 200, afterMilliseconds: 25 });
  const writers = run.startWriters({ most: 100, longestPauseMilliseconds: 2 });
  run.startWorker();
  await waitFor(() => writers.committed >= 100, { timeoutSeconds: 40 });
  const running = run.startRunner({ slots: 2 });
  await waitFor(() => run.sink.requests.length >= one.random.between(5, 60), { timeoutSeconds: 40 });
  return running;
}

/** Nothing of these paths was begun later than a second after `from`. */
function expectStopped(run: FaultRun, from: number, path = ''): void {
  const late = run.sink.requests.filter((request) => request.path.startsWith(path) && request.at > from + 1000);
  expect(late.map((request) => Math.round(request.at - from))).toEqual([]);
}

for (const [name, stop, hold, goOn] of stops) {
  row(`${name} in the middle of a batch: no send begins a second later, nothing is lost or dead-lettered`, (one) =>
    withFaultRun(one, async (run) => {
      const running = await middleOfABatch(run, one);
      await run.query(stop);
      const from = performance.now();
      await waitFor(() => running.runner.state.hold === hold, { what: `held by ${hold}` });
      await waitFor(async () => (await run.count('iu_route_delivery where lease_token is not null')) === 0);
      one.visited('held');
      expectStopped(run, from);
      const waiting = await run.count('iu_route_delivery');
      expect(waiting).toBeGreaterThan(0);
      expect(await run.count('iu_route_dead_letter')).toBe(0);
      run.sink.behave({ kind: 'answer', status: 200 });
      await run.query(goOn);
      await run.expectHealed({ crashes: 0 });
    }),
  );
}

row('row 67: while the master gate is closed events are recorded and held, and all of them are accounted for', (one) =>
  withFaultRun(one, async (run) => {
    run.startWorker();
    run.startRunner();
    await run.query(setGate('routes_master_enabled', false));
    const writers = run.startWriters();
    await waitFor(() => writers.committed >= 100, { timeoutSeconds: 40 });
    await writers.stop();
    const [books] = await run.query(
      "select events::integer, decided::integer, pending::integer, lost::integer, balanced from v_iu_event_accounting where worker_name = 'fault_worker'",
    );
    expect(books).toEqual({
      events: writers.committed,
      decided: 0,
      pending: writers.committed,
      lost: 0,
      balanced: true,
    });
    expect(run.sink.connections).toBe(0);
    one.visited('held');
    await run.query(setGate('routes_master_enabled', true));
    await run.expectHealed({ crashes: 0 });
  }),
);

/** One call of a function that answers with a document. */
async function ask(run: FaultRun, call: string, values: unknown[] = []): Promise<Record<string, unknown>> {
  return JSON.parse(String((await run.query(`select ${call}::text as answer`, values))[0]?.answer));
}

/** A replay of many, from its start to its end; gives where it stood then. */
async function replayAll(run: FaultRun, filter: unknown): Promise<Record<string, unknown>> {
  const started = await ask(run, "fn_iu_replay_start($1, 'fault run')", [JSON.stringify(filter)]);
  if (started.status !== 'started') return started;
  return waitFor(
    async () => {
      const step = await ask(run, 'fn_iu_replay_step($1, 7)', [started.run_id]);
      return step.state === 'running' ? undefined : step;
    },
    { timeoutSeconds: 40, what: 'the replay is done', intervalMilliseconds: 1 },
  );
}

const code = 'fault_any';
const revoke = `update iu_route_approval set revoked_at = now(), revoked_by = 'x', revoke_reason = 'x'
  where approval_id = (select approval_id from iu_outbound_route where route_code = '${code}')`;

/** What stops one route, and how it is made live again; then the events that were decided meanwhile are revived. */
const edits: [
  row: string,
  stop: (run: FaultRun) => Promise<unknown>,
  goOn: (run: FaultRun) => Promise<unknown>,
  status: string,
][] = [
  [
    'rows 69 and 70: a route is disabled',
    (run) => run.query("select fn_iu_route_set_enabled($1, false, 'fault run')", [code]),
    (run) => run.query("select fn_iu_route_set_enabled($1, true, 'fault run')", [code]),
    'skipped',
  ],
  [
    'row 69: a route is taken back to dry-run',
    (run) => run.query("select fn_iu_route_back_to_dry_run($1, 'fault run')", [code]),
    (run) => takeLive(run.db.pool, code),
    'dry_run',
  ],
  [
    'row 69: the target of a route is edited',
    (run) =>
      run.query("select fn_iu_route_change($1, jsonb_build_object('target_ref', $2::text), 'fault run')", [
        code,
        `${run.sink.origin}/elsewhere`,
      ]),
    (run) => takeLive(run.db.pool, code),
    'dry_run',
  ],
  [
    'row 69: the approval of a route is revoked',
    (run) => pastTheGuards(run.db.pool, revoke),
    (run) => takeLive(run.db.pool, code),
    'dry_run',
  ],
  [
    'row 69: a route is paused',
    (run) => run.query("select fn_iu_route_set_paused($1, true, 'fault run')", [code]),
    (run) => run.query("select fn_iu_route_set_paused($1, false, 'fault run')", [code]),
    '',
  ],
];

for (const [name, stop, goOn, status] of edits) {
  row(
    `${name} in the middle of a batch: its sends stop within a second, the other route goes on, what waited is sent later`,
    (one) =>
      withFaultRun(one, async (run) => {
        await middleOfABatch(run, one);
        await stop(run);
        const from = performance.now();
        await run.query(
          `with locked as (update fault_subject set n = n + 1 where id <= 5 returning id, n)
         select fn_iu_emit($1, 'changed', 'fault_subject', id::text, jsonb_build_object('n', n)) from locked`,
          [faultDomain],
        );
        const route = '(select route_id from iu_outbound_route where route_code = $1)';
        await waitFor(
          async () =>
            (
              await run.query(`select from iu_route_delivery where lease_token is not null and route_id = ${route}`, [
                code,
              ])
            ).length === 0,
        );
        await waitFor(
          async () =>
            (await run.query(`select from iu_route_delivery where route_id <> ${route}`, [code])).length === 0,
          {
            timeoutSeconds: 40,
            what: 'the other route is done',
          },
        );
        one.visited('route stopped');
        expectStopped(run, from, `/${code}`);
        expect(await run.count('iu_route_dead_letter')).toBe(0);
        expect(
          await run.count(
            `iu_route_delivery where route_id = (select route_id from iu_outbound_route where route_code = '${code}')`,
          ),
        ).toBeGreaterThan(0);
        run.sink.behave({ kind: 'answer', status: 200 });
        await goOn(run);
        await run.heal();
        if (status !== '') {
          const answer = await replayAll(run, { status: [status], route_code: code });
          expect(answer).toMatchObject({ state: 'done', replayed: 5, by_decision: { queued: 5 } });
          one.visited('revived', 5);
        }
        const ledger = await run.expectHealed({ crashes: 0 });
        expect(ledger.duplicates).toBe(0);
        if (name.includes('edited')) await expectVersions(run);
      }),
  );
}

/** Each attempt names the version that sent it, and the sink saw the same. */
async function expectVersions(run: FaultRun): Promise<void> {
  const rows = await run.query(
    "select route_version as version, count(*)::integer as n from iu_route_attempt where route_code = $1 and status = 'sent' group by 1 order by 1",
    [code],
  );
  const on = (path: string) => run.sink.requests.filter((request) => request.path === path).length;
  expect(rows).toEqual([
    { version: 1, n: on(`/${code}`) },
    { version: 2, n: on('/elsewhere') },
  ]);
}

row(
  'row 71: dead letters are replayed by two people at once while events go on: each once, numbers without a gap',
  (one) =>
    withFaultRun(one, async (run) => {
      const refused = new Set<string>();
      run.sink.behave((request) => {
        const id = String(request.headers['webhook-id']);
        if (request.path !== `/${code}` || !one.random.chance(0.2)) return { kind: 'answer', status: 200 };
        refused.add(id);
        return { kind: 'answer', status: 400 };
      });
      const writers = run.startWriters({ most: 150 });
      run.startWorker();
      run.startRunner();
      await waitFor(async () => (await run.count('iu_route_dead_letter')) >= 8, {
        timeoutSeconds: 60,
        what: 'dead letters',
      });
      run.sink.behave({ kind: 'answer', status: 200 });
      const filter = { status: ['failed'], route_code: code };
      const both = await Promise.all([1, 2, 3].map(() => replayAll(run, filter)));
      await writers.stop();
      await run.heal();
      const last = await replayAll(run, filter);
      const replayed = [...both, last].reduce((sum, part) => sum + Number(part.replayed), 0);
      one.visited('replayed', replayed);
      const ledger = await run.stopAfterHealing();
      expect(replayed).toBe(refused.size);
      expect(ledger).toMatchObject({
        undecided: 0,
        unsent: 0,
        doubleSent: 0,
        brokenNumbers: 0,
        phantomSent: 0,
        unexplained: 0,
        unrecorded: 0,
        waiting: 0,
        inversions: 0,
      });
      expect(ledger.duplicates).toBe(refused.size);
      expect(await run.count('iu_route_dead_letter where resolved_at is null')).toBe(0);
      expect(await replayAll(run, filter)).toMatchObject({ state: 'done', replayed: 0 });
    }),
);

row('row 71: replay of what was dead-lettered on a route that is back in dry-run sends nothing', (one) =>
  withFaultRun(one, async (run) => {
    run.sink.behave((request) => ({ kind: 'answer', status: request.path === `/${code}` ? 400 : 200 }));
    run.startWriters({ most: 30 });
    run.startWorker();
    run.startRunner();
    await run.heal();
    const before = run.sink.requests.length;
    await run.query("select fn_iu_route_back_to_dry_run($1, 'fault run')", [code]);
    const answer = await replayAll(run, { route_code: code });
    expect(answer).toMatchObject({ state: 'done', by_decision: { dry_run: run.writers.committed } });
    expect(run.writers.committed).toBeGreaterThan(0);
    one.visited('replayed', Number(answer.replayed));
    await run.stopAfterHealing();
    expect(run.sink.requests.length).toBe(before);
  }),
);

for (const gate of ['route_worker_enabled', 'routes_master_enabled']) {
  row(`row 72: replay is refused while ${gate} is closed, and changes nothing`, (one) =>
    withFaultRun(one, async (run) => {
      run.sink.behave({ kind: 'answer', status: 400 });
      run.startWriters({ most: 20 });
      run.startWorker();
      run.startRunner();
      await run.heal();
      const attempts = await run.count('iu_route_attempt');
      const begun = await ask(run, "fn_iu_replay_start('{}', 'fault run')");
      expect(begun).toMatchObject({ status: 'started' });
      await run.query(setGate(gate, false));
      const closed = gate === 'route_worker_enabled' ? 'worker_gate_closed' : 'master_gate_closed';
      expect(await replayAll(run, {})).toMatchObject({ status: closed });
      // One that had begun before stands still.
      expect(await ask(run, 'fn_iu_replay_step($1, 100)', [begun.run_id])).toMatchObject({
        status: closed,
        state: 'running',
        replayed: 0,
      });
      const [letter] = await run.query(
        'select fn_iu_route_dead_letter_replay(dead_letter_id)::text as r from iu_route_dead_letter order by random() limit 1',
      );
      expect(JSON.parse(String(letter?.r))).toMatchObject({ resolved: false });
      one.visited('replay refused');
      expect(await run.count('iu_route_attempt')).toBe(attempts);
      expect(await run.count('iu_route_delivery')).toBe(0);
    }),
  );
}

row('row 73: 1,000 events on routes in dry-run whose target is alive: not one packet', (one) =>
  withFaultRun(one, async (run) => {
    for (const route of run.routes) await run.query("select fn_iu_route_back_to_dry_run($1, 'fault run')", [route]);
    run.startWorker();
    run.startRunner();
    await run.query(
      "select fn_iu_emit($1, 'changed', 'fault_subject', n::text, '{}') from generate_series(1, 1000) n",
      [faultDomain],
    );
    await waitFor(async () => (await run.count("iu_route_attempt where status = 'dry_run'")) === 2000, {
      timeoutSeconds: 40,
    });
    // a runner that would claim had its turns
    await run.query("select fn_iu_gate_set('delivery_enabled', true, 'fault run')");
    await run.heal();
    await run.stop();
    expect(await run.count('iu_route_attempt')).toBe(2000);
    expect(await run.count('iu_route_delivery')).toBe(0);
    expect(run.sink.connections).toBe(0);
  }),
);
