// A real Directus with the user's own tables as its collections: IU Core comes into its database while it writes, and goes again.
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { AllowWord } from '../../src/contract/adoption/steps.js';
import { adoptApply, adoptBack, adoptPlan } from '../../src/install/adopt/index.js';
import { runDrift } from '../../src/install/drift/index.js';
import { connectClient } from '../../src/store/session.js';
import { runIu } from '../support/cli.js';
import { createEmptyDatabase, type TestDatabase } from '../support/database.js';
import { type DirectusServer, startDirectus } from '../support/directus.js';
import { legacyStatements } from '../support/legacy-database.js';
import { legacyCatalog } from '../support/legacy-writers.js';
import { waitFor } from '../support/wait.js';

const folder = process.env.IU_TEST_DIRECTUS ?? '';
const events = 2_000;
const everything: AllowWord[] = ['ownership', 'definitions', 'keys', 'immediate-index'];
const collections = ['event_outbox', 'dot_config', 'information_unit', 'unit_version'];
const hasTools = existsSync(`/usr/lib/postgresql/${inject('iuCluster').major}/bin/pg_dump`);

let db: TestDatabase;
let client: pg.Client;
let login: string;
let directusUrl: string;
let directus: DirectusServer;
let former: unknown[];

const rows = async (sql: string) => (await db.pool.query(sql)).rows;
const one = async (sql: string) => (await rows(sql))[0];
const directusTables = async () =>
  (
    await rows("select relname as name from pg_class where relkind = 'r' and relname like 'directus\\_%' order by 1")
  ).map(({ name }) => name);

async function restart(): Promise<void> {
  await directus.stop();
  directus = await startDirectus(folder, directusUrl, directus.token);
}

const anEvent = (subject: string, more = {}) => ({
  event_domain: 'system',
  event_type: 'alert',
  event_stream: 'alert',
  delivery_lane: 'immediate',
  event_subject_table: 'system_issue',
  event_subject_ref: subject,
  canonical_address: `SYS-${subject}`,
  actor_ref: 'studio',
  source_system: 'directus',
  ...more,
});
const post = (subject: string, more = {}) => directus.call('POST', '/items/event_outbox', anEvent(subject, more));

/** Creates items one after the other; `stop` gives the subjects that were answered with 200. */
function startStudio(prefix: string) {
  let stopped = false;
  const accepted: string[] = [];
  const refused: string[] = [];
  const running = (async () => {
    for (let at = 1; !stopped; at += 1) {
      const { status, text } = await post(`${prefix}-${at}`);
      if (status === 200) accepted.push(`${prefix}-${at}`);
      else refused.push(`${status} ${text}`);
    }
  })();
  return {
    accepted,
    stop: async () => {
      stopped = true;
      await running;
      return { accepted, refused };
    },
  };
}

beforeAll(async () => {
  db = await createEmptyDatabase();
  client = await db.connect();
  directusUrl = await db.loginUrl();
  login = decodeURIComponent(new URL(directusUrl).username);
  // as Directus is usually installed: one login that makes, and so owns, its own tables and those of the user
  await db.pool.query(`grant usage, create on schema public to ${login}`);
  const owner = await connectClient({ url: directusUrl, schema: 'public', purpose: 'test' });
  try {
    await owner.query(legacyStatements(events, { standIns: false }));
  } finally {
    await owner.end();
  }
  directus = await startDirectus(folder, directusUrl);
  for (const collection of collections) {
    await directus.api('PATCH', `/collections/${collection}`, { meta: { note: 'of the application' } });
  }
  // a relation of the Data Studio to events is a foreign key on their id
  await directus.api('POST', '/collections', { collection: 'mark', schema: {}, meta: {} });
  await directus.api('POST', '/fields/mark', { field: 'event', type: 'uuid', schema: {}, meta: {} });
  await directus.api('POST', '/relations', {
    collection: 'mark',
    field: 'event',
    related_collection: 'event_outbox',
    schema: { on_delete: 'SET NULL' },
    meta: {},
  });
  const [first] = await directus.api<{ id: string }[]>('GET', '/items/event_outbox?filter[event_subject_ref][_eq]=1');
  await directus.api('POST', '/items/mark', { event: first?.id });
  former = await legacyCatalog(client, 'public');
}, 300_000);
afterAll(async () => {
  await directus?.stop();
  await db?.drop();
});

const drift = () =>
  runDrift({
    database: {
      pool: db.pool,
      url: db.url,
      schema: 'public',
      serverVersionNumber: db.major * 10_000,
      close: async () => {},
    },
  });
