import { IuError } from '../../contract/errors/index.js';
import { errorCode } from '../../store/failure.js';
import { readPlaceFacts } from '../../store/precheck.js';
import { quoteIdentifier } from '../../store/session.js';
import {
  fail,
  type GateInput,
  type GateName,
  type GateResult,
  gateNames,
  type PrecheckReport,
  type PrecheckWishes,
  type Verdict,
} from './gate.js';
import { backup, evidenceFolder, hostAndRole, target } from './place-gates.js';
import { deliverySafety, disableBoundary, drift, packageIntegrity } from './substance-gates.js';

export {
  type ExpectedTarget,
  type GateName,
  type GateResult,
  gateNames,
  type PrecheckReport,
  type PrecheckWishes,
} from './gate.js';

const gates: Readonly<Record<GateName, readonly [what: string, ask: (input: GateInput) => Promise<Verdict>]>> = {
  host_and_role: ['right host and role', hostAndRole],
  target: ['right target, by positive identity', target],
  backup: ['fresh backup, restorable by table of contents and hash', backup],
  drift: ['no drift from what this version installs', drift],
  package: ['deploy, rollback, verify and disable all present', packageIntegrity],
  disable_boundary: ['everything that starts can be stopped', disableBoundary],
  delivery_safety: ['nothing is sent that nobody approved', deliverySafety],
  evidence_folder: ['evidence can be written down', evidenceFolder],
};

/** A gate that cannot be judged fails. What a statement quoted stays out: only our own messages and the code travel. */
function unjudged(error: unknown): Verdict {
  if (error instanceof IuError) return fail(error.message, error.hint ?? 'see the message');
  const code = errorCode(error) ?? 'unknown';
  return fail(`it could not be judged: ${code}`, 'iu health and the log of the server say more');
}

/**
 * Asks the eight gates before a durable step. The first that fails is the last that is asked, unless `all` is said: a later
 * gate says little about the wrong database. Reads only, but for one file in the evidence folder.
 */
export async function runPrecheck(wishes: PrecheckWishes): Promise<PrecheckReport> {
  const { pool, schema } = wishes.database;
  const place = await readPlaceFacts(pool, quoteIdentifier(schema));
  const results: GateResult[] = [];
  const wanted = gateNames.filter((gate) => wishes.only?.includes(gate) ?? true);
  for (const gate of wanted) {
    const [what, ask] = gates[gate];
    const verdict = await ask({ ...wishes, place }).catch(unjudged);
    results.push({ number: gateNames.indexOf(gate) + 1, gate, what, ...verdict });
    if (!verdict.passed && wishes.all !== true) break;
  }
  const asked = new Set(results.map(({ gate }) => gate));
  return {
    passed: results.length === wanted.length && results.every((result) => result.passed),
    gates: results,
    notAsked: gateNames.filter((gate) => !asked.has(gate)),
    place: {
      host: place.host,
      database: place.database,
      schema,
      role: place.role,
      systemIdentifier: place.system_identifier,
      installed: place.installed,
    },
  };
}
