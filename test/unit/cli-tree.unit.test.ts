import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { CliContext, commandPath, examplesOf } from '../../src/cli/context.js';
import { commands } from '../../src/cli/main.js';
import { buildProgram } from '../../src/cli/run.js';
import { runIu } from '../support/cli.js';

function program(): Command {
  const sink = { write: () => true };
  const stopSignal = () => new AbortController().signal;
  return buildProgram(commands, new CliContext({ stdout: sink, stderr: sink, environment: {}, stopSignal }));
}

function everyCommand(command: Command): Command[] {
  return [command, ...command.commands.flatMap(everyCommand)];
}

const all = everyCommand(program()).slice(1);
/** What bash would offer for the words, the last one unfinished. */
async function bashOffers(...words: string[]): Promise<string[]> {
  const { stdout } = await runIu(['completion', 'bash']);
  const list = words.map((word) => `'${word}'`).join(' ');
  const script = `${stdout}\nCOMP_WORDS=(iu ${list}); COMP_CWORD=${words.length}; _iu; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync('bash', ['-c', script], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line !== '');
}

describe('the command tree', () => {
  it('gives every command a description and at least one example in its help', async () => {
    for (const command of all) {
      const path = commandPath(command);
      expect(command.description(), path).not.toBe('');
      expect(examplesOf(command).length, path).toBeGreaterThan(0);
      const { exitCode, stdout, stderr } = await runIu([...path.split(' '), '--help']);
      expect({ exitCode, stderr }, path).toEqual({ exitCode: 0, stderr: '' });
      expect(stdout, path).toMatch(/\nExamples?:\n {2}\$ /);
    }
  });

  it('shows every command once in the help, in groups by what people come for', async () => {
    const { stdout } = await runIu(['--help']);
    const headings = [
      'Start:',
      'Install and prove:',
      'Run and watch:',
      'Routes and going live:',
      'Events and deliveries:',
    ];
    const places = [...headings, 'Documents and units:'].map((heading) => stdout.indexOf(`\n${heading}\n`));
    expect(places.every((place) => place > 0)).toBe(true);
    expect(places).toEqual([...places].sort((left, right) => left - right));
    for (const command of program().commands) {
      expect(stdout.match(new RegExp(`^  ${command.name()}(?: |$)`, 'gm')), command.name()).toHaveLength(1);
    }
  });

  it('parses every example as it stands', () => {
    const known = new Set(all.map(commandPath));
    for (const command of all) {
      for (const example of examplesOf(command).filter((line) => line.startsWith('iu '))) {
        const [first = '', second = ''] = example.split(' ').slice(1);
        expect(known.has(first) || known.has(`${first} ${second}`), example).toBe(true);
        for (const flag of example.match(/--[a-z-]+/g) ?? []) {
          const flags = [...command.options, ...program().options].map((option) => option.long);
          const children = command.commands.flatMap((child) => child.options.map((option) => option.long));
          expect([...flags, ...children], example).toContain(flag);
        }
      }
    }
  });

  it('is in the reference with every command that does something, with those that have verbs beside', () => {
    const reference = readFileSync(new URL('../../docs/reference/cli.md', import.meta.url), 'utf8');
    for (const command of all.filter((one) => one.commands.length === 0 || one.options.length > 0)) {
      const path = commandPath(command);
      expect(reference, path).toContain(`\n## iu ${path}\n`);
      for (const option of command.options) expect(reference, path).toContain(`| \`${option.flags}\` |`);
    }
  });

  it('has every verb that the foundation promises', () => {
    const paths = new Set(all.map(commandPath));
    const promised = `config show, migrate up, migrate down, migrate status, migrate verify, uninstall, gate list, gate open,
      gate close, gate log, disable, enable, event list, event show, event emit, event revive, attempt list, attempt show,
      dead-letter list, dead-letter show, dead-letter replay, dead-letter resolve, route list, route show, route add,
      route enable, route disable, route remove, route history, cursor list, cursor register, cursor transfer, cursor rewind,
      cursor rebase, cursor reconcile, event-type list, event-type add, event-type disable, completion, unit list, unit show, worker, health, verify,
      probe, demo`;
    for (const path of promised.split(/,\s+/)) expect(paths.has(path), path).toBe(true);
  });

  it('ends with 64 for wrong usage and writes one JSON object to stderr with --json', async () => {
    for (const words of [
      ['nonsense'],
      ['gate', 'open', 'x'],
      ['event', 'list', '--limit', '0'],
      ['event', 'show', 'x'],
    ]) {
      const { exitCode, stdout, stderr } = await runIu([...words, '--json']);
      expect({ exitCode, stdout }, words.join(' ')).toEqual({ exitCode: 64, stdout: '' });
      expect(JSON.parse(stderr).error, words.join(' ')).toMatchObject({ exitCode: 64 });
    }
    const plainRun = await runIu(['gate', 'opne']);
    expect(plainRun.stderr).toMatch(/^iu: IU030 unknown command 'opne' \(Did you mean open\?\)\n/);
    expect((await runIu(['gate'])).exitCode).toBe(64);
  });

  it('never repeats a refused payload or an unknown option with a value', async () => {
    const emit = ['event', 'emit', 'a', 'b', '--subject-table', 't', '--subject-ref', 'r', '--payload', '{geheim'];
    const payload = await runIu(emit);
    expect(payload.stderr).toContain('IU031');
    const option = await runIu(['gate', 'list', '--pasword=geheim']);
    expect(option.exitCode).toBe(64);
    expect(payload.stderr + option.stderr).not.toContain('geheim');
  });

  it('prints its version', async () => {
    expect(await runIu(['--version'])).toEqual({
      exitCode: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
      stderr: '',
    });
  });
});

describe('shell completion', () => {
  it('offers in bash the commands, options and choices of the place where the cursor is', async () => {
    expect(await bashOffers('ga')).toEqual(['gate', 'gap']);
    expect(await bashOffers('gate', '')).toEqual(expect.arrayContaining(['list', 'open', 'close', 'log']));
    expect(await bashOffers('--schema', 'gate', 'dead-letter', 're')).toEqual(['replay', 'resolve']);
    expect(await bashOffers('attempt', 'list', '--status', 'dry')).toEqual(['dry_run']);
    expect(await bashOffers('attempt', 'list', '--sta')).toEqual(['--status']);
    expect(await bashOffers('completion', '')).toEqual(expect.arrayContaining(['bash', 'zsh', 'fish']));
    expect(await bashOffers('event', 'list', '--domain', '')).toEqual([]);
  });

  it('knows every command and option of the tree in each shell', async () => {
    for (const shell of ['bash', 'zsh', 'fish']) {
      const { stdout, exitCode } = await runIu(['completion', shell]);
      expect(exitCode).toBe(0);
      for (const command of all) {
        expect(stdout, shell).toContain(commandPath(command));
        for (const option of command.options) expect(stdout, shell).toContain(option.long?.slice(2));
      }
    }
  });

  it('is a script that bash accepts', async () => {
    const { stdout } = await runIu(['completion', 'bash']);
    execFileSync('bash', ['-n'], { input: stdout });
  });

  it('refuses an unknown shell', async () => {
    expect((await runIu(['completion', 'tcsh'])).exitCode).toBe(64);
  });
});
