import { randomBytes } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { supportedMajors } from '../../store/door.js';
import { errorCode } from '../../store/failure.js';
import { readClaim } from '../../store/precheck.js';
import { judgeBackup } from '../backup-record.js';
import { makeFolder } from '../make-folder.js';
import { missingRights, readInstallFacts } from '../migrate/prepare.js';
import { fail, type GateInput, pass, type Verdict } from './gate.js';

/** How old the newest backup may be when nothing else is said. */
const usualBackupAgeSeconds = 86_400;

/** Gate 1: the right server and a role that can do what a durable step does, and an application that cannot. */
export async function hostAndRole({ database, place, expected }: GateInput): Promise<Verdict> {
  const major = Math.floor(place.version / 10_000);
  const here = `${place.role} at ${place.host}, PostgreSQL ${major}`;
  if (major < supportedMajors.oldest || major > supportedMajors.newest) {
    return fail(here, `IU Core runs on PostgreSQL ${supportedMajors.oldest} to ${supportedMajors.newest}`);
  }
  if (expected.host !== undefined && expected.host !== place.host) {
    return fail(`${here}; ${expected.host} was expected`, 'connect to the host that is meant');
  }
  if (place.in_recovery) return fail(`${here}: a standby`, 'connect to the primary');
  if (place.read_only) return fail(`${here}: read-only`, 'connect where transactions may write');
  const client = await database.pool.connect();
  try {
    const facts = await readInstallFacts(client, database.schema);
    if (facts.public_may_create) {
      return fail(
        `${here}: PUBLIC may create objects in schema ${database.schema}`,
        `revoke create on schema ${database.schema} from public`,
      );
    }
    const needed = missingRights(facts, database.schema);
    if (needed.length > 0) return fail(`${here} may not install`, `as a superuser run: ${needed.join('; ')}`);
  } finally {
    client.release();
  }
  if (place.installed && place.log_owner_logs_in) {
    return fail(
      `${here}; the log belongs to ${place.log_owner}, which logs in and could drop its guards`,
      'give event_outbox to iu_owner: alter table event_outbox owner to iu_owner',
    );
  }
  return pass(here);
}

/** Gate 2: positive identity. Nothing said is no pass: whoever starts a durable step names the place he means. */
export async function target({ database, place, expected }: GateInput): Promise<Verdict> {
  const claim = place.installed ? await readClaim(database.pool).catch(() => undefined) : undefined;
  const here = `database ${place.database}, cluster ${place.system_identifier}${claim?.name == null ? '' : `, deployment ${claim.name}`}`;
  if (expected.database !== undefined && expected.database !== place.database) {
    return fail(`${here}; database ${expected.database} was expected`, 'connect to the database that is meant');
  }
  if (expected.cluster !== undefined && expected.cluster !== place.system_identifier) {
    return fail(
      `${here}; cluster ${expected.cluster} was expected`,
      'this is a copy or another server: connect to the one that is meant',
    );
  }
  if (claim?.name != null && claim.claimed_for !== place.system_identifier) {
    return fail(
      `${here}; ${claim.name} was claimed for cluster ${claim.claimed_for}`,
      'this is a copy: iu deployment claim NAME --reason TEXT says that it is the real one',
    );
  }
  if (expected.deployment !== undefined && claim?.name != null) {
    if (expected.deployment === claim.name) return pass(here);
    return fail(`${here}; deployment ${expected.deployment} was expected`, 'check IU_DATABASE_URL and IU_DEPLOYMENT');
  }
  if (expected.database !== undefined && expected.cluster !== undefined) return pass(here);
  return fail(
    `${here}; nobody said what is expected`,
    `if that is the one, say so: --expect-database ${place.database} --expect-cluster ${place.system_identifier}` +
      (place.installed ? ', or claim it and set IU_DEPLOYMENT' : ''),
  );
}

/** Gate 3: a fresh backup of this very database, restorable by its table of contents and its hash. */
export async function backup(input: GateInput): Promise<Verdict> {
  const { place, backupFolder, mostBackupAgeSeconds = usualBackupAgeSeconds, now = new Date() } = input;
  const judged = await judgeBackup(
    resolve(backupFolder),
    { database: place.database, systemIdentifier: place.system_identifier, databaseOid: place.database_oid },
    { now, mostAgeSeconds: mostBackupAgeSeconds, mayBeEmpty: !place.installed },
  );
  return judged.passed ? pass(judged.evidence) : fail(judged.evidence, `iu backup --out ${backupFolder}`);
}

/** Gate 8: what the step will prove can be written down. */
export async function evidenceFolder({ evidenceFolder: folder }: GateInput): Promise<Verdict> {
  const path = resolve(folder);
  const probe = join(path, `.precheck-${randomBytes(6).toString('hex')}`);
  try {
    await makeFolder(path, 0o700);
    const file = await open(probe, 'wx', 0o600);
    try {
      await file.write('iu precheck\n');
      await file.sync();
    } finally {
      await file.close();
      await rm(probe, { force: true });
    }
    return pass(`${path}: a file was written, synced and removed`);
  } catch (error) {
    const code = errorCode(error) ?? 'unknown';
    return fail(`${path} cannot be written: ${code}`, 'name another folder with --evidence FOLDER');
  }
}
