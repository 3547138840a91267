import type { ReportDocument, ReportPlot, ReportTable } from './document.js';

/** Text that is text in Markdown, whatever stands in it. */
function plain(text: string): string {
  return text.replace(/\s+/g, ' ').replace(/[\\`*_{}[\]<>|#!~]/g, (character) => `\\${character}`);
}

function table({ columns, rows }: ReportTable): string[] {
  const line = (cells: readonly (string | null)[]) => `| ${cells.map((cell) => plain(cell ?? '-')).join(' | ')} |`;
  return [line(columns), `|${' --- |'.repeat(columns.length)}`, ...rows.map(line), ''];
}

const widest = 40;

function plot({ title, values }: ReportPlot): string[] {
  const most = Math.max(1, ...values.map((value) => value.count));
  const wide = Math.max(0, ...values.map((value) => value.label.length));
  const bars = values.map(({ label, count }) => {
    const bar = '#'.repeat(Math.max(count > 0 ? 1 : 0, Math.round((count / most) * widest)));
    return `${label.padEnd(wide)}  ${bar} ${count}`.trimEnd();
  });
  return [`${plain(title)}:`, '', '```text', ...bars.map((bar) => bar.replaceAll('`', "'")), '```', ''];
}

/** The report as Markdown. */
export function reportMarkdown(report: ReportDocument): string {
  const lines = [
    `# ${plain(report.title)}`,
    '',
    ...table({ columns: ['what', 'value'], keys: 1, rows: report.facts }),
    ...report.sections.flatMap((section) => [
      `## ${plain(section.title)}`,
      '',
      ...section.sentences.flatMap((sentence) => [`- ${plain(sentence)}`]),
      ...(section.sentences.length > 0 ? [''] : []),
      ...section.tables.flatMap(table),
      ...section.plots.flatMap(plot),
    ]),
  ];
  return `${lines.join('\n').trimEnd()}\n`;
}
