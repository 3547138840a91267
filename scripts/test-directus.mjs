// npm run test:directus [vitest arguments]: delivers to a real Directus, and adopts its database. IU_DIRECTUS_VERSION says which: 11.17.4, or 11.3.5.
// Installs it and the Node.js it needs on the first run (832 or 473 MB; from four minutes on two idle cores to 24 on two busy ones), outside of the
// project: IU_DIRECTUS_FOLDER, or a folder of the system's temporary ones for each version. Needs python3, make and g++, because it compiles. The
// files run one after the other: each has a Directus of its own.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

/** Versions and their Node.js: what they compile is for that one. Their licence is the BUSL-1.1: installed by who runs this, no part of the project. */
const nodeVersions = { '11.3.5': '20.20.2', '11.17.4': '22.23.3' };
const version = process.env.IU_DIRECTUS_VERSION ?? '11.17.4';
const folder = process.env.IU_DIRECTUS_FOLDER ?? join(tmpdir(), `iu-core-directus-${version}`);
const nodePackage = `node-${process.platform}-${process.arch}`;
const stamp = join(folder, 'installed');

function run(command, args, options) {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit', ...options });
  if (error !== undefined) console.error(`${command}: ${error.message}`);
  return status ?? 1;
}

function install(what, env) {
  const status = run('npm', ['install', '--save-exact', '--no-audit', '--no-fund', what], { cwd: folder, env });
  if (status !== 0) process.exit(status);
}

if (!Object.hasOwn(nodeVersions, version)) {
  console.error(`IU_DIRECTUS_VERSION is one of ${Object.keys(nodeVersions).join(', ')}, and not ${version}.`);
  process.exit(2);
}
if (!existsSync(stamp)) {
  console.log(`Installing Directus ${version} into ${folder}: this takes four minutes or more.`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{"name":"iu-core-test-directus","private":true}\n');
  install(`${nodePackage}@${nodeVersions[version]}`, process.env);
  const nodeFolder = join(folder, 'node_modules', nodePackage);
  const PATH = `${join(nodeFolder, 'bin')}${delimiter}${process.env.PATH}`;
  install(`directus@${version}`, { ...process.env, PATH, npm_config_nodedir: nodeFolder });
  writeFileSync(stamp, `${version}\n`);
}
const installed = readFileSync(stamp, 'utf8').trim();
if (installed !== version) {
  console.error(`${folder} has Directus ${installed}, and not ${version}: name another folder in IU_DIRECTUS_FOLDER.`);
  process.exit(2);
}
process.exit(
  run(
    process.execPath,
    [
      'node_modules/vitest/vitest.mjs',
      'run',
      '--project',
      'directus',
      '--no-file-parallelism',
      ...process.argv.slice(2),
    ],
    { env: { ...process.env, IU_TEST_DIRECTUS: folder } },
  ),
);
