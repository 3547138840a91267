import { IuError } from '../../contract/errors/index.js';

/** A table: every cell is text, null is shown as a dash. Rows are told apart by their first `keys` cells. */
export interface ReportTable {
  readonly columns: readonly string[];
  readonly keys: number;
  readonly rows: readonly (readonly (string | null)[])[];
}

/** A plot of counts: bars one below the other, or columns over time. */
export interface ReportPlot {
  readonly kind: 'bars' | 'columns';
  readonly title: string;
  readonly values: readonly { readonly label: string; readonly count: number }[];
}

export interface ReportSection {
  readonly title: string;
  readonly sentences: readonly string[];
  readonly tables: readonly ReportTable[];
  readonly plots: readonly ReportPlot[];
}

/** A report before it is Markdown or HTML. The same database with the same steps gives the same document, byte for byte. */
export interface ReportDocument {
  readonly format: 'iu-core report 1';
  readonly title: string;
  readonly facts: readonly (readonly [name: string, value: string])[];
  readonly sections: readonly ReportSection[];
}

/** Reads the JSON form of a report. Throws IU869. */
export function parseReport(text: string, name: string): ReportDocument {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  const report = value as Partial<ReportDocument> | undefined;
  if (report?.format !== 'iu-core report 1' || !Array.isArray(report.sections) || !Array.isArray(report.facts)) {
    throw new IuError('IU869', { message: `${name} is no report that iu report has written.` });
  }
  return report as ReportDocument;
}

/** One difference between two reports. */
export interface ReportDifference {
  readonly section: string;
  /** What the row is about; of a fact its name. */
  readonly subject: string;
  /** null: not in the first. */
  readonly first: string | null;
  /** null: not in the second. */
  readonly second: string | null;
}

/** What differs, section by section: facts, sentences, rows of tables by their keys. */
export function compareReports(first: ReportDocument, second: ReportDocument): ReportDifference[] {
  const entries = (report: ReportDocument) =>
    new Map([
      ...report.facts.map(([name, value]) => [`facts\u0000${name}`, value] as const),
      ...report.sections.flatMap((section) => [
        ...section.sentences.map((sentence) => [`${section.title}\u0000${sentence}`, 'said'] as const),
        ...section.tables.flatMap((table) => rowEntries(section.title, table)),
      ]),
    ]);
  const [left, right] = [entries(first), entries(second)];
  return [...new Set([...left.keys(), ...right.keys()])]
    .filter((key) => left.get(key) !== right.get(key))
    .map((key) => {
      const [section = '', subject = ''] = key.split('\u0000');
      return { section, subject, first: left.get(key) ?? null, second: right.get(key) ?? null };
    });
}

/** Rows of one key are numbered: a step may be tried twice. Two tables of a section may be about the same things: their keys have names. */
function rowEntries(title: string, table: ReportTable): (readonly [string, string])[] {
  const seen = new Map<string, number>();
  return table.rows.map((row) => {
    const subject = row
      .slice(0, table.keys)
      .map((cell) => cell ?? '-')
      .join(' ');
    const count = (seen.get(subject) ?? 0) + 1;
    seen.set(subject, count);
    const named = table.columns.slice(0, table.keys).join(' ');
    const rest = table.columns.slice(table.keys).map((column, index) => `${column} ${row[table.keys + index] ?? '-'}`);
    const key = `${title}\u0000${subject}${count > 1 ? ` (${count})` : ''}\u0000${named}`;
    return [key, rest.join(', ') || 'there'] as const;
  });
}
