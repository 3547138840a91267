// npm run test:fault [-- --runs N] [--seed S] [vitest arguments]: the fault tier alone, random tests N times from seed S on.
import { spawnSync } from 'node:child_process';

const rest = process.argv.slice(2);
const environment = { ...process.env };
for (const [flag, name] of [
  ['--runs', 'IU_FAULT_RUNS'],
  ['--seed', 'IU_FAULT_SEED'],
]) {
  const at = rest.indexOf(flag);
  if (at === -1) continue;
  const value = rest[at + 1];
  if (!/^[1-9][0-9]*$/.test(value ?? '')) {
    console.error(`${flag} needs a positive whole number`);
    process.exit(64);
  }
  environment[name] = value;
  rest.splice(at, 2);
}
const vitest = spawnSync(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', '--project', 'fault', ...rest], {
  stdio: 'inherit',
  env: environment,
});
process.exit(vitest.status ?? 1);
