import { describe, expect, it } from 'vitest';
import type { Delivery, SendOutcome } from '../../src/contract/delivery/delivery.js';
import { openDeliverySession } from '../../src/store/delivery-session.js';
import type { TestDatabase } from '../support/database.js';
import { type Answer, claim, liveRoute, sent } from '../support/delivery-queue.js';
import { certificate, drain, emit } from '../support/race.js';
import { gatedTarget, useRunners } from '../support/runners.js';
import { waitFor } from '../support/wait.js';
import { countOf } from '../support/worker.js';

let db: TestDatabase;
const { start, queue, settled } = useRunners((made) => {
  db = made;
});

describe('the runner', () => {
  it('sends every queued event once, with its payload as PostgreSQL wrote it, and leaves nothing waiting', async () => {
    await liveRoute(db, 'r');
    await db.pool.query(
      `select fn_iu_emit('race', 'changed', 'thing', 'exact', '{"big": 9007199254740993, "huge": 1e400, "z": 1, "a": 2}')`,
    );
    await queue(300);
    const running = start();
    await waitFor(async () => (await settled('sent')) === 301);
    const state = await running.stop();
    expect(state).toMatchObject({ sent: 301, failed: 0, unknown: 0, refused: 0, deadLettered: 0 });
    expect(new Set(running.received.map((one) => one.deliveryId)).size).toBe(301);
    const exact = running.received.find((one) => one.event.subjectRef === 'exact');
    const stored = await db.pool.query(
      "select safe_payload::text as t from event_outbox where event_subject_ref = 'exact'",
    );
    expect(exact?.event.payloadText).toBe(stored.rows[0].t);
    expect(exact?.event.payloadText).toContain('9007199254740993');
    expect(exact?.event.occurredAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
    expect(await countOf(db, 'iu_route_delivery')).toBe(0);
    expect(await countOf(db, 'iu_route_lease')).toBe(0);
    expect((await certificate(db.pool)).lost).toBe(0);
  });

  it('sends nothing without the name of the deployment, says so, and starts when the name fits', async () => {
    await liveRoute(db, 'r');
    await queue(3);
    const blind = start(undefined, { deployment: null });
    await waitFor(() => blind.said.includes('deliveries are held: this process has no IU_DEPLOYMENT'));
    expect(blind.received).toHaveLength(0);
    start();
    await waitFor(async () => (await settled('sent')) === 3);
    expect(blind.received).toHaveLength(0);
  });

  it('releases what it has not sent within a second of a closed gate, and lets what is in flight finish', async () => {
    await liveRoute(db, 'r');
    await queue(100);
    const gated = gatedTarget();
    start(gated.answer, { slots: 4 });
    await waitFor(() => gated.begun() === 4);
    await db.pool.query("select fn_iu_gate_set('delivery_enabled', false, 'stop')");
    const from = performance.now();
    await waitFor(async () => (await countOf(db, 'iu_route_delivery where lease_token is not null')) === 4);
    expect(performance.now() - from).toBeLessThan(1000);
    gated.open();
    await waitFor(async () => (await settled('sent')) === 4);
    expect(gated.begun()).toBe(4);
    expect(await countOf(db, 'iu_route_delivery')).toBe(96);
    expect(await countOf(db, 'iu_route_dead_letter')).toBe(0);
    await db.pool.query("select fn_iu_gate_set('delivery_enabled', true, 'go on')");
    await waitFor(async () => (await settled('sent')) === 100);
  });

  it('stops by waiting for what is in flight and releasing the rest: no unknown, nothing leased', async () => {
    await liveRoute(db, 'r');
    await queue(100);
    const gated = gatedTarget();
    const running = start(gated.answer, { slots: 8 });
    await waitFor(() => gated.begun() === 8);
    const stopped = running.stop();
    gated.open();
    const state = await stopped;
    expect(state.unknown).toBe(0);
    expect(state.sent).toBe(8);
    expect(await countOf(db, 'iu_route_lease')).toBe(0);
    expect(await countOf(db, 'iu_route_delivery where lease_token is null')).toBe(92);
    start();
    await waitFor(async () => (await settled('sent')) === 100);
    expect(await settled('unknown')).toBe(0);
  });

  it('lets a dead target keep one slot and no other route waiting', async () => {
    await liveRoute(db, 'dead', { event_type: 'noted', retry_policy: { delays_seconds: [1000], jitter_share: 0 } });
    await liveRoute(db, 'fine', { event_type: 'changed' });
    for (let at = 0; at < 40; at += 1) await emit(db.pool, `d${at}`, {}, 'noted');
    await queue(200);
    const never = (delivery: Delivery): Promise<SendOutcome> | SendOutcome =>
      delivery.event.type === 'noted'
        ? { status: 'failed', failureCode: 'connect_refused', failureDetail: 'refused' }
        : sent;
    start(never, { slots: 16 });
    await waitFor(async () => (await settled('sent')) === 200);
    expect(
      (await db.pool.query("select breaker from iu_route_flow where last_failure_code = 'connect_refused'")).rows,
    ).toEqual([{ breaker: 'open' }]);
    expect(await settled('failed')).toBeLessThan(40);
  });

  it('holds no more payloads than fit into a small machine', async () => {
    for (const code of ['r.one', 'r.two', 'r.three']) await liveRoute(db, code);
    await db.pool.query(
      `select count(*) from generate_series(1, 30) n, fn_iu_emit('race', 'changed', 'thing', 's' || n, jsonb_build_object('text', repeat('x', 1000000)))`,
    );
    await drain(db.pool);
    let most = 0;
    const running = start(async () => {
      const { waiting, sending } = running.runner.state;
      most = Math.max(most, waiting + sending);
      return sent;
    });
    await waitFor(async () => (await countOf(db, "iu_route_attempt where status = 'sent'")) === 90);
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(33);
  });

  it('sends to others while a target hangs with all the payloads that are usually held', async () => {
    await liveRoute(db, 'r.hangs', { event_type: 'changed' });
    await liveRoute(db, 'r.well', { event_type: 'noted' });
    await db.pool.query(
      `select count(*) from generate_series(1, 40) n, fn_iu_emit('race', 'changed', 'thing', 's' || n, jsonb_build_object('text', repeat('x', 1040000)))`,
    );
    await drain(db.pool);
    let answer = () => {};
    const answered = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const running = start(async ({ event }) => {
      if (event.type === 'changed') await answered;
      return sent;
    });
    await waitFor(() => running.runner.state.waiting + running.runner.state.sending >= 32);
    for (let at = 0; at < 20; at += 1) await emit(db.pool, `w${at}`, {}, 'noted');
    await drain(db.pool);
    await waitFor(async () => (await countOf(db, "iu_route_attempt where status = 'sent'")) === 20);
    answer();
    await waitFor(async () => (await countOf(db, "iu_route_attempt where status = 'sent'")) === 60);
  });

  it('many runners at once send each event once', async () => {
    await liveRoute(db, 'r');
    await liveRoute(db, 'o', { ordering: 'subject' });
    for (let at = 0; at < 400; at += 1) await emit(db.pool, `s${at % 20}`);
    await drain(db.pool);
    const many = [start(), start(), start(), start()];
    await waitFor(async () => (await settled('sent')) === 800, { timeoutSeconds: 30 });
    const received = many.flatMap((one) => one.received);
    expect(received).toHaveLength(800);
    expect(new Set(received.map((one) => one.deliveryId)).size).toBe(800);
  });

  it('keeps the order of each subject of an ordered route, with failures in between', async () => {
    await liveRoute(db, 'o', {
      ordering: 'subject',
      retry_policy: { delays_seconds: Array(20).fill(1), jitter_share: 0 },
    });
    for (let at = 0; at < 120; at += 1) await emit(db.pool, `s${at % 6}`);
    await drain(db.pool);
    const last = new Map<string, bigint>();
    let inversions = 0;
    let count = 0;
    const answer: Answer = ({ event }) => {
      count += 1;
      if (count % 40 === 0) return { status: 'failed', failureCode: 'http_503', failureDetail: 'busy' };
      const seq = BigInt(event.seq);
      if (seq <= (last.get(event.subjectRef ?? '') ?? 0n)) inversions += 1;
      last.set(event.subjectRef ?? '', seq);
      return sent;
    };
    start(answer);
    start(answer);
    await waitFor(async () => (await settled('sent')) === 120, { timeoutSeconds: 30 });
    expect(inversions).toBe(0);
    expect(await countOf(db, 'iu_route_lane')).toBe(0);
  });

  it('refuses to send while its clock is off by more than 30 seconds', async () => {
    await liveRoute(db, 'r');
    await queue(1);
    const running = start(undefined, { wallClockSeconds: () => Date.now() / 1000 + 3600 });
    await waitFor(() => running.said.some((line) => line.includes('clock of this machine')));
    expect(running.received).toHaveLength(0);
    expect(await countOf(db, 'iu_route_lease')).toBe(0);
  });

  it('does not touch what another runner holds, and takes it when that one is gone', async () => {
    await liveRoute(db, 'r', { retry_policy: { delays_seconds: [1, 1], jitter_share: 0 } });
    await queue(5);
    expect(await claim(db, { runner: 'crashed' })).toHaveLength(5);
    const running = start();
    await waitFor(async () => running.runner.state.hold === null);
    expect(running.received).toHaveLength(0);
    await db.pool.query('update iu_route_lease set lease_until = clock_timestamp()');
    await waitFor(async () => (await settled('sent')) === 5);
    expect(await settled('unknown')).toBe(5);
  });

  it('works as a login that has the worker role only', async () => {
    await liveRoute(db, 'r');
    await queue(10);
    const url = await db.loginUrl('iu_worker');
    start(undefined, {}, { connect: () => openDeliverySession({ url, schema: db.schema, purpose: 'test runner' }) });
    await waitFor(async () => (await settled('sent')) === 10);
  });
});
