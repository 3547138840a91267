// From a bare database to a worker that decides in dry-run, as an operator runs it.
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { runIu } from '../support/cli.js';
import { createEmptyDatabase, type TestDatabase } from '../support/database.js';

const folder = mkdtempSync(join(tmpdir(), 'iu-activate-'));
let db: TestDatabase;
let expected: string[];

beforeAll(async () => {
  db = await createEmptyDatabase();
  const { rows } = await db.pool.query('select system_identifier::text as cluster from pg_control_system()');
  expected = ['--expect-database', db.name, '--expect-cluster', rows[0].cluster];
});
afterAll(async () => {
  await db.drop();
  rmSync(folder, { recursive: true });
});

const evidence = join(folder, 'evidence');
const activate = (...words: string[]) =>
  runIu(
    [
      'activate',
      '--reason',
      'ticket 4711',
      '--evidence',
      evidence,
      '--observe',
      '1s',
      '--without-backup',
      'test data',
      ...words,
    ],
    { url: db.url, schema: db.schema },
  );
const steps = async () =>
  (await db.pool.query('select step, outcome, evidence, recorded_by from iu_activation_step order by step_id')).rows;

describe('iu activate', () => {
  it('stops before anything is changed when nobody says which database is meant, and says what to say', async () => {
    const run = await activate();
    expect(run.exitCode).toBe(1);
    expect(run.stdout).toMatch(/precheck +failed/);
    expect(run.stderr).toContain('IU867');
    expect(run.stderr).toContain(`--expect-database ${db.name}`);
    expect(run.stderr).toContain('Way back: nothing was changed');
    expect(
      (await db.pool.query("select count(*)::int as n from pg_class where relname = 'event_outbox'")).rows[0].n,
    ).toBe(0);
    expect(existsSync(join(evidence, 'activation.json'))).toBe(true);
  });

  it('goes on where it stopped, installs, opens routing, and stops where nothing was decided', async () => {
    const run = await activate(...expected);
    expect(run.stderr).toContain('Stopped at observe');
    expect(run.stderr).toContain('--min-decisions');
    expect(run.exitCode).toBe(1);
    expect((await steps()).map(({ step, outcome }) => `${step} ${outcome}`)).toEqual([
      ...['precheck failed', 'precheck passed', 'backup skipped', 'migrate passed', 'verify passed', 'probe passed'],
      ...['worker passed', 'observe failed'],
    ]);
  });

  it('counts the decisions of a window, judges the routes, opens no delivery, and is done once', async () => {
    await db.pool.query("select fn_iu_emit('iu', 'version_applied', 't', n::text) from generate_series(1, 3) n");
    // The gates were closed meanwhile: opened before does not mean open.
    await db.pool.query("select fn_iu_gate_set('iu_core.route_worker_enabled', false, 'a test')");
    const run = await activate('--json');
    expect({ exitCode: run.exitCode, stderr: run.stderr }).toEqual({ exitCode: 0, stderr: '' });
    const report = JSON.parse(run.stdout);
    expect(report.steps.map((one: { outcome: string }) => one.outcome)).toEqual([
      ...['passed', 'kept', 'kept', 'kept', 'kept', 'passed', 'passed', 'passed'],
    ]);
    const rows = await steps();
    const observed = JSON.parse(rows.find((row) => row.step === 'observe' && row.outcome === 'passed').evidence);
    expect(observed).toMatchObject({ decisions: { skipped: '3' }, total: '3', lost: '0', health: [] });
    expect(JSON.parse(rows.at(-1)?.evidence)).toMatchObject({ live_routes: [], delivery_gate_open: false });
    expect(new Set(rows.map((row) => row.recorded_by)).size).toBe(1);
    expect(report.notDone[0]).toContain('delivery was not touched');
    expect(readdirSync(evidence)).toEqual([`activation-${report.activationId}.json`]);
    expect(
      JSON.parse(readFileSync(join(evidence, `activation-${report.activationId}.json`), 'utf8')).steps,
    ).toHaveLength(rows.length);
    const status = await runIu(['activate', 'status', '--json'], { url: db.url, schema: db.schema });
    expect(JSON.parse(status.stdout).items).toMatchObject([{ state: 'done', reason: 'ticket 4711' }]);
  });

  it('refuses a journal of another database, and ends one that is given up', async () => {
    // Nobody says which database is meant: it stops at once, and stays open.
    expect((await activate()).stderr).toContain('Stopped at precheck');
    const other = await createEmptyDatabase();
    try {
      const place = { url: other.url, schema: db.schema };
      const elsewhere = await runIu(['activate', '--reason', 'x', '--evidence', evidence], place);
      expect([elsewhere.exitCode, elsewhere.stderr]).toEqual([3, expect.stringContaining('IU868')]);
    } finally {
      await other.drop();
    }
    const ended = await runIu(['activate', 'give-up', '2', '--note', 'not now'], { url: db.url, schema: db.schema });
    expect(ended.stdout).toContain('given up');
    expect((await activate()).stderr).toContain('Stopped at precheck');
    expect(readdirSync(evidence).sort()).toEqual(['activation-1.json', 'activation-2.json', 'activation.json']);
    const { rows } = await db.pool.query('select activation_id, state from iu_activation order by 1');
    expect(rows.map((row) => row.state)).toEqual(['done', 'given_up', 'open']);
    await expect(db.pool.query("update iu_activation_step set outcome = 'passed'")).rejects.toMatchObject({
      code: 'IU310',
    });
    const down = await runIu(['migrate', 'down', '--steps', '2', '--without-backup', 'test'], {
      url: db.url,
      schema: db.schema,
    });
    expect([down.exitCode, down.stderr]).toEqual([3, expect.stringContaining('IU811')]);
    const up = await runIu(['migrate', 'up', '--without-backup', 'test'], { url: db.url, schema: db.schema });
    expect(up.exitCode, up.stderr).toBe(0);
  });
});

