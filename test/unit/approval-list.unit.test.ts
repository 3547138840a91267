// Which runs a list of approvals names, in the forms in which a person has it.
import { describe, expect, it } from 'vitest';
import { seenManifests } from '../../src/cli/cut/approval-list.js';

const digest = (letter: string) => letter.repeat(64);
const page = (...items: object[]) => JSON.stringify({ items, next: null });
const row = (runId: string, letter: string, waitsFor: string | null = 'gate 1') => ({
  runId,
  waitsFor,
  manifestDigest: digest(letter),
});
const named = (text: string) => seenManifests(text, '1').seen.map((one) => `${one.runId} ${one.manifestDigest[0]}`);
const unreadable = (message: RegExp) =>
  expect.objectContaining({ code: 'IU749', message: expect.stringMatching(message) });

describe('a list of approvals', () => {
  it('is one page or more of cut list --json, or what cut dir --json printed', () => {
    expect(named(page(row('7', 'a'), row('8', 'b')))).toEqual(['7 a', '8 b']);
    expect(named(`${page(row('7', 'a'))}\n${page(row('8', 'b'))}\n`)).toEqual(['7 a', '8 b']);
    expect(named(JSON.stringify({ waits: 1, open: [row('7', 'a')] }, null, 2))).toEqual(['7 a']);
  });

  it('names only what waited at this gate when it was made', () => {
    const text = page(row('7', 'a'), row('8', 'b', 'gate 2'), row('9', 'c', null), row('10', 'd', 'decisions'));
    expect(seenManifests(text, '1')).toMatchObject({ seen: [{ runId: '7' }], others: 3 });
    expect(() => seenManifests(page(row('8', 'b', 'gate 2')), '1')).toThrow(unreadable(/no run that waits at gate 1/));
  });

  it('is lines of run and digest, whatever stands behind them', () => {
    const text = `# read on Monday\n\n7 ${digest('a')}\n 8=${'b'.repeat(12)}  li/law 2026\r\n7 ${digest('a')} again\n`;
    expect(named(text)).toEqual(['7 a', '8 b']);
  });

  it.each<[string, string, RegExp]>([
    ['a digest that is too short', '7 abcdef', /first 12 characters/],
    ['a number without a digest', '7\n', /Line 1 is not RUN DIGEST/],
    ['a table', `run  document\n7  law ${digest('a')}`, /Line 1/],
    ['two manifests of one run', `7 ${digest('a')}\n7 ${digest('b')}`, /Run 7 stands there with two manifests/],
    ['a row without a manifest', page({ runId: '7', waitsFor: 'gate 1' }), /first 12 characters/],
    ['another document', '{"manifest":{}}', /neither items nor open/],
    ['nothing', '\n', /no run/],
  ])('with %s is refused as a whole', (_, text, message) => {
    expect(() => seenManifests(text, '1')).toThrow(unreadable(message));
  });
});
