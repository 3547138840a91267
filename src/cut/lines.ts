import { newlineStyleOf } from './source-kind.js';

/** Calls `each` for every line, with numbers and not objects: a source has a million of them. */
export function forEachLine(
  bytes: Uint8Array,
  from: number,
  each: (start: number, end: number, next: number) => void,
): void {
  const style = newlineStyleOf(bytes.subarray(from));
  const mark = style === 'cr' ? 0x0d : 0x0a;
  if (style === 'mixed') {
    forEachMixedLine(bytes, from, each);
    return;
  }
  for (let start = from; start < bytes.length; ) {
    const found = bytes.indexOf(mark, start);
    const next = found < 0 ? bytes.length : found + 1;
    const end =
      found < 0 ? bytes.length : found > start && bytes[found - 1] === 0x0d && mark === 0x0a ? found - 1 : found;
    each(start, end, next);
    start = next;
  }
}

function forEachMixedLine(
  bytes: Uint8Array,
  from: number,
  each: (start: number, end: number, next: number) => void,
): void {
  for (let start = from; start < bytes.length; ) {
    let end = start;
    while (end < bytes.length && bytes[end] !== 0x0a && bytes[end] !== 0x0d) end++;
    const isPair = bytes[end] === 0x0d && bytes[end + 1] === 0x0a;
    const next = Math.min(end + (isPair ? 2 : 1), bytes.length);
    each(start, end, next);
    start = next;
  }
}
