import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runIu } from '../support/cli.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { attemptsOf, oneRow } from '../support/dead-letters.js';
import { claim, liveRoute, prepareDelivery, settle } from '../support/delivery-queue.js';
import { certificate, drain, emit } from '../support/race.js';

let db: TestDatabase;
beforeEach(async () => {
  db = await createTestDatabase();
  await prepareDelivery(db);
});
afterEach(() => db.drop());

const iu = (...words: string[]) => runIu(words, { url: db.url, schema: db.schema });
const unknownIds = async (...more: string[]): Promise<string[]> =>
  JSON.parse((await iu('attempt', 'list', '--status', 'unknown', ...more, '--json')).stdout).items.map(
    (row: { attemptId: string }) => row.attemptId,
  );
const makeDue = () =>
  db.pool.query('with d as (update iu_route_delivery set due_at = now()) update iu_route_lane set due_at = now()');
const waiting = async () => (await oneRow(db, 'select count(*)::int as n from iu_route_delivery')).n;

/** An event whose send nobody knows the outcome of; it waits to be tried again. */
async function unknownSend(more: Record<string, unknown> = {}): Promise<string> {
  await liveRoute(db, 'r', more);
  const seq = await emit(db.pool, 's1');
  await emit(db.pool, 's1');
  await drain(db.pool);
  await settle(db, await claim(db, { limit: 1 }), 'unknown', { code: 'timeout' });
  return seq;
}

describe('an attempt whose outcome is unknown', () => {
  it('that reached the target is reconciled as sent: nothing is sent again, and the subject goes on', async () => {
    const seq = await unknownSend({ ordering: 'subject' });
    expect(await claim(db)).toEqual([]);
    const [id = ''] = await unknownIds();
    const done = await iu('attempt', 'reconcile', id, '--sent', '--note', 'stands in the CRM');
    expect(done.stdout).toBe(`Attempt ${id} is reconciled as sent (attempt 3). Its delivery is out of the queue.\n`);
    expect(await attemptsOf(db, seq)).toEqual(['1 queued -', '2 unknown timeout', '3 sent reconciled']);
    expect(await claim(db)).toMatchObject([{ event_seq: String(Number(seq) + 1) }]);
    expect((await certificate(db.pool)).lost).toBe(0);
    expect(await unknownIds('--unreconciled')).toEqual([]);
    expect((await iu('attempt', 'list', '--status', 'unknown')).stdout).toContain('timeout, reconciled as sent');
    const again = await iu('attempt', 'reconcile', id, '--not-sent', '--note', 'changed my mind');
    expect(again).toMatchObject({ exitCode: 3, stderr: expect.stringContaining('IU383') });
  });

  it('is not listed as open once a later send was taken: it could not be reconciled any more', async () => {
    await unknownSend();
    const [id = ''] = await unknownIds('--unreconciled');
    await db.pool.query('update iu_route_delivery set due_at = clock_timestamp()');
    await settle(db, await claim(db), 'sent');
    expect((await iu('attempt', 'reconcile', id, '--not-sent', '--note', 'late')).stderr).toContain('IU383');
    expect(await unknownIds('--unreconciled')).toEqual([]);
    expect(await unknownIds()).toEqual([id]);
  });

  it('that did not reach it is noted and tried again as before; the last word counts', async () => {
    const seq = await unknownSend();
    const [id = ''] = await unknownIds();
    const noted = await iu('attempt', 'reconcile', id, '--not-sent', '--note', 'asked them', '--json');
    expect(JSON.parse(noted.stdout)).toMatchObject({
      outcome: 'not_sent',
      delivery: 'waiting',
      writtenAttemptNo: null,
    });
    expect(await attemptsOf(db, seq)).toHaveLength(2);
    expect(await waiting()).toBe(2);
    await iu('attempt', 'reconcile', id, '--sent', '--note', 'they looked again');
    expect(await attemptsOf(db, seq)).toEqual(['1 queued -', '2 unknown timeout', '3 sent reconciled']);
    expect((await oneRow(db, 'select count(*)::int as n from iu_attempt_reconciliation')).n).toBe(2);
    await expect(db.pool.query("update iu_attempt_reconciliation set note = ''")).rejects.toMatchObject({
      code: 'IU310',
    });
  });

  it('with a dead letter behind it resolves the letter when it was sent', async () => {
    const seq = await unknownSend({ retry_policy: { delays_seconds: [1], jitter_share: 0 } });
    await makeDue();
    const rows = (await claim(db)).filter((row) => row.event_seq === seq);
    await settle(db, rows, 'unknown', { code: 'timeout' });
    const open = 'select dead_letter_id from iu_route_dead_letter where resolved_at is null';
    const letter = (await oneRow(db, open)).dead_letter_id;
    const [last = '', first = ''] = await unknownIds();
    const done = await iu('attempt', 'reconcile', last, '--sent', '--note', 'it is there');
    expect(done.stdout).toContain(`Dead letter ${letter} is resolved.`);
    expect(await oneRow(db, open)).toBeUndefined();
    expect(await oneRow(db, 'select resolution, resolution_note from iu_route_dead_letter')).toEqual({
      resolution: 'resolved',
      resolution_note: 'reconciled as sent by attempt 4: it is there',
    });
    expect((await iu('attempt', 'reconcile', first, '--sent', '--note', 'too')).stderr).toContain('IU383');
  });

  it('is refused while it is sent again, for an attempt with a known outcome, and without a word', async () => {
    const seq = await unknownSend();
    const [id = ''] = await unknownIds();
    await makeDue();
    expect((await claim(db)).map((row) => row.event_seq)).toContain(seq);
    const inFlight = await iu('attempt', 'reconcile', id, '--sent', '--note', 'x');
    expect(inFlight).toMatchObject({ exitCode: 3, stderr: expect.stringContaining('IU355') });
    expect(await waiting()).toBe(2);
    const queued = (await oneRow(db, 'select min(attempt_id) as id from iu_route_attempt')).id;
    expect((await iu('attempt', 'reconcile', queued, '--sent', '--note', 'x')).stderr).toContain('IU381');
    expect((await iu('attempt', 'reconcile', id, '--note', 'x')).exitCode).toBe(64);
    expect((await iu('attempt', 'reconcile', id, '--sent', '--note', ' ')).stderr).toContain('IU382');
    expect((await iu('attempt', 'reconcile', '99999', '--sent', '--note', 'x')).stderr).toContain('IU380');
    expect((await oneRow(db, 'select count(*)::int as n from iu_attempt_reconciliation')).n).toBe(0);
  });
});
