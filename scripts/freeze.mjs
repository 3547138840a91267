// Copies the readable head (sql/functions, sql/views) into the frozen blocks of the changes that install it.
//
//   node scripts/freeze.mjs           rewrite the blocks
//   node scripts/freeze.mjs --check   exit 1 when a block differs from the head, or when a head file is in no change
//
// A change carries the text it installs, so that history and rollback are exact; the head is what people read and edit.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const sqlRoot = join(dirname(fileURLToPath(import.meta.url)), '..', 'sql');
const check = process.argv.includes('--check');
const block = /^-- >>> (\S+)\n[\s\S]*?^-- <<<$/gm;
const problems = [];
const frozen = new Set();

function headFiles(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? headFiles(path) : path.endsWith('.sql') ? [path] : [];
  });
}

for (const change of readdirSync(join(sqlRoot, 'changes')).sort()) {
  const path = join(sqlRoot, 'changes', change, 'deploy.sql');
  if (!existsSync(path)) continue;
  const before = readFileSync(path, 'utf8');
  const after = before.replace(block, (_, name) => {
    const source = join(sqlRoot, name);
    if (!existsSync(source)) {
      problems.push(`${change}: ${name} does not exist`);
      return _;
    }
    if (frozen.has(name)) problems.push(`${change}: ${name} is frozen twice`);
    frozen.add(name);
    return `-- >>> ${name}\n${readFileSync(source, 'utf8').trimEnd()}\n-- <<<`;
  });
  if (after === before) continue;
  if (check) problems.push(`${change}: frozen blocks differ from sql/; run npm run freeze`);
  else writeFileSync(path, after);
}
for (const path of [...headFiles(join(sqlRoot, 'functions')), ...headFiles(join(sqlRoot, 'views'))]) {
  const name = relative(sqlRoot, path).split('\\').join('/');
  if (!frozen.has(name)) problems.push(`${name} is installed by no change`);
}
for (const problem of problems) console.error(`freeze: ${problem}`);
process.exitCode = problems.length > 0 ? 1 : 0;
