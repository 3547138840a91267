import { hash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { normalizeText } from '../../src/contract/cut/normalize.js';
import type { DocumentCut } from '../../src/contract/cut/piece.js';
import { cutDocument } from '../../src/cut/cut-document.js';

/** What a cut breaks of its promises, one sentence a broken promise; plain comparisons, because a fuzz run makes a million of them. */
export function brokenPromises(source: Uint8Array, cut: DocumentCut, alsoNormalised = true): string[] {
  const bytes = Buffer.from(source);
  const broken: string[] = [];
  let name = 'the cut';
  const check = (holds: boolean, what: string) => {
    if (!holds) broken.push(`${name}: ${what}`);
  };
  const joined = Buffer.concat(cut.pieces.map(({ start, end }) => bytes.subarray(start, end)));
  check(joined.equals(bytes), 'the pieces joined are not the source');
  check(cut.sha256 === hash('sha256', bytes) && cut.length === bytes.length, 'hash or length of the source is wrong');
  const addresses = new Set<string>();
  const isMarkdown = cut.mediaType === 'text/markdown';
  let at = 0;
  let utf16 = 0;
  for (const [index, piece] of cut.pieces.entries()) {
    name = `piece ${index}`;
    const text = bytes.toString('utf8', piece.start, piece.end);
    check(piece.ordinal === index, 'has another ordinal');
    check(piece.start === at && piece.end > piece.start, 'does not follow the one before, or is empty');
    check(piece.end === bytes.length || ((bytes[piece.end] ?? 0) & 0xc0) !== 0x80, 'ends inside a character');
    check(piece.utf16Start === utf16 && piece.utf16End === utf16 + text.length, 'has wrong UTF-16 offsets');
    check(piece.rawSha256 === hash('sha256', bytes.subarray(piece.start, piece.end)), 'has a wrong raw hash');
    const label = piece.level === 0 ? undefined : piece.label;
    if (alsoNormalised) {
      check(
        piece.normalizedSha256 === hash('sha256', normalizeText(text, label, isMarkdown)),
        'has a wrong normalised hash',
      );
    }
    const parent = piece.parentOrdinal === null ? null : cut.pieces[piece.parentOrdinal];
    check(parent === null || (parent !== undefined && parent.ordinal < index), 'comes before its parent');
    check(!parent || (parent.level < piece.level && parent.level > 0), 'is not deeper than its parent');
    check(piece.level > 0 || parent === null, 'of level 0 has a parent');
    check(piece.label !== '' || piece.title === '', 'has a title and no label');
    check(piece.address !== '' && !/\p{Surrogate}/u.test(piece.title + piece.label), 'has broken names');
    addresses.add(piece.address);
    at = piece.end;
    utf16 = piece.utf16End;
  }
  check(at === bytes.length, 'the last piece does not end with the source');
  check(addresses.size === cut.pieces.length, 'two pieces have one address');
  return broken;
}

/** Files below a folder whose names end like this. */
export function filesBelow(folder: string, ending: RegExp): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => ending.test(name))
    .map((name) => join(folder, name));
}

/** Lines as the text of a file. */
export const lines = (...all: string[]) => `${all.join('\n')}\n`;

/** Level and label of each piece of a text. */
export function outline(text: string, grammar = 'auto', mediaType = 'text/plain'): string[] {
  const bytes = Buffer.from(text);
  const cut = cutDocument(bytes, { grammar, mediaType });
  expect(brokenPromises(bytes, cut)).toEqual([]);
  return cut.pieces.map(({ level, label }) => `${level} ${label}`);
}
