// Trees: births, moves with their WAL, reads, and the proof, in a corpus of a million units.
import { figure, median, seconds, spread } from './measure.mjs';

const body = 'a sentence of some law, about as long as sentences of laws are. '.repeat(4);

/** A document of `chapters` chapters with 1,000 units each: a chapter, 9 sections in it, 10 articles in each, 10 paragraphs in each. */
function documentUnits(name, chapters) {
  const units = [{ canonical_address: name, body }];
  const add = (parent, code) => {
    const address = `${parent}/${code}`;
    units.push({ canonical_address: address, parent_address: parent, section_code: String(code), body });
    return address;
  };
  for (let chapter = 1; chapter <= chapters; chapter += 1) {
    const at = add(name, chapter);
    for (let section = 1; section <= 9; section += 1) {
      const sectionAt = add(at, section);
      for (let article = 1; article <= 10; article += 1) {
        const articleAt = add(sectionAt, article);
        for (let paragraph = 1; paragraph <= 10; paragraph += 1) add(articleAt, paragraph);
      }
    }
  }
  return units;
}

const call = async (client, text, values = []) => (await client.query(text, values)).rows[0];
const plan = async (client, steps, request = '') =>
  (
    await call(client, `select fn_iu_structure_op_plan($1, 'bench', 'bench', $2) ->> 'operation_id' as id`, [
      JSON.stringify(steps),
      request,
    ])
  ).id;
const apply = (client, id) => call(client, `select fn_iu_structure_op_apply($1, 'bench', 'B')`, [id]);
const rollBack = (client, id) => call(client, `select fn_iu_structure_op_rollback($1, 'bench', 'B')`, [id]);
const move = (unit, parent) => ({ operation_type: 'reparent_piece', unit, parent });

async function timed(rounds, work) {
  const taken = [];
  for (let round = -1; round < rounds; round += 1) {
    const { milliseconds } = await work(round + 1);
    if (round >= 0) taken.push(milliseconds);
  }
  return taken;
}
const clocked = async (work) => ({ milliseconds: (await seconds(work)) * 1000 });

/** Kilobytes of WAL that the work wrote. */
async function walOf(client, work) {
  const from = (await call(client, 'select pg_current_wal_insert_lsn() as lsn')).lsn;
  await work();
  return (
    Number((await call(client, 'select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), $1) as bytes', [from])).bytes) /
    1024
  );
}

async function fill(client, { say, quick, smoke }) {
  const large = smoke || quick ? 3 : 50;
  const small = smoke ? 10 : quick ? 100 : 500;
  const perCollection = smoke ? 10 : 100;
  const rates = [];
  const born = async (units) => {
    const taken = await seconds(() =>
      client.query('select count(*) from fn_iu_create_many($1, $2)', [JSON.stringify(units), 'bench']),
    );
    rates.push(units.length / taken);
  };
  for (let n = 0; n < large; n += 1) {
    await born(documentUnits(`large${n}`, 10));
    if (n % 10 === 9) say(`  ${n + 1} documents of 10,001 units, ${Math.round(median(rates))} units/s`);
  }
  for (let n = 0; n < small; n += 10) {
    await born(Array.from({ length: 10 }, (_, k) => documentUnits(`small${n + k}`, 1)).flat());
    if (n % 100 === 90) say(`  ${n + 10} documents of 1,001 units, ${Math.round(median(rates))} units/s`);
  }
  await client.query('analyze');
  const collections = [
    'shelf-a',
    'shelf-b',
    ...Array.from({ length: small / perCollection }, (_, n) => `collection${n}`),
  ];
  await born(collections.map((name) => ({ canonical_address: name, body: name, unit_kind: 'collection' })));
  for (let n = 0; n < small; n += perCollection) {
    const steps = Array.from({ length: perCollection }, (_, k) =>
      move(`small${n + k}`, `collection${n / perCollection}`),
    );
    await apply(client, await plan(client, steps));
  }
  await client.query('vacuum analyze');
  const units = (await call(client, 'select count(*)::int as n from iu_tree_path')).n;
  say(`  ${units} units`);
  return { units, rates, large, collectionUnits: perCollection * 1001 };
}

