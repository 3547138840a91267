import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { IuError } from '../../contract/errors/index.js';
import { errorCode } from '../../store/failure.js';
import { readSafetyFacts, type SafetyFacts } from '../../store/precheck.js';
import { runDrift } from '../drift/index.js';
import { loadChanges, sqlRoot } from '../migrate/changes.js';
import { readManifest } from '../migrate/manifest.js';
import { migrateStatus } from '../migrate/status.js';
import { fail, type GateInput, pass, type Verdict } from './gate.js';

/** The functions that turn everything off; a package without them has no way back. */
const disableFunctions = ['fn_iu_ladder_disable', 'fn_iu_gate_set', 'fn_iu_gate_drain', 'fn_iu_route_back_to_dry_run'];

/** Gate 4: what is installed is what this version installs. */
export async function drift({ database, place, sqlFolder }: GateInput): Promise<Verdict> {
  if (!place.installed) {
    return place.log_exists
      ? pass('nothing of IU Core is installed; event_outbox is of somebody else (iu adopt plan)')
      : pass('nothing of IU Core is installed');
  }
  // The verify of a change asks what a server in recovery cannot answer.
  if (place.in_recovery) return fail('a standby cannot be judged', 'connect to the primary');
  const report = await runDrift({ database, sqlFolder });
  const damage = report.differences.filter((one) => one.damage);
  const [first] = damage;
  if (first === undefined) return pass(`${report.objects} objects as this version installs them`);
  return fail(
    `${damage.length} differences, the first: ${first.state} ${first.key}: ${first.explanation.slice(0, 300)}`,
    'iu drift explains each difference and offers the repair',
  );
}

/** Gate 5: deploy, rollback, verify and disable are all here before anything is changed, and are what was applied. */
export async function packageIntegrity({ database, place, sqlFolder }: GateInput): Promise<Verdict> {
  const root = sqlFolder ?? sqlRoot;
  let changes: ReturnType<typeof loadChanges>;
  try {
    changes = loadChanges(root);
  } catch (error) {
    if (!(error instanceof IuError)) throw error;
    return fail(error.message, 'install the package again');
  }
  const empty = changes.flatMap((change) =>
    [change.deploy, change.rollback, change.verify].filter((script) => script.text.trim() === ''),
  );
  if (empty.length > 0) return fail(`${empty[0]?.file} is empty`, 'install the package again');
  if (!existsSync(join(root, 'manifest.json')))
    return fail('sql/manifest.json is missing', 'install the package again');
  const functions = new Set(
    readManifest(root).flatMap(({ kind, identity }) => (kind === 'function' ? [identity] : [])),
  );
  const lost = disableFunctions.filter((name) => ![...functions].some((one) => one.startsWith(`${name}(`)));
  if (lost.length > 0) return fail(`the package has no ${lost.join(', ')}`, 'install the package again');
  if (place.installed) {
    const client = await database.pool.connect();
    try {
      const status = await migrateStatus(client, { schema: database.schema, sqlFolder: root });
      const odd = status.changes.find(({ state }) => state === 'edited' || state === 'unknown');
      if (odd !== undefined)
        return fail(`change ${odd.change} is ${odd.state}`, 'use the package that installed it, or a newer one');
    } finally {
      client.release();
    }
  }
  return pass(
    `${changes.length} changes, each with deploy, rollback and verify; ${disableFunctions.length} functions that disable`,
  );
}

/** Gate 6: everything that would start can be stopped, by this role, by the ladder. */
export async function disableBoundary({ database, place }: GateInput): Promise<Verdict> {
  if (!place.installed) return pass('nothing is installed; what will be installed is inert, its ladder comes with it');
  const facts = await safety(database.pool);
  if (facts === undefined) return fail('the gates cannot be read: the installation is not complete', 'iu migrate up');
  if (facts.gates_malformed.length > 0) {
    return fail(
      `gates without exactly one row true or false: ${facts.gates_malformed.join(', ')}`,
      'iu gate close KEY --reason TEXT writes the row',
    );
  }
  if (!facts.may_disable) {
    return fail(`${place.role} may not run the ladder (fn_iu_ladder_disable)`, `grant iu_operator to ${place.role}`);
  }
  if (facts.capture_triggers < 2) return fail('a trigger that level 3 stops is missing', 'iu migrate verify names it');
  const said = Object.entries(facts.gates).map(
    ([key, open]) => `${key.replace('iu_core.', '')} ${open ? 'open' : 'closed'}`,
  );
  return pass(`levels 0 to 3 reach everything that runs; ${said.join(', ')}`);
}

/** Gate 7: nothing is sent that nobody approved, and no event of the log vanishes. */
export async function deliverySafety({ database, place }: GateInput): Promise<Verdict> {
  if (place.installed && place.swallowing_indexes.length > 0) {
    return fail(
      `unique index ${place.swallowing_indexes.join(', ')} on the log makes later events of a subject vanish`,
      'replace it by dedupe keys: iu adopt plan names the word for iu adopt apply --allow',
    );
  }
  if (!place.installed) return pass('nothing is installed; every route starts in dry-run');
  const facts = await safety(database.pool);
  if (facts === undefined) return fail('routes cannot be read: the installation is not complete', 'iu migrate up');
  if (facts.live_without_approval.length > 0) {
    return fail(
      `live without a valid approval: ${facts.live_without_approval.slice(0, 5).join(', ')}`,
      'iu route back-to-dry-run CODE --reason TEXT',
    );
  }
  const delivery = facts.gates['iu_core.delivery_enabled'] === true ? 'open' : 'closed';
  return pass(
    `${facts.live_routes} live routes, all approved; delivery gate ${delivery}; ${facts.delivery_waiting} deliveries wait`,
  );
}

/** Undefined when objects are missing that a complete installation has. */
async function safety(pool: GateInput['database']['pool']): Promise<SafetyFacts | undefined> {
  try {
    return await readSafetyFacts(pool);
  } catch (error) {
    const code = errorCode(error);
    if (code === '42P01' || code === '42883' || code === '42703') return undefined;
    throw error;
  }
}
