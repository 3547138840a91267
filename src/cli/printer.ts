import { camelCaseKeys } from '../contract/json-names.js';
import { renderJson } from './json.js';
import type { Palette } from './palette.js';
import { type Column, factLines, tableLines } from './table.js';

/** Where text goes: process.stdout, or a string in a test. */
export interface TextSink {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
}

/** One page of a list. `next` is the value for --after, null on the last page. */
export interface Page<Row> {
  readonly items: readonly Row[];
  readonly next: string | null;
}

/** How a page is shown to people. */
export interface PageView<Row> {
  readonly columns: readonly Column<Row>[];
  /** Said instead of an empty table. */
  readonly whenEmpty: string;
  /** The command line that shows the next page, without `--after ...`. */
  readonly again: string;
}

/** Prints results to stdout, as JSON or for people, and remarks to stderr. */
export class Printer {
  readonly palette: Palette;
  readonly json: boolean;
  readonly #stdout: TextSink;
  readonly #stderr: TextSink;
  readonly #quiet: boolean;

  constructor(stdout: TextSink, stderr: TextSink, mode: { json: boolean; quiet: boolean; palette: Palette }) {
    this.#stdout = stdout;
    this.#stderr = stderr;
    this.json = mode.json;
    this.#quiet = mode.quiet;
    this.palette = mode.palette;
  }

  /** A result: with --json the value with camelCase keys on one line, otherwise the lines. */
  result(value: unknown, lines: () => readonly string[]): void {
    if (this.json) this.#stdout.write(`${renderJson(camelCaseKeys(value))}\n`);
    else for (const line of lines()) this.#stdout.write(`${line}\n`);
  }

  /** A page of a list: `{items, next}`, or an aligned table and how to go on. */
  page<Row extends object>(page: Page<Row>, view: PageView<Row>): void {
    this.result(page, () =>
      page.items.length === 0 ? [view.whenEmpty] : tableLines(view.columns, page.items, this.palette),
    );
    if (page.next !== null) this.note(`more: ${view.again} --after ${page.next}`);
  }

  /** Named values below each other. */
  facts(facts: Readonly<Record<string, unknown>>): string[] {
    return factLines(facts, this.palette);
  }

  table<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string[] {
    return tableLines(columns, rows, this.palette);
  }

  /** A line of a result for people that is no part of the JSON: nothing with --json. */
  line(text: string): void {
    if (!this.json) this.#stdout.write(`${text}\n`);
  }

  /** Advice and progress, on stderr: nothing with --json or --quiet. */
  note(text: string): void {
    if (!this.json && !this.#quiet) this.#stderr.write(`${this.palette.dim(text)}\n`);
  }
}
