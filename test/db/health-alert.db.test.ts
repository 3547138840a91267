import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { databaseHealth } from '../../src/http/health.js';
import { Watchdog, type WatchdogSettings } from '../../src/operate/alert/watch.js';
import { type AlertWay, commandWay } from '../../src/operate/alert/ways.js';
import { runIu } from '../support/cli.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startHoldingProxy } from '../support/holding-proxy.js';
import { type Sink, startSink } from '../support/sink.js';
import { waitFor } from '../support/wait.js';
import { makeHealthy } from '../support/worker.js';

const folder = mkdtempSync(join(tmpdir(), 'iu-alert-'));
const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const start = Date.parse('2026-01-01T00:00:00Z');
let db: TestDatabase;
let sink: Sink;
let file: string;
let round = 0;

beforeAll(async () => {
  db = await createTestDatabase();
  await makeHealthy(db);
  sink = await startSink();
});
beforeEach(() => {
  round += 1;
  file = join(folder, `state-${round}.json`);
});
afterAll(async () => {
  await sink.close();
  await db.drop();
  rmSync(folder, { recursive: true });
});

const gate = (key: string, open: boolean) =>
  db.pool.query("select fn_iu_gate_set('iu_core.' || $1, $2, 'test')", [key, open]);

/** A way that keeps what it was told; `fail` makes it refuse. */
function keeping(): AlertWay & { readonly told: string[]; readonly ids: string[]; fail: boolean } {
  const way = {
    name: 'command' as const,
    told: [] as string[],
    ids: [] as string[],
    fail: false,
    tell: async (alert: Parameters<AlertWay['tell']>[0]) => {
      way.ids.push(alert.id);
      if (way.fail) return 'refused by the test';
      way.told.push(`${alert.kind}: ${alert.reasons.map((reason) => reason.code).join(',')}`);
      return undefined;
    },
    close: async () => {},
  };
  return way;
}

function dogWith(ways: readonly AlertWay[], more: Partial<WatchdogSettings> = {}): Watchdog {
  const settings: WatchdogSettings = {
    ...{ url: db.url, schema: db.schema, watcher: 'dog', host: 'here', everySeconds: 60, repeatSeconds: 3600 },
    ...{ stateFile: file, ways, log: () => {}, now: () => start },
  };
  return new Watchdog({ ...settings, ...more });
}

