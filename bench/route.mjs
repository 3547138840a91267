// Routing: events to audit rows, against raw INSERT ... SELECT of the same rows; cost over a growing backlog; many routes.
import { alternate, figure, median, seconds, spread } from './measure.mjs';

const batch = 5_000;

async function fill(client, domain, count) {
  const step = 50_000;
  for (let from = 0; from < count; from += step) {
    await client.query(
      `insert into event_outbox (event_domain, event_type, event_subject_table, event_subject_ref, source_system, safe_payload)
       select $1, 't' || (1 + n % 12), 'thing', (n % 5000)::text, 'bench', jsonb_build_object('n', n, 'title', 'section ' || n, 'version', n % 7)
         from generate_series($2::integer, $3::integer) n`,
      [domain, from + 1, Math.min(from + step, count)],
    );
  }
}

export async function prepareDomain(client, domain, routes, base = 'beginning') {
  for (let type = 1; type <= 12; type += 1)
    await client.query('select fn_iu_event_type_add($1, $2)', [domain, `t${type}`]);
  await client.query('select fn_iu_route_worker_register($1, $2, $3)', [`${domain}_worker`, domain, base]);
  for (const route of routes) {
    const whole = { event_domain: domain, target_kind: 'webhook', target_ref: 'https://sink.test/hook', ...route };
    await client.query('select fn_iu_route_add($1)', [JSON.stringify(whole)]);
    await client.query('select fn_iu_route_set_enabled($1, true, $2)', [whole.route_code, 'benchmark']);
  }
}

const settle = async (client, tables) => {
  for (const table of tables) await client.query(`vacuum analyze ${table}`);
  await client.query('checkpoint');
};

async function pass(client, domain, limit) {
  const { rows } = await client.query('select fn_iu_route_worker_run($1, $2) as r', [`${domain}_worker`, limit]);
  return rows[0].r;
}

/** Routes `count` events and gives events per second. */
async function routeSome(client, domain, count, limit = batch) {
  let seen = 0;
  const spent = await seconds(async () => {
    while (seen < count) {
      const result = await pass(client, domain, limit);
      if (result.seen === 0 && result.window_complete) throw new Error(`${domain} ran out of events`);
      seen += result.seen;
    }
  });
  return seen / spent;
}

/** The same rows into a table with the same columns, defaults, checks and indexes, in as many commits; nothing is decided. */
async function rawSome(client, domain, state, count) {
  const spent = await seconds(async () => {
    for (let done = 0; done < count; done += batch) {
      await client.query(
        `insert into bench_raw_attempt (event_seq, route_id, attempt_no, route_version, run_id, event_ref, route_kind, route_code,
                                        status, decision, reason, idempotency_key, payload_snapshot)
         select e.seq, 7, 1, 1, 1, e.id, 'outbound', 'bench.all', 'dry_run', 'dry_run', null, 'bench.all:' || e.id, $4::jsonb
           from event_outbox e where e.seq > $1 and e.event_domain = $3 order by e.seq limit $2`,
        [state.at, batch, domain, state.request],
      );
      state.at = (await client.query('select max(event_seq)::text as at from bench_raw_attempt')).rows[0].at;
    }
  });
  return count / spent;
}

