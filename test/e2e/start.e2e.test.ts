import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitFor } from '../support/wait.js';

const project = fileURLToPath(new URL('../../', import.meta.url));
const program = join(project, 'dist/cli/main.js');

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** `npm start -- ...` without npm's own lines, in a data folder of the test's own. */
function start(dataFolder: string, ...words: string[]) {
  const child = spawn(process.execPath, [program, 'demo', '--data-folder', dataFolder, ...words], {
    cwd: project,
    env: { ...process.env, IU_DATABASE_URL: '', NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (part) => {
    stdout += part;
  });
  child.stderr.on('data', (part) => {
    stderr += part;
  });
  const ended = new Promise<Ended>((resolve) => child.on('close', (code) => resolve({ code, stdout, stderr })));
  return { child, ended, output: () => stdout + stderr };
}

function summaryOf(run: Ended) {
  return JSON.parse(run.stdout.trim().split('\n').at(-1) ?? '');
}

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'iu-core-start-'));
  // The server runs as another user when the tests run as root.
  await chmod(folder, 0o711);
  return folder;
}

const folders: string[] = [];

describe('npm start', () => {
  let folder = '';

  beforeAll(async () => {
    expect(existsSync(program), 'npm run build comes first').toBe(true);
    folder = await newFolder();
    folders.push(folder);
  });

  afterAll(async () => {
    for (const one of folders) await rm(one, { recursive: true, force: true });
  });

  it('plays 41 revisions from an empty folder, and ends with 0 only because the certificate holds and health is green', async () => {
    const run = await start(folder, '--once', '--json').ended;
    expect(run.code, run.stderr).toBe(0);
    const summary = summaryOf(run);
    expect(summary).toMatchObject({ documents: 1, lost: 0, backlog: 0, healthy: true, reasons: [] });
    expect(summary.units).toBeGreaterThan(100);
    expect(summary.versions).toBeGreaterThan(summary.units);
    expect(summary.events).toBeGreaterThan(summary.units);
    expect(summary.attempts.dry_run).toBeGreaterThanOrEqual(summary.events);
    expect(summary.attempts.skipped).toBeGreaterThan(0);
    expect(Object.keys(summary.attempts).sort()).toEqual(['dry_run', 'failed', 'queued', 'sent', 'skipped']);
    const { sent, received, ...others } = summary.deliveries;
    expect(sent).toBeGreaterThan(20);
    expect(received).toBe(sent);
    expect(others).toEqual({ duplicates: 0, deadLettered: 1, replayed: 1 });
    expect(summary.attempts).toMatchObject({ sent, queued: sent + 1, failed: 1 });
    expect(summary.eventsPerSecond).toBeGreaterThan(0);
  });

  it('is quick the second time and changes nothing', async () => {
    const before = summaryOf(await start(folder, '--once', '--json').ended);
    const startedAt = performance.now();
    const run = await start(folder, '--once', '--json').ended;
    expect(run.code, run.stderr).toBe(0);
    expect(performance.now() - startedAt).toBeLessThan(30_000);
    const { eventsPerSecond: _rate, ...after } = summaryOf(run);
    expect(before).toMatchObject(after);
  });

  it('keeps running after the summary until SIGTERM, and then ends with 0', async () => {
    const run = start(folder);
    await waitFor(() => run.output().includes('Ctrl-C ends them'), { timeoutSeconds: 60, what: 'the summary' });
    expect(run.output()).toContain('certificate  holds');
    run.child.kill('SIGTERM');
    expect((await run.ended).code).toBe(0);
  });

  it('leaves a gate closed that a person closed, says so, and ends with 2', async () => {
    const gate = (...words: string[]) =>
      new Promise<number | null>((resolve) => {
        const words_ = [program, 'gate', ...words, '--data-folder', folder];
        spawn(process.execPath, words_, { cwd: project, env: { ...process.env, IU_DATABASE_URL: '' } }).on(
          'close',
          resolve,
        );
      });
    expect(await gate('close', 'route_worker_enabled', '--reason', 'test')).toBe(0);
    const run = await start(folder, '--once', '--json').ended;
    expect(run.code).toBe(2);
    expect(summaryOf(run)).toMatchObject({ lost: 0, healthy: false });
    expect(summaryOf(run).reasons.map((reason: { code: string }) => reason.code)).toContain('worker_gate_closed');
    expect(await gate('open', 'route_worker_enabled', '--reason', 'test')).toBe(0);
    expect((await start(folder, '--once', '--json').ended).code).toBe(0);
  });

  it('goes on after kill -9 in the middle, and comes to the same corpus', async () => {
    const other = await newFolder();
    folders.push(other);
    for (const revision of [1, 3]) {
      const run = start(other, '--once');
      await waitFor(() => new RegExp(`Revision (${revision}|[1-9]\\d*) of 41|Played`).test(run.output()), {
        timeoutSeconds: 90,
        what: 'progress',
      });
      run.child.kill('SIGKILL');
      await run.ended;
    }
    const whole = summaryOf(await start(folder, '--once', '--json').ended);
    const run = await start(other, '--once', '--json').ended;
    expect(run.code, run.stderr).toBe(0);
    const summary = summaryOf(run);
    expect(summary).toMatchObject({ lost: 0, backlog: 0, healthy: true });
    expect([summary.documents, summary.units, summary.versions, summary.events]).toEqual([
      whole.documents,
      whole.units,
      whole.versions,
      whole.events,
    ]);
  });
});
