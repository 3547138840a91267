/** A line that only one of two texts has. `line` counts from 1 in the text that has it. */
export interface LineChange {
  readonly kind: 'removed' | 'added';
  readonly line: number;
  readonly text: string;
}

/** Above this many line pairs the middle of two texts is reported as replaced whole: 16 million cells are 64 MB. */
const mostPairs = 16_000_000;

/** The lines in which two texts differ, by their longest common subsequence; in the order of the texts, removed before added. */
export function lineChanges(before: string, after: string): LineChange[] {
  const left = before.split('\n');
  const right = after.split('\n');
  let start = 0;
  while (start < left.length && start < right.length && left[start] === right[start]) start += 1;
  let leftEnd = left.length;
  let rightEnd = right.length;
  while (leftEnd > start && rightEnd > start && left[leftEnd - 1] === right[rightEnd - 1]) {
    leftEnd -= 1;
    rightEnd -= 1;
  }
  const middle = commonLines(left.slice(start, leftEnd), right.slice(start, rightEnd));
  const changes: LineChange[] = [];
  let [at, to] = [start, start];
  for (const [leftAt, rightAt] of [...middle, [leftEnd - start, rightEnd - start] as const]) {
    for (; at < leftAt + start; at += 1) changes.push({ kind: 'removed', line: at + 1, text: left[at] ?? '' });
    for (; to < rightAt + start; to += 1) changes.push({ kind: 'added', line: to + 1, text: right[to] ?? '' });
    at += 1;
    to += 1;
  }
  return changes;
}

/** Pairs of indexes of lines that both have, ascending, as many as possible. */
function commonLines(left: readonly string[], right: readonly string[]): (readonly [number, number])[] {
  const width = right.length + 1;
  if ((left.length + 1) * width > mostPairs) return [];
  const lengths = new Uint32Array((left.length + 1) * width);
  const lengthAt = (row: number, column: number) => lengths[row * width + column] ?? 0;
  for (let row = left.length - 1; row >= 0; row -= 1) {
    for (let column = right.length - 1; column >= 0; column -= 1) {
      lengths[row * width + column] =
        left[row] === right[column]
          ? lengthAt(row + 1, column + 1) + 1
          : Math.max(lengthAt(row + 1, column), lengthAt(row, column + 1));
    }
  }
  const pairs: (readonly [number, number])[] = [];
  for (let [row, column] = [0, 0]; row < left.length && column < right.length; ) {
    if (left[row] === right[column]) pairs.push([row++, column++]);
    else if (lengthAt(row + 1, column) >= lengthAt(row, column + 1)) row += 1;
    else column += 1;
  }
  return pairs;
}
