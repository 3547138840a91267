import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { prepareDatabase } from '../../src/cli/demo/prepare.js';
import { asOnlyDemo } from '../../src/store/demo.js';
import { runIu } from '../support/cli.js';
import { createEmptyDatabase, type TestDatabase } from '../support/database.js';
import { countOf } from '../support/worker.js';

let db: TestDatabase;

beforeEach(async () => {
  db = await createEmptyDatabase();
});

afterEach(() => db.drop());

const prepare = () => prepareDatabase(db.url, db.schema);

describe('a demo beside another', () => {
  it('ends at once, says what to do, and changes nothing', async () => {
    await asOnlyDemo(db.url, async () => {
      const second = await runIu(['demo', '--once', '--database-url', db.url], { schema: db.schema });
      expect(second).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('IU036') });
      expect(second.stderr).toContain('--data-folder');
      expect(await countOf(db, "pg_class where relname = 'event_outbox'")).toBe(0);
    });
    await expect(asOnlyDemo(db.url, async () => {})).resolves.toBeUndefined();
  });
});

describe('preparation of the demo', () => {
  it('installs, opens the gates of routing and of the corpus and adds dry-run routes; nothing is live', async () => {
    const done = await prepare();
    expect(done.changes.length).toBeGreaterThan(5);
    expect(done.gatesOpened.toSorted()).toEqual([
      'iu_core.autocut_enabled',
      'iu_core.route_worker_enabled',
      'iu_core.routes_master_enabled',
      'iu_core.structure_ops_enabled',
    ]);
    expect(done.routesAdded).toHaveLength(3);
    expect(await countOf(db, 'iu_outbound_route where not dry_run')).toBe(0);
    expect(await countOf(db, "dot_config where key = 'iu_core.delivery_enabled' and value = 'false'")).toBe(1);
    const reasons = (await db.pool.query("select distinct reason from iu_gate_log where operation = 'update'")).rows;
    expect(reasons).toEqual([{ reason: 'iu demo: dry-run only' }]);
  });

  it('does nothing the second time', async () => {
    await prepare();
    const history = await countOf(db, 'iu_route_history');
    expect(await prepare()).toEqual({ changes: [], gatesOpened: [], routesAdded: [] });
    expect(await countOf(db, 'iu_route_history')).toBe(history);
  });

  it('leaves alone what a person changed: a closed gate, a disabled and a removed route', async () => {
    await prepare();
    await db.pool.query("select fn_iu_gate_set('route_worker_enabled', false, 'test')");
    await db.pool.query("select fn_iu_route_set_enabled('iu.version_applied.workflow', false, 'test')");
    await db.pool.query("select fn_iu_route_remove('demo.structure.webhook', 'test')");
    expect(await prepare()).toMatchObject({ gatesOpened: [], routesAdded: [] });
    expect(await countOf(db, "dot_config where key = 'iu_core.route_worker_enabled' and value = 'false'")).toBe(1);
    expect(await countOf(db, 'iu_outbound_route where enabled and removed_at is null')).toBe(2);
  });

  it('keeps a gate closed that was closed by a plain update before the first start', async () => {
    const { migrateUp } = await import('../../src/install/migrate/index.js');
    const client = await db.connect();
    await migrateUp(client, { schema: db.schema });
    await client.query("update dot_config set reason = 'not yet' where key = 'iu_core.routes_master_enabled'");
    expect((await prepare()).gatesOpened).not.toContain('iu_core.routes_master_enabled');
  });
});