describe('iu report', () => {
  const place = () => ({ url: db.url, schema: db.schema });
  const report = (name: string, ...words: string[]) =>
    runIu(['report', '--out', folder, '--name', name, ...words, '--json'], place());
  const written = (name: string) =>
    Object.fromEntries(
      ['md', 'html', 'json'].map((end) => [end, readFileSync(join(folder, `${name}.${end}`), 'utf8')]),
    );

  it('is the same twice, and holds steps, changes, gates, probe, decisions, what was not done and the way back', async () => {
    expect(await report('one', '--activation', '1')).toMatchObject({ exitCode: 0, stderr: '' });
    expect((await report('two', '--activation', '1')).exitCode).toBe(0);
    const { md = '', html = '', json } = written('one');
    expect(written('two')).toEqual({ md, html, json });
    for (const said of [
      ...['# IU Core: activation 1 of ', '| precheck | failed |', '| observe | passed |', '| 014\\_activation |'],
      ...['No backup was made: test data.', '| iu\\_core.delivery\\_enabled | false |', 'skipped', '3 decisions in'],
      ...['Green at the end', 'Delivery was not switched on', 'No route was taken live', 'iu uninstall'],
    ]) {
      expect(md).toContain(said);
    }
    expect(html.match(/<svg /g)).toHaveLength(2);
    expect(html.match(/<rect /g)?.length).toBeGreaterThan(30);
    // One file, no script, nothing from elsewhere.
    expect(html).not.toMatch(/<script|<link|<img|src=|href=|url\(/);
    expect(html).toContain("default-src 'none'");
    const tags = [
      ...html.matchAll(/<(\/?)(section|table|thead|tbody|tr|td|th|ul|li|figure|svg|rect|text)\b[^>]*?(\/?)>/g),
    ];
    const open: string[] = [];
    for (const [, closing, name = '', single] of tags) {
      if (closing === '/') expect(open.pop()).toBe(name);
      else if (single !== '/') open.push(name);
    }
    expect(open).toEqual([]);
  });

  it('shows no secret and no payload, and what people wrote as text', async () => {
    const secrets = ['header', 'address', 'payload'].map(
      (what) => `CANARY${what}${Math.random().toString(36).slice(2)}`,
    );
    const [header, address, payload] = secrets;
    const route = {
      route_code: 'shop',
      event_domain: 'iu',
      target_kind: 'webhook',
      target_ref: `https://shop.example/?k=${address}`,
    };
    const target_config = { headers: { 'x-region': header } };
    await db.pool.query('select fn_iu_route_add($1)', [JSON.stringify({ ...route, target_config })]);
    await db.pool.query("select fn_iu_route_set_enabled('shop', true, '<script>alert(1)</script> | `x`')");
    await db.pool.query("select fn_iu_gate_set('iu_core.delivery_enabled', false, '<script>alert(1)</script> | `x`')");
    await db.pool.query("select fn_iu_emit('iu', 'version_applied', 't', 'canary', $1)", [
      JSON.stringify({ note: payload }),
    ]);
    await db.pool.query("select fn_iu_route_worker_run('iu_outbound_default', 100)");
    expect((await report('three', '--activation', '1')).exitCode).toBe(0);
    const texts = Object.values(written('three')).join('\n');
    for (const secret of [...secrets, decodeURIComponent(new URL(db.url).password) || 'no password'])
      expect(texts).not.toContain(secret);
    expect(texts).toContain('shop');
    expect(written('three').html).not.toContain('<script');
    expect(written('three').html).toContain('&#60;script&#62;');
    expect(written('three').md).toContain('\\<script\\>alert(1)\\</script\\> \\| \\`x\\`');
  });

  it('is compared with another one, row by row', async () => {
    const compare = (...files: string[]) =>
      runIu(['report', 'compare', ...files.map((file) => join(folder, file)), '--json']);
    expect(JSON.parse((await compare('one.json', 'two.md')).stdout)).toEqual({ same: true, items: [] });
    const { items } = JSON.parse((await compare('one.json', 'three.html')).stdout);
    const subjects = items.map((one: { section: string; subject: string }) => `${one.section}: ${one.subject}`);
    expect(subjects).toEqual(expect.arrayContaining(['Routes and their readiness: shop', 'Decisions: shop dry_run']));
    expect(items.find((one: { subject: string }) => one.subject === 'shop')).toMatchObject({ first: null });
    const refused = await compare('one.json', '../package.json');
    expect(refused.exitCode).not.toBe(0);
    expect((await report('nine', '--activation', '99')).stderr).toContain('IU865');
  });
});

describe('iu activate after its own way back', () => {
  it('begins anew and keeps the old journal when what it had installed was uninstalled', async () => {
    const own = await createEmptyDatabase();
    const place = { url: own.url, schema: own.schema };
    const at = join(folder, 'undone');
    const words = ['--reason', 'again', '--evidence', at, '--observe', '1s', '--without-backup', 'test data'];
    const again = (...more: string[]) => runIu(['activate', ...words, ...expected.with(1, own.name), ...more], place);
    try {
      expect((await again()).stderr).toContain('Stopped at observe');
      for (const gate of ['routes_master_enabled', 'route_worker_enabled'])
        await own.pool.query('select fn_iu_gate_set($1, false, $2)', [`iu_core.${gate}`, 'way back']);
      const gone = await runIu(['uninstall', '--yes', '--discard-data', '--without-backup', 'test'], place);
      expect(gone.exitCode, gone.stderr).toBe(0);
      const run = await again('--min-decisions', '0');
      expect(run.exitCode, run.stderr).toBe(0);
      expect(run.stdout).toMatch(/migrate +passed/);
      expect(run.stderr).toContain('begins anew');
      expect(readdirSync(at).sort()).toEqual([
        'activation-1.json',
        expect.stringMatching(/^activation-undone-\d{8}T[\d.]+Z\.json$/),
      ]);
    } finally {
      await own.drop();
    }
  });
});

describe('iu activate with a backup', () => {
  const tools = `/usr/lib/postgresql/${inject('iuCluster').major}/bin`;
  it.skipIf(!existsSync(join(tools, 'pg_dump')))(
    'makes one that can be read back before it changes anything, and keeps it',
    async () => {
      const own = await createEmptyDatabase();
      const words = [
        '--reason',
        'with a backup',
        '--evidence',
        join(folder, 'backed-up'),
        '--observe',
        '1s',
        '--min-decisions',
        '0',
      ];
      const places = ['--backups', join(folder, 'backups'), '--tools', tools];
      try {
        await own.pool.query(
          `create schema if not exists ${own.schema}; create table ${own.schema}.kept (n) as select 1`,
        );
        const place = { url: own.url, schema: own.schema };
        const run = await runIu(['activate', ...words, ...places, ...expected.with(1, own.name), '--json'], place);
        expect(run.exitCode, run.stderr).toBe(0);
        const { steps: done } = JSON.parse(run.stdout) as {
          steps: { step: string; outcome: string; evidence: { file: string } }[];
        };
        expect(done.slice(0, 3).map(({ step, outcome }) => `${step} ${outcome}`)).toEqual([
          'precheck passed',
          'backup passed',
          'migrate passed',
        ]);
        const { stdout } = await promisify(execFile)(join(tools, 'pg_restore'), [
          '--list',
          join(folder, 'backups', done[1]?.evidence.file ?? ''),
        ]);
        expect(stdout).toContain(' kept ');
        expect(stdout).not.toContain('event_outbox');
      } finally {
        await own.drop();
      }
    },
  );
});

describe('iu activate beside a live route', () => {
  it('stops where a route is live already', async () => {
    await db.pool.query('alter table iu_outbound_route disable trigger user');
    await db.pool.query('alter table iu_outbound_route drop constraint iu_outbound_route_safe_chk');
    await db.pool.query(
      'update iu_outbound_route set enabled = true, dry_run = false where route_id = (select min(route_id) from iu_outbound_route)',
    );
    const run = await activate(...expected, '--min-decisions', '0');
    expect(run.exitCode).toBe(1);
    expect(run.stderr).toContain('Stopped at');
    expect(run.stdout).not.toMatch(/observe +passed/);
  });
});
