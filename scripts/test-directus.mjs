// npm run test:directus [vitest arguments]: delivers to a real Directus, and adopts its database. Installs it on the first run (473 MB; five
// minutes on two idle cores, 24 on two busy ones), outside of the project: IU_DIRECTUS_FOLDER, or a folder of the system's temporary ones. Needs
// python3, make and g++, because it compiles. The files run one after the other: each has a Directus of its own.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The newest that declares Node 18 and 20. Its licence is the BUSL-1.1: it is installed by who runs this, and no part of the project. */
const version = '11.3.5';
const folder = process.env.IU_DIRECTUS_FOLDER ?? join(tmpdir(), `iu-core-directus-${version}`);

function run(command, args, options) {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit', ...options });
  if (error !== undefined) console.error(`${command}: ${error.message}`);
  return status ?? 1;
}

if (!existsSync(join(folder, 'installed'))) {
  console.log(`Installing Directus ${version} into ${folder}: this takes five minutes or more.`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{"name":"iu-core-test-directus","private":true}\n');
  const status = run('npm', ['install', '--save-exact', '--no-audit', '--no-fund', `directus@${version}`], {
    cwd: folder,
  });
  if (status !== 0) process.exit(status);
  writeFileSync(join(folder, 'installed'), `${version}\n`);
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
