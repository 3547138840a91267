// Pruning: what a step costs at the beginning and at the end of a long log, with and without an archive, and what is left to vacuum.
import { figure, median, seconds } from './measure.mjs';
import { prepareDomain } from './route.mjs';

const batch = 1_000;

async function fill(client, count) {
  const step = 50_000;
  for (let from = 0; from < count; from += step) {
    await client.query(
      `insert into event_outbox (event_domain, event_type, event_subject_table, event_subject_ref, source_system, safe_payload)
       select 'prune', 't' || (1 + n % 12), 'thing', (n % 5000)::text, 'bench', jsonb_build_object('n', n, 'title', 'section ' || n, 'version', n % 7)
         from generate_series($1::integer, $2::integer) n`,
      [from + 1, Math.min(from + step, count)],
    );
  }
  for (let seen = 1; seen > 0; ) {
    const { rows } = await client.query("select fn_iu_route_worker_run('prune_worker', 10000) as r");
    seen = rows[0].r.seen;
  }
}

const sizes = async (client) =>
  Number(
    (
      await client.query(
        "select (pg_total_relation_size('event_outbox') + pg_total_relation_size('iu_route_attempt'))::float8 as n",
      )
    ).rows[0].n,
  );

/** Steps to the end; microseconds an event of each step that took some. */
async function pruneAll(client, archive, most) {
  const { rows } = await client.query("select (fn_iu_prune_start(0, 'benchmark', $1) ->> 'run_id')::bigint as id", [
    archive,
  ]);
  const costs = [];
  for (let taken = 0; taken < most; ) {
    let said;
    const spent = await seconds(async () => {
      const answer = await client.query('select fn_iu_prune_step($1, $2) as line', [rows[0].id, batch]);
      said = JSON.parse(answer.rows[0].fn_iu_prune_step ?? answer.rows[0].line);
    });
    if (said.state !== 'running') break;
    if (said.batch_no !== null && said.events > taken) costs.push((spent * 1e6) / (said.events - taken));
    taken = said.events;
  }
  await client.query("select fn_iu_prune_cancel(run_id, 'benchmark') from iu_prune_run where state = 'running'");
  return costs;
}

export async function benchPrune({ client }, { say, quick, large }) {
  const count = quick ? 20_000 : large ? 2_000_000 : 1_000_000;
  await prepareDomain(client, 'prune', [{ route_code: 'prune.all' }]);
  say(`a log of ${count} decided events`);
  await fill(client, count);
  await client.query('vacuum analyze event_outbox, iu_route_attempt');
  const before = await sizes(client);
  const certificate = await seconds(() => client.query("select fn_iu_route_worker_reconcile('prune_worker')"));
  const preview = await seconds(() => client.query('select fn_iu_prune_preview(0, 10000000)'));
  say('pruning the first tenth into the table, the rest without an archive');
  const kept = await pruneAll(client, 'table', count / 10);
  const costs = await pruneAll(client, 'none', count);
  const tenth = Math.max(1, Math.floor(costs.length / 10));
  const [first, last] = [median(costs.slice(0, tenth)), median(costs.slice(-tenth))];
  const vacuum = await seconds(() => client.query('vacuum event_outbox, iu_route_attempt'));
  const after = await sizes(client);
  return [
    figure(
      'prune, an event with its attempt',
      median(costs),
      'us/event',
      undefined,
      `${count} events, steps of ${batch}`,
    ),
    figure('the same into the archive table', median(kept), 'us/event'),
    figure(
      'last tenth of the log against the first',
      last / first,
      'ratio',
      '<= 1.5',
      'no step reads what an earlier one took',
    ),
    figure('preview of all of it', (preview * 1e6) / count, 'us/event'),
    figure('certificate of all of it, once', (certificate * 1e6) / count, 'us/event'),
    figure(
      'vacuum afterwards',
      vacuum,
      's',
      undefined,
      `${Math.round(before / 2 ** 20)} MiB before, ${Math.round(after / 2 ** 20)} after`,
    ),
  ];
}
