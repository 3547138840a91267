/** Longest piece of an answer that is kept, in characters. */
const mostAnswerCharacters = 200;

/**
 * What may be kept of the text of an answer: a target is not trusted, and it may send back what it was sent.
 *
 * Control characters, line ends and marks that turn the direction of a text become blanks, the text is cut, and every word of three
 * or more characters that also stands in one of `confidential` (the payload, secrets, header values) is replaced by `[…]`.
 */
export function keptAnswerText(answer: string, confidential: readonly string[]): string {
  const clean = answer
    .slice(0, 4 * mostAnswerCharacters)
    .replace(/[\p{C}\p{Z}\uFFFD]+/gu, ' ')
    .trim();
  // By characters, not by UTF-16 units: half of a pair is no text that PostgreSQL takes.
  const plain = [...clean].slice(0, mostAnswerCharacters).join('');
  return plain.replace(/[\p{L}\p{M}\p{N}_]{3,}/gu, (word) =>
    confidential.some((text) => text.includes(word)) ? '[…]' : word,
  );
}
