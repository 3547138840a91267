import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutMarkdown, type Piece } from '../../src/cut/markdown.js';
import { type LivingUnit, planRevision } from '../../src/cut/revision-plan.js';

interface SimulatedUnit extends LivingUnit {
  readonly body: string;
}

/** What a database would hold after the plan, with units kept in tree order by "after the left sibling". */
function applyPlan(living: readonly SimulatedUnit[], bytes: Buffer, pieces: readonly Piece[]): SimulatedUnit[] {
  const plan = planRevision(pieces, living);
  const units = new Map(living.map((unit) => [unit.unitId, unit]));
  for (const unit of plan.deprecate) {
    expect([...units.values()].some((other) => other.parentId === unit.unitId)).toBe(false);
    units.delete(unit.unitId);
  }
  const children = new Map<string | null, string[]>();
  for (const unit of units.values()) children.set(unit.parentId, [...(children.get(unit.parentId) ?? []), unit.unitId]);
  const unitOf = new Map<number, string>();
  const left = new Map<string | null, string>();
  for (const step of plan.steps) {
    const { piece } = step;
    const parentId = piece.parentOrdinal === null ? null : (unitOf.get(piece.parentOrdinal) ?? 'missing');
    const unitId = step.kind === 'create' ? `${Math.random()}` : step.unitId;
    if (step.kind === 'create') {
      const siblings = children.get(parentId) ?? [];
      const leftId = left.get(parentId);
      siblings.splice(leftId === undefined ? 0 : siblings.indexOf(leftId) + 1, 0, unitId);
      children.set(parentId, siblings);
    }
    const body = bytes.toString('utf8', piece.start, piece.end);
    if (step.kind !== 'keep')
      units.set(unitId, { unitId, parentId, address: piece.address, bodySha256: piece.sha256, body });
    unitOf.set(piece.ordinal, unitId);
    left.set(parentId, unitId);
  }
  const walk = (parentId: string | null): SimulatedUnit[] =>
    (children.get(parentId) ?? []).flatMap((unitId) => {
      const unit = units.get(unitId);
      return unit ? [unit, ...walk(unitId)] : [];
    });
  return walk(null);
}

function expectRevised(living: readonly SimulatedUnit[], text: string): SimulatedUnit[] {
  const bytes = Buffer.from(text);
  const { pieces } = cutMarkdown(bytes);
  const after = applyPlan(living, bytes, pieces);
  expect(after.map((unit) => unit.body).join('')).toBe(text);
  const again = planRevision(pieces, after);
  expect(again.deprecate).toEqual([]);
  expect(again.steps.every((step) => step.kind === 'keep')).toBe(true);
  return after;
}

function kinds(before: string, after: string): string[] {
  const plan = planRevision(cutMarkdown(Buffer.from(after)).pieces, expectRevised([], before));
  return [
    ...plan.deprecate.map((unit) => `deprecate ${unit.address}`),
    ...plan.steps.filter((step) => step.kind !== 'keep').map((step) => `${step.kind} ${step.piece.address}`),
  ];
}

describe('plan of a revision', () => {
  const before = '# Law\n## A\n### Art. 1\nx\n### Art. 2\ny\n## B\n### Art. 3\nz\n';

  it('revises a changed piece and touches nothing else', () => {
    expect(kinds(before, before.replace('y', 'Y'))).toEqual(['revise a/art-2']);
  });

  it('creates what is new and deprecates what vanished', () => {
    expect(kinds(before, before.replace('### Art. 2\ny\n', '### Art. 1a\nw\n'))).toEqual([
      'deprecate a/art-2',
      'create a/art-1a',
    ]);
  });

  it('deprecates children before their parent', () => {
    expect(kinds(before, '# Law\n## B\n### Art. 3\nz\n')).toEqual([
      'deprecate a/art-2',
      'deprecate a/art-1',
      'deprecate a',
    ]);
  });

  it('makes a piece anew that trades places with its siblings, and keeps as many siblings as possible', () => {
    const moved = '# Law\n## A\n### Art. 2\ny\n### Art. 1\nx\n## B\n### Art. 3\nz\n';
    const plan = kinds(before, moved);
    expect(plan).toHaveLength(2);
    expect(kinds('# L\n## 1\n## 2\n## 3\n## 4\n', '# L\n## 4\n## 1\n## 2\n## 3\n')).toEqual([
      'deprecate 4',
      'create 4',
    ]);
  });

  it('makes a piece anew whose parent changed', () => {
    expect(kinds('# Law\n## A\n### Art. 1\n', '# Law\n## B\n### Art. 1\n')).toEqual([
      'deprecate a/art-1',
      'deprecate a',
      'create b',
      'create b/art-1',
    ]);
  });

  it('turns any document into any other, and a second plan is empty', () => {
    const line = fc.constantFrom('# A', '# B', '## A', '## B', '## C', '### A', '### B', 'text', 'other', '---', '');
    const documents = fc.array(line, { maxLength: 14 }).map((lines) => lines.join('\n'));
    fc.assert(
      fc.property(fc.array(documents, { minLength: 2, maxLength: 4 }), (revisions) => {
        revisions.reduce<SimulatedUnit[]>((living, text) => expectRevised(living, text), []);
      }),
      { numRuns: 500 },
    );
  });

  it('goes through the 41 revisions of the constitution', () => {
    const folder = new URL('../../examples/liechtenstein-constitution/', import.meta.url);
    const files = readdirSync(folder).filter((name) => /^\d{3}_/.test(name));
    files
      .sort()
      .reduce<SimulatedUnit[]>(
        (living, name) => expectRevised(living, readFileSync(new URL(name, folder), 'utf8')),
        [],
      );
  });
});
