// What a report says and how two are compared, without a database.
import { expect, it } from 'vitest';
import { fittingEvidence } from '../../src/operate/activate/evidence.js';
import { compareReports, type ReportDocument, type ReportTable } from '../../src/operate/report/document.js';

function reportOf(...tables: ReportTable[]): ReportDocument {
  const section = { title: 'Routes', sentences: [], tables, plots: [] };
  return { format: 'iu-core report 1', title: 'a report', facts: [], sections: [section] };
}

it('compares every table of a section, also where two are about the same rows', () => {
  const state = (word: string): ReportTable => ({ columns: ['route code', 'state'], keys: 1, rows: [['shop', word]] });
  const judged: ReportTable = { columns: ['route', 'judged'], keys: 1, rows: [['shop', 'not ready']] };
  expect(compareReports(reportOf(state('dry-run'), judged), reportOf(state('live'), judged))).toEqual([
    { section: 'Routes', subject: 'shop', first: 'state dry-run', second: 'state live' },
  ]);
  expect(compareReports(reportOf(state('live'), judged), reportOf(state('live'), judged))).toEqual([]);
});

it('keeps of evidence what fits its row and says how much is left out', () => {
  const small = { routes: [{ route: 'shop', ready: false }], live: [] };
  expect(fittingEvidence(small)).toBe(small);
  const routes = Array.from({ length: 1000 }, (_, at) => ({
    route: `route-${at}`,
    missing: ['backup', 'observation', 'test_send'],
  }));
  const fitting = fittingEvidence({ routes, live: ['shop'] });
  const kept = fitting.routes as unknown[];
  expect(kept.length).toBeGreaterThan(200);
  expect(fitting).toEqual({
    routes: routes.slice(0, kept.length),
    live: ['shop'],
    left_out: { routes: 1000 - kept.length },
  });
  expect(JSON.stringify(fitting, null, 1).length).toBeLessThanOrEqual(65_536);
  expect(fittingEvidence({ message: 'x'.repeat(70_000) })).toEqual({ left_out: 'all of it: too long' });
});
