import { describe, expect, it, vi } from 'vitest';
import { asIuError, reportOf } from '../../src/cli/failure-report.js';
import { jsonObjectText, lengthInSeconds, pointInTime } from '../../src/cli/global-options.js';
import { RawJson, renderJson } from '../../src/cli/json.js';
import { allowedOnly, createLogger } from '../../src/cli/log.js';
import { commandLineWithout } from '../../src/cli/paging.js';
import { colourful, paletteFor, plain } from '../../src/cli/palette.js';
import { displayWidth, printable } from '../../src/cli/printable.js';
import { nextSteps, storyLines } from '../../src/cli/story.js';
import { tableLines } from '../../src/cli/table.js';
import { IuError } from '../../src/contract/errors/index.js';
import { camelCaseKeys, camelCaseName } from '../../src/contract/json-names.js';
import type { EventStory, StoryAttempt } from '../../src/store/events.js';
import { isoTime } from '../../src/store/listing.js';
import { parseSteps } from '../../src/structure/operation.js';
import { runIu } from '../support/cli.js';

describe('JSON of the command line', () => {
  it('turns snake_case keys into camelCase at every depth and leaves other names and all values alone', () => {
    expect(camelCaseName('cursor_event_id')).toBe('cursorEventId');
    expect(camelCaseName('by_route2_x')).toBe('byRoute2X');
    expect(['crm', 'IU_X', '_x', 'a__b', 'iu.version_applied'].map(camelCaseName)).toEqual([
      ...['crm', 'IU_X', '_x', 'a__b', 'iu.version_applied'],
    ]);
    expect(camelCaseKeys({ a_b: [{ c_d: 'e_f' }], g: null })).toEqual({ aB: [{ cD: 'e_f' }], g: null });
  });

  it('writes a payload as the database has it: numbers, spaces, key names and their order', () => {
    const text = '{"big_number": 9007199254740993, "huge": 1e400, "a_b": {"c_d": 0.10}}';
    const line = renderJson(camelCaseKeys({ safe_payload: new RawJson(text), none: undefined }));
    expect(line).toBe(`{"safePayload":${text}}`);
  });

  it('escapes what JSON has to escape', () => {
    const value = { 'ke"y': 'line\nbreak \u0000', list: [undefined, 1, true] };
    expect(JSON.parse(renderJson(value))).toEqual({ 'ke"y': 'line\nbreak \u0000', list: [null, 1, true] });
  });
});

describe('output for people', () => {
  it('aligns columns by display width and leaves no trailing spaces', () => {
    const rows = [
      { name: 'Điều', count: '7' },
      { name: '日本', count: '123' },
    ];
    const columns = [
      { title: 'name', value: (row: { name: string }) => row.name },
      { title: 'count', value: (row: { count: string }) => row.count, align: 'right' as const },
      { title: 'note', value: () => null },
    ];
    expect(tableLines(columns, rows, plain)).toEqual(['name  count  note', 'Điều      7  -', '日本    123  -']);
    expect(displayWidth('e\u0301')).toBe(1);
  });

  it('shows control characters and direction marks instead of letting the terminal obey them', () => {
    expect(printable('a\u001b[2Jb\u202ec\n')).toBe('a\\u001b[2Jb\\u202ec\\u000a');
  });

  it('uses colours on a terminal only, and never with NO_COLOR, a dumb terminal or --no-color', () => {
    expect(paletteFor({ isTTY: true }, {}, true)).toBe(colourful);
    expect(paletteFor({ isTTY: true }, { NO_COLOR: '' }, true)).toBe(colourful);
    expect(paletteFor({ isTTY: true }, { NO_COLOR: '1' }, true)).toBe(plain);
    expect(paletteFor({ isTTY: true }, { TERM: 'dumb' }, true)).toBe(plain);
    expect(paletteFor({ isTTY: true }, {}, false)).toBe(plain);
    expect(paletteFor({}, {}, true)).toBe(plain);
  });

  it('repeats a command line quoted, without dropped options and without an address and its password', () => {
    const words = [
      'event',
      'list',
      '--database-url',
      'postgres://u:pw@h/d',
      '--actor',
      "o'neil x",
      '--after=7',
      '--after',
      '8',
    ];
    expect(commandLineWithout(words, ['--after'])).toBe("iu event list --database-url URL --actor 'o'\\''neil x'");
  });
});

