// A partitioned log against a plain one of the same events, side by side in one database: what emitting, a pass and a prune cost, what giving
// space back costs, and how long the change of form holds writers.
import { migrateUp } from '../dist/install/migrate/index.js';
import { alternate, figure, median, seconds, spread } from './measure.mjs';
import { prepareDomain } from './route.mjs';

const insert = (size) =>
  `insert into event_outbox (event_domain, event_type, event_stream, delivery_lane, event_subject_table, event_subject_ref, canonical_address,
     actor_ref, source_system, safe_payload)
   select 'parts', 't' || (1 + n % 12), 'update', 'immediate', 'thing', ($1::integer + n)::text, '', 'bench', 'bench',
          jsonb_build_object('n', n, 'title', 'section ' || n, 'version', n % 7) from generate_series(1, ${size}) n`;

/** IU Core once more, in a schema of its own, with a connection to it. */
async function open({ connect }, schema) {
  const client = await connect();
  if (schema !== 'public') await migrateUp(client, { schema });
  await client.query(`set search_path = ${schema}, pg_temp`);
  for (const gate of ['routes_master_enabled', 'route_worker_enabled'])
    await client.query('select fn_iu_gate_set($1, true, $2)', [gate, 'benchmark']);
  for (let type = 1; type <= 12; type += 1)
    await client.query('select fn_iu_event_type_add($1, $2)', ['parts', `t${type}`]);
  return client;
}

/** Goes to the partitioned form; seconds of each step, and milliseconds that writers were held. */
async function partition(client) {
  const spent = {};
  for (let step = ''; step !== 'partitioned'; ) {
    let said;
    const took = await seconds(async () => {
      said = (await client.query("select fn_iu_log_partition_step('benchmark') as r")).rows[0].r;
    });
    step = said.step;
    spent[step] = took;
    spent.held = said.milliseconds;
  }
  return spent;
}

/** What lies in the log already, written without the checks of emission, a partition's worth a transaction. */
async function fill(client, count, part) {
  const guards = ['trg_event_outbox_check', 'trg_event_outbox_recording', 'trg_event_outbox_type_validate'];
  const every = async (what) => {
    for (const name of guards) await client.query(`alter table event_outbox ${what} trigger ${name}`);
  };
  await client.query('set synchronous_commit = off');
  await every('disable');
  for (let at = 0; at < count; at += part) {
    await client.query(
      `insert into event_outbox (event_domain, event_type, event_stream, delivery_lane, event_subject_table, event_subject_ref, canonical_address,
         actor_ref, source_system, safe_payload)
       select 'parts', 't1', 'update', 'immediate', 'thing', n::text, '', 'bench', 'bench',
              '{"n": 100000, "title": "section 100000", "version": 3}' from generate_series(1, ${part}) n`,
    );
    await client.query('select fn_iu_log_partition_ahead()');
  }
  await every('enable always');
  await client.query('reset synchronous_commit');
}

const rate = (client, size, transactions) => async () => {
  const spent = await seconds(async () => {
    for (let at = 0; at < transactions; at += 1)
      await client.query({ name: `parts${size}`, text: insert(size), values: [at] });
  });
  return (size * transactions) / spent;
};

/** Passes over what is there; events a second. */
const route = (client, count) => async () => {
  await client.query({ name: 'parts-batch', text: insert(count), values: [0] });
  let seen = 0;
  const spent = await seconds(async () => {
    while (seen < count)
      seen += (await client.query("select fn_iu_route_worker_run('parts_worker', 5000) as r")).rows[0].r.seen;
  });
  return seen / spent;
};

/** Prunes the first `count` events; microseconds an event. */
async function prune(client, count) {
  const { rows } = await client.query("select (fn_iu_prune_start(0, 'benchmark', 'none') ->> 'run_id')::bigint as id");
  const spent = await seconds(async () => {
    for (let taken = 0; taken < count; ) {
      const answer = await client.query('select fn_iu_prune_step($1, $2) as line', [
        rows[0].id,
        Math.min(5000, count - taken),
      ]);
      taken = JSON.parse(answer.rows[0].line).events;
    }
  });
  await client.query("select fn_iu_prune_cancel($1, 'benchmark')", [rows[0].id]);
  return (spent * 1e6) / count;
}

const bytes = async (client) =>
  Number(
    (
      await client.query(
        "select sum(pg_total_relation_size(relid))::float8 as n from (select relid from pg_partition_tree('event_outbox') union select 'event_outbox'::regclass) t",
      )
    ).rows[0].n,
  );
