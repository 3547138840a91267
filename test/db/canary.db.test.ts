import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listen } from '../../src/cli/listen.js';
import { createLogger } from '../../src/cli/log.js';
import { WorkerProcess } from '../../src/cli/worker-process.js';
import type { Database } from '../../src/store/database.js';
import { type Canary, canary, leaks, type Place } from '../support/canary.js';
import { runIu } from '../support/cli.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { callFor } from '../support/dead-letters.js';
import { deployment, liveRoute, prepareDelivery } from '../support/delivery-queue.js';
import { addRoute, emit, takeLive } from '../support/race.js';
import { type Sink, type SinkBehaviour, startSink } from '../support/sink.js';
import { waitFor } from '../support/wait.js';

const folder = mkdtempSync(join(tmpdir(), 'iu-canary-'));
const places: Place[] = [];
const payloadStores = [/^table (event_outbox|iu_route_dead_letter|iu_event_edit|inbox)$/];
const canaries = {
  signing: canary('signing secret of an env reference', [], 'whsec_'),
  header: canary('header of an env reference'),
  file: canary('secret of a file reference'),
  unusable: canary('malformed secret of a file reference'),
  settings: canary('plain header in target_config', [/^table iu_(outbound_route|route_history)$/]),
  payload: canary('payload', payloadStores),
  corrected: canary('corrected payload', payloadStores),
  password: canary('password of the database'),
};

/** What a receiver does, by the path of the route: each a way on which what was sent could come back. */
const behaviours: Readonly<Record<string, SinkBehaviour>> = {
  '/well': { kind: 'answer', status: 200, body: 'fine' },
  '/refuses': { kind: 'echo', status: 400 },
  '/fails': { kind: 'echo', status: 503 },
  '/garbage': { kind: 'garbage' },
  '/reset': { kind: 'reset' },
  '/never': { kind: 'never' },
};

let db: TestDatabase;
let sink: Sink;
const environment: Record<string, string> = {
  HOOK_SECRET: canaries.signing.value,
  HOOK_HEADER: canaries.header.value,
};

/** A route for each behaviour, for a secret that cannot be read, and for targets in the database that raise what they were given. */
async function prepareRoutes(): Promise<void> {
  const file = join(folder, 'secret');
  writeFileSync(file, canaries.file.value);
  const malformed = join(folder, 'malformed');
  writeFileSync(malformed, `not a secret ${canaries.unusable.value}`);
  const headers = {
    authorization: 'env:HOOK_HEADER',
    'x-api-key': `file:${file}`,
    'x-region': canaries.settings.value,
  };
  const once = { retry_policy: { delays_seconds: [1] } };
  for (const path of Object.keys(behaviours)) {
    const target_config = { secrets: 'env:HOOK_SECRET', headers, deadline_seconds: 1 };
    await liveRoute(db, `hook${path.replace('/', '.')}`, {
      target_ref: `${sink.origin}${path}`,
      target_config,
      ...once,
    });
  }
  for (const [code, reference] of [
    ['malformed', `file:${malformed}`],
    ['missing', 'env:NOT_SET'],
    ['nofile', `file:${folder}/none`],
  ]) {
    const target_config = { secrets: reference, headers };
    await liveRoute(db, `hook.${code}`, { target_ref: `${sink.origin}/well`, target_config, ...once });
  }
  await addRoute(db.pool, 'dry', { target_config: { headers } });
  await addRoute(db.pool, 'filtered', { filter: 'strict $.flag' });
  await db.pool.query(`create table public.inbox (delivery_id text primary key, event_id uuid, event jsonb);
    create function public.takes(uuid, jsonb) returns void language plpgsql as $f$ begin perform ($2 -> 'safe_payload' ->> 'text')::integer; end $f$;
    create function public.checks(uuid, jsonb) returns void language plpgsql as $f$ begin
      create temporary table checked (n text check (n = '')) on commit drop; insert into checked values ($2 -> 'safe_payload' ->> 'text'); end $f$;
    grant select, insert on public.inbox to iu_operator`);
  for (const [kind, ref, identity] of [
    ['table', 'inbox', 'public.inbox'],
    ['sql_function', 'takes', 'public.takes(uuid,jsonb)'],
    ['sql_function', 'checks', 'public.checks(uuid,jsonb)'],
  ]) {
    await db.pool.query("select fn_iu_target_register($1, $2, $3, 'test')", [kind, ref, identity]);
    await addRoute(db.pool, `sql.${ref}`, { target_kind: kind, target_ref: ref, ...once });
    await takeLive(db.pool, `sql.${ref}`);
  }
}