/**
 * Moves back and forth between two places; every apply is an operation of its own, planned beforehand and not timed. With `bare` the same rows
 * are rewritten by one UPDATE right after each move, so that what disturbs the machine disturbs both.
 */
async function moves(client, rounds, unit, places, name, bare) {
  const [wal, plans, bares] = [[], [], []];
  const taken = await timed(rounds, async (round) => {
    const step = move(unit, places[round % 2]);
    let id;
    const planned = await clocked(async () => {
      id = await plan(client, [step], `${name} ${round}`);
    });
    let result;
    const kilobytes = await walOf(client, async () => {
      result = await clocked(() => apply(client, id));
    });
    if (round > 0) {
      plans.push(planned.milliseconds);
      wal.push(kilobytes);
      if (bare) bares.push(await bareUpdate(client, unit));
    }
    return result;
  });
  return { taken, wal, plans, bares };
}

/**
 * Milliseconds of rewriting the rows of the projection that a move rewrites, by one bare UPDATE in a transaction of its own: what a move cannot
 * go below. The paths get their document twice and, not timed, lose it again.
 */
async function bareUpdate(client, address) {
  const range = (path) =>
    `root_unit_id = $1 and path_ids >= ${path} and path_ids < ${path} || 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid`;
  const { root, path } = await call(
    client,
    `select t.root_unit_id as root, t.path_ids::text as path from iu_tree_path t join information_unit u on u.id = t.unit_id
      where u.canonical_address = $1`,
    [address],
  );
  const away = `update iu_tree_path set path_ids = $1::uuid || path_ids, depth = depth + 1 where ${range('$2::uuid[]')}`;
  const back = `update iu_tree_path set path_ids = path_ids[2:], depth = depth - 1 where ${range('($1::uuid || $2::uuid[])')}`;
  const { milliseconds } = await clocked(() => client.query(away, [root, path]));
  await client.query(back, [root, path]);
  return milliseconds;
}

const milliseconds = (what, values, goal, note) =>
  figure(what, median(values), 'ms', goal, `spread ${spread(values)}${note === undefined ? '' : `; ${note}`}`);

async function benchMoves(client, filled, rounds) {
  const figures = [];
  const inDocument = await moves(client, rounds, 'large0/1', ['large0/2', 'large0'], 'in document', true);
  figures.push(
    milliseconds('move of 1,000 units in a document of 10,001: apply and commit', inDocument.taken, '<= 20'),
    milliseconds('  bare UPDATE and commit of the same 1,000 rows of the projection', inDocument.bares),
    figure(
      '  the move against the bare UPDATE, round by round',
      median(inDocument.taken.map((one, round) => one / inDocument.bares[round])),
      'x',
    ),
    figure('  its WAL', median(inDocument.wal), 'kB', undefined, `spread ${spread(inDocument.wal, 0)}`),
    milliseconds('  its plan (done, shown and undone; whole document hashed and proven)', inDocument.plans),
  );
  const across = await moves(client, rounds, 'large1/1', ['large2', 'large1'], 'across');
  figures.push(milliseconds('move of 1,000 units to another document', across.taken));
  const leaf = await moves(client, rounds, 'large0/3/1/1/1', ['large0/3/2/1', 'large0/3/1/1'], 'leaf');
  figures.push(milliseconds('move of 1 unit', leaf.taken));
  const inCollection = await moves(client, rounds, 'collection0', ['shelf-a', 'shelf-b'], 'collection');
  figures.push(
    milliseconds(`move of a collection of ${filled.collectionUnits} units`, inCollection.taken, '<= 5'),
    figure('  its WAL', median(inCollection.wal), 'kB', undefined, `spread ${spread(inCollection.wal, 0)}`),
  );
  const back = await timed(rounds, async (round) => {
    const id = await plan(client, [move('large0/4', 'large0/5')], `rollback ${round}`);
    await apply(client, id);
    return clocked(() => rollBack(client, id));
  });
  figures.push(milliseconds('rollback of a move of 1,000 units', back));
  return figures;
}

