import type { Palette } from './palette.js';
import { displayWidth, printable } from './printable.js';

/** One column of a table for people. */
export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => string | number | boolean | null | undefined;
  readonly align?: 'left' | 'right';
  /** Colours a cell after it was padded, so that alignment does not count the colour codes. */
  readonly paint?: (row: Row, palette: Palette) => (text: string) => string;
}

function cellText(value: string | number | boolean | null | undefined): string {
  if (value === null || value === undefined || value === '') return '-';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return printable(String(value));
}

function padded(text: string, width: number, align: 'left' | 'right'): string {
  const space = ' '.repeat(Math.max(0, width - displayWidth(text)));
  return align === 'right' ? space + text : text + space;
}

/** Aligned lines, the titles first. No trailing spaces. */
export function tableLines<Row>(columns: readonly Column<Row>[], rows: readonly Row[], palette: Palette): string[] {
  const cells = rows.map((row) => columns.map((column) => cellText(column.value(row))));
  const widths = columns.map((column, index) =>
    cells.reduce((widest, line) => Math.max(widest, displayWidth(line[index] ?? '')), displayWidth(column.title)),
  );
  const layOut = (texts: readonly string[], paint: (index: number, text: string) => string) =>
    texts
      .map((text, index) => {
        const isLast = index === texts.length - 1;
        const align = columns[index]?.align ?? 'left';
        return paint(index, isLast && align === 'left' ? text : padded(text, widths[index] ?? 0, align));
      })
      .join('  ')
      .trimEnd();
  const titles = columns.map((column) => column.title);
  return [
    layOut(titles, (_index, text) => palette.dim(text)),
    ...rows.map((row, rowIndex) =>
      layOut(cells[rowIndex] ?? [], (index, text) => columns[index]?.paint?.(row, palette)(text) ?? text),
    ),
  ];
}

/** `name  value` lines with the values aligned; members that are undefined are left out. */
export function factLines(facts: Readonly<Record<string, unknown>>, palette: Palette): string[] {
  const entries = Object.entries(facts).filter(([, value]) => value !== undefined);
  const width = entries.reduce((widest, [name]) => Math.max(widest, displayWidth(name)), 0);
  return entries.map(([name, value]) => {
    const text = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
    return `${palette.dim(padded(name, width, 'left'))}  ${cellText(text)}`;
  });
}