describe('alerts', () => {
  it('come also when the server, or the way to it, goes silent after the login', async () => {
    const proxy = await startHoldingProxy();
    const blocker = await db.connect();
    try {
      const address = new URL(db.url);
      proxy.forwardTo(Number(address.port), address.hostname);
      address.port = String(proxy.port);
      address.hostname = '127.0.0.1';
      const way = keeping();
      await blocker.query('begin; lock table iu_route_worker_cursor');
      const look = dogWith([way], { url: address.href, answerTimeoutSeconds: 2 }).look();
      await waitFor(async () => {
        const waits =
          "select from pg_stat_activity where application_name = 'iu-core health watch' and wait_event_type = 'Lock'";
        return (await db.pool.query(waits)).rowCount === 1;
      });
      proxy.hold();
      expect(await look).toMatchObject({ healthy: false, reasons: [{ code: 'database_unavailable' }] });
      expect(way.told).toEqual(['red: database_unavailable']);
    } finally {
      await blocker.query('rollback');
      await proxy.close();
    }
  });

  it('tell each change of health once, with a recovery, and again while it stays red', async () => {
    const way = keeping();
    let minutes = 0;
    // Every look by a watchdog of its own: a restart neither repeats nor forgets.
    const look = () => dogWith([way], { now: () => start + minutes * 60_000 }).look();
    await look();
    await gate('route_worker_enabled', false);
    await look();
    await look();
    await gate('routes_master_enabled', false);
    await look();
    minutes = 59;
    await look();
    minutes = 60;
    await look();
    await look();
    await gate('routes_master_enabled', true);
    await gate('route_worker_enabled', true);
    await look();
    await look();
    expect(way.told).toEqual([
      'red: worker_gate_closed',
      'changed: master_gate_closed,worker_gate_closed',
      'reminder: master_gate_closed,worker_gate_closed',
      'recovered: ',
    ]);
    expect(new Set(way.ids).size).toBe(4);
  });

  it('tell a database that does not answer, and what was not taken again under the same id', async () => {
    const one = keeping();
    const other = { ...keeping(), name: 'url' as const };
    one.fail = true;
    const gone = new URL(db.url);
    gone.port = '1';
    const dog = dogWith([one, other], { url: gone.href });
    expect((await dog.look()).failed).toEqual([{ way: 'command', why: 'refused by the test' }]);
    one.fail = false;
    const look = await dogWith([one, other], { url: gone.href }).look();
    expect(look).toMatchObject({ healthy: false, told: { kind: 'red', tries: 1 }, failed: [] });
    expect([one.told, other.told]).toEqual([['red: database_unavailable'], ['red: database_unavailable']]);
    expect(new Set([...one.ids, ...other.ids]).size).toBe(1);
    expect(JSON.stringify(look)).not.toContain(gone.password);
    await dogWith([one, other]).look();
    expect(one.told.at(-1)).toBe('recovered: ');
  });

  it('come on one way as they should while another is broken', async () => {
    const one = keeping();
    const broken = { ...keeping(), name: 'url' as const, tell: async () => 'refused by the test' };
    const look = (minutes: number) => dogWith([one, broken], { now: () => start + minutes * 60_000 }).look();
    await gate('route_worker_enabled', false);
    await look(0);
    await look(1);
    await look(61);
    await gate('route_worker_enabled', true);
    await look(62);
    await look(63);
    expect(one.told).toEqual(['red: worker_gate_closed', 'reminder: worker_gate_closed', 'recovered: ']);
    const repaired = { ...keeping(), name: 'url' as const };
    await dogWith([one, repaired]).look();
    // It heard of nothing, so there is nothing to take back.
    expect(repaired.told).toEqual([]);
  });

  it('go on with a state that is damaged or cannot be written', async () => {
    writeFileSync(file, '{"version": 1, "told"');
    const way = keeping();
    await gate('route_worker_enabled', false);
    await dogWith([way]).look();
    expect(existsSync(`${file}.damaged`)).toBe(true);
    const dog = dogWith([way], { stateFile: join(file, 'not-a-folder') });
    for (let looks = 0; looks < 3; looks += 1) await dog.look();
    expect(way.told).toEqual(['red: worker_gate_closed', 'red: worker_gate_closed']);
    await gate('route_worker_enabled', true);
  });

  it('are told by a watch that looks again and again, until it is stopped', async () => {
    const way = keeping();
    const stop = new AbortController();
    const done = dogWith([way], { everySeconds: 1, now: Date.now }).run(stop.signal, () => {});
    await gate('route_worker_enabled', false);
    await waitFor(async () => way.told.length === 1);
    await gate('route_worker_enabled', true);
    await waitFor(async () => way.told.length === 2);
    stop.abort();
    await done;
    expect(way.told).toEqual(['red: worker_gate_closed', 'recovered: ']);
  });

  it('run a command that gets the text and the whole alert, and nothing of ours', async () => {
    const out = join(folder, 'told.txt');
    const alert = {
      ...{ id: '0b9f2d6c-3f0e-4c49-8b5a-0d8a6a6f3c11', kind: 'red' as const, at: '2026-01-01T00:00:00.000Z' },
      ...{ redSince: null, gone: [], tries: 0, toldBy: [] },
      reasons: [{ worker: null, code: 'silent', message: 'a "quoted" $(touch hacked) message', action: 'x' }],
    };
    const environment = { PATH: process.env.PATH, IU_DATABASE_URL: 'postgres://secret', PGPASSWORD: 'secret' };
    const write = `{ printf '%s\\n' "$IU_ALERT_TEXT"; cat; env; } > ${out}`;
    expect(await commandWay(write, { name: 'p', host: 'h' }, environment).tell(alert)).toBeUndefined();
    const [text, document, ...rest] = readFileSync(out, 'utf8').split('\n');
    expect(text).toBe('IU Core p: unhealthy: silent');
    expect(JSON.parse(document ?? '')).toMatchObject({
      id: alert.id,
      kind: 'red',
      healthy: false,
      reasons: alert.reasons,
    });
    expect(rest.join('\n')).not.toContain('secret');
    const slow = commandWay('sleep 60', { name: 'p', host: 'h' }, environment, 50);
    expect(await slow.tell(alert)).toContain('did not end');
    expect(await commandWay('exit 3', { name: 'p', host: 'h' }, environment).tell(alert)).toBe(
      'the command ended with 3',
    );
  });

  it('go out by iu health as a signed webhook, under the address policy of targets, and end with the right exit code', async () => {
    const place = {
      url: db.url,
      schema: db.schema,
      environment: { ALERT: secret, HOME: folder, IU_DEPLOYMENT: 'shop' },
    };
    const words = [
      'health',
      '--alert',
      '--alert-url',
      `${sink.origin}/alert`,
      '--alert-secret',
      'env:ALERT',
      '--name',
      'timer',
      '--json',
    ];
    const refused = await runIu(words, place);
    expect([refused.exitCode, refused.stderr]).toEqual([64, expect.stringContaining('IU456')]);
    const allowed = [...words, '--delivery-allow', '127.0.0.1'];
    expect((await runIu(allowed, place)).exitCode).toBe(0);
    expect(sink.requests).toHaveLength(0);
    await gate('route_worker_enabled', false);
    expect((await runIu(allowed, place)).exitCode).toBe(2);
    expect((await runIu(allowed, place)).exitCode).toBe(2);
    expect(sink.requests).toHaveLength(1);
    const { headers, body } = sink.requests[0] ?? { headers: {}, body: Buffer.alloc(0) };
    expect(new Webhook(secret).verify(body.toString('utf8'), headers as Record<string, string>)).toMatchObject({
      type: 'iu_core.health_changed',
      data: { kind: 'red', installation: 'shop', text: 'IU Core shop: unhealthy: worker_gate_closed' },
    });
    sink.behave({ kind: 'answer', status: 500 });
    await gate('route_worker_enabled', true);
    const failed = await runIu(allowed, place);
    expect([failed.exitCode, failed.stderr]).toEqual([1, expect.stringContaining('IU862')]);
    sink.behave({ kind: 'answer', status: 200 });
    const recovered = await runIu(allowed, place);
    expect(JSON.parse(recovered.stdout)).toMatchObject({ healthy: true, told: 'recovered' });
    expect(sink.requests.map((request) => request.headers['webhook-id']).slice(1)).toHaveLength(2);
    expect(new Set(sink.requests.slice(1).map((request) => request.headers['webhook-id'])).size).toBe(1);
  });

  it('need a way to somebody and a secret by reference', async () => {
    const place = { url: db.url, schema: db.schema };
    expect((await runIu(['health', '--alert'], place)).stderr).toContain('IU860');
    expect((await runIu(['health', '--alert', '--alert-url', 'https://a.example/'], place)).stderr).toContain('IU860');
    const plain = await runIu(
      ['health', '--alert', '--alert-url', 'https://a.example/', '--alert-secret', secret],
      place,
    );
    expect(plain.exitCode).not.toBe(0);
    expect(plain.stderr).not.toContain(secret);
    expect((await runIu(['health', '--watch', '--alert'], place)).exitCode).toBe(64);
  });
});

describe('a watchdog that stops looking', () => {
  it('turns health red for everybody else, until it looks again or is forgotten', async () => {
    const healthOf = async () => {
      const { exitCode, stdout } = await runIu(['health', '--json'], { url: db.url, schema: db.schema });
      return [exitCode, JSON.parse(stdout).watchdogs.map((one: { code: string }) => one.code)];
    };
    await db.pool.query('delete from iu_health_watch');
    await dogWith([keeping()]).look();
    expect(await healthOf()).toEqual([0, []]);
    await db.pool.query("update iu_health_watch set looked_at = looked_at - interval '10 minutes'");
    expect(await healthOf()).toEqual([2, ['watchdog_silent']]);
    expect((await databaseHealth(db.pool)).reasons.map((reason) => reason.code)).toEqual(['watchdog_silent']);
    await dogWith([keeping()]).look();
    expect(await healthOf()).toEqual([0, []]);
    await db.pool.query("update iu_health_watch set looked_at = looked_at - interval '10 minutes'");
    const forgotten = await runIu(['health', '--forget-watchdog', 'dog'], { url: db.url, schema: db.schema });
    expect(forgotten.stdout).toContain('missed no longer');
    expect(await healthOf()).toEqual([0, []]);
  });
});
