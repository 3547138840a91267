import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { carryThrough } from '../../cut/carry-through.js';
import { startCut } from '../../cut/pipeline.js';
import type { Database } from '../../store/database.js';
import { demoLogin } from '../../store/demo-live.js';
import { connectClient } from '../../store/session.js';

/** The example that comes with the package: src/cli/demo and dist/cli/demo lie equally deep. */
const exampleFolder = fileURLToPath(new URL('../../../examples/liechtenstein-constitution/', import.meta.url));

const constitution = {
  address: 'LI-LGBL-1921-015',
  title: 'Constitution of the Principality of Liechtenstein',
  ownerRef: 'iu-demo',
  actor: 'iu demo',
};

/** The demo's second person: who lets each cut through its two gates. */
export const demoApprover = 'iu_demo_approver';

/** Where the play stands. */
export interface PlayProgress {
  readonly revision: number;
  readonly revisions: number;
  readonly revisionLabel: string;
  readonly state: string;
}

/** What was played. */
export interface Played {
  readonly revisions: number;
  /** Revisions that had not been cut before. */
  readonly applied: number;
  /** Approvals that the second login gave. */
  readonly approvals: number;
  readonly stopped: boolean;
}

/** Brings the document through its revisions in order, all but the last `leaveOut`; those cut before write nothing. */
export async function playRevisions(
  database: Database,
  last: { readonly leaveOut: number },
  stop: AbortSignal,
  onProgress: (progress: PlayProgress) => void,
): Promise<Played> {
  const { url, schema, pool } = database;
  const files = readdirSync(exampleFolder)
    .filter((name) => /^\d{3}_.*\.md$/.test(name))
    .sort();
  let applied = 0;
  let approvals = 0;
  const client = await connectClient({ url, schema, purpose: 'demo document' });
  const approverUrl = await demoLogin(pool, url, demoApprover, ['iu_approver', 'iu_reader']);
  const approver = await connectClient({ url: approverUrl, schema, purpose: 'demo approver' });
  try {
    for (const [index, name] of files.slice(0, files.length - last.leaveOut).entries()) {
      if (stop.aborted) return { revisions: files.length, applied, approvals, stopped: true };
      const revisionLabel = name.replace(/\.md$/, '');
      const bytes = readFileSync(exampleFolder + name);
      const started = await startCut(client, constitution, {
        bytes,
        revisionLabel,
        fileName: name,
        sourceNote: `examples/liechtenstein-constitution/${name}`,
      });
      if (started.state === 'closeout_reported') continue;
      const second = { database: approver, actor: demoApprover, note: `iu demo: revision ${revisionLabel}` };
      await carryThrough(client, started, constitution.actor, second, {
        acceptBest: true,
        onState: ({ state }) => {
          if (state === 'cut_leg_a_committed' || state === 'lifecycle_enacted') approvals += 1;
          onProgress({ revision: index + 1, revisions: files.length, revisionLabel, state });
        },
      });
      applied += 1;
    }
    return { revisions: files.length, applied, approvals, stopped: stop.aborted };
  } finally {
    await approver.end();
    await client.end();
  }
}
