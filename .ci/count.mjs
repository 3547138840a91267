// Sums the JSON reports of several vitest runs of the same tests under different conditions.
//
//   node .ci/count.mjs REPORT...     prints "PASSED FAILED SKIPPED"
//
// A test that one run skips and another one passes counts as passed; what no run passed is skipped, and named on stderr.
import { readFileSync } from 'node:fs';

let passed = 0;
let failed = 0;
const ran = new Set();
const skipped = new Set();
for (const path of process.argv.slice(2)) {
  const report = JSON.parse(readFileSync(path, 'utf8'));
  passed += report.numPassedTests;
  failed += report.numFailedTests;
  for (const file of report.testResults) {
    for (const test of file.assertionResults) {
      const name = `${file.name.replace(/^.*\/test\//, 'test/')} > ${test.fullName}`;
      if (test.status === 'passed') ran.add(name);
      else if (test.status !== 'failed') skipped.add(name);
      else console.error(`failed: ${name}\n  ${test.failureMessages.join('\n  ').slice(0, 2000)}`);
    }
  }
}
const never = [...skipped].filter((name) => !ran.has(name));
for (const name of never) console.error(`skipped by every run: ${name}`);
console.log(passed, failed, never.length);
