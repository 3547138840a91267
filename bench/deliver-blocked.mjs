// What a claim costs on an ordered route while a long queue waits behind one subject that is blocked.
import { deployment, emitMany, liveRoute, prepareDelivery, routeAll } from './deliver.mjs';
import { figure, median, seconds, spread } from './measure.mjs';
import { prepareDomain } from './route.mjs';

const perClaim = 50;

/** Milliseconds of each claim of 50 while other subjects wait; what was claimed is settled as sent between the claims. */
async function claimTimes(cluster, subjects) {
  const { client } = cluster;
  await client.query('vacuum analyze iu_route_delivery, iu_route_lane, iu_route_lease, iu_route_flow, event_outbox');
  const times = [];
  for (let left = subjects; left > 0; left -= perClaim) {
    let rows = [];
    const spent = await seconds(async () => {
      ({ rows } = await client.query("select * from fn_iu_delivery_claim('bench', $1, 60, $2)", [
        perClaim,
        deployment,
      ]));
    });
    if (rows.length !== perClaim) throw new Error(`${rows.length} were claimed, not ${perClaim}`);
    times.push(spent * 1000);
    const all = (value) => rows.map(() => value);
    await client.query('select fn_iu_delivery_settle($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)', [
      'bench',
      rows.map((row) => row.lease_token),
      rows.map((row) => row.route_id),
      rows.map((row) => row.event_seq),
      all('sent'),
      all(1),
      all('200'),
      all(null),
      all(false),
      all(null),
      all(false),
    ]);
  }
  return times;
}

/** Puts so many deliveries behind one subject that is blocked for a day. */
async function block(client, cluster, behind) {
  await client.query(
    `insert into event_outbox (event_domain, event_type, event_subject_table, event_subject_ref, source_system, safe_payload)
     select 'blocked', 't1', 'thing', 'stuck', 'bench', jsonb_build_object('n', n) from generate_series(1, $1::integer) n`,
    [behind],
  );
  await routeAll(cluster, 'blocked');
  await client.query(
    "update iu_route_lane set due_at = clock_timestamp() + interval '1 day' where lane_key = 'thing:stuck'",
  );
}

export async function benchBlockedSubject(cluster, { say, quick }) {
  const { client } = cluster;
  await prepareDelivery(cluster);
  await prepareDomain(client, 'blocked', [], 'now');
  await liveRoute(cluster, 'blocked', 'blocked.hook', 1, { ordering: 'subject' });
  const subjects = quick ? 1000 : 2000;
  const behind = quick ? 10_000 : 100_000;
  const rounds = quick ? 1 : 3;
  const times = async () => {
    await emitMany(cluster, 'blocked', subjects);
    await routeAll(cluster, 'blocked');
    return median(await claimTimes(cluster, subjects));
  };
  await times();
  const found = { none: [], blocked: [], ratio: [] };
  for (let round = 0; round < rounds; round += 1) {
    say(`claims with nothing blocked, then with ${behind} behind one subject that is`);
    const before = await times();
    await block(client, cluster, behind);
    const blocked = await times();
    await client.query("delete from iu_route_delivery where lane_key = 'thing:stuck'");
    await client.query("delete from iu_route_lane where lane_key = 'thing:stuck'");
    const after = await times();
    // Before and after: what the machine does meanwhile, and what grows with every round, disturbs both sides.
    found.none.push((before + after) / 2);
    found.blocked.push(blocked);
    found.ratio.push(blocked / ((before + after) / 2));
  }
  return [
    figure(`a claim of ${perClaim}, nothing blocked`, median(found.none), 'ms', undefined, spread(found.none)),
    figure(
      `a claim of ${perClaim}, ${behind} behind one blocked subject`,
      median(found.blocked),
      'ms',
      undefined,
      spread(found.blocked),
    ),
    figure('claim with a blocked subject against none', median(found.ratio), 'x', '<= 1.2', spread(found.ratio)),
  ];
}
