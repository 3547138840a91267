// The first cut into the database: units a second of the one transaction that writes a document, of two such documents at once, and of the
// whole run, and the seconds of the second revision, beside a bare INSERT of the same rows into equal tables without guards, triggers and foreign keys.
import { carryThrough } from '../dist/cut/carry-through.js';
import { advanceCut, startCut } from '../dist/cut/pipeline.js';
import { approveCutRun } from '../dist/store/cut.js';
import { demoLogin, markAsDemo } from '../dist/store/demo-live.js';
import { connectClient } from '../dist/store/session.js';
import { figure, median, seconds, spread } from './measure.mjs';

const sentence = 'a sentence of some law, about as long as sentences of laws are. ';

/** Markdown of so many articles in chapters of 50; of the second revision one in a hundred has other words, and of a thousand one is gone and one new. */
function documentText(articles, revision = 1) {
  const parts = ['# Law\n'];
  for (let article = 0; article < articles; article += 1) {
    if (article % 50 === 0) parts.push(`## Chapter ${article / 50 + 1}\n`);
    const place = revision === 1 ? -1 : article % 1000;
    if (place === 13) continue;
    parts.push(`### Art. ${article + 1}\n${article} ${sentence.repeat(place % 100 === 7 ? 2 : 3)}\n`);
    if (place === 20) parts.push(`### Art. ${article + 1}a\nWords for ${article} that nobody wrote before.\n`);
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

/** Takes one revision of a document at each session to where it may be written, all at once from there, and through to the report. */
async function cutRound(client, sessions, approver, bytes, { round, revision }) {
  const waiting = [];
  const started = performance.now();
  for (const [place, session] of sessions.entries()) {
    const target = {
      address: `bench${sessions.length}/${round}-${place}`,
      title: 'Bench',
      ownerRef: 'bench',
      actor: 'bench',
    };
    const run = await startCut(session, target, { bytes, revisionLabel: String(revision), mediaType: 'text/markdown' });
    const atGate = await advanceCut(session, run.run_id, 'bench');
    await approveCutRun(
      approver,
      atGate.run_id,
      { gate: 1, manifestDigest: atGate.manifest_digest, note: 'bench' },
      'bench',
    );
    waiting.push(atGate);
  }
  const write = (session, place) => session.query('select fn_iu_cut_advance($1, $2)', [waiting[place].run_id, 'bench']);
  // No page that an earlier round left dirty is written in this one.
  await client.query('checkpoint');
  const birthSeconds = await seconds(() => Promise.all(sessions.map(write)));
  const through = { database: approver, actor: 'bench', note: 'bench' };
  for (const [place, session] of sessions.entries()) await carryThrough(session, waiting[place], 'bench', through);
  const units = waiting.reduce((sum, run) => sum + run.piece_count + 1, 0);
  return { units, birthSeconds, wholeSeconds: (performance.now() - started) / 1000 };
}

/** npm run bench cut: the database's part. */
export async function benchCutBirths({ client, url }, { say, quick }) {
  const articles = quick ? 5_000 : 50_000;
  const bytes = documentText(articles);
  const rounds = quick ? 1 : 5;
  await client.query(
    "select fn_iu_gate_set('iu_core.structure_ops_enabled', true, 'bench'), fn_iu_gate_set('iu_core.autocut_enabled', true, 'bench')",
  );
  await markAsDemo(client);
  const editors = [];
  for (let place = 0; place < 2; place += 1) {
    editors.push(await connectClient({ url, schema: 'public', purpose: 'bench' }));
  }
  const approverUrl = await demoLogin(client, url, 'iu_bench_approver', ['iu_approver']);
  const approver = await connectClient({ url: approverUrl, schema: 'public', purpose: 'bench' });
  const births = [[], []];
  const wholes = [];
  for (let round = 0; round <= rounds; round += 1) {
    for (const sessions of [editors.slice(0, 1), editors]) {
      const { units, birthSeconds, wholeSeconds } = await cutRound(client, sessions, approver, bytes, {
        round,
        revision: 1,
      });
      const documents = sessions.length === 1 ? '1 document' : '2 documents at once';
      say(
        `${documents}, ${units} units: written in ${birthSeconds.toFixed(2)} s, whole runs ${wholeSeconds.toFixed(2)} s`,
      );
      if (round === 0) continue;
      births[sessions.length - 1].push(units / birthSeconds);
      if (sessions.length === 1) wholes.push(units / wholeSeconds);
    }
  }
  const recuts = [];
  for (let round = 1; round <= rounds; round += 1) {
    const again = documentText(articles, 2);
    const { birthSeconds } = await cutRound(client, editors.slice(0, 1), approver, again, { round, revision: 2 });
    say(`1 document again: written in ${birthSeconds.toFixed(2)} s`);
    recuts.push(birthSeconds);
  }
  const rows = (await client.query('select count(*)::int as n from information_unit')).rows[0].n;
  const bares = [];
  for (let round = 0; round < 2; round += 1) bares.push(rows / (await bareInsert(client)));
  for (const session of [approver, ...editors]) await session.end();
  const bare = median(bares);
  const written = (what, rates) => figure(what, Math.round(median(rates)), 'units/s', '>= 20000', spread(rates, 0));
  return [
    written('first cut of one document, units written a second (one transaction, proven)', births[0]),
    written('first cuts of two documents at once, units written a second by two sessions', births[1]),
    figure('the same rows into equal tables by one session, no triggers, no foreign keys', Math.round(bare), 'units/s'),
    figure('first cut of one document against that', Number((median(births[0]) / bare).toFixed(2)), 'x'),
    figure(
      'first cut, whole run: scanned, planned, both gates, enacted',
      Math.round(median(wholes)),
      'units/s',
      undefined,
      spread(wholes, 0),
    ),
    figure(
      'the second revision of such a document written: 1 % other texts, 0.1 % new, 0.1 % gone',
      Number(median(recuts).toFixed(2)),
      's',
      undefined,
      spread(recuts, 2),
    ),
  ];
}
