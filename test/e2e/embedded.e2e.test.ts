import { type ChildProcess, spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type EmbeddedOptions, type EmbeddedServer, startEmbedded } from '../../src/install/embedded/index.js';
import { isAlive, readPostmasterFile } from '../../src/install/embedded/postmaster.js';
import { connectClient } from '../../src/store/session.js';
import { waitFor } from '../support/wait.js';

const major = Number(process.env.IU_TEST_POSTGRES || 17);
let folder: string;
const folders: string[] = [];
const holders: ChildProcess[] = [];
const servers: EmbeddedServer[] = [];

function newFolder(): string {
  const made = mkdtempSync(join(tmpdir(), 'iu-embedded-'));
  chmodSync(made, 0o755);
  folders.push(made);
  return made;
}

beforeAll(() => {
  folder = newFolder();
});
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
  for (const holder of holders.splice(0)) holder.kill('SIGKILL');
  for (const each of folders)
    await waitFor(() => serverPid(each) === undefined, { what: `no server is left in ${each}` });
});
afterAll(() => {
  for (const each of folders) rmSync(each, { recursive: true, force: true });
});

/** Stopped after the test, however it ends. */
async function start(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const server = await startEmbedded(options);
  servers.push(server);
  return server;
}

function serverPid(dataFolder: string): number | undefined {
  const file = readPostmasterFile(join(dataFolder, 'server/data/postmaster.pid'));
  return file !== undefined && isAlive(file.pid) ? file.pid : undefined;
}

/** Another Node process that starts the server and holds it until it is killed. */
async function startInOtherProcess(dataFolder: string): Promise<{ holder: ChildProcess; owner: boolean; url: string }> {
  const script = fileURLToPath(new URL('../support/hold-embedded.mjs', import.meta.url));
  const holder = spawn(process.execPath, [script, dataFolder, String(major)], { stdio: ['ignore', 'pipe', 'inherit'] });
  holders.push(holder);
  let output = '';
  holder.stdout?.on('data', (chunk) => {
    output += String(chunk);
  });
  const line = await waitFor(() => output.includes('\n') && output, {
    timeoutSeconds: 60,
    what: 'the other process started',
  });
  return { holder, ...(JSON.parse(line) as { owner: boolean; url: string }) };
}

async function ask<Row>(url: string, text: string): Promise<Row[]> {
  const client = await connectClient({ url });
  try {
    return (await client.query(text)).rows as Row[];
  } finally {
    await client.end();
  }
}

