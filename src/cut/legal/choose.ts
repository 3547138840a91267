import { type Grammar, grammarNamed, shippedGrammar, shippedGrammarNames } from './grammar.js';
import { scanLegalText } from './scanner.js';

/** A grammar, its name or file, `none`, or `auto`. */
export type ChosenGrammar = Grammar | string;

const sampleBytes = 262_144;
/** Two articles may be all that an amending law has; one may be a quotation. */
const fewestMainPieces = 2;
/** One word in so many is one that a text in the language of a grammar is full of. */
const wordsApart = 20;
/** § and `Art.` are written in many languages: a grammar of another one has to find ten times as much. */
const worthOfLanguage = 10;

/** The grammar to apply. `auto` looks at the text that is given to it, and finds none when there is no text. */
export function chooseGrammar(wanted: ChosenGrammar, text: Uint8Array | null): Grammar | null {
  if (typeof wanted !== 'string') return wanted;
  if (wanted === 'none') return null;
  if (wanted !== 'auto') return grammarNamed(wanted);
  return text === null ? null : bestGrammar(text);
}

/** The shipped grammar of the text's language that finds most in its first part; null when none finds its main level twice, counted from 1. */
function bestGrammar(text: Uint8Array): Grammar | null {
  const sample = text.subarray(0, sampleBytes);
  const words = wordsOf(sample);
  let best: Grammar | null = null;
  let bestScore = 0;
  for (const name of shippedGrammarNames()) {
    const grammar = shippedGrammar(name);
    // A table of contents speaks for its grammar too.
    const marks = scanLegalText(sample, grammar, false, true);
    const main = marks.filter((mark) => mark.kind === grammar.main);
    const worth =
      words.filter((word) => grammar.words.has(word)).length * wordsApart >= words.length ? worthOfLanguage : 1;
    const score = main.length >= fewestMainPieces ? worth * (main.length * 1000 + marks.length) : 0;
    if (score > bestScore) {
      best = grammar;
      bestScore = score;
    }
  }
  return best;
}

function wordsOf(text: Uint8Array): readonly string[] {
  const letters = Buffer.from(text).toString('utf8').normalize('NFC').toLowerCase();
  return letters.match(/\p{L}+/gu) ?? [];
}
