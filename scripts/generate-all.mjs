// Everything that is generated, in the order in which it depends on each other; with --check nothing is written and a difference fails.
//
//   npm run generate           after a change of SQL, commands, errors
//   npm run generate -- --check
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const steps = [
  ['scripts/freeze.mjs', 'head of SQL into the changes'],
  ['node_modules/typescript/bin/tsc', 'build', '-p', 'tsconfig.build.json'],
  ['scripts/generate.mjs', 'manifest, verify blocks, row types'],
  ['scripts/generate-docs.mjs', 'reference of errors and SQL functions'],
  ['scripts/generate-cli-docs.mjs', 'reference of commands'],
];
const forwarded = process.argv.slice(2);
let failed = 0;
for (const [script, what, ...own] of steps) {
  const args = own.length > 0 ? own : forwarded;
  const { status } = spawnSync(process.execPath, [script, ...args], { cwd: root, stdio: 'inherit' });
  if (status !== 0) {
    console.error(`generate: ${what}: ${forwarded.includes('--check') ? 'not current' : 'failed'} (${script})`);
    failed += 1;
  }
}
process.exitCode = failed > 0 ? 1 : 0;
