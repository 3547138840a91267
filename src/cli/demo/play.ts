import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type RevisionProgress, reviseDocument } from '../../cut/revise-document.js';
import { connectClient } from '../../store/session.js';

/** The example that comes with the package: src/cli/demo and dist/cli/demo lie equally deep. */
const exampleFolder = fileURLToPath(new URL('../../../examples/liechtenstein-constitution/', import.meta.url));

const constitution = {
  address: 'LI-LGBL-1921-015',
  title: 'Constitution of the Principality of Liechtenstein',
  ownerRef: 'iu-demo',
  actorRef: 'iu demo',
};

/** Where the play stands. */
export interface PlayProgress extends RevisionProgress {
  readonly revision: number;
  readonly revisions: number;
}

/** What was played. */
export interface Played {
  readonly revisions: number;
  /** Revisions that had not been applied before. */
  readonly applied: number;
  readonly stopped: boolean;
}

class StoppedByPerson extends Error {}

/** Brings the document through its revisions in order, all but the last `leaveOut`; those applied before write nothing. */
export async function playRevisions(
  target: { readonly url: string; readonly schema: string },
  last: { readonly leaveOut: number },
  stop: AbortSignal,
  onProgress: (progress: PlayProgress) => void,
): Promise<Played> {
  const files = readdirSync(exampleFolder)
    .filter((name) => /^\d{3}_.*\.md$/.test(name))
    .sort();
  let applied = 0;
  const client = await connectClient({ ...target, purpose: 'demo document' });
  try {
    for (const [index, name] of files.slice(0, files.length - last.leaveOut).entries()) {
      const source = {
        bytes: readFileSync(exampleFolder + name),
        revisionLabel: name.replace(/\.md$/, ''),
        sourceNote: `examples/liechtenstein-constitution/${name}`,
      };
      const result = await reviseDocument(client, constitution, source, {
        onProgress: (progress) => {
          // Between two pieces nothing is half done, and the next start goes on from here.
          if (stop.aborted) throw new StoppedByPerson();
          onProgress({ ...progress, revision: index + 1, revisions: files.length });
        },
      });
      if (result.applied) applied += 1;
      if (stop.aborted) throw new StoppedByPerson();
    }
    return { revisions: files.length, applied, stopped: false };
  } catch (error) {
    if (error instanceof StoppedByPerson) return { revisions: files.length, applied, stopped: true };
    throw error;
  } finally {
    await client.end();
  }
}
