import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runIu } from '../support/cli.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

let db: TestDatabase;
const iu = (...words: string[]) => runIu(words, { url: db.url, schema: db.schema });

/** Runs with --json and gives the parsed result; a failure shows what was printed. */
async function json(...words: string[]) {
  const { exitCode, stdout, stderr } = await iu(...words, '--json');
  expect({ exitCode, stderr }, words.join(' ')).toEqual({ exitCode: 0, stderr: '' });
  return JSON.parse(stdout);
}

/** Walks a list to its end in pages of two and gives the values of one key. */
async function walk(key: string, ...words: string[]): Promise<string[]> {
  const seen: string[] = [];
  for (let after: string[] = []; ; ) {
    const page = await json(...words, '--limit', '2', ...after);
    expect(page.items.length).toBeLessThanOrEqual(2);
    seen.push(...page.items.map((item: Record<string, string>) => item[key]));
    if (page.next === null) return seen;
    after = ['--after', page.next];
  }
}

async function emit(subjectRef: string, ...rest: string[]) {
  const words = [
    'event',
    'emit',
    'iu',
    'version_applied',
    '--subject-table',
    'unit_version',
    '--subject-ref',
    subjectRef,
  ];
  return json(...words, ...rest);
}

async function openGates() {
  for (const gate of ['routes_master_enabled', 'route_worker_enabled'])
    await iu('gate', 'open', gate, '--reason', 'test');
}

async function closeGates() {
  for (const gate of ['route_worker_enabled', 'routes_master_enabled'])
    await iu('gate', 'close', gate, '--reason', 'test');
}

/** One pass with open gates. */
async function pass() {
  await openGates();
  const result = await db.pool.query("select fn_iu_route_worker_run('iu_outbound_default', 1000) as result");
  expect(JSON.parse(result.rows[0].result).status).toBe('ran');
  await closeGates();
}

beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(async () => {
  await db.drop();
});

describe('iu gate', () => {
  it('lists every gate closed after the installation and emission open', async () => {
    const { items, next } = await json('gate', 'list');
    expect(next).toBeNull();
    expect(items.filter((gate: { open: boolean }) => gate.open).map((gate: { key: string }) => gate.key)).toEqual([
      'iu_core.emission_enabled',
    ]);
    expect(Object.keys(items[0]).sort()).toEqual(
      ['changedBy', 'description', 'key', 'open', 'openUntil', 'reason', 'updatedAt', 'value'].sort(),
    );
  });

  it('opens for a time and closes with a wait, and both stand in the log with their reasons', async () => {
    const opened = await json('gate', 'open', 'delivery_enabled', '--reason', 'trial', '--for', '2h');
    expect(opened).toMatchObject({ key: 'iu_core.delivery_enabled', value: 'true', was: 'false' });
    expect(Date.parse(opened.openUntil) - Date.now()).toBeGreaterThan(7_100_000);
    const closed = await iu('gate', 'close', 'delivery_enabled', '--reason', 'over');
    expect(closed.stdout).toBe('iu_core.delivery_enabled is closed; nothing that started before is running\n');
    expect(closed.stderr).toContain('waiting');
    const { items } = await json('gate', 'log', '--gate', 'delivery_enabled', '--limit', '2');
    expect(items.map((row: { newValue: string; reason: string }) => [row.newValue, row.reason])).toEqual([
      ['false', 'over'],
      ['true', 'trial'],
    ]);
  });

  it('closes at once and says so when something that started before still runs', async () => {
    await iu('gate', 'open', 'delivery_enabled', '--reason', 'test');
    const holder = await db.connect();
    await holder.query('begin');
    await holder.query('select pg_advisory_xact_lock_shared(fn_iu_gate_lock_key())');
    const closed = await iu('gate', 'close', 'delivery_enabled', '--reason', 'test', '--wait', '1');
    await holder.query('rollback');
    expect(closed).toMatchObject({ exitCode: 1, stdout: '', stderr: expect.stringContaining('IU034') });
    const { items } = await json('gate', 'list');
    expect(items[2]).toMatchObject({ key: 'iu_core.delivery_enabled', open: false });
  });

  it('does not wait for a structure operation where another gate is closed, and waits for it where its own is', async () => {
    const holder = await db.connect();
    await holder.query('begin');
    await holder.query("select pg_advisory_xact_lock_shared(fn_iu_gate_lock_key('structure_ops_enabled'))");
    const close = (gate: string) => iu('gate', 'close', gate, '--reason', 'test', '--wait', '1');
    expect(await close('delivery_enabled')).toMatchObject({ exitCode: 0 });
    for (const gate of ['structure_ops_enabled', 'autocut_enabled']) {
      expect(await close(gate), gate).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('IU034') });
    }
    const drained = await db.pool.query('select fn_iu_gate_drain(100) as drained');
    expect(drained.rows).toEqual([{ drained: false }]);
    await holder.query('rollback');
    expect(await close('structure_ops_enabled')).toMatchObject({ exitCode: 0 });
  });

  it('refuses an unknown gate by name', async () => {
    const plain = await iu('gate', 'open', 'nothing', '--reason', 'x');
    expect(plain.stderr).toBe("iu: IU401 there is no gate 'nothing'\n    iu gate list shows the gates\n");
    expect(plain.exitCode).toBeGreaterThan(0);
    const asJson = await iu('gate', 'open', 'nothing', '--reason', 'x', '--json');
    expect(JSON.parse(asJson.stderr).error).toMatchObject({ code: 'IU401', hint: 'iu gate list shows the gates' });
    expect(asJson.stderr).not.toContain('    at ');
  });
});

