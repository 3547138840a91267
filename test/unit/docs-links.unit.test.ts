// Links between the pages of the documentation: a page that moved may not leave a dead end, and a page that nobody links is not found.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
const pages = [
  ...readdirSync(root),
  ...['docs', 'bench', 'deploy', 'examples', 'grammars'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
  ),
].filter(
  (name) =>
    name.endsWith('.md') &&
    !name.includes('node_modules') &&
    (!name.startsWith('examples') || name.endsWith('README.md')),
);

/** As the usual renderers make it: lower case, no punctuation, hyphens for blanks. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');

const withoutCode = (text: string): string => text.replace(/^```[\s\S]*?^```/gm, '').replace(/`[^`\n]*`/g, '');

function linksOf(page: string): { target: string; anchor: string }[] {
  const text = withoutCode(readFileSync(join(root, page), 'utf8'));
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map((found) => found[1] ?? '')
    .filter((link) => !/^[a-z]+:/.test(link))
    .map((link) => {
      const [path = '', anchor = ''] = link.split('#');
      return { target: path === '' ? join(root, page) : resolve(root, dirname(page), path), anchor };
    });
}

describe('documentation', () => {
  it('has pages and links to look at', () => {
    expect(pages.length).toBeGreaterThan(40);
    expect(pages.flatMap(linksOf).length).toBeGreaterThan(100);
  });

  it.each(pages)('%s links to what exists', (page) => {
    const dead = linksOf(page).filter(({ target, anchor }) => {
      if (!existsSync(target)) return true;
      if (anchor === '' || !target.endsWith('.md')) return false;
      const headings = [...readFileSync(target, 'utf8').matchAll(/^#+ (.*)$/gm)].map((found) =>
        anchorOf(found[1] ?? ''),
      );
      return !headings.includes(anchor);
    });
    expect(dead.map(({ target, anchor }) => `${relative(root, target)}#${anchor}`)).toEqual([]);
  });

  it('is found from its first page', () => {
    const linked = new Set(linksOf('docs/README.md').map(({ target }) => relative(root, target)));
    const missing = pages.filter((page) => page.startsWith('docs/') && page !== 'docs/README.md' && !linked.has(page));
    expect(missing).toEqual([]);
  });
});
