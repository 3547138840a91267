import { main } from '../../src/cli/main.js';

/** What one run of `iu` gave. */
export interface CliRun {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Which database and what kind of terminal a run gets. */
export interface CliPlace {
  readonly url?: string;
  readonly schema?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly isTerminal?: boolean;
}

/** Runs the command line in this process, with its own streams and environment. */
export async function runIu(words: readonly string[], place: CliPlace = {}): Promise<CliRun> {
  const written = { stdout: '', stderr: '' };
  const sink = (name: 'stdout' | 'stderr') => ({
    isTTY: place.isTerminal === true,
    write: (text: string) => {
      written[name] += text;
      return true;
    },
  });
  const environment: Record<string, string> = { ...place.environment };
  if (place.url !== undefined) environment.IU_DATABASE_URL = place.url;
  if (place.schema !== undefined) environment.IU_SCHEMA = place.schema;
  const stopSignal = () => new AbortController().signal;
  const exitCode = await main(words, { stdout: sink('stdout'), stderr: sink('stderr'), environment, stopSignal });
  return { exitCode, ...written };
}