describe('iu disable and iu enable', () => {
  it('take each step of the ladder and back, and say what it stops and leaves running', async () => {
    for (const level of ['0', '1', '2', '3']) {
      const down = await iu('disable', '--level', level, '--reason', 'drill');
      expect(down.exitCode, down.stderr).toBe(0);
      expect(down.stdout).toMatch(/stops: .*\n.*leaves running: .*\n.*way back: .*iu enable --level/);
      expect(await json('enable', '--level', level, '--reason', 'drill over')).toMatchObject({ level: Number(level) });
    }
    const steps = (await json('gate', 'log', '--limit', '12')).items.map((row: { configKey: string }) => row.configKey);
    expect(steps).toEqual(expect.arrayContaining(['ladder level 2', 'ladder level 3']));
    await closeGates();
    expect((await iu('disable', '--level', '4', '--reason', 'x')).exitCode).toBe(64);
    expect((await iu('disable', '--level', '0')).exitCode).toBe(64);
  });
});

describe('iu event', () => {
  const huge = '{"small": 0.10, "exact": 9007199254740993, "some_key": {"inner_key": "ü"}}';

  it('emits, knows a dedupe key again, and refuses a forbidden payload without repeating it', async () => {
    const first = await emit('e1', '--payload', huge, '--dedupe-key', 'k1', '--actor', 'ann', '--correlation', 'c1');
    expect(first).toMatchObject({ isNew: true, suppressed: false, eventSeq: expect.stringMatching(/^\d+$/) });
    expect(await emit('e1', '--dedupe-key', 'k1')).toMatchObject({ isNew: false, eventId: first.eventId });
    const words = ['event', 'emit', 'iu', 'version_applied', '--subject-table', 't', '--subject-ref', 'r', '--payload'];
    const refused = await iu(...words, '{"token": "geheim"}');
    expect(refused.stderr).toMatch(/^iu: IU1\d\d /);
    expect(refused.stderr).not.toContain('geheim');
    expect(
      (await iu('event', 'emit', 'iu', 'no_such_type', '--subject-table', 't', '--subject-ref', 'r')).stderr,
    ).toContain('IU101');
  });

  it('lists newest first in pages that neither skip nor repeat, in both orders', async () => {
    for (const ref of ['p1', 'p2', 'p3', 'p4', 'p5']) await emit(ref);
    const all = (await json('event', 'list', '--limit', '1000')).items.map((row: { seq: string }) => row.seq);
    expect(all.length).toBeGreaterThanOrEqual(6);
    expect(await walk('seq', 'event', 'list')).toEqual(all);
    expect(await walk('seq', 'event', 'list', '--oldest-first')).toEqual([...all].reverse());
    const page = await iu('event', 'list', '--limit', '2', '--type', 'version_applied');
    expect(page.stderr).toBe(`more: iu event list --limit 2 --type version_applied --after ${all[1]}\n`);
  });

  it('filters by domain, type, subject, actor, correlation, time and decision', async () => {
    const refs = async (...words: string[]) =>
      (await json('event', 'list', ...words)).items.map((row: { eventSubjectRef: string }) => row.eventSubjectRef);
    expect(await refs('--subject-table', 'unit_version', '--subject-ref', 'p3')).toEqual(['p3']);
    expect(await refs('--actor', 'ann', '--correlation', 'c1', '--domain', 'iu', '--type', 'version_applied')).toEqual([
      'e1',
    ]);
    expect(await refs('--domain', 'iu_sql')).toEqual([]);
    expect(await refs('--until', '1h')).toEqual([]);
    expect((await refs('--since', '1h', '--undecided')).length).toBeGreaterThanOrEqual(6);
  });

  it('tells the whole story in sentences and embeds the payload byte for byte in JSON', async () => {
    const [row] = (await json('event', 'list', '--subject-ref', 'e1')).items;
    const waiting = await iu('event', 'show', row.id);
    expect(waiting.stdout).toContain('Not decided yet: it waits for a pass of worker iu_outbound_default.');
    await pass();
    const bySeq = await iu('event', 'show', row.seq);
    expect(bySeq.stdout).toContain(`Event ${row.id}, seq ${row.seq}: iu/version_applied about unit_version e1`);
    expect(bySeq.stdout).toContain('by ann from iu_core');
    expect(bySeq.stdout).toContain('Decided for worker iu_outbound_default;');
    const stored = (await db.pool.query('select safe_payload from event_outbox where id = $1', [row.id])).rows[0]
      .safe_payload;
    expect(stored).toContain('9007199254740993');
    expect(bySeq.stdout).toContain(`Payload:\n  ${stored}\n`);
    const asJson = await iu('event', 'show', row.id, '--json');
    expect(asJson.stdout).toContain(`"safePayload":${stored}`);
    expect(JSON.parse(asJson.stdout)).toMatchObject({ state: 'decided', workerName: 'iu_outbound_default' });
    expect((await json('event', 'list', '--undecided')).items).toEqual([]);
  });

  it('says when there is no such event', async () => {
    for (const id of ['999999', '00000000-0000-0000-0000-000000000000']) {
      expect(await iu('event', 'show', id)).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('IU033') });
    }
  });
});