const mib = (value) => `${Math.round(value / 2 ** 20)} MiB`;

/** One call and its time in milliseconds. */
const timed = async (client, text) => (await seconds(() => client.query(text))) * 1000;

async function benchEmission(plain, parted, quick) {
  const figures = [];
  for (const [size, transactions, what] of [
    [1, quick ? 100 : 500, 'single-row durable transactions'],
    [100, quick ? 10 : 100, 'batches of 100'],
  ]) {
    const found = await alternate(quick ? 3 : 9, rate(parted, size, transactions), rate(plain, size, transactions));
    figures.push(
      figure(`emitting, ${what}: partitioned`, median(found.left), 'events/s', undefined, spread(found.left, 0)),
      figure(`emitting, ${what}: plain`, median(found.right), 'events/s', undefined, spread(found.right, 0)),
      figure(
        `emitting, ${what}: partitioned against plain`,
        median(found.ratio),
        'ratio',
        '>= 0.9',
        spread(found.ratio),
      ),
    );
  }
  return figures;
}

export async function benchPartition(cluster, { say, quick, large }) {
  const count = quick ? 60_000 : large ? 10_000_000 : 1_000_000;
  const [plain, parted] = [await open(cluster, 'public'), await open(cluster, 'parted')];
  const part = count / 20;
  await parted.query(
    "insert into dot_config (key, value, reason) values ('iu_core.log_partition_events', $1, 'benchmark')",
    [part],
  );
  await partition(parted);
  await parted.query('select fn_iu_log_partition_tend()');
  say(`two logs of ${count} events`);
  await Promise.all([fill(plain, count, part), fill(parted, count, part)]);
  for (const client of [plain, parted]) {
    await client.query('vacuum analyze event_outbox');
    await prepareDomain(client, 'parts', [{ route_code: 'parts.all' }], 'now');
    await client.query("select fn_iu_route_worker_run('parts_worker', 1000)");
  }
  await plain.query('checkpoint');
  say('emitting');
  const figures = await benchEmission(plain, parted, quick);
  for (const client of [plain, parted]) {
    for (let seen = 1; seen > 0; )
      seen = (await client.query("select fn_iu_route_worker_run('parts_worker', 10000) as r")).rows[0].r.seen;
  }
  say('passes');
  const each = Math.min(20_000, part);
  const passes = await alternate(quick ? 3 : 7, route(parted, each), route(plain, each));
  figures.push(
    figure(
      'a pass at the end of the log: partitioned',
      median(passes.left),
      'events/s',
      undefined,
      spread(passes.left, 0),
    ),
    figure(
      'a pass at the end of the log: partitioned against plain',
      median(passes.ratio),
      'ratio',
      '>= 0.9',
      spread(passes.ratio),
    ),
  );
  say('pruning the first partition, and as much of the plain log');
  const first = 3 * part;
  const before = [await bytes(plain), await bytes(parted)];
  const costs = [await prune(plain, first), await prune(parted, first)];
  const vacuum = await timed(plain, 'vacuum event_outbox');
  const drop = await timed(parted, 'select fn_iu_log_partition_tend()');
  const after = [await bytes(plain), await bytes(parted)];
  figures.push(
    figure('prune without attempts: plain', costs[0], 'us/event', undefined, `${first} events, steps of 5000`),
    figure('prune without attempts: partitioned', costs[1], 'us/event'),
    figure(
      'space after it: vacuum of the plain log',
      vacuum,
      'ms',
      undefined,
      `${mib(before[0])} before, ${mib(after[0])} after`,
    ),
    figure(
      'space after it: drop of the empty partition',
      drop,
      'ms',
      undefined,
      `${mib(before[1])} before, ${mib(after[1])} after`,
    ),
  );
  say('changing the form of the plain log');
  await plain.query(
    "insert into dot_config (key, value, reason) values ('iu_core.log_partition_events', $1, 'benchmark')",
    [part],
  );
  const change = await partition(plain);
  const back = (await plain.query("select fn_iu_log_partition_back('benchmark') as r")).rows[0].r;
  figures.push(
    figure('change of form: reading the rows once, while writers go on', change.checked * 1000, 'ms'),
    figure('change of form: writers held', change.held, 'ms', '<= 1000'),
    figure('and back: writers held', back.milliseconds, 'ms', '<= 1000', `${back.moved} events moved`),
  );
  return figures;
}
