// What a database, a role or a session sets for its application changes nothing of what IU Core does there.
import { afterEach, describe, expect, it } from 'vitest';
import type { AllowWord } from '../../src/contract/adoption/steps.js';
import { adoptApply, adoptBack, adoptPlan } from '../../src/install/adopt/index.js';
import { migrateUp, migrateVerify } from '../../src/install/migrate/index.js';
import { connectClient } from '../../src/store/session.js';
import { runIu } from '../support/cli.js';
import { withDatabase } from '../support/cluster.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { createLegacyDatabase, legacyStatements } from '../support/legacy-database.js';
import { legacyCatalog } from '../support/legacy-writers.js';

const everything: AllowWord[] = ['ownership', 'definitions', 'keys', 'immediate-index'];

let db: TestDatabase;

afterEach(() => db.drop());

/** As `alter database` says it for every session that begins from now on. */
async function setForDatabase(settings: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, value] of Object.entries(settings)) {
    await db.pool.query(`alter database ${db.name} set ${name} = '${value}'`);
  }
}

describe('a database with settings of its application', { timeout: 180_000 }, () => {
  it('is adopted, decided and given back as any other', async () => {
    db = await createLegacyDatabase(300);
    const before = await legacyCatalog(await db.connect(), db.schema);
    await setForDatabase({
      default_transaction_isolation: 'serializable',
      standard_conforming_strings: 'off',
      quote_all_identifiers: 'on',
      extra_float_digits: '-5',
      datestyle: 'German, DMY',
      intervalstyle: 'iso_8601',
      bytea_output: 'escape',
      transform_null_equals: 'on',
      check_function_bodies: 'off',
    });
    const client = await db.connect();
    const { verify } = await adoptApply(client, { schema: db.schema, allow: everything });
    expect(verify).toMatchObject({ ok: true, failures: [], pending: [] });
    const iu = (...words: string[]) => runIu(words, { url: db.url, schema: db.schema });
    for (const gate of ['routes_master_enabled', 'route_worker_enabled']) {
      expect((await iu('gate', 'open', gate, '--reason', 'test')).exitCode).toBe(0);
    }
    expect((await iu('cursor', 'register', 'old', '--domain', 'system', '--from', 'beginning')).exitCode).toBe(0);
    expect((await iu('worker', '--once', '--only', 'route')).stdout).toContain('300 events seen');
    expect((await iu('verify')).exitCode).toBe(0);
    for (const gate of ['routes_master_enabled', 'route_worker_enabled']) {
      expect((await iu('gate', 'close', gate, '--reason', 'test')).exitCode).toBe(0);
    }
    await adoptBack(client, { schema: db.schema, discardRecords: true });
    expect(await legacyCatalog(client, db.schema)).toEqual(before);
  });
});

describe('a database whose encoding is not UTF-8', { timeout: 180_000 }, () => {
  it('is adopted and given back', async () => {
    db = await createLegacyDatabase(0);
    const name = `${db.name}_latin`;
    await db.pool.query(`create database ${name} template template0 encoding 'LATIN1' locale 'C'`);
    const client = await connectClient({ url: withDatabase(db.url, name), schema: db.schema });
    try {
      await client.query(`create schema if not exists ${db.schema}`);
      await client.query(legacyStatements(300));
      const before = await legacyCatalog(client, db.schema);
      const { verify } = await adoptApply(client, { schema: db.schema, allow: everything });
      expect(verify).toMatchObject({ ok: true, failures: [] });
      await client.query("select fn_iu_gate_set('iu_core.routes_master_enabled', false, 'test')");
      await adoptBack(client, { schema: db.schema });
      expect(await legacyCatalog(client, db.schema)).toEqual(before);
    } finally {
      await client.end();
      await db.pool.query(`drop database ${name} with (force)`);
    }
  });
});

describe('a database of a language with a capital of its own for i', { timeout: 180_000 }, () => {
  it('is installed into, verified, and logs what is done', async () => {
    db = await createLegacyDatabase(0);
    const name = `${db.name}_turkish`;
    await db.pool.query(
      `create database ${name} template template0 encoding 'UTF8' locale_provider icu icu_locale 'tr-TR' locale 'C'`,
    );
    const client = await connectClient({ url: withDatabase(db.url, name), schema: db.schema });
    try {
      expect((await client.query("select lower('INSERT') = 'insert' as plain")).rows).toEqual([{ plain: false }]);
      await migrateUp(client, { schema: db.schema });
      expect(await migrateVerify(client, { schema: db.schema })).toMatchObject({ ok: true, failures: [] });
      await client.query("select fn_iu_gate_set('iu_core.routes_master_enabled', true, 'test')");
      expect((await client.query('select operation from iu_gate_log order by log_id desc limit 1')).rows).toEqual([
        { operation: 'update' },
      ]);
    } finally {
      await client.end();
      await db.pool.query(`drop database ${name} with (force)`);
    }
  });
});

describe('a session with standard_conforming_strings off', () => {
  it('calls the functions as any other: titles, addresses, patterns of routes, markers of writers', async () => {
    db = await createTestDatabase();
    const client = await db.connect();
    await client.query('set standard_conforming_strings = off');
    await client.query("select fn_iu_create('regel', 'ein text', 'tester', p_title => 'titel')");
    await client.query("select fn_iu_revise('regel', 'noch ein text', 'tester', p_title => 'anderer titel')");
    expect((await client.query("select identity_profile ->> 'title' as title from information_unit")).rows).toEqual([
      { title: 'anderer titel' },
    ]);
    await client.query("select fn_iu_event_type_add('a_b', 'made', 'update', 'immediate')");
    await client.query("select fn_iu_event_type_add('axb', 'made', 'update', 'immediate')");
    await client.query("select fn_iu_route_worker_register('all', '*', 'beginning')");
    const route = { route_code: 'one', event_domain: 'a_b', target_kind: 'workflow', target_ref: 'x' };
    await client.query('select fn_iu_route_add($1)', [JSON.stringify(route)]);
    await client.query("select fn_iu_route_set_enabled('one', true, 'test')");
    await client.query(
      "select fn_iu_gate_set('iu_core.route_worker_enabled', true, 'test'), fn_iu_gate_set('iu_core.routes_master_enabled', true, 'test')",
    );
    await client.query("select fn_iu_emit(d, 'made', 't', '1') from unnest(array['a_b', 'axb']) d");
    await client.query("select fn_iu_route_worker_run('all', 100)");
    const decided = `select e.event_domain as domain, a.status from iu_route_attempt a join event_outbox e on e.seq = a.event_seq
      where e.event_type = 'made' order by 1`;
    expect((await client.query(decided)).rows).toEqual([
      { domain: 'a_b', status: 'dry_run' },
      { domain: 'axb', status: 'skipped' },
    ]);
  });
});

describe('columns with a collation of the application', { timeout: 180_000 }, () => {
  it('are named with the statement that changes them, also where the server knows no patterns in them', async () => {
    db = await createLegacyDatabase(10);
    const client = await db.connect();
    await client.query(`create collation folded (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
      alter table information_unit alter column canonical_address type text collate folded;
      alter table event_outbox alter column correlation_id type text collate folded`);
    const named = async () => (await adoptPlan(client, { schema: db.schema, allow: everything })).blockers;
    const [first, second] = await named();
    expect(first).toMatchObject({ what: expect.stringContaining('event_outbox.correlation_id has collation folded') });
    for (const blocker of [first, second]) await client.query(String(blocker?.action.split(', or ')[0]));
    expect(await named()).toEqual([]);
  });
});
