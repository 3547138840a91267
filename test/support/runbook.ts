import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connectClient } from '../../src/store/session.js';
import { runIu } from './cli.js';

/** A command of a runbook, with what stands below it. */
export interface RunbookStep {
  readonly line: number;
  readonly command: string;
  /** Who types it: `as=approver` in the fence; the operator when nothing is said. */
  readonly person: string;
  readonly exitCode: number;
  /** Lines that the output has to hold in this order; `…` stands for anything. */
  readonly output: readonly string[];
  /** Why no test can do it. */
  readonly untried: string | undefined;
}

const guides = new URL('../../docs/how-to/', import.meta.url);

/**
 * The commands of the blocks marked ```` ```console try ````, in order. A line that begins with `$ ` is a command, `# exit 2` at its end the
 * exit code it says, `# untried: …` why it is left out here; the lines below it are output.
 */
export function readRunbook(name: string): RunbookStep[] {
  const lines = readFileSync(new URL(`${name}.md`, guides), 'utf8').split('\n');
  const steps: { -readonly [Key in keyof RunbookStep]: RunbookStep[Key] }[] = [];
  let person: string | undefined;
  let output: string[] | undefined;
  for (const [index, text] of lines.entries()) {
    if (text.startsWith('```')) {
      const fence = /^```console try(?: as=(\w+))?$/.exec(text);
      person = person === undefined && fence !== null ? (fence[1] ?? 'operator') : undefined;
      output = undefined;
    } else if (person !== undefined && text.startsWith('$ ')) {
      const [, command = '', note] = /^\$ (.*?)(?:\s{2,}# (.*))?$/.exec(text) ?? [];
      const untried = /^untried: (.+)$/.exec(note ?? '')?.[1];
      const exitCode = Number(/^exit (\d+)\b/.exec(note ?? '')?.[1] ?? 0);
      output = [];
      steps.push({ line: index + 1, command, person, exitCode, output, untried });
    } else if (person !== undefined && text !== '' && output !== undefined) {
      output.push(text);
    }
  }
  return steps;
}

/** Where and as whom the commands of a runbook run. */
export interface RunbookPlace {
  readonly schema: string;
  /** Address by person. */
  readonly urls: Readonly<Record<string, string>>;
  readonly environment: Readonly<Record<string, string>>;
  /** What stands in the runbook for what is real here, such as a folder or an address. */
  readonly instead: Readonly<Record<string, string>>;
  readonly folder: string;
}

/** Runs the step; undefined when it did what the runbook says, otherwise what it did instead. */
export async function tryStep(step: RunbookStep, place: RunbookPlace): Promise<string | undefined> {
  const command = Object.entries(place.instead).reduce((text, [from, to]) => text.replaceAll(from, to), step.command);
  const ran = await run(command, step.person, place);
  const shown = `line ${step.line}: $ ${step.command}\nexit ${ran.exitCode}\n${ran.output}`;
  if (ran.exitCode !== step.exitCode) return shown;
  let rest = squeezed(ran.output);
  for (const expected of step.output) {
    const found = patternOf(expected).exec(rest);
    if (found === null) return `${shown}\nmissing: ${expected}`;
    rest = rest.slice(found.index + found[0].length);
  }
  return undefined;
}

const squeezed = (text: string) => text.replace(/[ \t]+/g, ' ');

function patternOf(line: string): RegExp {
  const parts = squeezed(line.trim()).split(/\s*…\s*/);
  return new RegExp(parts.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('[^\\n]*'));
}

async function run(
  command: string,
  person: string,
  place: RunbookPlace,
): Promise<{ exitCode: number; output: string }> {
  const { words, variables } = split(command);
  const url = place.urls[person] ?? '';
  if (words[0] === 'iu') {
    const environment = { ...place.environment, ...variables };
    const { exitCode, stdout, stderr } = await runIu(words.slice(1), { url, schema: place.schema, environment });
    return { exitCode, output: `${stdout}${stderr}` };
  }
  if (words[0] === 'psql' && words[1] === '-c') return sql(words[2] ?? '', url, place.schema);
  return new Promise((resolve) => {
    execFile('sh', ['-c', command], { cwd: place.folder }, (error, stdout, stderr) =>
      resolve({ exitCode: error === null ? 0 : Number(error.code ?? 1), output: stdout + stderr }),
    );
  });
}

async function sql(text: string, url: string, schema: string): Promise<{ exitCode: number; output: string }> {
  const client = await connectClient({ url, schema, purpose: 'runbook' });
  try {
    const { rows } = await client.query(text);
    return { exitCode: 0, output: rows.map((row) => Object.values(row).join(' | ')).join('\n') };
  } catch (error) {
    return { exitCode: 1, output: String(error) };
  } finally {
    await client.end();
  }
}

/** Words of a shell line without expansions: quotes, and variables in front. */
function split(command: string): { words: string[]; variables: Record<string, string> } {
  const all = [...command.matchAll(/(?:[^\s'"]|'[^']*'|"[^"]*")+/g)].map((match) =>
    match[0].replace(/'([^']*)'|"([^"]*)"/g, (_all, single, double) => single ?? double ?? ''),
  );
  const variables: Record<string, string> = {};
  while (/^[A-Z_]+=/.test(all[0] ?? '')) {
    const [name = '', ...value] = (all.shift() ?? '').split('=');
    variables[name] = value.join('=');
  }
  return { words: all, variables };
}
