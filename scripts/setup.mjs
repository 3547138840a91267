// Runs before `npm start` and `npm test`: installs the dependencies and builds dist/ when that is not done yet.
// Plain Node and nothing else, because on a clean clone there is nothing else. Quick when there is nothing to do.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const installStamp = join(root, 'node_modules/.iu-setup');
const buildStamp = join(root, 'dist/.iu-build');
/** A folder, because making one either succeeds or fails, for two at once. */
const lock = join(root, '.iu/setup.lock');
const lockWaitSeconds = 600;

const read = (path) => (existsSync(path) ? readFileSync(path, 'utf8') : undefined);
const sha256 = (text) => createHash('sha256').update(text).digest('hex');
const lockHash = () => sha256(read(join(root, 'package-lock.json')) ?? '');

/** True when node_modules is what package-lock.json says. */
function isInstalled() {
  const stamp = read(installStamp);
  if (stamp !== undefined) return stamp === lockHash();
  // Somebody ran `npm ci` or `npm install` by hand: npm writes this file last.
  const hidden = statSync(join(root, 'node_modules/.package-lock.json'), { throwIfNoEntry: false });
  return hidden !== undefined && hidden.mtimeMs >= statSync(join(root, 'package-lock.json')).mtimeMs;
}

function sourceFiles(folder) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}

/** Fingerprint of everything that the build reads: names, sizes and times, so that no file is opened. */
function sourcesHash() {
  const files = [...sourceFiles(join(root, 'src')), join(root, 'tsconfig.json'), join(root, 'tsconfig.build.json')];
  const lines = files.map((path) => {
    const { size, mtimeMs } = statSync(path);
    return `${relative(root, path)} ${size} ${mtimeMs}`;
  });
  return sha256(`${process.versions.node} ${lockHash()}\n${lines.join('\n')}`);
}

const isBuilt = (hash) => read(buildStamp) === hash;

/** npm as it runs us, so that a version manager's choice holds; otherwise the one on the path. */
function npm(args) {
  const own = process.env.npm_execpath;
  if (own?.endsWith('npm-cli.js')) return spawnSync(process.execPath, [own, ...args], options());
  return spawnSync('npm', args, options());
}

function options() {
  return { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, NODE_ENV: '' } };
}

function failed(what, result) {
  process.stderr.write(
    `${result.stdout ?? ''}${result.stderr ?? ''}${result.error ? `${result.error.message}\n` : ''}`,
  );
  process.stderr.write(`setup: ${what} failed.\n`);
  process.exitCode = 1;
  return false;
}

function say(text) {
  process.stderr.write(`${text}\n`);
}

function install() {
  say('Setting up: installing the dependencies (npm ci) ...');
  const result = npm(['ci', '--no-audit', '--no-fund', '--prefer-offline', '--include=dev', '--include=optional']);
  if (result.status !== 0) return failed('npm ci', result);
  writeFileSync(installStamp, lockHash());
  return true;
}

function build(hash) {
  say('Setting up: building dist/ ...');
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  const result = spawnSync(process.execPath, [compiler, '-p', join(root, 'tsconfig.build.json')], options());
  if (result.status !== 0) return failed('the build', result);
  removeOrphans();
  writeFileSync(`${buildStamp}.new`, hash);
  renameSync(`${buildStamp}.new`, buildStamp);
  return true;
}

/** What a deleted source left in dist/ would be packed and could still be imported. */
function removeOrphans() {
  for (const path of sourceFiles(join(root, 'dist'))) {
    const source = /^(.*?)\.(?:js|d\.ts)(?:\.map)?$/.exec(relative(join(root, 'dist'), path))?.[1];
    if (source !== undefined && !existsSync(join(root, 'src', `${source}.ts`))) rmSync(path);
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** True when we hold the lock; false when somebody else held it, and is done now. */
function takeLock() {
  mkdirSync(dirname(lock), { recursive: true });
  try {
    mkdirSync(lock);
    writeFileSync(join(lock, 'pid'), String(process.pid));
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    return false;
  }
}

/** The holder of the lock was killed: it is gone, or left the folder empty for more than ten seconds. */
function isAbandoned() {
  const pid = Number(read(join(lock, 'pid')) ?? Number.NaN);
  if (pid > 0) return !isAlive(pid);
  const made = statSync(lock, { throwIfNoEntry: false });
  return made !== undefined && Date.now() - made.mtimeMs > 10_000;
}

/** Moved aside and looked at again: another waiter may have removed it and taken the lock in this moment. */
function removeAbandoned() {
  const aside = `${lock}.${process.pid}`;
  try {
    renameSync(lock, aside);
    const pid = Number(read(join(aside, 'pid')) ?? Number.NaN);
    if (pid > 0 && isAlive(pid)) renameSync(aside, lock);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
  rmSync(aside, { recursive: true, force: true });
}

function pause(milliseconds) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

function waitForLock() {
  const deadline = Date.now() + lockWaitSeconds * 1000;
  let said = false;
  while (!takeLock()) {
    if (isAbandoned()) {
      removeAbandoned();
      continue;
    }
    if (Date.now() > deadline) throw new Error(`Another set-up has held ${lock} for ${lockWaitSeconds} s.`);
    if (!said) say('Setting up: waiting for another set-up of this folder ...');
    said = true;
    pause(100);
  }
}

if (!isInstalled() || !isBuilt(sourcesHash())) {
  waitForLock();
  try {
    // Looked at again: whoever held the lock may have done it.
    if (isInstalled() || install()) {
      const hash = sourcesHash();
      if (!isBuilt(hash)) build(hash);
    }
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}