async function throughput(client, { say, quick }) {
  const rounds = quick ? 3 : 9;
  const perRound = 20_000;
  await prepareDomain(client, 'bench', [{ route_code: 'bench.all' }]);
  say(`routing against raw: ${(rounds + 1) * perRound} events`);
  await fill(client, 'bench', (rounds + 1) * perRound);
  await client.query('create table bench_raw_attempt (like iu_route_attempt including all)');
  await settle(client, ['event_outbox']);
  const request = (
    await client.query(
      `select fn_iu_route_request(target_kind, target_ref, target_config)::text as r from iu_outbound_route where route_code = 'bench.all'`,
    )
  ).rows[0].r;
  const state = { at: '0', request };
  const wal = { rows: 0, bytes: 0, dead: 0 };
  const measured = async () => {
    const before = (await client.query('select pg_current_wal_insert_lsn() as at')).rows[0].at;
    const rate = await routeSome(client, 'bench', perRound);
    const used = await client.query('select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), $1)::float8 as n', [before]);
    wal.rows += perRound;
    wal.bytes += Number(used.rows[0].n);
    return rate;
  };
  const found = await alternate(rounds, measured, () => rawSome(client, 'bench', state, perRound));
  await client.query('select pg_stat_force_next_flush()');
  const dead = await client.query(
    `select relname, n_dead_tup::integer as n from pg_stat_user_tables
      where relname in ('event_outbox', 'iu_route_attempt', 'iu_route_delivery', 'iu_route_run', 'iu_route_worker_cursor')`,
  );
  const deadTuples = dead.rows.reduce((sum, row) => sum + row.n, 0);
  return [
    figure('routing, event to audit row', median(found.left), 'events/s', undefined, spread(found.left, 0)),
    figure('raw INSERT ... SELECT of the same rows', median(found.right), 'rows/s', undefined, spread(found.right, 0)),
    figure(
      'routing against raw',
      median(found.ratio),
      'ratio',
      '>= 0.6',
      `${spread(found.ratio)} in ${rounds} rounds, batches of ${batch}`,
    ),
    figure('WAL of a pass, per event', wal.bytes / wal.rows, 'bytes'),
    figure('dead tuples of passes, per event', deadTuples / wal.rows, 'tuples'),
  ];
}

async function backlogCost(client, { say, quick, large }) {
  const sizes = quick
    ? [10_000, 100_000]
    : large
      ? [10_000, 100_000, 1_000_000, 5_000_000]
      : [10_000, 100_000, 1_000_000];
  const perSize = new Map();
  const sample = 10_000;
  for (const [at, size] of sizes.entries()) {
    const domain = `backlog${at}`;
    await prepareDomain(client, domain, [{ route_code: `${domain}.all` }]);
    say(`backlog of ${size}`);
    await fill(client, domain, size);
    await settle(client, ['event_outbox', 'iu_route_attempt']);
    perSize.set(size, { domain, costs: [] });
  }
  // Batches of 1,000, sizes in turn, so that every size meets the same moments of the machine. The first 1,000 do not count.
  for (const { domain } of perSize.values()) await routeSome(client, domain, 1_000, 1_000);
  for (let round = 0; round < 9; round += 1) {
    for (const entry of perSize.values())
      entry.costs.push(1e6 / (await routeSome(client, entry.domain, sample / 10, 1_000)));
  }
  const figures = [];
  for (const [size, { costs }] of perSize)
    figures.push(figure(`cost at a backlog of ${size}`, median(costs), 'us/event', undefined, spread(costs, 1)));
  const medians = [...perSize.values()].map(({ costs }) => median(costs));
  figures.push(
    figure(
      `largest cost against smallest, ${sizes[0]} to ${sizes.at(-1)}`,
      Math.max(...medians) / Math.min(...medians),
      'ratio',
      '<= 1.3',
    ),
  );
  return figures;
}

async function manyRoutes(client, { say, quick }) {
  const routes = 1_000;
  say(`${routes} routes`);
  const types = (n) => ['*', `t${1 + (n % 12)}`, `t${1 + (n % 3)}*`][n % 3];
  const codes = Array.from({ length: routes }, (_, n) => ({
    route_code: `many.${n}`,
    event_type: n < 2 ? '*' : `none_${n}`,
    event_domain: n % 2 === 0 ? 'many' : types(n) === '*' ? 'man*' : 'many',
  }));
  await prepareDomain(client, 'many', codes);
  const count = quick ? 20_000 : 60_000;
  await fill(client, 'many', count);
  await settle(client, ['event_outbox']);
  await routeSome(client, 'many', 5_000);
  const rates = [];
  for (let round = 0; round < (quick ? 3 : 9); round += 1) rates.push(await routeSome(client, 'many', 5_000));
  const perSecond = median(rates);
  return [
    figure('1,000 routes, 2 of them match: events decided', perSecond, 'events/s', undefined, spread(rates, 0)),
    figure('1,000 routes, 2 of them match: audit rows', perSecond * 2, 'rows/s'),
  ];
}

export async function benchRoute(cluster, options) {
  const { client } = cluster;
  return [
    ...(await throughput(client, options)),
    ...(await backlogCost(client, options)),
    ...(await manyRoutes(client, options)),
  ];
}
