// Trees: what moving and reading cost with a million units. fsync on; rows of the tree are written in bulk, operations are real ones.
import { figure, median } from './measure.mjs';

const goals = { document: 20, collection: 5 };

/** Units as fn_iu_create_many leaves them, without the events: 1,000 units a document, 7 levels at most. */
const bulk = `
  create temp table bench_unit as
  select gen_random_uuid() as id, gen_random_uuid() as version_id, d, n from generate_series(1, $DOCUMENTS) d, generate_series(0, 999) n;
  create unique index on bench_unit (d, n);
  analyze bench_unit;
  select fn_iu_canonical_writer('fn_iu_create');
  insert into information_unit (id, canonical_address, unit_kind, content_anchor_ref, version_anchor_ref, owner_ref, parent_or_container_ref,
                                sibling_rank, identity_profile, created_by, updated_by)
  select u.id, format('bench/%s/%s', u.d, u.n), case when u.n = 0 then 'document' else 'section' end, u.version_id::text, u.version_id, 'bench', p.id,
         fn_iu_rank_from_integer(u.n), '{"title": "t", "owner_lookup_ref": "bench", "primary_section_type_ref": "s"}', 'bench', 'bench'
    from bench_unit u left join bench_unit p on p.d = u.d and u.n > 0 and p.n = (u.n - 1) / 4;
  insert into unit_version (id, unit_id, body, content_hash, version_seq, created_by)
  select version_id, id, '', encode(sha256(''), 'hex'), 1, 'bench' from bench_unit;
  select fn_iu_canonical_writer('');`;

export async function benchTree(cluster, { say, quick }) {
  const { client } = cluster;
  const documents = quick ? 100 : 1000;
  await client.query('select fn_iu_gate_set($1, true, $2)', ['structure_ops_enabled', 'benchmark']);
  say(`${documents * 1000} units`);
  await client.query(`begin; ${bulk.replace('$DOCUMENTS', String(documents))} commit`);
  const names = ['bench/C1', 'bench/C2', 'bench/C3'];
  const collections = names.map((name) => ({ canonical_address: name, body: '', unit_kind: 'collection' }));
  await client.query('select from fn_iu_create_many($1, $2)', [JSON.stringify(collections), 'bench']);
  await client.query('analyze');
  let request = 0;
  const operate = async (steps) => {
    request += 1;
    const plan = await client.query(`select fn_iu_structure_op_plan($1, 'bench', null, $2) ->> 'operation_id' as id`, [
      JSON.stringify(steps),
      String(request),
    ]);
    const wal = (await client.query('select pg_current_wal_insert_lsn() as at')).rows[0].at;
    const started = performance.now();
    await client.query(`select fn_iu_structure_op_apply($1, 'bench', 'bench')`, [plan.rows[0].id]);
    const spent = performance.now() - started;
    const { rows } = await client.query('select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), $1)::bigint as bytes', [
      wal,
    ]);
    return { spent, bytes: Number(rows[0].bytes) };
  };
  const move = (unit, parent) => ({ operation_type: 'reparent_piece', unit, parent });
  say('filling the collection');
  const members = Array.from({ length: 100 }, (_, index) => move(`bench/${index + 1}/0`, 'bench/C1'));
  await operate(members);
  const rounds = quick ? 5 : 15;
  const results = async (step) => {
    const found = [];
    for (let round = 0; round < rounds; round += 1) found.push(await operate([step(round)]));
    return { ms: median(found.map((one) => one.spent)), kB: median(found.map((one) => one.bytes)) / 1000 };
  };
  say('moves');
  // unit 1 has about a quarter of its document below it; moved together with a whole second document it makes 1,000 and more
  await operate([move('bench/90/0', 'bench/91/1')]);
  const inside = await results((round) => move('bench/90/0', round % 2 === 0 ? 'bench/91/2' : 'bench/91/1'));
  const between = await results((round) => move('bench/90/0', round % 2 === 0 ? 'bench/92/1' : 'bench/91/1'));
  const collection = await results((round) => move('bench/C1', round % 2 === 0 ? 'bench/C2' : 'bench/C3'));
  const timed = async (text, values = []) => {
    const found = [];
    for (let round = 0; round < rounds; round += 1) {
      const started = performance.now();
      await client.query(text, values);
      found.push(performance.now() - started);
    }
    return median(found);
  };
  say('reads');
  const id = (await client.query(`select id from information_unit where canonical_address = 'bench/5/0'`)).rows[0].id;
  const leaf = (await client.query(`select id from information_unit where canonical_address = 'bench/5/999'`)).rows[0]
    .id;
  const ancestors = await timed('select * from fn_iu_tree_ancestors($1)', [leaf]);
  const subtree = await timed('select * from fn_iu_tree_subtree($1)', [id]);
  const proofOne = await timed('select fn_iu_tree_verify($1)', [id]);
  say('full proof');
  const started = performance.now();
  const proof = JSON.parse((await client.query('select fn_iu_tree_verify()::text as proof')).rows[0].proof);
  const proofAll = performance.now() - started;
  if (!proof.ok) throw new Error(`a tree is broken: ${proof.problems[0]}`);
  const at = (value) => Number(value.toFixed(2));
  return [
    figure('move of 1,000 units in a document', at(inside.ms), 'ms', `<= ${goals.document}`, `${at(inside.kB)} kB WAL`),
    figure('move of 1,000 units to another document', at(between.ms), 'ms', undefined, `${at(between.kB)} kB WAL`),
    figure(
      'move of a 100,000-unit collection',
      at(collection.ms),
      'ms',
      `<= ${goals.collection}`,
      `${at(collection.kB)} kB WAL`,
    ),
    figure('ancestors of a leaf', at(ancestors), 'ms', undefined, ''),
    figure('subtree of 1,000 units', at(subtree), 'ms', undefined, ''),
    figure('proof of one document', at(proofOne), 'ms', undefined, ''),
    figure(`proof of ${proof.units} units`, at(proofAll), 'ms', undefined, ''),
  ];
}
