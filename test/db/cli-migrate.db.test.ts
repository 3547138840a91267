import { afterAll, beforeAll, expect, it } from 'vitest';
import { runIu } from '../support/cli.js';
import { createEmptyDatabase, type TestDatabase } from '../support/database.js';

let db: TestDatabase;
const iu = (...words: string[]) => runIu(words, { url: db.url, schema: db.schema });

async function json(...words: string[]) {
  const { exitCode, stdout, stderr } = await iu(...words, '--json');
  expect({ exitCode, stderr }, words.join(' ')).toEqual({ exitCode: 0, stderr: '' });
  return JSON.parse(stdout);
}

beforeAll(async () => {
  db = await createEmptyDatabase();
});
afterAll(async () => {
  await db.drop();
});

it('installs, verifies and takes away again from the command line, showing each step first', async () => {
  const states = async () =>
    new Set((await json('migrate', 'status')).changes.map((change: { state: string }) => change.state));
  expect(await states()).toEqual(new Set(['pending']));
  expect(await iu('gate', 'list')).toMatchObject({ exitCode: 69, stderr: expect.stringMatching(/IU00[56]/) });

  const dry = await iu('migrate', 'up', '--dry-run');
  expect(dry.stdout).toContain('create table event_outbox');
  expect(await states()).toEqual(new Set(['pending']));

  const up = await iu('migrate', 'up');
  expect(up).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^Applied \d+ changes: 001_registry, /) });
  expect(up.stderr).toContain('002_control: done');
  expect(await states()).toEqual(new Set(['applied']));
  expect((await iu('migrate', 'up')).stdout).toBe('Nothing to do.\n');
  expect(await json('migrate', 'verify')).toMatchObject({ ok: true, failures: [] });

  await db.pool.query("delete from dot_config where key = 'iu_core.autocut_enabled'");
  const damaged = await iu('migrate', 'verify');
  expect(damaged).toMatchObject({ exitCode: 2, stdout: expect.stringContaining('iu_core.autocut_enabled') });

  const down = await iu('migrate', 'down', '--dry-run');
  expect(down.exitCode).toBe(0);
  expect(down.stdout).toContain('drop ');

  const preview = await iu('uninstall');
  expect(preview.stdout).toContain('Nothing was changed.\nTo do it: iu uninstall --yes\n');
  await db.pool.query("select fn_iu_emit('iu', 'unit_created', 'information_unit', 'x', '{}', 'a/b', 'tester')");
  await db.pool.query("select fn_iu_gate_set('routes_master_enabled', true, 'test')");
  const held = await iu('uninstall', '--backups', 'none');
  expect(held.stdout).toMatch(
    /event_outbox: 1 rows[\s\S]*In the way:\n.*open gates: iu_core.routes_master_enabled: close them first.*\nA backup is demanded: .*--without-backup REASON/,
  );
  expect(held.stdout).toContain('Nothing was changed.\nTo do it: iu uninstall --backups none --yes --discard-data\n');
  await db.pool.query("select fn_iu_gate_set('routes_master_enabled', false, 'test')");
  expect((await iu('uninstall', '--discard-data', '--without-backup', 'test')).stdout).not.toMatch(
    /demanded|In the way/,
  );
  expect(await states()).toEqual(new Set(['applied']));
  const gone = await iu('uninstall', '--yes', '--discard-data', '--without-backup', 'test');
  expect(gone.exitCode, gone.stderr).toBe(0);
  expect(gone.stdout).toContain('Took back');
  expect(await states()).toEqual(new Set(['pending']));
});