describe('iu route and iu attempt', () => {
  it('adds a route disabled and in dry-run, keeps its documents, and refuses a code that was used', async () => {
    const policy = '{"jitter_share": 0.1, "delays_seconds": [5, 86400.000000000000001]}';
    const words = [
      'route',
      'add',
      'crm',
      '--target-kind',
      'webhook',
      '--target-ref',
      'https://crm.example/hook?page=geheim',
    ];
    const added = await iu(...words, '--domain', 'iu', '--type', 'version_*', '--retry-policy', policy, '--json');
    expect(added.stdout).toContain(`"retryPolicy":${policy}`);
    expect(added.stdout).not.toContain('geheim');
    expect(JSON.parse(added.stdout)).toMatchObject({ routeCode: 'crm', enabled: false, dryRun: true, version: 1 });
    expect(await iu(...words)).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('IU336') });
    expect((await iu('route', 'add', 'x', '--target-kind', 'pigeon', '--target-ref', 'y')).exitCode).toBe(64);
  });

  it('enables, disables, shows and tells the history of a route', async () => {
    expect(await json('route', 'enable', 'crm', '--reason', 'trial')).toMatchObject({ enabled: true, dryRun: true });
    const mode = async () =>
      (await json('route', 'list', '--domain', 'iu', '--kind', 'outbound')).items.find(
        (row: { routeCode: string }) => row.routeCode === 'crm',
      )?.mode;
    expect(await mode()).toBe('dry_run');
    expect(await json('route', 'disable', 'crm', '--reason', 'pause')).toMatchObject({ enabled: false });
    expect(await mode()).toBe('disabled');
    const history = await walk('note', 'route', 'history', 'crm');
    expect(history.slice(0, 2)).toEqual(['pause', 'trial']);
    expect((await iu('route', 'show', 'crm')).stdout).toContain('attempts:');
    expect(await iu('route', 'show', 'nothing')).toMatchObject({ stderr: expect.stringContaining('IU337') });
    expect(await iu('secret', 'check', '--route', 'nothing')).toMatchObject({
      stderr: expect.stringContaining('IU337'),
    });
    const codes = await walk('routeCode', 'route', 'list');
    expect(codes).toEqual([...codes].sort());
  });

  it('removes a route for good and lists it only on request', async () => {
    await json('route', 'add', 'gone', '--target-kind', 'webhook', '--target-ref', 'https://x.example');
    await json('route', 'remove', 'gone', '--reason', 'test');
    expect(await walk('routeCode', 'route', 'list')).not.toContain('gone');
    expect(await walk('routeCode', 'route', 'list', '--mode', 'removed')).toEqual(['gone']);
  });

  it('lists attempts by route, status, reason and event, and shows the kept request', async () => {
    await json('route', 'enable', 'crm', '--reason', 'trial');
    const { eventSeq, eventId } = await emit('a1');
    await pass();
    const { items } = await json('attempt', 'list', '--event', eventSeq, '--route', 'crm');
    expect(items).toMatchObject([
      { status: 'dry_run', attemptNo: 1, routeVersion: expect.any(Number), eventRef: eventId },
    ]);
    expect((await json('attempt', 'list', '--event', eventId, '--status', 'failed')).items).toEqual([]);
    const all = await walk('attemptId', 'attempt', 'list');
    expect(new Set(all).size).toBe(all.length);
    expect((await json('attempt', 'list', '--status', 'skipped', '--limit', '1000')).items.length).toBeGreaterThan(0);
    const shown = await json('attempt', 'show', items[0].attemptId);
    expect(shown.payloadSnapshot).toMatchObject({ kind: 'webhook', target: 'https://crm.example/hook' });
    expect((await iu('attempt', 'show', '999999')).stderr).toContain('IU033');
  });
});