const subjects = async (condition: string) =>
  (
    await rows(
      `select event_subject_ref as ref from event_outbox where source_system = 'directus' and ${condition} order by created_at`,
    )
  ).map(({ ref }) => ref);

// one story: each part goes on where the one before it ended
describe('a database under Directus', { timeout: 300_000 }, () => {
  const created: string[] = [];

  it('is planned without a step for a table of Directus, and says what its login may do', async () => {
    const plan = await adoptPlan(client, { schema: 'public', allow: everything });
    const theirs = await directusTables();
    expect(theirs.length).toBeGreaterThan(20);
    expect(plan.foreign).toEqual(expect.arrayContaining(theirs));
    expect(JSON.stringify([plan.steps, plan.tables, plan.blockers])).not.toContain('directus_');
    expect(plan.blockers).toEqual([]);
    expect(plan.notes.join('\n')).toContain(`${login} may create objects in this schema`);
    expect(plan.notes.join('\n')).toContain('Directus joins mark.event to events by their primary key');
    expect(await legacyCatalog(client, 'public')).toEqual(former);
  });

  it('is adopted while items are created by the REST API: none is refused, and each is an event', async () => {
    const studio = startStudio('during');
    const { verify } = await adoptApply(client, { schema: 'public', allow: everything });
    expect(verify).toMatchObject({ ok: true, failures: [], pending: [] });
    const { accepted, refused } = await studio.stop();
    expect(refused).toEqual([]);
    expect(accepted.length).toBeGreaterThan(10);
    // Directus goes on with what it knew of the tables until it looks again
    const { id } = await directus.api<{ id: string }>('POST', '/items/event_outbox', anEvent('known-by-id'));
    expect(await directus.api('GET', `/items/event_outbox/${id}`)).not.toHaveProperty('seq');
    created.push(...accepted, 'known-by-id');
    expect(await subjects('true')).toEqual(created);
  });

  it('boots again and knows events by seq: old links by id are errors, a filter finds it', async () => {
    await restart();
    const { seq, id } = await directus.api<{ seq: string; id: string }>(
      'POST',
      '/items/event_outbox',
      anEvent('by-seq'),
    );
    created.push('by-seq');
    expect(await directus.api('GET', `/items/event_outbox/${seq}`)).toMatchObject({ id, event_subject_ref: 'by-seq' });
    expect(await directus.call('GET', `/items/event_outbox/${id}`)).toEqual({
      status: 500,
      text: expect.stringContaining('invalid input syntax for type bigint'),
    });
    expect(await directus.api('GET', `/items/event_outbox?filter[id][_eq]=${id}&fields=event_subject_ref`)).toEqual([
      { event_subject_ref: 'by-seq' },
    ]);
    expect(await directus.api<unknown[]>('GET', '/items/event_outbox?limit=5000')).toHaveLength(
      events + created.length,
    );
    expect(await directus.api<unknown[]>('GET', '/items/information_unit?limit=-1')).toHaveLength(158);
    // tables of ours are shown to the administrator as not set up, and nothing of them is read
    expect((await directus.call('GET', '/items/iu_route_attempt')).status).toBe(403);
    expect(directus.log()).toContain('unknown table "iu_route_attempt"');
  });

  it('keeps the foreign key of a relation to events; Directus joins it by seq from now on', async () => {
    expect(
      await rows("select pg_get_constraintdef(oid) as rule from pg_constraint where conname = 'mark_event_foreign'"),
    ).toEqual([{ rule: 'FOREIGN KEY (event) REFERENCES event_outbox(id) ON DELETE SET NULL' }]);
    const [mark] = await directus.api<{ event: string }[]>('GET', '/items/mark');
    expect(
      await directus.api('GET', `/items/event_outbox?filter[id][_eq]=${mark?.event}&fields=event_subject_ref`),
    ).toEqual([{ event_subject_ref: '1' }]);
    expect(await directus.call('GET', '/items/mark?fields=event.event_subject_ref')).toMatchObject({
      status: 500,
      text: expect.stringContaining('invalid input syntax for type bigint'),
    });
    expect(await directus.call('POST', '/items/mark', { event: randomUUID() })).toMatchObject({
      status: 400,
      text: expect.stringContaining('INVALID_FOREIGN_KEY'),
    });
  });

  const refusals: readonly (readonly [string, string, string, unknown, string, string])[] = [
    [
      'a change of an event',
      'PATCH',
      '/items/event_outbox/5',
      { actor_ref: 'x' },
      'event_outbox is append-only: update refused',
      'IU109',
    ],
    [
      'a delete of an event',
      'DELETE',
      '/items/event_outbox/5',
      undefined,
      'event_outbox is append-only: delete refused',
      'IU109',
    ],
    [
      'an unknown type',
      'POST',
      '/items/event_outbox',
      anEvent('x', { event_type: 'nothing' }),
      'event type system/nothing is not registered',
      'IU101',
    ],
    [
      'a forbidden key further down',
      'POST',
      '/items/event_outbox',
      anEvent('x', { safe_payload: { of: { password: 'x' } } }),
      'password',
      'IU107',
    ],
    [
      'a number of its own',
      'POST',
      '/items/event_outbox',
      anEvent('x', { seq: 5 }),
      'cannot insert a non-DEFAULT value',
      '428C9',
    ],
    [
      'a unit',
      'POST',
      '/items/information_unit',
      { canonical_address: 'X', unit_kind: 'law_unit', owner_ref: 'o', created_by: 'a', updated_by: 'a' },
      'outside the governed functions',
      'IU210',
    ],
    [
      'a column',
      'POST',
      '/fields/event_outbox',
      { field: 'extra', type: 'string', schema: {}, meta: {} },
      'must be owner',
      '42501',
    ],
    ['a column less', 'DELETE', '/fields/event_outbox/correlation_id', undefined, 'must be owner', '42501'],
    ['the end of the log', 'DELETE', '/collections/event_outbox', undefined, 'must be owner', '42501'],
  ];

  it.each(refusals)(
    'refuses %s: an administrator reads why, everybody finds the code in the log of Directus',
    async (_what, method, path, body, why, code) => {
      const before = await one('select count(*)::int as events from event_outbox');
      const { status, text } = await directus.call(method, path, body);
      expect(status).toBe(500);
      expect(text).toContain(why);
      await waitFor(() => directus.log().includes(`"${code}"`), { what: `${code} in the log` });
      expect(await one('select count(*)::int as events from event_outbox')).toEqual(before);
    },
  );

  it('lets a user with the right to create events do that and nothing else, without a word why something is refused', async () => {
    const token = randomUUID();
    const { id: policy } = await directus.api<{ id: string }>('POST', '/policies', {
      name: 'emits',
      app_access: false,
      admin_access: false,
    });
    await directus.api('POST', '/permissions', { policy, collection: 'event_outbox', action: 'create', fields: ['*'] });
    await directus.api('POST', '/users', {
      email: 'emits@example.com',
      password: randomUUID(),
      token,
      policies: [{ policy }],
    });
    expect((await directus.call('POST', '/items/event_outbox', anEvent('of-a-user'), token)).status).toBe(204);
    created.push('of-a-user');
    const refused = await directus.call('POST', '/items/event_outbox', anEvent('x', { event_type: 'nothing' }), token);
    expect(refused).toEqual({ status: 500, text: expect.stringContaining('An unexpected error occurred.') });
    expect(
      (await directus.call('PATCH', '/items/dot_config/iu_core.delivery_enabled', { value: 'true' }, token)).status,
    ).toBe(403);
  });

  it('keeps its own rooms: a note of a field, a setting, a collection; a gate that it opens is logged with its login', async () => {
    await directus.api('PATCH', '/fields/event_outbox/actor_ref', { meta: { note: 'who did it' } });
    await directus.api('POST', '/collections', { collection: 'of_studio', schema: {}, meta: {} });
    await directus.api('POST', '/items/of_studio', {});
    await directus.api('DELETE', '/collections/of_studio');
    for (const value of ['true', 'false'])
      await directus.api('PATCH', '/items/dot_config/iu_core.delivery_enabled', { value });
    expect(
      await one(
        "select count(*)::int as changes, min(changed_by) as by from iu_gate_log where config_key = 'iu_core.delivery_enabled' and operation = 'update'",
      ),
    ).toEqual({
      changes: 2,
      by: login,
    });
  });

  it('needs select and insert on the log and select on its sequence; with less a creation is refused and nothing is recorded', async () => {
    await db.pool.query(`revoke all on event_outbox, dot_config, event_type_registry, information_unit, unit_version from ${login};
      grant select on event_outbox, dot_config, information_unit, unit_version to ${login}; grant iu_emitter to ${login}`);
    // iu_emitter is the right to call fn_iu_emit: Directus inserts
    expect(await post('too-little')).toEqual({
      status: 500,
      text: expect.stringContaining('permission denied for table event_outbox'),
    });
    await db.pool.query(
      `grant insert on event_outbox to ${login}; revoke select on sequence event_outbox_seq_seq from ${login}`,
    );
    expect(await post('no-sequence')).toEqual({
      status: 500,
      text: expect.stringContaining('permission denied for sequence event_outbox_seq_seq'),
    });
    await db.pool.query(`grant select on sequence event_outbox_seq_seq to ${login}; revoke iu_emitter from ${login}`);
    expect((await post('enough')).status).toBe(200);
    created.push('enough');
    const { status, text } = await directus.call('PATCH', '/items/dot_config/iu_core.delivery_enabled', {
      value: 'true',
    });
    expect([status, text]).toEqual([500, expect.stringContaining('permission denied for table dot_config')]);
  });

  it('has every item that was created decided exactly once, and none that was refused', async () => {
    expect(await subjects('true')).toEqual(created);
    await db.pool.query(`select fn_iu_route_worker_register('under_directus', 'system', 'beginning');
      select fn_iu_route_add('{"route_code": "system.all", "event_domain": "system", "target_kind": "workflow", "target_ref": "event_outbox"}');
      select fn_iu_route_set_enabled('system.all', true, 'test');
      select fn_iu_gate_set('iu_core.route_worker_enabled', true, 'test'), fn_iu_gate_set('iu_core.routes_master_enabled', true, 'test')`);
    const studio = startStudio('decided');
    await waitFor(
      async () => {
        await db.pool.query("select fn_iu_route_worker_run('under_directus', 500)");
        return studio.accepted.length > 20;
      },
      { timeoutSeconds: 60, what: 'items while passes run' },
    );
    const { accepted, refused } = await studio.stop();
    expect(refused).toEqual([]);
    created.push(...accepted);
    await waitFor(
      async () =>
        JSON.parse((await one("select fn_iu_route_worker_run('under_directus', 500)::text as run")).run).seen === 0,
      { what: 'the log to be decided' },
    );
    expect(
      await one(`select count(*)::int as decisions, count(distinct event_ref)::int as events, min(status) as least, max(status) as most
        from iu_route_attempt a where exists (select from event_outbox e where e.id = a.event_ref and e.source_system = 'directus')`),
    ).toEqual({ decisions: created.length, events: created.length, least: 'dry_run', most: 'dry_run' });
    expect(
      await one(
        "select pending::int, lost::int, balanced from v_iu_event_accounting where worker_name = 'under_directus'",
      ),
    ).toEqual({
      pending: 0,
      lost: 0,
      balanced: true,
    });
  });

  it('has nothing of Directus in drift', async () => {
    const { differences } = await drift();
    expect(differences.filter(({ damage }) => damage)).toEqual([]);
    expect(differences.filter(({ identity }) => /directus|studio/.test(identity))).toEqual([]);
  });

  it.skipIf(!hasTools)(
    'is backed up with the tables of Directus, and restored to the same number of events',
    async () => {
      const out = await mkdtemp(join(tmpdir(), 'iu-core-directus-backup-'));
      try {
        const run = await runIu(['backup', '--out', out, '--test-restore', '--json'], {
          url: db.url,
          schema: 'public',
        });
        expect({ exitCode: run.exitCode, stderr: run.stderr }).toEqual({ exitCode: 0, stderr: '' });
        const tables =
          "select count(*)::int as tables from pg_class where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace";
        expect(JSON.parse(run.stdout).testRestore).toMatchObject({
          rows: String(events + created.length),
          ...(await one(tables)),
        });
      } finally {
        await rm(out, { recursive: true });
      }
    },
  );

  it('is given back as it was while Directus runs, which writes on once it has looked at the tables again', async () => {
    await db.pool.query(`select fn_iu_gate_set('iu_core.route_worker_enabled', false, 'test');
      select fn_iu_gate_set('iu_core.routes_master_enabled', false, 'test'); select fn_iu_route_set_enabled('system.all', false, 'test')`);
    await adoptBack(client, { schema: 'public', discardRecords: true });
    expect(await legacyCatalog(client, 'public')).toEqual(former);
    // it still asks for seq
    expect((await post('stale')).status).toBe(500);
    await directus.api('POST', '/utils/cache/clear?system');
    const { id } = await directus.api<{ id: string }>('POST', '/items/event_outbox', anEvent('afterwards'));
    expect(await directus.api('GET', `/items/event_outbox/${id}`)).toMatchObject({ event_subject_ref: 'afterwards' });
    await restart();
    expect((await post('after-the-last-restart')).status).toBe(200);
    expect(await subjects('true')).toEqual([...created, 'afterwards', 'after-the-last-restart']);
  });
});
