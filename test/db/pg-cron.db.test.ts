import { readFileSync } from 'node:fs';
import type pg from 'pg';
import { describe, expect, it } from 'vitest';
import { migrateUp } from '../../src/install/migrate/index.js';
import { connectClient } from '../../src/store/session.js';
import { forgeApproval } from '../support/approval.js';
import { withDatabase } from '../support/cluster.js';
import { waitFor } from '../support/wait.js';

// The embedded server has no pg_cron. IU_TEST_CRON_URL: superuser address of a server that has it loaded (cron.database_name =
// the database of that address, cron.use_background_workers = on).
const cronUrl = process.env.IU_TEST_CRON_URL ?? '';

const guide = readFileSync(new URL('../../docs/how-to/run-with-pg-cron.md', import.meta.url), 'utf8');

/** A live route of the domain iu to a table, in an installation that may send. */
async function liveInbox(app: pg.Client): Promise<void> {
  await app.query(
    'create table inbox (delivery_id text primary key, event_id uuid, event jsonb); grant insert on inbox to iu_worker',
  );
  await app.query(
    "select fn_iu_gate_set('delivery_enabled', true, 'test'), fn_iu_deployment_claim('cron-test', 'test')",
  );
  await app.query("select fn_iu_target_register('table', 'inbox', 'public.inbox', 'test')");
  const route = { route_code: 'cron.inbox', event_domain: 'iu', target_kind: 'table', target_ref: 'inbox' };
  await app.query('select fn_iu_route_add($1)', [JSON.stringify(route)]);
  await app.query("select fn_iu_route_set_enabled('cron.inbox', true, 'test')");
  const approval = await forgeApproval(app, 'cron.inbox');
  await app.query('update iu_outbound_route set dry_run = false, approval_id = $1 where route_code = $2', [
    approval,
    'cron.inbox',
  ]);
}

describe('pg_cron', () => {
  it('is described with functions that exist and the standard cursor', () => {
    expect(guide).toContain("fn_iu_route_worker_run('iu_outbound_default', 10000)");
    expect(guide).toContain("fn_iu_route_worker_reconcile('iu_outbound_default')");
    expect(guide).toContain('pr_iu_deliver_local(10000)');
  });

  it.skipIf(cronUrl === '')(
    'decides and delivers events by the statements of the guide, with a login that may do nothing else',
    { timeout: 200_000 },
    async () => {
      const name = `iu_cron_test_${process.pid}`;
      const admin = await connectClient({ url: cronUrl });
      await admin.query('create extension if not exists pg_cron');
      const { rows } = await admin.query("select extversion as version from pg_extension where extname = 'pg_cron'");
      const knowsSeconds = Number(rows[0].version) >= 1.5;
      await admin.query(`create database ${name} template template0`);
      const app = await connectClient({ url: withDatabase(cronUrl, name) });
      try {
        await migrateUp(app, { schema: 'public' });
        await admin.query(`create role ${name} login`);
        await admin.query(`grant iu_worker to ${name}`);
        await app.query(
          "update dot_config set value = 'true' where key in ('iu_core.routes_master_enabled', 'iu_core.route_worker_enabled')",
        );
        await liveInbox(app);
        await app.query(`alter database ${name} set iu.deployment = 'cron-test'`);
        await app.query("select fn_iu_emit('iu', 'version_applied', 't', n::text) from generate_series(1, 20) n");
        const statements = /```sql\n(select cron\.schedule_in_database[\s\S]*?)```/.exec(guide)?.[1] ?? '';
        expect(statements).not.toBe('');
        await admin.query(
          statements
            .replaceAll("'app'", `'${name}'`)
            .replaceAll("'iu_cron'", `'${name}'`)
            .replaceAll("'iu-", `'${name}-`)
            .replaceAll("'5 seconds'", knowsSeconds ? "'1 second'" : "'* * * * *'"),
        );
        await waitFor(
          async () =>
            (await app.query('select count(distinct event_seq)::int as n from iu_route_attempt')).rows[0].n === 20,
          { timeoutSeconds: 80 },
        );
        await waitFor(async () => (await app.query('select count(*)::int as n from inbox')).rows[0].n === 20, {
          timeoutSeconds: 80,
        });
        expect(
          (await app.query("select count(*)::int as n from iu_route_attempt where status = 'sent'")).rows[0].n,
        ).toBe(20);
        expect(
          (await app.query("select (fn_iu_route_worker_health() ->> 'seconds_since_last_run')::numeric < 10 as fresh"))
            .rows[0].fresh,
        ).toBe(true);
      } finally {
        await app.end();
        await admin.query('select cron.unschedule(jobid) from cron.job where jobname like $1', [`${name}%`]);
        await admin.query(`drop database ${name} with (force)`);
        await admin.query(`drop role if exists ${name}`);
        await admin.end();
      }
    },
  );
});