/** What every session does, looked at often; the looking itself holds no canary. */
async function watchSessions(stopped: () => boolean): Promise<string> {
  const seen = new Set<string>();
  while (!stopped()) {
    const { rows } = await db.pool.query("select application_name || ' ' || query as said from pg_stat_activity");
    for (const { said } of rows) seen.add(said);
    await delay(10);
  }
  return [...seen].join('\n');
}

/** Every row of every table as text. */
async function tables(): Promise<Place[]> {
  const { rows } = await db.pool.query(
    `select c.relname as name, c.oid::regclass::text as place from pg_class c where c.relkind = 'r' and (c.relnamespace = current_schema()::regnamespace or c.relname = 'inbox')`,
  );
  const found: Place[] = [];
  for (const { name, place } of rows) {
    const inner = await db.pool.query(`select string_agg(t::text, E'\\n') as text from ${place} t`);
    found.push({ name: `table ${name}`, text: inner.rows[0].text ?? '' });
  }
  return found;
}

/** Commands that show something without being asked for one event. */
const commandLines = [
  'health --json',
  'route list --json',
  'attempt list --limit 1000 --json',
  'attempt list --status unknown',
  'dead-letter list --state all --limit 1000 --json',
  'dead-letter list --group',
  'dead-letter replay --all',
  'dead-letter edit 1 --payload /nonexistent --reason x',
  'delivery list --json',
  'delivery leases',
  'replay list --json',
  'target list --json',
  'deployment show',
  'gate log --limit 1000 --json',
  'verify',
];

/** Runs everything once and keeps all that anybody could read afterwards. */
async function runEverything(): Promise<void> {
  const loginUrl = new URL(await db.loginUrl('iu_operator'));
  const login = loginUrl.username;
  await db.pool.query(`alter role ${login} password '${canaries.password.value}'`);
  loginUrl.password = canaries.password.value;
  const url = loginUrl.href;
  const logFile = join(
    dirname(dirname((await db.pool.query('show data_directory')).rows[0].data_directory)),
    'postgres.log',
  );
  const logBefore = existsSync(logFile) ? readFileSync(logFile).length : 0;
  for (let at = 1; at <= 3; at += 1) {
    await emit(db.pool, `s${at}`, { text: canaries.payload.value, n: at, deep: [{ text: canaries.payload.value }] });
  }
  const lines: string[] = [];
  const logger = createLogger('debug', { write: (text: string) => lines.push(text) });
  const database = { url, schema: db.schema } as Database;
  const settings = { once: false, routes: true, delivers: true, wakeUp: false, deployment, deliveryAllow: '127.0.0.1' };
  const worker = new WorkerProcess(database, { ...settings, workerNames: ['race_worker'], environment }, logger);
  const server = await listen({
    ...database,
    port: 0,
    deployment,
    workerNames: [],
    worker: worker.worker,
    runner: worker.runner,
  });
  let stopped = false;
  const watched = watchSessions(() => stopped);
  const done = worker.run();
  // The retries end: everything that fails is a dead letter, and what waits is for a secret that is not there.
  const settled = async () =>
    (await callFor(
      db,
      "select jsonb_build_object('attempts', (select count(*) from iu_route_attempt where status <> 'queued'), 'queue', (select count(*) from iu_route_delivery where lease_token is not null or route_id <> all (array(select route_id from fn_iu_delivery_unopened()))))::text",
    )) as {
      attempts: number;
      queue: number;
    };
  await waitFor(
    async () => {
      await db.pool.query("update iu_route_flow set breaker = 'closed', breaker_until = null, failures_in_row = 0");
      const now = await settled();
      return now.attempts > 35 && now.queue === 0;
    },
    { timeoutSeconds: 45 },
  );
  for (const path of ['/metrics', '/healthz']) {
    places.push({ name: path, text: await (await fetch(`http://127.0.0.1:${server.port}${path}`)).text() });
  }
  const [letter] = (
    await db.pool.query("select min(dead_letter_id) as id from iu_route_dead_letter where route_code = 'hook.refuses'")
  ).rows;
  await callFor(db, "select fn_iu_dead_letter_edit_retry($1, $2, 'corrected by a test')", [
    letter.id,
    JSON.stringify({ text: canaries.corrected.value }),
  ]);
  await waitFor(async () => (await settled()).queue === 0, { timeoutSeconds: 30 });
  worker.stop();
  await done;
  await server.close();
  stopped = true;
  places.push({ name: 'log of the worker', text: lines.join('\n') }, { name: 'pg_stat_activity', text: await watched });
  for (const words of commandLines) {
    const run = await runIu(words.split(' '), { url, schema: db.schema, environment });
    places.push({ name: `iu ${words}`, text: run.stdout + run.stderr });
  }
  const wrong = new URL(url);
  wrong.port = '1';
  const unreachable = await runIu(['health', '--log-level', 'debug'], { url: wrong.href, schema: db.schema });
  places.push({ name: 'error of a connection', text: unreachable.stdout + unreachable.stderr });
  places.push(...(await tables()));
  if (existsSync(logFile))
    places.push({ name: 'log of the server', text: readFileSync(logFile).subarray(logBefore).toString() });
}

