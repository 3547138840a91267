// The rules of structure that no other linter checks: rooms, import direction, file and SQL function sizes, unique test names.
//
//   node scripts/lint-structure.mjs       exit 1 with one line a problem
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { posix } from 'node:path';

/** What each room of src/ may import besides itself. Imports point inward; contract imports nothing of ours. */
const mayImport = {
  contract: [],
  store: ['contract'],
  client: ['contract'],
  install: ['store', 'contract'],
  route: ['store', 'contract'],
  deliver: ['route', 'store', 'contract'],
  http: ['store', 'contract'],
  cut: ['store', 'contract'],
  structure: ['store', 'contract'],
  operate: ['deliver', 'install', 'store', 'contract'],
  cli: ['http', 'operate', 'install', 'route', 'deliver', 'cut', 'structure', 'store', 'contract'],
};
const forbiddenNames = /(^|\/)(utils?|helpers?|common|types)(\/|\.[a-z]+$)/;
const mostLines = (path) => (/^test\//.test(path) ? 600 : 400);
const mostSqlFunctionLines = 150;

const problems = [];
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { encoding: 'utf8' })
  .split('\n')
  .filter((path) => /\.(ts|mjs|sql)$/.test(path) && !/^(examples|dist)\//.test(path));
const testNames = new Map();

for (const path of files) {
  let text;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    continue; // deleted in the working tree
  }
  const lines = text.split('\n').length;
  if (forbiddenNames.test(path)) problems.push(`${path}: a name that says nothing about what is inside`);
  // A change carries the functions it installs, each within its own bound.
  const isFrozen = /^sql\/changes\/.*\.sql$/.test(path) || /\.generated\./.test(path);
  if (!isFrozen && lines > mostLines(path)) problems.push(`${path}: ${lines} lines, ${mostLines(path)} are the most`);
  if (/^sql\/functions\//.test(path)) checkSqlFunction(path, text, lines);
  if (/^sql\//.test(path)) checkSqlLiterals(path, text);
  if (/^src\//.test(path)) checkImports(path, text);
  if (/\.test\.ts$/.test(path)) checkTestNames(path, text);
}

function checkSqlFunction(path, text, lines) {
  if (lines > mostSqlFunctionLines + 20)
    problems.push(`${path}: ${lines} lines with header, ${mostSqlFunctionLines} without are the most`);
  for (const label of ['Contract:', 'Arguments:', 'Returns:', 'Raises:', 'Writes:', 'May call:']) {
    if (!text.includes(`-- ${label}`)) problems.push(`${path}: the header has no line "${label}"`);
  }
  // A procedure that commits cannot pin it (pr_...): it sets it at the start of each transaction.
  if (!/\/pr_[^/]+$/.test(path) && !/set search_path from current/i.test(text))
    problems.push(`${path}: does not pin search_path`);
}

/** A plain literal with a backslash means something else in a session with standard_conforming_strings off: E'\\\\S' does not. */
function checkSqlLiterals(path, text) {
  const code = text.replaceAll(/--.*/g, '');
  for (const [, letter, literal] of code.matchAll(/(\w?)'((?:[^']|'')*)'/g)) {
    if (letter !== 'E' && literal.includes('\\')) problems.push(`${path}: write '${literal}' as E'', with \\\\ for \\`);
  }
}

function checkImports(path, text) {
  const room = path.split('/')[1];
  if (!(room in mayImport)) {
    if (path.split('/').length > 2) problems.push(`${path}: room ${room} is not in scripts/lint-structure.mjs`);
    return;
  }
  for (const [, target] of text.matchAll(/from '(\.[^']+)'|import\('(\.[^']+)'\)/g)) {
    if (target === undefined) continue;
    const other = posix.join(posix.dirname(path), target).split('/');
    if (other[0] !== 'src' || other[1] === room || mayImport[room].includes(other[1])) continue;
    problems.push(`${path}: ${room} may not import ${other[1]} (${target})`);
  }
}

function checkTestNames(path, text) {
  const outer = text.match(/describe\(\s*'([^']+)'/)?.[1] ?? '';
  for (const [, name] of text.matchAll(/\bit(?:\.\w+(?:\([^)]*\))?)?\(\s*'([^']+)'/g)) {
    if (name.includes('%s')) continue;
    const key = `${outer} > ${name}`;
    if (testNames.has(key)) problems.push(`${path}: the test "${name}" also stands in ${testNames.get(key)}`);
    testNames.set(key, path);
  }
}

for (const problem of problems) console.error(`structure: ${problem}`);
process.exitCode = problems.length > 0 ? 1 : 0;