describe('the embedded server', () => {
  it('keeps port, password and data from start to start', async () => {
    const first = await start({ dataFolder: folder, major });
    expect(first.owner).toBe(true);
    await ask(first.url, 'create table kept (id int); insert into kept values (42)');
    await first.stop();
    expect(serverPid(folder)).toBeUndefined();
    const second = await start({ dataFolder: folder, major });
    expect(second.url).toBe(first.url);
    expect(await ask(second.url, 'select id from kept')).toEqual([{ id: 42 }]);
    await second.stop();
    await second.stop();
  });

  it('lets nobody in without the password, and keeps it and the data from other users', async () => {
    const server = await start({ dataFolder: folder, major });
    const stranger = new URL(server.url);
    stranger.password = '';
    await expect(connectClient({ url: stranger.href })).rejects.toThrow();
    expect(await ask(server.url, 'show listen_addresses')).toEqual([{ listen_addresses: '127.0.0.1' }]);
    expect(statSync(join(folder, 'server')).mode & 0o077).toBe(0);
    expect(statSync(join(folder, 'server/password')).mode & 0o077).toBe(0);
    await server.stop();
  });

  it('logs no value of a row, of a parameter or of a statement that fails', async () => {
    const server = await start({ dataFolder: folder, major });
    const client = await connectClient({ url: server.url });
    await client.query('create table secret (word text unique)');
    await client.query(`insert into secret values ('topsecret')`);
    await expect(client.query(`insert into secret values ('topsecret')`)).rejects.toThrow();
    await expect(client.query('insert into secret values ($1)', ['topsecret'])).rejects.toThrow();
    await client.end();
    await server.stop();
    const log = readFileSync(join(folder, 'postgres.log'), 'utf8');
    expect(log).toContain('duplicate key');
    expect(log).not.toContain('topsecret');
  });

  it('is started again by its owner when it is killed, at the same address and with its data', async () => {
    const server = await start({ dataFolder: folder, major });
    await ask(server.url, 'create table survivor (id int); insert into survivor values (1)');
    const killed = server.serverPid;
    process.kill(killed, 'SIGKILL');
    await waitFor(() => server.serverPid !== killed, { timeoutSeconds: 60, what: 'the server was started again' });
    expect(await ask(server.url, 'select id from survivor')).toEqual([{ id: 1 }]);
    await server.stop();
  });

  it('starts on what a kill of Node and server left behind', async () => {
    const place = newFolder();
    const other = await startInOtherProcess(place);
    await ask(other.url, 'create table survivor (id int); insert into survivor values (1)');
    const pid = serverPid(place);
    other.holder.kill('SIGKILL');
    if (pid !== undefined) process.kill(pid, 'SIGKILL');
    expect(existsSync(join(place, 'server/data/postmaster.pid'))).toBe(true);
    const server = await start({ dataFolder: place, major });
    expect(await ask(server.url, 'select id from survivor')).toEqual([{ id: 1 }]);
    await server.stop();
  });

  it('starts although another program has the process number of the killed server', async () => {
    const place = newFolder();
    await (await start({ dataFolder: place, major, durable: false })).stop();
    const lines = [String(process.pid), join(place, 'server/data'), '1', '1', '', '127.0.0.1', '1 1', 'ready'];
    writeFileSync(join(place, 'server/data/postmaster.pid'), `${lines.join('\n')}\n`);
    const said: string[] = [];
    const server = await start({
      dataFolder: place,
      major,
      durable: false,
      log: (message) => said.push(message),
    });
    expect(server.owner).toBe(true);
    expect(said.join()).toContain(`Process ${process.pid} is no PostgreSQL`);
    await server.stop();
  });

  it('ends with the Node process in charge, however that one ends', async () => {
    const place = newFolder();
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      const { holder } = await startInOtherProcess(place);
      expect(serverPid(place)).toBeDefined();
      holder.kill(signal);
      await waitFor(() => serverPid(place) === undefined, { what: `the server ended after ${signal}` });
    }
  });

  it('has one owner when three processes start it at once on an empty folder', async () => {
    const place = newFolder();
    const started = await Promise.all([1, 2, 3].map(() => startInOtherProcess(place)));
    expect(started.filter(({ owner }) => owner)).toHaveLength(1);
    expect(new Set(started.map(({ url }) => url)).size).toBe(1);
    const attached = await start({ dataFolder: place, major });
    expect(attached.owner).toBe(false);
    await attached.stop();
    expect(await ask(attached.url, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('refuses a data folder of another major version and one that is a file', async () => {
    const place = newFolder();
    mkdirSync(join(place, 'server/data'), { recursive: true });
    writeFileSync(join(place, 'server/data/PG_VERSION'), '14\n');
    await expect(start({ dataFolder: place, major })).rejects.toMatchObject({ code: 'IU023' });
    const file = join(place, 'file');
    writeFileSync(file, '');
    await expect(start({ dataFolder: file, major })).rejects.toMatchObject({ code: 'IU022' });
    await expect(start({ dataFolder: newFolder(), major: 9 })).rejects.toMatchObject({ code: 'IU020' });
  });

  it.skipIf(process.getuid?.() !== 0)('moves out of a folder that its user cannot enter, and says so', async () => {
    const closed = newFolder();
    chmodSync(closed, 0o700);
    const said: string[] = [];
    const options = {
      dataFolder: join(closed, 'data'),
      major,
      durable: false,
      log: (message: string) => said.push(message),
    };
    const server = await start(options);
    expect(server.dataFolder).toMatch(/^\/var\/lib\/iu-core\/[0-9a-f]{12}$/);
    expect(said.join()).toContain(server.dataFolder);
    expect(lstatSync(join(closed, 'data'), { throwIfNoEntry: false })).toBeUndefined();
    await ask(server.url, 'create table kept (id int)');
    await server.stop();
    const again = await start(options);
    expect(await ask(again.url, 'select * from kept')).toEqual([]);
    await again.stop();
    rmSync(again.dataFolder, { recursive: true });
  });
});
