import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { atMostEvery } from '../../src/http/fresh.js';
import { AttemptRanges, createMetrics } from '../../src/http/metrics.js';
import { type MetricsServer, startMetricsServer } from '../../src/http/server.js';
import type { AttemptRange, DatabaseMetrics } from '../../src/store/metrics.js';

let server: MetricsServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

const well = async () => ({ healthy: true, reasons: [] });
const get = (path: string, method = 'GET') => fetch(`http://127.0.0.1:${server?.port}${path}`, { method });

describe('the server of metrics', () => {
  it('listens on the machine itself only, and says metrics and health', async () => {
    server = await startMetricsServer({ port: 0, collect: async () => 'iu_database_up 1\n', health: well });
    expect(server.host).toBe('127.0.0.1');
    const metrics = await get('/metrics?x=1');
    expect([metrics.status, metrics.headers.get('content-type')]).toEqual([
      200,
      'text/plain; version=0.0.4; charset=utf-8',
    ]);
    expect(await metrics.text()).toBe('iu_database_up 1\n');
    expect(await (await get('/healthz')).json()).toEqual({ healthy: true, reasons: [] });
    expect([(await get('/metrics', 'HEAD')).status, await (await get('/metrics', 'HEAD')).text()]).toEqual([200, '']);
    expect([(await get('/other')).status, (await get('/metrics', 'POST')).status]).toEqual([404, 405]);
  });

  it('answers 503 with the reasons when it is not well, and 500 without a word about why when a reading fails', async () => {
    const reasons = [{ code: 'silent', message: 'no pass for 400 s' }];
    server = await startMetricsServer({
      port: 0,
      collect: async () => {
        throw new Error('password=canary');
      },
      health: async () => ({ healthy: false, reasons }),
    });
    const health = await get('/healthz');
    expect([health.status, await health.json()]).toEqual([503, { healthy: false, reasons }]);
    const failed = await get('/metrics');
    expect([failed.status, await failed.text()]).toEqual([500, 'error\n']);
  });

  it('ends although somebody holds a connection open, and refuses a port that is taken', async () => {
    server = await startMetricsServer({ port: 0, collect: async () => '', health: well });
    const again = startMetricsServer({ port: server.port, collect: async () => '', health: well });
    await expect(again).rejects.toMatchObject({ code: 'IU031', message: expect.stringContaining('(EADDRINUSE)') });
    const silent = connect(server.port, '127.0.0.1');
    await new Promise((resolve) => silent.once('connect', resolve));
    const closed = new Promise((resolve) => silent.once('close', resolve));
    silent.on('error', () => {});
    await server.close();
    server = undefined;
    await closed;
  });
});

const reading: DatabaseMetrics = {
  gates: { 'iu_core.delivery_enabled': true, 'iu_core.autocut_enabled': false },
  hold: 'deployment_differs',
  cursors: [{ worker_name: 'w', backlog: 7, oldest_seconds: 1.5 }],
  deliveries: { oldest_seconds: 12 },
  routes: [
    {
      route_code: 'r"1',
      mode: 'live',
      waiting: 1_000_000,
      leased: 3,
      overdue_seconds: 4.25,
      lanes_held: 2,
      dead_letters: 5,
      paused: true,
      breaker: 'open',
      approval_expires_seconds: -3,
      approval_events_left: null,
    },
  ],
  attempts: [{ route_code: 'r"1', status: 'sent', count: 4 }],
  last_attempt_id: '100',
};

