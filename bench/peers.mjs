// The same work by two Node peers, batched: N jobs to one audit row each. Installed on demand into .iu/peers, never a dependency.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { AdaptiveBatch } from '../dist/route/poll.js';
import { figure, median, seconds, spread } from './measure.mjs';
import { prepareDomain } from './route.mjs';

const versions = { 'pg-boss': '10.4.2', 'graphile-worker': '0.16.6' };
const folder = join('.iu', 'peers');

export function installPeers(say) {
  mkdirSync(folder, { recursive: true });
  if (!existsSync(join(folder, 'package.json'))) writeFileSync(join(folder, 'package.json'), '{"private": true}\n');
  const wanted = Object.entries(versions).map(([name, version]) => `${name}@${version}`);
  if (Object.keys(versions).every((name) => existsSync(join(folder, 'node_modules', name)))) return true;
  say(`installing ${wanted.join(', ')} into ${folder}`);
  const npm = spawnSync('npm', ['install', '--no-audit', '--no-fund', '--no-save', ...wanted], {
    cwd: folder,
    encoding: 'utf8',
  });
  return npm.status === 0;
}

export async function importPeer(name) {
  const require = createRequire(pathToFileURL(join(process.cwd(), folder, 'package.json')));
  const module = await import(pathToFileURL(require.resolve(name)).href);
  return module.default ?? module;
}

const payload = (n) => ({ n, title: `section ${n}`, version: n % 7 });

/** Fetch 500, one audit row a job in one statement, complete 500; two loops at once. */
async function pgBoss(cluster, count) {
  const PgBoss = await importPeer('pg-boss');
  const boss = new PgBoss({ connectionString: cluster.url, schema: 'bench_boss', supervise: false, schedule: false });
  await boss.start();
  await boss.createQueue('events');
  for (let from = 0; from < count; from += 1000) {
    await boss.insert(
      Array.from({ length: Math.min(1000, count - from) }, (_, n) => ({ name: 'events', data: payload(from + n) })),
    );
  }
  await cluster.client.query('vacuum analyze bench_boss.job');
  let done = 0;
  const loop = async () => {
    const client = await cluster.connect();
    for (;;) {
      const jobs = await boss.fetch('events', { batchSize: 500 });
      if (jobs.length === 0) break;
      await client.query('insert into bench_peer_audit (job) select unnest($1::text[])', [jobs.map((job) => job.id)]);
      await boss.complete(
        'events',
        jobs.map((job) => job.id),
      );
      done += jobs.length;
    }
    await client.end();
  };
  const spent = await seconds(() => Promise.all([loop(), loop()]));
  await boss.stop({ graceful: false });
  return done / spent;
}

/** Its own runner, 10 jobs at once, one audit row a job: it hands out jobs one by one. */
async function graphileWorker(cluster, count) {
  const { run, makeWorkerUtils, Logger } = await importPeer('graphile-worker');
  const schema = 'bench_graphile';
  const utils = await makeWorkerUtils({ connectionString: cluster.url, schema });
  await utils.migrate();
  await cluster.client.query(
    `select ${schema}.add_jobs(array_agg(json_populate_record(null::${schema}.job_spec, json_build_object('identifier', 'event', 'payload', json_build_object('n', n)))))
       from generate_series(1, $1::integer) n`,
    [count],
  );
  let done = 0;
  let allDone = () => {};
  const finished = new Promise((resolve) => {
    allDone = resolve;
  });
  const event = async (_payload, helpers) => {
    await helpers.query('insert into bench_peer_audit (job) values ($1)', [String(helpers.job.id)]);
    done += 1;
    if (done === count) allDone();
  };
  let runner;
  const spent = await seconds(async () => {
    runner = await run({
      connectionString: cluster.url,
      schema,
      concurrency: 10,
      pollInterval: 50,
      noHandleSignals: true,
      taskList: { event },
      logger: new Logger(() => () => {}),
    });
    await finished;
  });
  await runner.stop();
  await utils.release();
  return done / spent;
}

/** Passes as the worker asks for them: 1,000 events, more while they are quick. The domain begins now, so nothing else is examined. */
async function ours(cluster, count) {
  await cluster.client.query(
    `insert into event_outbox (event_domain, event_type, event_subject_table, event_subject_ref, source_system, safe_payload)
     select 'peers', 't1', 'thing', n::text, 'bench', jsonb_build_object('n', n, 'title', 'section ' || n, 'version', n % 7)
       from generate_series(1, $1::integer) n`,
    [count],
  );
  await cluster.client.query('vacuum analyze event_outbox');
  let seen = 0;
  const batch = new AdaptiveBatch();
  const spent = await seconds(async () => {
    while (seen < count) {
      const started = Date.now();
      const { rows } = await cluster.client.query(`select fn_iu_route_worker_run('peers_worker', $1) as r`, [
        batch.size,
      ]);
      seen += rows[0].r.seen;
      batch.afterPass(rows[0].r.seen, Date.now() - started);
    }
  });
  return seen / spent;
}

export async function benchPeers(cluster, { say, quick }) {
  if (!installPeers(say)) {
    say('SKIPPED: pg-boss and graphile-worker cannot be installed here');
    return [];
  }
  await cluster.client.query(
    'create table bench_peer_audit (audit_id bigint generated always as identity primary key, job text not null unique, at timestamptz not null default clock_timestamp())',
  );
  say('peers');
  await prepareDomain(cluster.client, 'peers', [{ route_code: 'peers.all' }], 'now');
  const rates = { mine: [], boss: [], graphile: [] };
  for (let round = 0; round < (quick ? 1 : 3); round += 1) {
    rates.mine.push(await ours(cluster, quick ? 20_000 : 60_000));
    rates.boss.push(await pgBoss(cluster, quick ? 5_000 : 20_000));
    await cluster.client.query('truncate bench_peer_audit');
    rates.graphile.push(await graphileWorker(cluster, quick ? 1_000 : 3_000));
    await cluster.client.query('truncate bench_peer_audit');
  }
  const ratios = rates.mine.map((rate, at) => rate / Math.max(rates.boss[at], rates.graphile[at]));
  return [
    figure(
      'IU Core, batches as the worker takes them',
      median(rates.mine),
      'events/s',
      undefined,
      spread(rates.mine, 0),
    ),
    figure(
      `pg-boss ${versions['pg-boss']}, fetch 500, two loops`,
      median(rates.boss),
      'events/s',
      undefined,
      spread(rates.boss, 0),
    ),
    figure(
      `graphile-worker ${versions['graphile-worker']}, 10 at once`,
      median(rates.graphile),
      'events/s',
      undefined,
      spread(rates.graphile, 0),
    ),
    figure('routing against the fastest peer', median(ratios), 'ratio', '>= 5', spread(ratios)),
  ];
}
