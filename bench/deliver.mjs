// Delivery: webhooks a second against the bare client and against Node peers, latency, a dead target among many, memory.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Pool } from 'undici';
import { DeliveryRunner } from '../dist/deliver/runner.js';
import { openTargetOf } from '../dist/deliver/targets.js';
import { openDeliverySession } from '../dist/store/delivery-session.js';
import { figure, median, seconds, spread } from './measure.mjs';
import { prepareDomain } from './route.mjs';

export const deployment = 'bench';
const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

/** The sink, and questions to it one after the other. */
export async function startSink() {
  const child = fork(fileURLToPath(new URL('sink.mjs', import.meta.url)));
  const [{ port }] = await once(child, 'message');
  const ask = async (question, value) => {
    child.send({ question, value });
    return (await once(child, 'message'))[0];
  };
  return { port, ask, stop: () => child.kill() };
}

/** A live webhook route to the sink. Approved by two names that are written by hand: this measures, it is not governance. */
export async function liveRoute(cluster, domain, code, port, more = {}) {
  const { client } = cluster;
  const route = {
    route_code: code,
    event_domain: domain,
    target_kind: 'webhook',
    target_ref: `http://127.0.0.1:${port}/hook`,
    target_config: { secrets: ['env:BENCH_SECRET'] },
    ...more,
  };
  await client.query('select fn_iu_route_add($1)', [JSON.stringify(route)]);
  await client.query("select fn_iu_route_set_enabled($1, true, 'benchmark')", [code]);
  // past the guards, as only the owner of the tables can
  await client.query(`alter table iu_route_approval disable trigger user;
    insert into iu_route_approval (route_id, route_version, requested_by, approved_by, approved_at)
    select route_id, version, 'one', 'another', now() from iu_outbound_route where route_code = '${code}'`);
  await client.query(
    `update iu_outbound_route r set dry_run = false, approval_id = (select max(approval_id) from iu_route_approval a where a.route_id = r.route_id)
      where route_code = $1`,
    [code],
  );
}

export async function prepareDelivery(cluster) {
  await cluster.client.query("select fn_iu_gate_set('delivery_enabled', true, 'benchmark')");
  await cluster.client.query('select fn_iu_deployment_claim($1, $2)', [deployment, 'benchmark']);
}

export async function emitMany(cluster, domain, count, type = 't1') {
  await cluster.client.query(
    `insert into event_outbox (event_domain, event_type, event_subject_table, event_subject_ref, source_system, safe_payload)
     select $1, $3, 'thing', n::text, 'bench', jsonb_build_object('n', n, 'title', 'section ' || n, 'version', n % 7)
       from generate_series(1, $2::integer) n`,
    [domain, count, type],
  );
}

export async function routeAll(cluster, domain) {
  for (;;) {
    const { rows } = await cluster.client.query('select fn_iu_route_worker_run($1, 10000) as r', [`${domain}_worker`]);
    if (rows[0].r.seen === 0 && rows[0].r.window_complete) return;
  }
}

export function startRunner(cluster, port, options = {}, onSettled = undefined) {
  const runner = new DeliveryRunner(
    {
      connect: () => openDeliverySession({ url: cluster.url, purpose: 'bench runner' }),
      openTarget: (route) =>
        openTargetOf(route, {
          environment: { BENCH_SECRET: secret },
          allow: [`127.0.0.1:${port}`, '127.0.0.1'],
          deployment,
          log: () => {},
        }),
      log: (level, message, fields) => {
        if (level !== 'info') console.error(message, fields ?? '');
      },
      ...(onSettled === undefined ? {} : { onSettled }),
    },
    { runnerId: `bench-${Math.random()}`, deployment, ...options },
  );
  return { runner, done: runner.run() };
}

/** The bare client: the same body and as many headers, posted as fast as one Pool can, nothing claimed, signed or written. */
async function bare(port, count, connections) {
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections, pipelining: 1 });
  const body = Buffer.from(
    JSON.stringify({
      specversion: '1.0',
      id: '3f0e5c6e-2d0f-4b7c-9b63-3b8f6a3f9a11',
      source: '/iu-core/bench',
      type: 'bench.t1',
      subject: 'thing:1',
      time: '2026-01-01T00:00:00.000000Z',
      data: { n: 1, title: 'section 1', version: 1 },
      stream: 'update',
      sequence: '00000000000000000001',
      address: '',
      actor: 'postgres',
    }),
  );
  const headers = { 'content-type': 'application/cloudevents+json', 'webhook-id': 'bare', 'webhook-timestamp': '1' };
  let left = count;
  const loop = async () => {
    while (left > 0) {
      left -= 1;
      const { body: answer } = await pool.request({ method: 'POST', path: '/hook', headers, body });
      await answer.dump();
    }
  };
  const spent = await seconds(() => Promise.all(Array.from({ length: connections }, loop)));
  await pool.close();
  return count / spent;
}

/** Deliveries a second while the queue is deep: from the first tenth to the last. */
export async function delivered(cluster, port, domain, count) {
  await emitMany(cluster, domain, count);
  await routeAll(cluster, domain);
  await cluster.client.query('vacuum analyze iu_route_delivery, event_outbox, iu_route_attempt');
  await cluster.client.query('checkpoint');
  let settled = 0;
  let startedAt = 0;
  let endedAt = 0;
  const { runner, done } = startRunner(cluster, port, {}, (batch) => {
    settled += batch.length;
    if (startedAt === 0 && settled >= count / 10) startedAt = performance.now();
    if (settled >= count) {
      endedAt = performance.now();
      runner.stop();
    }
  });
  const state = await done;
  if (state.sent < count) throw new Error(`only ${state.sent} of ${count} sent: ${JSON.stringify(state)}`);
  return (count * 0.9) / ((endedAt - startedAt) / 1000);
}

export async function benchDeliverRate(cluster, { say, quick }) {
  await prepareDelivery(cluster);
  await prepareDomain(cluster.client, 'deliver', [], 'now');
  const sink = await startSink();
  await liveRoute(cluster, 'deliver', 'deliver.hook', sink.port);
  const rounds = quick ? 1 : 4;
  const count = quick ? 5_000 : 30_000;
  const rates = { mine: [], bare: [] };
  for (let round = -1; round < rounds; round += 1) {
    say(`delivery, round ${round + 1} of ${rounds}`);
    const mine = await delivered(cluster, sink.port, 'deliver', count);
    const ceiling = await bare(sink.port, count, 64);
    if (round < 0 && !quick) continue;
    rates.mine.push(mine);
    rates.bare.push(ceiling);
  }
  sink.stop();
  const ratios = rates.mine.map((rate, at) => rate / rates.bare[at]);
  return [
    figure(
      'webhooks, signed and audited, one runner',
      median(rates.mine),
      'deliveries/s',
      undefined,
      spread(rates.mine, 0),
    ),
    figure('bare undici Pool to the same sink', median(rates.bare), 'requests/s', undefined, spread(rates.bare, 0)),
    figure('deliveries against the bare client', median(ratios), 'x', '>= 0.35', spread(ratios)),
  ];
}