describe('the metrics', () => {
  const counters = () => ({
    routing: { passes: 3, seen: 10, attemptsWritten: 11, deadLettered: 1 },
    delivery: { sending: 1, waiting: 2, sent: 9, failed: 1, unknown: 0, released: 0, refused: 0, deadLettered: 1 },
  });

  it('say what the database and this process say, in the words of Prometheus', async () => {
    const text = await createMetrics({ read: async () => reading, counters, version: '1.2.3' }).collect();
    for (const line of [
      'iu_build_info{version="1.2.3"} 1',
      'iu_database_up 1',
      'iu_gate_open{gate="iu_core.delivery_enabled"} 1',
      'iu_gate_open{gate="iu_core.autocut_enabled"} 0',
      'iu_delivery_held{reason="deployment_differs"} 1',
      'iu_backlog_events{cursor="w"} 7',
      'iu_oldest_undecided_seconds{cursor="w"} 1.5',
      'iu_deliveries_waiting{route="r\\"1"} 1000000',
      'iu_delivery_overdue_seconds{route="r\\"1"} 4.25',
      'iu_dead_letters_open{route="r\\"1"} 5',
      'iu_route_mode{route="r\\"1",mode="live"} 1',
      'iu_route_breaker{route="r\\"1"} 2',
      'iu_approval_expires_seconds{route="r\\"1"} -3',
      'iu_process_sends_total{outcome="sent"} 9',
      'iu_process_routing_total{kind="events_seen"} 10',
    ])
      expect(text.split('\n')).toContain(line);
    expect(text).not.toContain('iu_approval_events_left{');
    expect(text).toMatch(/# HELP iu_deliveries_waiting .*above it an estimate/);
  });

  it('read the database once in five seconds however many ask, and count each attempt once', async () => {
    const ranges: (AttemptRange | undefined)[] = [];
    let now = 0;
    let last = 100;
    const metrics = createMetrics({
      read: async (range) => {
        ranges.push(range);
        const counted = range === undefined ? 0 : Number(range.until) - Number(range.after);
        const attempts = counted === 0 ? [] : [{ route_code: 'r', status: 'sent', count: counted }];
        return { ...reading, attempts, last_attempt_id: String(last) };
      },
      counters,
      version: '1',
      nowMilliseconds: () => now,
    });
    await Promise.all(Array.from({ length: 50 }, () => metrics.collect()));
    expect(ranges).toEqual([undefined]);
    for (; now < 120_000; now += 1000) {
      last += 10;
      await metrics.collect();
    }
    expect(ranges).toHaveLength(24);
    const counted = Number(/iu_attempts_total\{route="r",status="sent"\} (\d+)/.exec(await metrics.collect())?.[1]);
    // all that were there a minute before the last reading
    expect(counted).toBeGreaterThan(500);
    expect(counted).toBeLessThanOrEqual(last - 100 - 550);
    const pairs = ranges.filter((range) => range !== undefined);
    for (const [index, range] of pairs.entries()) if (index > 0) expect(range.after).toBe(pairs[index - 1]?.until);
  });

  it('leave out what the database did not say, and come back with it', async () => {
    let works = true;
    let now = 0;
    const read = async () => {
      if (works) return reading;
      throw new Error('gone');
    };
    const metrics = createMetrics({ read, counters, version: '1', nowMilliseconds: () => now });
    expect(await metrics.collect()).toContain('iu_database_up 1');
    works = false;
    now += 6000;
    const text = await metrics.collect();
    expect(text).toContain('iu_database_up 0');
    expect(text).not.toContain('iu_deliveries_waiting{');
    expect(text).toContain('iu_process_sends_total{outcome="sent"} 9');
    works = true;
    now += 6000;
    expect(await metrics.collect()).toContain('iu_deliveries_waiting{');
  });
});

describe('what is counted', () => {
  it('goes on in parts after a long time without a reading', () => {
    const ranges = new AttemptRanges(60);
    ranges.counted(ranges.next(0), '10', 0);
    expect(ranges.next(60_000)).toBeUndefined();
    ranges.counted(undefined, '2000000', 60_000);
    const first = ranges.next(120_000);
    expect(first).toEqual({ after: '10', until: '500010' });
    ranges.counted(first, '2000000', 120_000);
    expect(ranges.next(120_001)).toEqual({ after: '500010', until: '1000010' });
  });

  it('is read by one while the others wait for that reading, and a failed reading is one too', async () => {
    let now = 0;
    let reads = 0;
    const read = atMostEvery(
      5,
      async () => {
        reads += 1;
        if (reads === 2) throw new Error('no');
        return reads;
      },
      () => now,
    );
    expect(await Promise.all([read(), read(), read()])).toEqual([1, 1, 1]);
    now = 5000;
    await expect(read()).rejects.toThrow('no');
    await expect(read()).rejects.toThrow('no');
    now = 10_000;
    expect(await read()).toBe(3);
  });
});
