import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EmbeddedServer, startEmbedded } from '../../src/install/embedded/index.js';
import { migrateStatus, migrateUp, migrateVerify, uninstall } from '../../src/install/migrate/index.js';
import { connectClient } from '../../src/store/session.js';
import { withDatabase } from '../support/cluster.js';
import { makeServerFolder } from '../support/server-folder.js';

// A cluster of its own: here roles are made and dropped, which every other test of the run needs.
let folder = '';
let server: EmbeddedServer;

async function start(): Promise<EmbeddedServer> {
  return startEmbedded({ dataFolder: folder, major: Number(process.env.IU_TEST_POSTGRES || 17), durable: false });
}

async function withClient<Result>(url: string, work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = await connectClient({ url, purpose: 'test' });
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

const ourRoles =
  "select count(*)::int as count from pg_roles where rolname ~ '^iu_(owner|migrator|emitter|worker|operator|approver|reader|core_pruner)$'";

beforeAll(async () => {
  folder = await makeServerFolder();
  server = await start();
});

afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

describe('a cluster without our roles', () => {
  it('is installed into by a database owner who may create roles and is no superuser', async () => {
    await withClient(server.url, async (admin) => {
      await admin.query("create role landlord login createrole password 'for the test'");
      await admin.query('create database landed owner landlord');
    });
    const address = new URL(withDatabase(server.url, 'landed'));
    address.username = 'landlord';
    address.password = 'for the test';
    await withClient(address.href, async (client) => {
      await migrateUp(client, { schema: 'public' });
      expect((await migrateVerify(client, { schema: 'public' })).failures).toEqual([]);
      expect((await migrateUp(client, { schema: 'public' })).changes).toEqual([]);
      const result = await uninstall(client, { schema: 'public' });
      expect(result.rolesKept).toEqual([]);
      expect((await client.query(ourRoles)).rows).toEqual([{ count: 0 }]);
    });
  });

  it('refuses a role that may not create roles, and says so', async () => {
    await withClient(server.url, async (admin) => {
      await admin.query("create role tenant login password 'for the test'");
      await admin.query('create database rented owner tenant');
    });
    const address = new URL(withDatabase(server.url, 'rented'));
    address.username = 'tenant';
    address.password = 'for the test';
    await withClient(address.href, async (client) => {
      const refused = migrateUp(client, { schema: 'public' });
      await expect(refused).rejects.toMatchObject({
        code: 'IU801',
        hint: expect.stringContaining('alter role "tenant" createrole'),
      });
    });
  });

  it('keeps the roles at an uninstall while another database needs them, says so, and drops them with the last', async () => {
    const urls = ['north', 'south'].map((name) => withDatabase(server.url, name));
    await withClient(server.url, async (admin) => {
      for (const name of ['north', 'south']) await admin.query(`create database ${name}`);
    });
    for (const url of urls) await withClient(url, (client) => migrateUp(client, { schema: 'public' }));
    const first = await withClient(urls[0] ?? '', (client) => uninstall(client, { schema: 'public' }));
    expect(first.rolesKept.map(({ role }) => role)).toContain('iu_owner');
    await withClient(urls[1] ?? '', async (client) => {
      await migrateUp(client, { schema: 'public' });
      expect((await migrateVerify(client, { schema: 'public' })).failures).toEqual([]);
      expect((await uninstall(client, { schema: 'public' })).rolesKept).toEqual([]);
      expect((await client.query(ourRoles)).rows).toEqual([{ count: 0 }]);
    });
  });

  it('refuses to install on a standby', async () => {
    const place = await withClient(server.url, (client) => client.query('show data_directory'));
    await server.stop();
    await writeFile(join(place.rows[0].data_directory, 'standby.signal'), '');
    server = await start();
    try {
      await withClient(withDatabase(server.url, 'postgres'), async (client) => {
        await expect(migrateUp(client, { schema: 'public' })).rejects.toMatchObject({ code: 'IU802' });
        expect(
          (await migrateStatus(client, { schema: 'public' })).changes.every((change) => change.state === 'pending'),
        ).toBe(true);
      });
    } finally {
      await withClient(withDatabase(server.url, 'postgres'), (client) => client.query('select pg_promote()'));
    }
  });
});