describe('iu event revive', () => {
  it('shows first and changes nothing, names the closed gate, and does it with --yes', async () => {
    const words = ['event', 'revive', '--route', 'crm', '--status', 'dry_run'];
    const yes = ['--yes', '--note', 'trial run'];
    const before = (await json('attempt', 'list', '--limit', '1000')).items.length;
    const preview = await json(...words);
    expect(preview).toMatchObject({ replayed: 0, byRoute: [{ routeCode: 'crm', wouldBe: 'dry_run' }] });
    expect(preview.pairs).toBeGreaterThan(0);
    expect(preview.goOn).toMatch(
      /^iu event revive --route crm --status dry_run --json --until-attempt \d+ --note TEXT --yes$/,
    );
    expect((await json('attempt', 'list', '--limit', '1000')).items.length).toBe(before);
    expect(await iu(...words, ...yes)).toMatchObject({
      exitCode: 3,
      stdout: '',
      stderr: expect.stringContaining('IU032'),
    });
    await openGates();
    const done = await iu(...words, ...yes, '--batch', '1');
    await closeGates();
    expect(done.stdout).toBe(`Replayed ${preview.pairs} decisions: dry_run ${preview.pairs}.\n`);
    expect((await json('attempt', 'list', '--limit', '1000')).items.length).toBe(before + preview.pairs);
    expect((await iu('event', 'revive')).exitCode).toBe(64);
  });
});

