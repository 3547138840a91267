import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { IuError } from '../../contract/errors/index.js';
import { makeFolder } from '../../install/make-folder.js';
import type { StepOutcome } from '../../store/activation.js';

/** One step as it was taken. */
export interface JournalStep {
  readonly step: string;
  readonly outcome: StepOutcome;
  readonly evidence: Readonly<Record<string, unknown>>;
  readonly beganAt: string;
  readonly endedAt: string;
  /** True when it stands in the database too. */
  readonly recorded: boolean;
}

/** What is written down before there is a table to write it into, and until the activation has ended. */
export interface Journal {
  readonly version: 1;
  readonly reason: string;
  /** The very database: cluster and database. */
  readonly place: string;
  readonly beganAt: string;
  readonly activationId: string | null;
  readonly steps: readonly JournalStep[];
}

const fileName = 'activation.json';

/** The journal of the folder, undefined when there is none. Throws IU868 when it belongs to another database, or is no journal. */
export async function readJournal(folder: string, place: string): Promise<Journal | undefined> {
  let text: string;
  try {
    text = await readFile(join(folder, fileName), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  let journal: Journal | undefined;
  try {
    journal = JSON.parse(text);
  } catch {
    journal = undefined;
  }
  if (journal?.version !== 1 || !Array.isArray(journal.steps)) {
    throw new IuError('IU868', { message: `${join(folder, fileName)} is no journal of an activation.` });
  }
  if (journal.place !== place) {
    throw new IuError('IU868', {
      message: `The activation in ${folder} was begun on ${journal.place}; this is ${place}.`,
    });
  }
  return journal;
}

/** Replaces the journal as a whole, synced: what was done is known after a crash. */
export async function writeJournal(folder: string, journal: Journal): Promise<void> {
  await makeFolder(folder, 0o700);
  const unfinished = join(folder, `${fileName}.unfinished`);
  const handle = await open(unfinished, 'w', 0o600);
  try {
    await handle.writeFile(`${JSON.stringify(journal, null, 2)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(unfinished, join(folder, fileName));
}

/** Puts the journal of an activation that has ended aside. */
export async function closeJournal(folder: string, activationId: string): Promise<string> {
  const file = join(folder, `activation-${activationId}.json`);
  await rename(join(folder, fileName), file);
  return file;
}

/** Puts the journal of an activation that was undone aside, under a name that no number takes. */
export async function putJournalAside(folder: string, now: Date): Promise<string> {
  const file = join(folder, `activation-undone-${now.toISOString().replaceAll(/[-:]/g, '')}.json`);
  await rename(join(folder, fileName), file);
  return file;
}