async function benchReads(client, rounds) {
  const ids = async (like) =>
    (
      await client.query(
        'select id from information_unit where canonical_address like $1 order by random() limit 200',
        [like],
      )
    ).rows.map((row) => row.id);
  const read = async (what, text, pool) => {
    const taken = await timed(rounds * 5, (round) => clocked(() => client.query(text, [pool[round % pool.length]])));
    return milliseconds(what, taken);
  };
  const leaves = await ids('large_/_/_/_/_');
  const articles = await ids('large_/_/_/_');
  const chapters = await ids('large_/_');
  const documents = await ids('large_');
  const addresses = (
    await client.query(`select canonical_address from information_unit where id = any ($1)`, [leaves])
  ).rows.map((row) => row.canonical_address);
  const now = 'clock_timestamp()';
  return [
    await read('read: ancestors of a leaf (4 above it)', 'select * from fn_iu_tree_ancestors($1)', leaves),
    await read('read: a unit by address', 'select * from v_iu_tree where canonical_address = $1', addresses),
    await read('read: 10 siblings', 'select * from fn_iu_tree_siblings($1)', leaves),
    await read('read: subtree of 11 units', 'select * from fn_iu_tree_subtree($1)', articles),
    await read('read: subtree of 1,000 units', 'select * from fn_iu_tree_subtree($1)', chapters),
    await read('read: a document of 10,001 units', 'select * from fn_iu_tree_subtree($1)', documents),
    await read('read: the same as of a date', `select * from fn_iu_tree_at($1, ${now})`, documents),
    await read('tree hash of a document of 10,001 units', 'select fn_iu_tree_hash($1)', documents),
    await read('proof of a document of 10,001 units', 'select fn_iu_tree_verify($1)', documents),
  ];
}

/** Births, moves, reads and proof. */
export async function benchTree(cluster, { say, quick, smoke }) {
  const { client } = cluster;
  await client.query(`select fn_iu_gate_set('structure_ops_enabled', true, 'benchmark')`);
  say('trees: filling');
  const filled = await fill(client, { say, quick, smoke });
  const rounds = smoke ? 1 : quick ? 6 : 20;
  const figures = [
    figure(
      'births through fn_iu_create_many, 10,000 a call, one session',
      median(filled.rates),
      'units/s',
      '>= 20000',
      `spread ${spread(filled.rates, 0)}, while filling ${filled.units} units`,
    ),
  ];
  say('trees: moves');
  figures.push(...(await benchMoves(client, filled, rounds)));
  say('trees: reads');
  figures.push(...(await benchReads(client, rounds)));
  say('trees: proof of everything');
  let proof;
  const taken = await timed(2, () =>
    clocked(async () => (proof = (await call(client, 'select fn_iu_tree_verify() as proof')).proof)),
  );
  const verdict = typeof proof === 'string' ? JSON.parse(proof) : proof;
  if (!verdict.ok) throw new Error(`the trees are broken: ${verdict.problems[0]}`);
  figures.push(milliseconds(`proof of all ${verdict.units} units`, taken));
  const size = await call(
    client,
    `select pg_relation_size('iu_tree_path') / 1048576.0 as heap, pg_indexes_size('iu_tree_path') / 1048576.0 as indexes`,
  );
  figures.push(
    figure(
      'iu_tree_path',
      Number(size.heap) + Number(size.indexes),
      'MB',
      undefined,
      `of it indexes ${Math.round(size.indexes)}`,
    ),
  );
  return figures;
}
