import type { ReportDocument, ReportPlot, ReportTable } from './document.js';

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function table({ columns, rows }: ReportTable): string {
  const cells = (tag: string, row: readonly (string | null)[]) =>
    row.map((cell) => `<${tag}>${escaped(cell ?? '–')}</${tag}>`).join('');
  const body = rows.map((row) => `<tr>${cells('td', row)}</tr>`).join('\n');
  return `<table><thead><tr>${cells('th', columns)}</tr></thead>\n<tbody>${body}</tbody></table>`;
}

/** Horizontal bars with their numbers. */
function bars({ title, values }: ReportPlot): string {
  const most = Math.max(1, ...values.map((value) => value.count));
  const rows = values.map(({ label, count }, index) => {
    const y = index * 24;
    const width = Math.round((count / most) * 420);
    return `<text x="152" y="${y + 16}" text-anchor="end">${escaped(label)}</text><rect x="160" y="${y + 3}" width="${width}" height="18"/><text x="${166 + width}" y="${y + 16}">${count}</text>`;
  });
  return svg(title, 660, Math.max(24, values.length * 24), rows.join(''));
}

/** Columns over time, with the first and the last label. */
function columns({ title, values }: ReportPlot): string {
  const most = Math.max(1, ...values.map((value) => value.count));
  const step = 640 / Math.max(1, values.length);
  const drawn = values.map(({ label, count }, index) => {
    const height = Math.round((count / most) * 120);
    return `<rect x="${(10 + index * step).toFixed(1)}" y="${130 - height}" width="${(step - 2).toFixed(1)}" height="${height}"><title>${escaped(label)}: ${count}</title></rect>`;
  });
  const axis = '<line x1="10" y1="130.5" x2="650" y2="130.5"/>';
  const ends = `<text x="10" y="148">${escaped(values[0]?.label ?? '')}</text><text x="650" y="148" text-anchor="end">${escaped(values.at(-1)?.label ?? '')}</text><text x="10" y="10">${most}</text>`;
  return svg(title, 660, 154, `${axis}${drawn.join('')}${ends}`);
}

function svg(title: string, width: number, height: number, inner: string): string {
  return `<figure><figcaption>${escaped(title)}</figcaption><svg role="img" aria-label="${escaped(title)}" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">${inner}</svg></figure>`;
}

const style = `:root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;max-width:1100px;margin:2rem auto;padding:0 1rem}
h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2.2rem;border-bottom:1px solid #8886}
table{border-collapse:collapse;margin:.6rem 0;display:block;overflow-x:auto}th,td{text-align:left;padding:.25rem .7rem;border-bottom:1px solid #8884;vertical-align:top;overflow-wrap:anywhere}
th{font-weight:600}figure{margin:1rem 0}figcaption{font-weight:600;margin-bottom:.3rem}svg{max-width:100%;height:auto}
svg text{font:12px system-ui,sans-serif;fill:currentColor}svg rect{fill:#2b6cb0}svg line{stroke:currentColor}`;

/** The report as one HTML file: no script, nothing from anywhere else, and the policy that says so. */
export function reportHtml(report: ReportDocument): string {
  const sections = report.sections.map((section) =>
    [
      `<section><h2>${escaped(section.title)}</h2>`,
      section.sentences.length === 0
        ? ''
        : `<ul>${section.sentences.map((one) => `<li>${escaped(one)}</li>`).join('')}</ul>`,
      ...section.tables.map(table),
      ...section.plots.map((plot) => (plot.kind === 'bars' ? bars(plot) : columns(plot))),
      '</section>',
    ]
      .filter((part) => part !== '')
      .join('\n'),
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(report.title)}</title>
<style>${style}</style>
</head>
<body>
<h1>${escaped(report.title)}</h1>
${table({ columns: ['what', 'value'], keys: 1, rows: report.facts })}
${sections.join('\n')}
</body>
</html>
`;
}