describe('iu cursor', () => {
  it('registers, transfers, rewinds, rebases and reconciles, and refuses what is not there', async () => {
    expect(await json('cursor', 'register', 'rest', '--domain', '*', '--from', 'now')).toMatchObject({
      baseKind: 'now',
    });
    expect((await iu('cursor', 'register', 'shop_worker', '--domain', 'shop', '--from', 'now')).stderr).toContain(
      'IU304',
    );
    const move = ['cursor', 'transfer', 'shop', '--from', 'rest', '--to', 'shop_worker', '--reason', 'own worker'];
    expect(await json(...move)).toMatchObject({ eventDomain: 'shop', from: 'rest', to: 'shop_worker' });
    expect(await walk('workerName', 'cursor', 'list')).toEqual(['iu_outbound_default', 'rest', 'shop_worker']);
    const unregister = (worker: string) => iu('cursor', 'unregister', worker, '--reason', 'mistyped');
    await json('cursor', 'transfer', 'shpo', '--from', 'rest', '--to', 'shpo_worker', '--reason', 'own worker');
    expect((await unregister('shpo_worker')).stdout).toContain('Worker shpo_worker is gone');
    expect((await unregister('shpo_worker')).stderr).toContain('IU306');
    expect((await unregister('iu_outbound_default')).stderr).toContain('IU387');
    await db.pool.query("select fn_iu_event_type_add('shop', 'sold')");
    await db.pool.query("select fn_iu_emit('shop', 'sold', 'item', '1', '{}')");
    expect((await unregister('shop_worker')).stderr).toContain('IU388');
    expect(await walk('workerName', 'cursor', 'list')).toEqual(['iu_outbound_default', 'rest', 'shop_worker']);
    expect(await json('cursor', 'reconcile')).toMatchObject({ workerName: 'iu_outbound_default', lost: 0 });
    expect(await json('cursor', 'reconcile', 'rest', '--full')).toMatchObject({ lost: 0 });
    expect((await iu('cursor', 'rewind', 'shop_worker', '--reason', 'x')).exitCode).toBe(3);
    await openGates();
    expect(await json('cursor', 'rewind', 'shop_worker', '--reason', 'x')).toMatchObject({ workerName: 'shop_worker' });
    expect(await json('cursor', 'rebase', 'shop_worker', '--reason', 'x')).toMatchObject({ attemptsWritten: 1 });
    await closeGates();
    expect((await iu('cursor', 'reconcile', 'nobody')).stderr).toContain('IU306');
  });
});

describe('iu event-type', () => {
  it('adds, disables and lists event types in pages', async () => {
    expect(await json('event-type', 'add', 'shop', 'order_paid', '--stream', 'task')).toMatchObject({
      status: 'added',
    });
    expect(await json('event-type', 'add', 'shop', 'order_paid', '--stream', 'task')).toMatchObject({
      status: 'unchanged',
    });
    expect(await json('event-type', 'disable', 'shop', 'order_paid')).toMatchObject({ status: 'disabled' });
    expect((await json('event-type', 'list', '--domain', 'shop', '--state', 'disabled')).items).toMatchObject([
      { eventDomain: 'shop', eventType: 'order_paid', eventStream: 'task', active: false },
    ]);
    const names = await walk('name', 'event-type', 'list');
    expect(names).toEqual([...new Set(names)].sort());
    expect(names).toContain('iu/version_applied');
    expect((await iu('event-type', 'disable', 'shop', 'nothing')).stderr).toContain('IU101');
  });
});

