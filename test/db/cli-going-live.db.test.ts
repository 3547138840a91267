// The commands from dry-run to live and back, as two people run them: an operator and an approver with logins of their own.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runIu } from '../support/cli.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { prepareGoingLive } from '../support/going-live.js';
import { drain, emit } from '../support/race.js';

let db: TestDatabase;
let operatorUrl: string;
let approverUrl: string;

beforeAll(async () => {
  db = await createTestDatabase();
  await prepareGoingLive(db);
  // A clone is another database than its default cursor knows, and verify says so; the template's own cursor was put right already.
  operatorUrl = await db.loginUrl('iu_operator');
  approverUrl = await db.loginUrl('iu_approver');
});

afterAll(() => db.drop());

const as = (url: string, ...words: string[]) => runIu([...words, '--database-url', url, '--schema', db.schema]);
const operator = (...words: string[]) => as(operatorUrl, ...words);
const approver = (...words: string[]) => as(approverUrl, ...words);
async function json(run: Promise<{ exitCode: number; stdout: string; stderr: string }>, exitCode = 0) {
  const result = await run;
  expect({ stderr: result.stderr, exitCode: result.exitCode }).toEqual({ stderr: '', exitCode });
  return JSON.parse(result.stdout);
}

describe('the commands of going live', () => {
  it('lead from a new route to a live one and back, by two people', async () => {
    const add = [
      'route',
      'add',
      'crm',
      '--target-kind',
      'webhook',
      '--target-ref',
      'https://crm.test/',
      '--domain',
      'race',
    ];
    await json(operator(...add, '--json'));
    await json(operator('route', 'enable', 'crm', '--reason', 'trial', '--json'));
    for (let at = 0; at < 5; at += 1) await emit(db.pool, `s${at}`, { amount: at });
    await drain(db.pool);

    const evidence = async () => (await db.pool.query('select count(*)::int as rows from iu_evidence')).rows;
    const before = await evidence();
    expect((await operator('route', 'readiness', 'crn')).stderr).toContain('IU337');
    expect(await evidence(), 'of a misspelt route nothing is checked').toEqual(before);

    expect((await operator('route', 'test-send', 'crm')).stderr).toContain('now: the runner has no IU_DEPLOYMENT');

    // What nobody has done yet fails, and the exit code says that the route is not ready.
    const first = await json(operator('route', 'readiness', 'crm', '--json'), 2);
    const failing = first.items.filter((item: { passed: boolean }) => !item.passed);
    expect(failing.map((item: { item: string }) => item.item)).toEqual(['backup', 'test_send']);
    const refused = await operator('route', 'request-live', 'crm', '--reason', 'go');
    expect(refused).toMatchObject({ exitCode: 3, stderr: expect.stringContaining('IU420') });
    expect(refused.stderr).toContain('test_send');

    await json(operator('evidence', 'record', 'backup', '--detail', '{"file": "x"}', '--json'));
    expect(await json(operator('evidence', 'record', 'test_send', '--route', 'crm', '--json'))).toMatchObject({
      kind: 'test_send',
      routeCode: 'crm',
      routeVersion: 1,
      passed: true,
    });
    const ready = await operator('route', 'readiness', 'crm', '--no-verify');
    expect(ready).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^item .*result/) });
    const nextStep = async () =>
      (await operator('route', 'readiness', 'crm', '--no-verify')).stdout.split('is ready. ')[1]?.trim();
    expect(ready.stdout).toContain('is ready. To ask for it: iu route request-live crm --reason TEXT');

    const limits = ['--canary', '0.5', '--for', '7d', '--max-events', '1000', '--failure-budget', '7'];
    const request = await json(operator('route', 'request-live', 'crm', '--reason', 'go', ...limits, '--json'));
    expect(request).toMatchObject({ routeVersion: 1, canaryShare: '0.5', maxEvents: '1000', failureBudget: 7 });
    const id: string = request.approvalId;
    expect((await operator('route', 'approve', id, '--note', 'me')).stderr).toContain('IU004');
    const open = await json(approver('route', 'approvals', '--state', 'requested', '--json'));
    // What is asked for: a right of their own to see it, or they approve a number.
    expect(await json(approver('route', 'show', 'crm', '--json'))).toMatchObject({ targetRef: 'https://crm.test/' });
    expect((await json(approver('route', 'list', '--domain', 'race', '--json'))).items).toHaveLength(1);
    expect((await json(approver('route', 'history', 'crm', '--json'))).items).toHaveLength(2);
    expect(open).toMatchObject({
      items: [{ approvalId: id, routeCode: 'crm', state: 'requested', reason: 'go' }],
      next: null,
    });

    expect(await nextStep()).toBe(
      `Request ${id} of ${request.requestedBy} waits for a second person: iu route approve ${id} --note TEXT`,
    );
    // what the approver reads: the limits, and what was looked at
    expect((await json(approver('route', 'approval', id, '--json'))).readiness).toMatchObject({
      ready: true,
      items: expect.arrayContaining([expect.objectContaining({ item: 'backup', passed: true })]),
    });
    expect((await approver('route', 'approval', id)).stdout).toMatch(
      /canary.*0\.5[\s\S]*readiness, judged [\s\S]*test_send +pass/,
    );
    expect((await approver('route', 'approval', '999')).stderr).toContain('IU424');
    expect((await approver('route', 'approve', id, '--note', 'read', '--canary', '0.6')).stderr).toContain('IU428');
    const approved = await approver('route', 'approve', id, '--note', 'evidence read', '--max-events', '10');
    expect(approved.stdout).toMatch(
      /^Version 1 of route crm may go live, says iu_login_\w+\.\nUntil .*, 10 events, a share of 0.5 /,
    );

    expect(await nextStep()).toBe('To take it live: iu route go-live crm --reason TEXT');
    const live = await operator('route', 'go-live', 'crm', '--reason', 'approved');
    expect(live.stdout).toContain(`Route crm, version 1, is live by approval ${id} of `);
    expect(await nextStep()).toBe('It is live already.');
    expect((await json(operator('route', 'list', '--mode', 'live', '--json'))).items).toMatchObject([
      { routeCode: 'crm' },
    ]);
    const shown = await json(operator('route', 'show', 'crm', '--json'));
    expect(shown).toMatchObject({
      approval: { approvalId: id, state: 'in_use', maxEvents: '10', canaryShare: '0.5' },
      flow: {
        breaker: 'closed',
        pausedAt: null,
        retryDelaysSeconds: [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400],
      },
    });
    const text = (await operator('route', 'show', 'crm')).stdout;
    expect(text).toContain('retries: 10 sends, again after 5, 300, 1800, 7200');
    expect(text).toMatch(/approval:\n(.*\n)*? {2}state +in_use\n/);

    expect((await approver('route', 'reject', id, '--reason', 'no')).stderr).toContain('IU431');
    const disabled = await operator('route', 'disable', 'crm', '--reason', 'a moment');
    expect(disabled.stdout).toBe(
      'Route crm, version 1: disabled, and live again when it is enabled, while its approval lasts.\n',
    );
    expect((await operator('route', 'enable', 'crm', '--reason', 'over')).stdout).toBe(
      'Route crm, version 1: enabled, live, and sends what waits.\n',
    );
    const back = await operator('route', 'back-to-dry-run', 'crm', '--reason', 'enough');
    expect(back.stdout).toContain(`Route crm is in dry-run again; approval ${id} is revoked.`);
    expect((await operator('route', 'go-live', 'crm', '--reason', 'again')).stderr).toContain('IU429');
  });

  it('show before a change what it does, and say what a change voids', async () => {
    const diff = await json(operator('route', 'diff', 'crm', '--filter', '$.amount > 2', '--events', '100', '--json'));
    expect(diff).toMatchObject({
      examined: 5,
      differ: 3,
      changes: [{ from: 'dry_run', to: 'skipped/filtered', events: 3 }],
    });
    const text = (await operator('route', 'diff', 'crm', '--type', 'noted')).stdout;
    expect(text).toMatch(/^5 events looked at, 5 would be decided differently\.\nnow +changed +events\n/);
    expect(text).toContain('for example:');

    const request = await json(operator('route', 'request-live', 'crm', '--reason', 'once more', '--json'));
    const change = await operator('route', 'change', 'crm', '--filter', '$.amount > 2', '--reason', 'large ones');
    expect(change.stdout).toBe(
      `Route crm: version 1 is now version 2, in dry-run.\nApproval ${request.approvalId} was for the old version and is void.\n`,
    );
    expect((await approver('route', 'approve', request.approvalId, '--note', 'late')).stderr).toContain('IU426');
    expect((await operator('route', 'change', 'crm', '--clear', 'filter', '--reason', 'all')).stdout).toContain(
      'now version 3',
    );
    expect((await operator('route', 'change', 'crm', '--domain', 'race', '--reason', 'same')).stdout).toContain(
      'nothing differs',
    );
    expect((await operator('route', 'change', 'crm', '--reason', 'nothing')).stderr).toContain('IU434');
    expect((await operator('route', 'change', 'crm', '--clear', 'code', '--reason', 'x')).exitCode).toBe(64);
  });

  it('list evidence and approvals by pages', async () => {
    const page = await json(operator('evidence', 'list', '--limit', '2', '--json'));
    expect(page.items).toHaveLength(2);
    const rest = await json(operator('evidence', 'list', '--kind', 'drift', '--after', page.next, '--json'));
    expect(rest.items).toMatchObject([
      { kind: 'drift', passed: true, detail: { verified: expect.any(Number), failures: [] } },
    ]);
    expect((await operator('evidence', 'list', '--result', 'fail')).stdout).toBe('Nothing is recorded.\n');
    expect((await operator('evidence', 'list', '--route', 'crm')).stdout).toContain('test_send');
    const approvals = await json(operator('route', 'approvals', '--route', 'crm', '--limit', '1', '--json'));
    expect(approvals).toMatchObject({ items: [{ state: 'void' }], next: expect.any(String) });
    const second = await json(operator('route', 'approvals', '--after', approvals.next, '--json'));
    expect(second).toMatchObject({ items: [{ state: 'revoked' }], next: null });
    expect((await operator('evidence', 'record', 'backup', '--detail', '{"token": "S"}')).stderr).toContain('IU433');
    expect((await operator('route', 'request-live', 'crm', '--reason', 'x', '--canary', '1.5')).exitCode).toBe(64);
  });
});
