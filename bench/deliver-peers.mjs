// The same posts by two Node peers: a job a delivery, the same body and the same client (undici Pool), completed when the answer came.
import { createHmac } from 'node:crypto';
import { Pool } from 'undici';
import { delivered, liveRoute, prepareDelivery, startSink } from './deliver.mjs';
import { figure, median, seconds, spread } from './measure.mjs';
import { importPeer, installPeers } from './peers.mjs';
import { prepareDomain } from './route.mjs';

const key = Buffer.alloc(32, 7);

/** One signed post, as a careful user of the peer would write it. */
function poster(port) {
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections: 64, pipelining: 1 });
  const post = async (id, data) => {
    const body = JSON.stringify({ specversion: '1.0', id, source: '/peer', type: 'bench.t1', data });
    const timestamp = String(Math.floor(Date.now() / 1000));
    const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
    const headers = {
      'content-type': 'application/cloudevents+json',
      'webhook-id': id,
      'webhook-timestamp': timestamp,
      'webhook-signature': `v1,${signature}`,
    };
    const { statusCode, body: answer } = await pool.request({ method: 'POST', path: '/hook', headers, body });
    await answer.dump();
    if (statusCode !== 200) throw new Error(String(statusCode));
  };
  return { post, close: () => pool.close() };
}

const payload = (n) => ({ n, title: `section ${n}`, version: n % 7 });

/** Fetch 100, post them at once, complete 100; two loops, as its batches are made for. */
async function pgBoss(cluster, port, count) {
  const PgBoss = await importPeer('pg-boss');
  const boss = new PgBoss({ connectionString: cluster.url, schema: 'deliver_boss', supervise: false, schedule: false });
  await boss.start();
  await boss.createQueue('hooks');
  for (let from = 0; from < count; from += 1000) {
    const jobs = Array.from({ length: Math.min(1000, count - from) }, (_, n) => ({
      name: 'hooks',
      data: payload(from + n),
    }));
    await boss.insert(jobs);
  }
  await cluster.client.query('vacuum analyze deliver_boss.job');
  const { post, close } = poster(port);
  let done = 0;
  const loop = async () => {
    for (;;) {
      const jobs = await boss.fetch('hooks', { batchSize: 100 });
      if (jobs.length === 0) break;
      await Promise.all(jobs.map((job) => post(job.id, job.data)));
      await boss.complete(
        'hooks',
        jobs.map((job) => job.id),
      );
      done += jobs.length;
    }
  };
  const spent = await seconds(() => Promise.all([loop(), loop()]));
  await close();
  await boss.stop({ graceful: false });
  return done / spent;
}

/** Its own runner, 64 jobs at once: it hands out jobs one by one. */
async function graphileWorker(cluster, port, count) {
  const { run, makeWorkerUtils, Logger } = await importPeer('graphile-worker');
  const schema = 'deliver_graphile';
  const utils = await makeWorkerUtils({ connectionString: cluster.url, schema });
  await utils.migrate();
  await cluster.client.query(
    `select ${schema}.add_jobs(array_agg(json_populate_record(null::${schema}.job_spec, json_build_object('identifier', 'hook', 'payload', json_build_object('n', n, 'title', 'section ' || n)))))
       from generate_series(1, $1::integer) n`,
    [count],
  );
  const { post, close } = poster(port);
  let done = 0;
  let allDone = () => {};
  const finished = new Promise((resolve) => {
    allDone = resolve;
  });
  const hook = async (data, helpers) => {
    await post(String(helpers.job.id), data);
    done += 1;
    if (done === count) allDone();
  };
  let runner;
  const spent = await seconds(async () => {
    runner = await run({
      connectionString: cluster.url,
      schema,
      concurrency: 64,
      pollInterval: 50,
      noHandleSignals: true,
      taskList: { hook },
      logger: new Logger(() => () => {}),
      maxPoolSize: 10,
    });
    await finished;
  });
  await runner.stop();
  await utils.release();
  await close();
  return done / spent;
}

export async function benchDeliverPeers(cluster, { say, quick }) {
  if (!installPeers(say)) {
    say('SKIPPED: pg-boss and graphile-worker cannot be installed here');
    return [];
  }
  await prepareDelivery(cluster);
  await prepareDomain(cluster.client, 'deliverpeers', [], 'now');
  const sink = await startSink();
  await liveRoute(cluster, 'deliverpeers', 'deliverpeers.hook', sink.port);
  const rates = { mine: [], boss: [], graphile: [] };
  for (let round = 0; round < (quick ? 1 : 3); round += 1) {
    say(`peers, round ${round + 1}`);
    rates.mine.push(await delivered(cluster, sink.port, 'deliverpeers', quick ? 5_000 : 20_000));
    rates.boss.push(await pgBoss(cluster, sink.port, quick ? 2_000 : 10_000));
    rates.graphile.push(await graphileWorker(cluster, sink.port, quick ? 1_000 : 5_000));
  }
  sink.stop();
  const ratios = rates.mine.map((rate, at) => rate / Math.max(rates.boss[at], rates.graphile[at]));
  return [
    figure('pg-boss posting the same, fetch 100', median(rates.boss), 'deliveries/s', undefined, spread(rates.boss, 0)),
    figure(
      'graphile-worker posting the same',
      median(rates.graphile),
      'deliveries/s',
      undefined,
      spread(rates.graphile, 0),
    ),
    figure('deliveries against the fastest Node peer', median(ratios), 'x', '>= 1.1', spread(ratios)),
  ];
}