beforeAll(async () => {
  db = await createTestDatabase();
  sink = await startSink();
  sink.behave((request) => behaviours[request.path] ?? { kind: 'answer', status: 500 });
  await prepareDelivery(db);
  await prepareRoutes();
  await runEverything();
}, 120_000);
afterAll(async () => {
  await sink.close();
  await db.drop();
  rmSync(folder, { recursive: true });
});

describe('secrets and payloads', () => {
  it('went to the targets, and every way of failing was met', async () => {
    const sent = sink.requests.map(({ raw }) => raw.toString('latin1')).join('\n');
    for (const one of [canaries.header, canaries.file, canaries.settings, canaries.payload, canaries.corrected])
      expect(sent, one.what).toContain(one.value);
    const { rows } = await db.pool.query(
      "select distinct route_code from iu_route_attempt where status in ('failed', 'unknown')",
    );
    expect(rows.map((row) => row.route_code).sort()).toEqual([
      ...[
        'filtered',
        'hook.fails',
        'hook.garbage',
        'hook.never',
        'hook.refuses',
        'hook.reset',
        'sql.checks',
        'sql.takes',
      ],
    ]);
  });

  it('are found where they may stand, so that not finding them elsewhere means something', () => {
    const texts = (name: string) => places.find((place) => place.name === name)?.text ?? '';
    expect(texts('table event_outbox')).toContain(canaries.payload.value);
    expect(texts('table iu_event_edit')).toContain(canaries.corrected.value);
    expect(texts('table iu_outbound_route')).toContain(canaries.settings.value);
    expect(texts('/metrics')).toContain('iu_dead_letters_open{route="hook.refuses"}');
    expect(texts('log of the worker').split('\n').length).toBeGreaterThan(5);
    expect(texts('log of the worker').match(/cannot be opened here/g)).toHaveLength(3);
    expect(texts('pg_stat_activity')).toContain('fn_iu_delivery_claim');
    const planted = canary('planted', [/^right$/]);
    for (const text of [`a ${planted.value}`, Buffer.from(planted.value).toString('base64')]) {
      expect(
        leaks(
          [planted],
          [
            { name: 'wrong', text },
            { name: 'right', text },
          ],
        ),
      ).toHaveLength(1);
    }
  });

  it('stand nowhere else: not in logs, audit, errors, metrics, lists, sessions or the log of the server', () => {
    expect(places.length).toBeGreaterThan(50);
    expect(leaks(Object.values(canaries) as Canary[], places)).toEqual([]);
  });
});
