import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { problemOf } from '../support/command-line.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

function textFiles(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.(sql|ts|md)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Command lines that a text tells people to type: in backquotes, in hints, and in lines of a shell block. */
function mentioned(text: string): string[] {
  const quoted = [...text.matchAll(/`(?:npx )?iu ([a-z][^`\n$]*)`/g)];
  const hints = [...text.matchAll(/hint = '(?:[^'\n]*: )?iu ([a-z][^'\n]*)/g)];
  const lines = [...text.matchAll(/^(?:\$ )?(?:npx )?iu ([a-z][^\n]*)$/gm)];
  return [...quoted, ...hints, ...lines].map((match) => (match[1] ?? '').replace(/\s*[#|;&>].*$/, '').trim());
}

it('names no command or option of iu that does not exist, in hints, messages and documents', () => {
  const files = ['sql/functions', 'src', 'docs'].flatMap(textFiles);
  files.push(...['README.md', 'ARCHITECTURE.md', 'SECURITY.md', 'CONTRIBUTING.md'].map((name) => join(root, name)));
  const problems: string[] = [];
  let count = 0;
  for (const file of files) {
    let text: string;
    try {
      text = readFileSync(file, 'utf8');
    } catch {
      continue;
    }
    for (const line of mentioned(text)) {
      count += 1;
      const problem = problemOf(line);
      if (problem !== undefined) problems.push(`${file.slice(root.length)}: iu ${line}  (${problem})`);
    }
  }
  expect(count).toBeGreaterThan(50);
  expect(problems).toEqual([]);
});
