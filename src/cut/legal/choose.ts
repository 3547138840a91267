import { type Grammar, grammarNamed, shippedGrammar, shippedGrammarNames } from './grammar.js';
import { scanLegalText } from './scanner.js';

/** A grammar, its name or file, `none`, or `auto`. */
export type ChosenGrammar = Grammar | string;

const sampleBytes = 262_144;
const wordBytes = 65_536;
/** Two articles may be all that an amending law has; one may be a quotation. */
const fewestMainPieces = 2;
/** One word in so many is one that a text in the language of a grammar is full of. */
const wordsApart = 20;

/** The grammar to apply. `auto` looks at the text that is given to it, and finds none when there is no text. */
export function chooseGrammar(wanted: ChosenGrammar, text: Uint8Array | null): Grammar | null {
  if (typeof wanted !== 'string') return wanted;
  if (wanted === 'none') return null;
  if (wanted !== 'auto') return grammarNamed(wanted);
  return text === null ? null : shippedFor(text);
}

/** The shipped grammar of the text's language that fits, otherwise any that does: § and `Art.` are written in many languages. */
function shippedFor(text: Uint8Array): Grammar | null {
  const words = wordsOf(text.subarray(0, wordBytes));
  const ofLanguage: Grammar[] = [];
  const others: Grammar[] = [];
  for (const grammar of shippedGrammarNames().map(shippedGrammar)) {
    const known = words.filter((word) => grammar.words.has(word)).length;
    (known * wordsApart >= words.length ? ofLanguage : others).push(grammar);
  }
  const sample = text.subarray(0, sampleBytes);
  return bestOf(ofLanguage, sample) ?? bestOf(others, sample);
}

/** The one that finds most in the first part of a text; null when none finds its main level twice, counted from 1. */
function bestOf(grammars: readonly Grammar[], sample: Uint8Array): Grammar | null {
  let best: Grammar | null = null;
  let bestScore = 0;
  for (const grammar of grammars) {
    // A table of contents speaks for its grammar too.
    const marks = scanLegalText(sample, grammar, false, true);
    const main = marks.filter((mark) => mark.kind === grammar.main);
    const score = main.length >= fewestMainPieces ? main.length * 1000 + marks.length : 0;
    if (score > bestScore) {
      best = grammar;
      bestScore = score;
    }
  }
  return best;
}

function wordsOf(text: Uint8Array): readonly string[] {
  const letters = Buffer.from(text.buffer, text.byteOffset, text.byteLength).toString('utf8').normalize('NFC');
  return letters.toLowerCase().match(/\p{L}+/gu) ?? [];
}