describe('values of options', () => {
  it('reads ages and ISO times, and refuses anything else', () => {
    vi.useFakeTimers({ now: Date.parse('2026-03-01T12:00:00Z') });
    expect(pointInTime('15m')).toBe('2026-03-01T11:45:00.000Z');
    vi.useRealTimers();
    expect(pointInTime('2026-03-01T12:00:00.123456Z')).toBe('2026-03-01T12:00:00.123456Z');
    expect(pointInTime('2026-03-01')).toBe('2026-03-01');
    const refused = [
      'yesterday',
      '2026-13-01',
      '2026-02-31',
      '2026-02-29T12:00Z',
      '0000-01-01',
      '999999d',
      'now(); --',
      '',
    ];
    for (const text of refused) expect(() => pointInTime(text), text).toThrow('time');
    expect(pointInTime('2024-02-29T12:00Z')).toBe('2024-02-29T12:00Z');
    expect(lengthInSeconds('2h')).toBe(7200);
    for (const text of ['0', '-1', '2w', '99999999d']) expect(() => lengthInSeconds(text)).toThrow('length');
  });

  it('keeps all digits of a timestamp of the database', () => {
    expect(isoTime('2026-11-23 20:58:00.123456+00')).toBe('2026-11-23T20:58:00.123456Z');
    expect(isoTime('2026-11-23T20:58:00+00:00')).toBe('2026-11-23T20:58:00Z');
    expect(isoTime('infinity')).toBe('infinity');
  });
});

describe('error reports', () => {
  it('show code, message and way out, and the same as one JSON object', () => {
    const error = new IuError('IU401', { message: "there is no gate 'x'", hint: 'iu gate list shows the gates' });
    const text = reportOf(error, { json: false, withStack: false });
    expect(text.text).toBe("iu: IU401 there is no gate 'x'\n    iu gate list shows the gates\n");
    const json = JSON.parse(reportOf(error, { json: true, withStack: false }).text);
    expect(json.error).toMatchObject({
      code: 'IU401',
      message: "there is no gate 'x'",
      hint: 'iu gate list shows the gates',
    });
    expect(json.error.exitCode).toBe(text.exitCode);
  });

  it('are no longer than a person reads, whatever name somebody gave', () => {
    const error = new IuError('IU401', { message: `there is no gate '${'x'.repeat(100_000)}'`, hint: 'iu gate list' });
    const { text } = reportOf(error, { json: false, withStack: false });
    expect(text.length).toBeLessThan(10_000);
    expect(text).toMatch(/… \(\d+ characters\)\n {4}iu gate list\n$/);
  });

  it('hold neither values nor a stack of a database error that quotes a value', () => {
    const error = Object.assign(new Error('invalid input syntax for type integer: "geheim"'), {
      code: '22P02',
      detail: 'geheim',
    });
    const { text, exitCode } = reportOf(error, { json: false, withStack: false });
    expect(text).toMatch(/^iu: IU035 .*22P02/);
    expect(text).not.toContain('geheim');
    expect(text).not.toContain('    at ');
    expect(exitCode).toBe(1);
    expect(reportOf(error, { json: false, withStack: true }).text).toContain('    at ');
  });

  it('say that a text cannot be stored, and where it came as JSON before the database sees it', () => {
    const error = Object.assign(new Error('invalid byte sequence'), { code: '22021' });
    expect(reportOf(error, { json: false, withStack: false }).text).toMatch(/^iu: IU031 .*NUL.*22021/);
    for (const text of ['{"a": "\\u0000"}', '{"a": ["\\ud800"]}', '{"\\udc00": 1}', '{"a": "\\\\\\u0000"}'])
      expect(() => jsonObjectText(text), text).toThrow('NUL');
    for (const text of ['{"a": "\\ud83d\\ude00"}', '{"a": "\\\\u0000"}', '{"a": "\ud83d\ude00"}'])
      expect(jsonObjectText(text)).toBe(text);
    const step = { operation_type: 'renumber_piece', unit: 'a', section_code: '\0' };
    expect(() => parseSteps(JSON.stringify(step))).toThrow('NUL');
  });

  it('name the file that was named and cannot be read, a folder as well', async () => {
    for (const path of ['/', '/nowhere/at/all']) {
      for (const words of [
        ['structure', 'plan', `@${path}`, '--actor', 'ann'],
        ['report', 'compare', path, path],
        ['event', 'emit', 'iu', 'x', '--subject-table', 't', '--subject-ref', 'r', '--payload-file', path],
      ])
        expect((await runIu(words)).stderr, words.join(' ')).toContain(`iu: IU040 ${path} cannot be read: E`);
    }
  });

  it('name the object of a refused right', () => {
    const error = Object.assign(new Error('permission denied for function fn_iu_gate_set'), { code: '42501' });
    expect(asIuError(error)).toMatchObject({ code: 'IU004' });
    expect(asIuError(error).message).toContain('fn_iu_gate_set');
  });

  it('name the group role that may do what was refused, and none where it is about nothing of ours', () => {
    const hintOf = (message: string) => asIuError(Object.assign(new Error(message), { code: '42501' })).hint;
    expect(hintOf('permission denied for function fn_iu_gate_set')).toMatch(/^That is for iu_operator: /);
    expect(hintOf('permission denied for function fn_iu_route_approve')).toMatch(/^That is for iu_approver: /);
    expect(hintOf('permission denied for function fn_iu_prune_start')).toMatch(/^That is for iu_core_pruner: /);
    expect(hintOf('permission denied for table event_outbox')).toMatch(/^That is for iu_operator: /);
    for (const foreign of ['permission denied to create database', 'permission denied for table orders'])
      expect(hintOf(foreign)).not.toContain('iu_');
  });

  it('call a file that cannot be used by its name and no defect', () => {
    const error = Object.assign(new Error('x'), { code: 'EACCES', syscall: 'open', path: '/backups/a.json' });
    const { text, exitCode } = reportOf(error, { json: false, withStack: false });
    expect(text).toMatch(/^iu: IU040 .*EACCES, open \/backups\/a\.json/);
    expect(text).toContain('rights of its folder');
    expect(exitCode).toBe(1);
  });

  it('tell a session that the server ended and a login that it refused from a statement that it refused', () => {
    const codeOf = (code: string) => asIuError(Object.assign(new Error('said by the server'), { code })).code;
    expect(['57P01', '53300', '28P01', '3D000', '57014', '23505'].map(codeOf)).toEqual([
      'IU001',
      'IU009',
      'IU007',
      'IU008',
      'IU035',
      'IU035',
    ]);
  });

  it('call anything unknown a defect and exit with 70', () => {
    expect(reportOf(new TypeError('payload geheim'), { json: false, withStack: false })).toEqual({
      text: expect.not.stringContaining('geheim'),
      exitCode: 70,
    });
  });
});

