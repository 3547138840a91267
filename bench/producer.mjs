// What the log costs a producer: the log as installed against the same table without our trigger and checks. fsync on.
import { alternate, figure, median, seconds, spread } from './measure.mjs';

const columns =
  'event_domain, event_type, event_stream, delivery_lane, event_subject_table, event_subject_ref, canonical_address, actor_ref, source_system, safe_payload';

/** One statement of `size` rows, a transaction of its own. */
const insertInto = (table, size) =>
  `insert into ${table} (${columns})
   select 'producer', 't' || (1 + n % 12), 'update', 'immediate', 'thing', ($1::integer + n)::text, '', 'bench', 'bench',
          jsonb_build_object('n', n, 'title', 'section ' || n, 'version', n % 7) from generate_series(1, ${size}) n`;

export async function benchProducer(cluster, { say, quick }) {
  const { client, connect } = cluster;
  say('producers');
  for (let type = 1; type <= 12; type += 1)
    await client.query('select fn_iu_event_type_add($1, $2)', ['producer', `t${type}`]);
  await client.query(
    `create table bench_bare_outbox (like event_outbox including defaults including indexes including storage);
     create sequence bench_bare_seq owned by bench_bare_outbox.seq;
     alter table bench_bare_outbox alter seq set default nextval('bench_bare_seq'), alter tx_id set default pg_current_xact_id()`,
  );
  // Connected one after the other for single rows: one client waits for each flush. The batches measure the work itself.
  const writer = await connect();
  const rate = (table, size, transactions) => async () => {
    const text = insertInto(table, size);
    const spent = await seconds(async () => {
      for (let at = 0; at < transactions; at += 1) await writer.query({ name: `${table}${size}`, text, values: [at] });
    });
    return (size * transactions) / spent;
  };
  const figures = [];
  for (const [size, transactions, goal, what] of [
    [1, quick ? 200 : 500, '>= 0.9', 'single-row durable transactions'],
    [100, quick ? 30 : 100, '>= 0.7', 'batches of 100'],
  ]) {
    await client.query('checkpoint');
    const found = await alternate(
      quick ? 3 : 9,
      rate('event_outbox', size, transactions),
      rate('bench_bare_outbox', size, transactions),
    );
    figures.push(
      figure(`producer, ${what}: log as installed`, median(found.left), 'events/s', undefined, spread(found.left, 0)),
      figure(`producer, ${what}: bare table`, median(found.right), 'events/s', undefined, spread(found.right, 0)),
      figure(`producer, ${what}: log against bare`, median(found.ratio), 'ratio', goal, spread(found.ratio)),
    );
  }
  await writer.end();
  return figures;
}
