// Pairs of revisions with known truth: what the matcher may see of each piece, and the id that tells which piece it is.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { cutDocument } from '../dist/cut/cut-document.js';

/**
 * A revision: `pieces` as the matcher gets them, `goldOf` from a piece's key to its id, for ids that stand once in the revision. `hasNoId` is true of
 * a piece that certainly is none of those with an id, so that a pair with one is wrong.
 */
const revision = (pieces, ids, isComplete) => {
  const times = new Map();
  for (const id of ids.values()) times.set(id, (times.get(id) ?? 0) + 1);
  const goldOf = new Map([...ids].filter(([, id]) => times.get(id) === 1));
  return { pieces, goldOf, hasNoId: (key) => isComplete && !ids.has(key) };
};

const articleTitle = /^(#{1,6}[ \t]+)(Art\.[ \t]*([0-9]+)[ \t]*([a-z]*))(?![a-z])/u;

/** A law by its headings; the article's number is the truth, and hidden unless `showLabels`. */
function lawRevision(path, showLabels) {
  const bytes = readFileSync(path);
  const goldOf = new Map();
  const pieces = cutDocument(bytes, { mediaType: 'text/markdown' }).pieces.map((piece) => {
    const text = bytes.toString('utf8', piece.start, piece.end);
    const article = articleTitle.exec(text);
    const key = String(piece.ordinal);
    if (article) goldOf.set(key, article[3] + article[4]);
    return {
      key,
      parentKey: piece.parentOrdinal === null ? null : String(piece.parentOrdinal),
      kind: piece.kind,
      label: showLabels ? piece.label : '',
      text: showLabels || !article ? text : article[1] + text.slice(article[0].length),
    };
  });
  return revision(pieces, goldOf, true);
}

/** A book of files, each cut at its rule markers; the rule ids are the truth and hidden. The file is the parent, by its path. */
function bookRevision(folder) {
  const goldOf = new Map();
  const pieces = [];
  const files = readdirSync(folder, { recursive: true }).filter((name) => name.endsWith('.md'));
  for (const name of files.map(String).sort()) {
    const text = readFileSync(join(folder, name), 'utf8');
    const parts = text.split(/^[ \t]*r\[([^\]\n]+)\][ \t]*\r?\n/m);
    pieces.push({ key: name, parentKey: null, kind: 'file', label: name, text: parts[0] });
    for (let at = 1; at < parts.length; at += 2) {
      const key = `${name}#${(at + 1) / 2}`;
      goldOf.set(key, parts[at]);
      pieces.push({ key, parentKey: name, kind: 'rule', label: '', text: parts[at + 1] });
    }
  }
  return revision(pieces, goldOf, false);
}

const lazily = (read) => {
  let value;
  return () => (value ??= read());
};

/** The laws below `folder`, each with its revisions, oldest first. */
export function laws(folder) {
  const root = join(folder, 'li');
  if (!existsSync(root)) return [];
  return readdirSync(root)
    .sort()
    .map((name) => {
      const files = readdirSync(join(root, name))
        .filter((file) => file.endsWith('.md'))
        .sort()
        .map((file) => join(root, name, file));
      return {
        name,
        hidden: files.map((file) => lazily(() => lawRevision(file, false))),
        visible: files.map((file) => lazily(() => lawRevision(file, true))),
        files: files.map((file) => relative(folder, file)),
      };
    });
}

/** The months of the Rust Reference below `folder`, oldest first. */
export function books(folder) {
  const root = join(folder, 'rust-reference');
  if (!existsSync(root)) return [];
  return readdirSync(root)
    .filter((name) => /^\d{4}-\d{2}$/.test(name))
    .sort()
    .map((name) => ({
      name,
      month: Number(name.slice(0, 4)) * 12 + Number(name.slice(5)),
      read: lazily(() => bookRevision(join(root, name))),
    }));
}

/** Single texts that a grammar cuts into articles, paragraphs and points, numbers visible: Vietnamese laws, and the last revisions of ours. */
export function cutByGrammar(folder) {
  const root = join(folder, 'vn');
  const names = existsSync(root) ? readdirSync(root).filter((name) => name.endsWith('.txt')) : [];
  const vietnamese = names.sort().map((name) => piecesByGrammar(join(root, name), 'text/plain', 'vietnamese'));
  const last = laws(folder).map(({ files }) => files.at(-1));
  const german = last.map((name) => piecesByGrammar(join(folder, name), 'text/markdown', 'german'));
  return { 'Vietnamese laws by a grammar': vietnamese, 'laws by a grammar': german };
}

function piecesByGrammar(path, mediaType, grammar) {
  const bytes = readFileSync(path);
  return cutDocument(bytes, { mediaType, grammar }).pieces.map((piece) => ({
    key: String(piece.ordinal),
    parentKey: piece.parentOrdinal === null ? null : String(piece.parentOrdinal),
    kind: piece.kind,
    label: piece.label,
    text: bytes.toString('utf8', piece.start, piece.end),
  }));
}
