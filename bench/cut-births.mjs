// The first cut of a document into the database: units a second of the one transaction that writes everything, and a re-cut of it, beside
// a bare INSERT of the same rows into equal tables without indexes' guards and triggers.
import { carryThrough } from '../dist/cut/carry-through.js';
import { advanceCut, startCut } from '../dist/cut/pipeline.js';
import { approveCutRun } from '../dist/store/cut.js';
import { demoLogin, markAsDemo } from '../dist/store/demo-live.js';
import { connectClient } from '../dist/store/session.js';
import { figure, median, seconds, spread } from './measure.mjs';

const sentence = 'a sentence of some law, about as long as sentences of laws are. ';

/** Markdown of so many articles in chapters of 50; the revision changes every hundredth. */
function documentText(articles, revision) {
  const parts = ['# Law\n'];
  for (let article = 0; article < articles; article += 1) {
    if (article % 50 === 0) parts.push(`## Chapter ${article / 50 + 1}\n`);
    const changed = revision > 0 && article % 100 === 7 ? `amended in ${revision}, ` : '';
    parts.push(`### Art. ${article + 1}\n${changed}${article} ${sentence.repeat(3)}\n`);
  }
  return Buffer.from(parts.join(''));
}

/** The same rows into the same tables without triggers and foreign keys, indexes as installed, in one transaction. */
async function bareInsert(client) {
  const tables = ['information_unit', 'unit_version', 'event_outbox', 'iu_tree_path', 'iu_relation', 'iu_cut_piece'];
  for (const table of tables) {
    await client.query(`drop table if exists bare_${table}`);
    await client.query(
      `create table bare_${table} (like ${table} including defaults including indexes including storage)`,
    );
  }
  const taken = await seconds(async () => {
    await client.query('begin');
    for (const table of tables) await client.query(`insert into bare_${table} select * from ${table}`);
    await client.query('commit');
  });
  for (const table of tables) await client.query(`drop table bare_${table}`);
  return taken;
}

/** npm run bench cut: the database's part. */
export async function benchCutBirths({ client, url }, { say, quick }) {
  const articles = quick ? 5_000 : 50_000;
  const rounds = quick ? 1 : 5;
  await client.query(
    "select fn_iu_gate_set('iu_core.structure_ops_enabled', true, 'bench'), fn_iu_gate_set('iu_core.autocut_enabled', true, 'bench')",
  );
  await markAsDemo(client);
  const editor = await connectClient({ url, schema: 'public', purpose: 'bench' });
  const approverUrl = await demoLogin(client, url, 'iu_bench_approver', ['iu_approver']);
  const approver = await connectClient({ url: approverUrl, schema: 'public', purpose: 'bench' });
  const target = { address: 'bench', title: 'Bench', ownerRef: 'bench', actor: 'bench' };
  const births = [];
  const wholes = [];
  const bares = [];
  let units = 0;
  for (let round = 0; round <= rounds; round += 1) {
    const bytes = documentText(articles, 0);
    const source = { bytes, revisionLabel: String(round), mediaType: 'text/markdown' };
    const address = `bench${round}`;
    let birth = 0;
    const whole = await seconds(async () => {
      const started = await startCut(editor, { ...target, address }, source);
      const waiting = await advanceCut(editor, started.run_id, 'bench');
      const seen = { gate: 1, manifestDigest: waiting.manifest_digest, note: 'bench' };
      await approveCutRun(approver, waiting.run_id, seen, 'bench');
      birth = await seconds(() => editor.query('select fn_iu_cut_advance($1, $2)', [started.run_id, 'bench']));
      await carryThrough(editor, waiting, 'bench', { database: approver, actor: 'bench', note: 'bench' });
      units = waiting.piece_count + 1;
    });
    say(`${units} units: written in ${birth.toFixed(2)} s, whole run ${whole.toFixed(2)} s`);
    if (round === 0) continue;
    births.push(units / birth);
    wholes.push(units / whole);
  }
  const rows = (await client.query('select count(*)::int as n from information_unit')).rows[0].n;
  for (let round = 0; round < 2; round += 1) bares.push(rows / (await bareInsert(client)));
  await approver.end();
  await editor.end();
  const bare = median(bares);
  return [
    figure(
      'first cut, units written a second (one transaction, proven)',
      Math.round(median(births)),
      'units/s',
      '>= 20000',
      spread(births, 0),
    ),
    figure('the same rows into equal tables, no triggers, no foreign keys', Math.round(bare), 'units/s'),
    figure('first cut against that', Number((median(births) / bare).toFixed(2)), 'x'),
    figure(
      'first cut, whole run: scanned, planned, both gates, enacted',
      Math.round(median(wholes)),
      'units/s',
      undefined,
      spread(wholes, 0),
    ),
  ];
}
