// Latency from commit to receipt, what a dead target does to the others, the memory of a runner with a long queue, a retry storm.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { RouteWorker } from '../dist/route/worker.js';
import { openBell, openWorkerSession } from '../dist/store/worker-session.js';
import { deployment, emitMany, liveRoute, prepareDelivery, routeAll, startRunner, startSink } from './deliver.mjs';
import { figure, seconds } from './measure.mjs';
import { prepareDomain } from './route.mjs';

const wallMilliseconds = () => performance.timeOrigin + performance.now();
const quantile = (values, share) => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
};
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** A worker and a runner in this process, the pass waking the runner, as `iu worker` has them; the bell of the log is on. */
function startProcess(cluster, port, domain) {
  const { runner, done } = startRunner(cluster, port);
  const settings = { url: cluster.url, purpose: 'bench worker' };
  const worker = new RouteWorker(
    {
      connect: () => openWorkerSession(settings),
      openBell: (onRing, onLost) => openBell(settings, onRing, onLost),
      log: (level, message, fields) => {
        if (level !== 'info') console.error(message, fields ?? '');
      },
      onPass: (result) => {
        if ((result.deliveries_queued ?? 0) > 0) runner.wake();
      },
    },
    { workerNames: [`${domain}_worker`], processId: `bench-${domain}`, host: 'bench', pid: process.pid, version: '0' },
  );
  const working = worker.run();
  return async () => {
    worker.stop();
    runner.stop();
    await Promise.all([working, done]);
  };
}

/** Emits at a rate, each in a transaction of its own; commit times by event id. `typeOf` spreads events over routes. */
async function emitAtRate(cluster, domain, perSecond, forSeconds, typeOf = () => 't1') {
  const clients = await Promise.all([1, 2, 3, 4].map(() => cluster.connect()));
  const commits = new Map();
  const startedAt = performance.now();
  let next = 0;
  const total = perSecond * forSeconds;
  const loop = async (client) => {
    while (next < total) {
      const at = next;
      next += 1;
      const due = startedAt + (at / perSecond) * 1000;
      const wait = due - performance.now();
      if (wait > 0) await pause(wait);
      const { rows } = await client.query("select event_id from public.fn_iu_emit($1, $2, 'thing', $3, '{\"n\": 1}')", [
        domain,
        typeOf(at),
        `s${at}`,
      ]);
      commits.set(rows[0].event_id, { at: wallMilliseconds(), type: typeOf(at) });
    }
  };
  await Promise.all(clients.map(loop));
  for (const client of clients) await client.end();
  return commits;
}

async function latencies(sink, commits) {
  const { arrivals } = await sink.ask('arrivals');
  const found = [];
  for (const [deliveryId, at] of arrivals) {
    const commit = commits.get(deliveryId.split(':').at(-1));
    // Two processes read one clock of the machine: an arrival just before the answer to the commit is 0.
    if (commit !== undefined) found.push({ milliseconds: Math.max(0, at - commit.at), type: commit.type });
  }
  return found;
}

async function untilSent(cluster, domain, count, seconds_ = 60) {
  const endsAt = performance.now() + seconds_ * 1000;
  while (performance.now() < endsAt) {
    const { rows } = await cluster.client.query(
      "select count(*)::int as n from iu_route_attempt where status = 'sent' and route_code like $1",
      [`${domain}.%`],
    );
    if (rows[0].n >= count) return;
    await pause(100);
  }
}

export async function benchLatency(cluster, { say, quick }) {
  await prepareDelivery(cluster);
  await prepareDomain(cluster.client, 'latency', [], 'now');
  await cluster.client.query('select fn_iu_wakeup_enable(true)');
  const sink = await startSink();
  await liveRoute(cluster, 'latency', 'latency.hook', sink.port);
  const stop = startProcess(cluster, sink.port, 'latency');
  await emitAtRate(cluster, 'latency', 200, 2);
  await sink.ask('record');
  say('latency at 500 events a second');
  const commits = await emitAtRate(cluster, 'latency', 500, quick ? 4 : 20);
  await untilSent(cluster, 'latency', commits.size + 400);
  const found = (await latencies(sink, commits)).map((one) => one.milliseconds);
  await stop();
  sink.stop();
  await cluster.client.query('select fn_iu_wakeup_enable(false)');
  return [
    figure('commit to receipt at 500 events/s, p50', quantile(found, 0.5), 'ms', '<= 15', `${found.length} events`),
    figure(
      'commit to receipt at 500 events/s, p99',
      quantile(found, 0.99),
      'ms',
      '<= 60',
      `max ${Math.round(quantile(found, 1))} ms`,
    ),
  ];
}

