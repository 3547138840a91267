import { type Grammar, grammarNamed, shippedGrammar, shippedGrammarNames } from './grammar.js';
import { scanLegalText } from './scanner.js';

/** A grammar, its name or file, `none`, or `auto`. */
export type ChosenGrammar = Grammar | string;

const sampleBytes = 262_144;
/** Two articles may be all that an amending law has; one may be a quotation. */
const fewestMainPieces = 2;

/** The grammar to apply. `auto` looks at the text that is given to it, and finds none when there is no text. */
export function chooseGrammar(wanted: ChosenGrammar, text: Uint8Array | null): Grammar | null {
  if (typeof wanted !== 'string') return wanted;
  if (wanted === 'none') return null;
  if (wanted !== 'auto') return grammarNamed(wanted);
  return text === null ? null : bestGrammar(text);
}

/** The shipped grammar that finds most in the first part of a text; null when none finds its main level twice, counted from 1. */
function bestGrammar(text: Uint8Array): Grammar | null {
  const sample = text.subarray(0, sampleBytes);
  let best: Grammar | null = null;
  let bestScore = 0;
  for (const name of shippedGrammarNames()) {
    const grammar = shippedGrammar(name);
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