describe('log lines', () => {
  it('drop every field that is not allow-listed, and nested values', () => {
    expect(allowedOnly({ workerName: 'w', payload: 'geheim', reason: { deep: 'geheim' }, seen: 3 })).toEqual({
      workerName: 'w',
      seen: 3,
    });
    const lines: string[] = [];
    const log = createLogger('info', { write: (line: string) => lines.push(line) });
    log.debug('not shown');
    log.info('pass ended', { workerName: 'w', ...{ url: 'postgres://u:geheim@h' } });
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 'info', msg: 'pass ended', workerName: 'w' });
    expect(lines[0]).not.toContain('geheim');
  });
});

function attempt(changes: Partial<StoryAttempt>): StoryAttempt {
  const base = { attempt_id: '1', attempt_no: 1, route_id: 3, route_code: 'crm', route_version: 2, reason: null };
  const rest = {
    delivered: false,
    failure_code: null,
    failure_detail: null,
    started_at: '2026-01-01T00:00:01Z',
    run_id: '1',
    route_removed: false,
  };
  return { ...base, ...rest, status: 'dry_run', ...changes };
}

function story(changes: Partial<EventStory>): EventStory {
  return {
    event: {
      ...{
        seq: '5',
        id: '00000000-0000-0000-0000-000000000005',
        tx_id: '900',
        event_domain: 'iu',
        event_type: 'unit_created',
      },
      ...{
        event_stream: 'birth',
        delivery_lane: 'delayed',
        event_severity: null,
        event_subject_table: 'information_unit',
      },
      ...{
        event_subject_ref: 'u1',
        canonical_address: '',
        actor_ref: 'ann',
        correlation_id: null,
        source_system: 'iu_core',
      },
      ...{
        occurred_at: '2026-01-01T00:00:00Z',
        created_at: '2026-01-01T00:00:00Z',
        payload_classification: 'safe_metadata',
        safe_payload: '{"a": 1}',
      },
    },
    state: 'decided',
    worker_name: 'w',
    attempts: [attempt({})],
    dead_letters: [],
    deliveries: [],
    ...changes,
  };
}

describe('the story of an event', () => {
  it('tells when, by whom, what, which worker and each attempt with route version and reason', () => {
    const text = storyLines(story({ attempts: [attempt({ status: 'skipped', reason: 'route_disabled' })] })).join('\n');
    expect(text).toContain('iu/unit_created about information_unit u1.');
    expect(text).toContain('Recorded 2026-01-01T00:00:00Z by ann from iu_core');
    expect(text).toContain('Decided for worker w; one attempt:');
    expect(text).toContain('Route crm, version 2, attempt 1: skipped (the route was disabled).');
    expect(text).toContain('iu route enable crm --reason TEXT, then iu event revive --route crm');
    expect(text).toContain('{"a": 1}');
  });

  it('says what to do next by the latest attempt of each route only', () => {
    const twice = [attempt({ status: 'skipped', reason: 'route_disabled' }), attempt({ attempt_no: 2 })];
    expect(nextSteps(story({ attempts: twice }))).toEqual(['Nothing: the event came to its end.']);
    const ofRemoved = [attempt({ status: 'skipped', reason: 'route_disabled', route_removed: true })];
    expect(nextSteps(story({ attempts: ofRemoved }))).toEqual(['Nothing: the event came to its end.']);
    expect(nextSteps(story({ state: 'without_owner', attempts: [], worker_name: null }))[0]).toContain(
      'iu cursor register',
    );
    expect(nextSteps(story({ state: 'undecided', attempts: [] }))[0]).toContain('iu worker --once');
  });

  it('proposes no sending of an event that was redacted', () => {
    const { event } = story({});
    const redacted = story({
      event: { ...event, safe_payload: '{"iu_redacted": {"sha256": "00", "redaction_id": "1"}}' },
      attempts: [attempt({ status: 'skipped', reason: 'route_disabled' })],
    });
    expect(nextSteps(redacted)).toEqual([expect.stringContaining('It was redacted')]);
  });
});