/** 50 routes of 50 types; in the second half one of their targets takes connections and never answers. */
export async function benchDeadTarget(cluster, { say, quick }) {
  await prepareDelivery(cluster);
  const domain = 'many';
  await cluster.client.query('select fn_iu_route_worker_register($1, $2, $3)', ['many_worker', domain, 'now']);
  const [sink, dead] = [await startSink(), await startSink()];
  await dead.ask('never', true);
  for (let at = 0; at < 50; at += 1) {
    await cluster.client.query('select fn_iu_event_type_add($1, $2)', [domain, `t${at}`]);
    const target_config = { secrets: ['env:BENCH_SECRET'], deadline_seconds: 5 };
    await liveRoute(cluster, domain, `many.${at}`, sink.port, { event_type: `t${at}`, target_config });
  }
  const stop = startProcess(cluster, sink.port, domain);
  const rate = 300;
  const run = async () => {
    await sink.ask('record');
    const commits = await emitAtRate(cluster, domain, rate, quick ? 4 : 20, (at) => `t${at % 50}`);
    const wanted = [...commits.values()].filter((one) => one.type !== 't0').length;
    for (let tries = 0; tries < 600; tries += 1) {
      const found = (await latencies(sink, commits)).filter((one) => one.type !== 't0');
      if (found.length === wanted) return found.map((one) => one.milliseconds);
      await pause(100);
    }
    throw new Error('a minute later events to living targets are still missing');
  };
  await run();
  say('50 targets, all well');
  const well = await run();
  await cluster.client.query(
    `alter table iu_outbound_route disable trigger user;
     update iu_outbound_route set target_ref = 'http://127.0.0.1:${dead.port}/hook', version = version where route_code = 'many.0';
     alter table iu_outbound_route enable always trigger trg_iu_route_guard`,
  );
  await stop();
  const stopAgain = startProcess(cluster, sink.port, domain);
  say('50 targets, one dead');
  const withDead = await run();
  await stopAgain();
  sink.stop();
  dead.stop();
  const ratio = quantile(withDead, 0.99) / quantile(well, 0.99);
  return [
    figure(
      'p99 of 49 targets, all well',
      quantile(well, 0.99),
      'ms',
      undefined,
      `p50 ${quantile(well, 0.5).toFixed(1)}`,
    ),
    figure(
      'p99 of 49 targets, the 50th dead',
      quantile(withDead, 0.99),
      'ms',
      undefined,
      `p50 ${quantile(withDead, 0.5).toFixed(1)}, ${withDead.length} events`,
    ),
    figure('a dead target among 50: p99 of the others', ratio, 'x', '<= 1.2'),
  ];
}

/** A runner in a process of its own with a million deliveries waiting; its peak memory while it works on them for a while. */
export async function benchMemory(cluster, { say, quick }) {
  await prepareDelivery(cluster);
  await prepareDomain(cluster.client, 'memory', [], 'now');
  const sink = await startSink();
  await liveRoute(cluster, 'memory', 'memory.hook', sink.port);
  const count = quick ? 50_000 : 1_000_000;
  say(`filling the queue with ${count}`);
  for (let done = 0; done < count; done += 50_000) await emitMany(cluster, 'memory', 50_000);
  await routeAll(cluster, 'memory');
  await cluster.client.query('vacuum analyze iu_route_delivery, event_outbox, iu_route_attempt');
  say('a runner with all of it waiting');
  const child = fork(fileURLToPath(new URL('runner-process.mjs', import.meta.url)), [
    cluster.url,
    String(sink.port),
    quick ? '5' : '20',
  ]);
  const [result] = await once(child, 'message');
  sink.stop();
  return [
    figure(
      `memory of a runner, ${count} waiting`,
      result.peakMiB,
      'MiB',
      quick ? undefined : '<= 300',
      `${result.sent} sent in ${result.seconds} s`,
    ),
  ];
}

/** Everything due at once after an outage: how long until all of it is delivered, and what the database does for it. */
export async function benchStorm(cluster, { say, quick }) {
  await prepareDelivery(cluster);
  await prepareDomain(cluster.client, 'storm', [], 'now');
  const sink = await startSink();
  await liveRoute(cluster, 'storm', 'storm.hook', sink.port);
  const count = quick ? 5_000 : 100_000;
  await emitMany(cluster, 'storm', count);
  await routeAll(cluster, 'storm');
  await cluster.client.query(
    `update iu_route_delivery set sends = 3, attempt_no = 4, due_at = clock_timestamp() + random() * interval '2 seconds'
      where route_id = (select route_id from iu_outbound_route where route_code = 'storm.hook')`,
  );
  say(`${count} retries due within two seconds`);
  let settled = 0;
  const spent = await seconds(async () => {
    const { runner, done } = startRunner(cluster, sink.port, {}, (batch) => {
      settled += batch.length;
      if (settled >= count) runner.stop();
    });
    await done;
  });
  sink.stop();
  return [
    figure(
      `retry storm, ${count} due at once: drained at`,
      count / spent,
      'deliveries/s',
      undefined,
      `${spent.toFixed(1)} s, deployment ${deployment}`,
    ),
  ];
}