describe('iu unit', () => {
  it('lists documents and children in pages, shows versions and prints a body byte for byte', async () => {
    const body = 'Artikel 1\n\ttext \u0007 with a bell\n';
    const children = ['test/law/1', 'test/law/2', 'test/law/3'];
    const units = ['test/law', ...children].map((address) => ({
      canonical_address: address,
      ...(address === 'test/law' ? {} : { parent_address: 'test/law' }),
      title: 'A law',
      body,
    }));
    const client = await db.connect();
    await client.query('select fn_iu_create_many($1, $2)', [JSON.stringify(units), 'tester']);
    expect(await walk('canonicalAddress', 'unit', 'list', '--under', 'test/law')).toEqual(children);
    expect(await walk('canonicalAddress', 'unit', 'list', '--documents')).toEqual(['test/law']);
    const shown = await json('unit', 'show', 'test/law');
    expect(shown).toMatchObject({ children: '3', versions: [{ versionSeq: 1, bodyBytes: Buffer.byteLength(body) }] });
    expect((await iu('unit', 'show', shown.id, '--body')).stdout).toBe(body);
    expect((await iu('unit', 'show', 'test/law', '--body', '--of-version', '9')).stderr).toContain('IU033');
  });
});

describe('output and errors', () => {
  it('has no colour codes when piped or with NO_COLOR, and has them on a terminal', async () => {
    const place = { url: db.url, schema: db.schema };
    const lists = ['gate', 'event', 'attempt', 'dead-letter', 'route', 'cursor', 'event-type'];
    for (const noun of lists) {
      const piped = await runIu([noun, 'list'], place);
      expect(piped.stdout + piped.stderr, noun).not.toContain('\u001b');
    }
    const terminal = { ...place, isTerminal: true };
    expect((await runIu(['gate', 'list'], terminal)).stdout).toContain('\u001b[');
    expect((await runIu(['gate', 'list', '--no-color'], terminal)).stdout).not.toContain('\u001b');
    const asked = { ...terminal, environment: { NO_COLOR: '1' } };
    expect((await runIu(['gate', 'list'], asked)).stdout).not.toContain('\u001b');
  });

  it('names the place but no password of a server that cannot be reached, and exits with 69', async () => {
    const run = await runIu(['gate', 'list', '--database-url', 'postgres://ann:geheim@127.0.0.1:1/x']);
    expect(run).toMatchObject({ exitCode: 69, stderr: expect.stringContaining('IU001') });
    expect(run.stderr).not.toContain('geheim');
    expect(run.stderr).not.toContain('    at ');
    expect((await runIu(['gate', 'list'], { url: db.url, schema: 'nowhere' })).stderr).toContain('IU005');
  });

  it('shows the configuration with its sources and without the password', async () => {
    const words = ['config', 'show', '--database-url', 'postgres://ann:geheim@h/x', '--json'];
    const { stdout } = await runIu(words, { schema: 'elsewhere' });
    expect(stdout).not.toContain('geheim');
    expect(JSON.parse(stdout).values).toEqual(
      expect.arrayContaining([{ key: 'schema', value: 'elsewhere', source: 'environment IU_SCHEMA' }]),
    );
  });

  it('lets an operator work and a reader read, and names the right that is missing', async () => {
    const reader = await db.loginUrl('iu_reader');
    expect((await runIu(['gate', 'list'], { url: reader, schema: db.schema })).exitCode).toBe(0);
    const refused = await runIu(['gate', 'open', 'delivery_enabled', '--reason', 'x'], {
      url: reader,
      schema: db.schema,
    });
    expect(refused).toMatchObject({ exitCode: 69, stderr: expect.stringMatching(/IU004 .*fn_iu_gate_set/) });
    const operator = await db.loginUrl('iu_operator');
    const lists = ['gate', 'event', 'attempt', 'dead-letter', 'route', 'cursor', 'event-type'];
    for (const words of [
      ...lists.map((noun) => [noun, 'list']),
      ['gate', 'log'],
      ['event', 'show', '1'],
      ['dead-letter', 'list', '--group'],
    ]) {
      const run = await runIu(words, { url: operator, schema: db.schema });
      expect(run, words.join(' ')).toMatchObject({ exitCode: 0 });
    }
  });
});
