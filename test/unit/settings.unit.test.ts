import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { numericSettings, otherSettings, settingFindings } from '../../src/contract/operate/settings.js';

const root = new URL('../../', import.meta.url);
const sql = readdirSync(new URL('sql/functions', root), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.sql'))
  .map((name) => readFileSync(new URL(`sql/functions/${name}`, root), 'utf8'))
  .join('\n');

describe('settings of an installation', () => {
  it('have the defaults and bounds of the SQL that reads them, and no other numbers are read', () => {
    const read = new Map<string, number[]>();
    for (const [, key = '', ...numbers] of sql.matchAll(
      /fn_iu_setting_number\('([a-z_.]+)', ([0-9]+), ([0-9]+), ([0-9]+)\)/g,
    )) {
      read.set(key, numbers.map(Number));
    }
    expect(Object.fromEntries(read)).toEqual(numericSettings);
    expect(sql.split('fn_iu_setting_number(').length - 1).toBeGreaterThan(read.size);
  });

  it('are all in the reference', () => {
    const page = readFileSync(new URL('docs/reference/settings.md', root), 'utf8');
    for (const key of [...Object.keys(numericSettings), ...otherSettings]) expect(page).toContain(`\`${key}\``);
  });

  it('that do not do what is written are found: no number, out of bounds, of no such name', () => {
    const said = (key: string, value: string | null) => settingFindings([{ key, value }])[0]?.message;
    expect(said('iu_core.health_max_silence_seconds', '300')).toBeUndefined();
    expect(said('iu_core.ha', 'true')).toBeUndefined();
    expect(said('iu_core.health_max_silence_seconds', 'perhaps')).toMatch(/no number, and 120 counts/);
    expect(said('iu_core.health_max_silence_seconds', null)).toMatch(/no number/);
    expect(said('iu_core.max_payload_bytes', '10')).toMatch(/4096 is the least/);
    expect(said('iu_core.log_partitions_ahead', '1000')).toMatch(/100 is the most/);
    expect(said('iu_core.health_max_silense_seconds', '300')).toMatch(/nothing reads/);
  });
});
