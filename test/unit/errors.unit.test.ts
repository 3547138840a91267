import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { errorEntries, errorEntry, IuError, iuErrorFromPg } from '../../src/contract/errors/index.js';

const root = new URL('../..', import.meta.url).pathname;

function textOf(folder: string, ending: string): string {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending) && !name.startsWith(join('contract', 'errors')))
    .map((name) => readFileSync(join(root, folder, name), 'utf8'))
    .join('\n');
}

const sql = textOf('sql', '.sql');
const source = textOf('src', '.ts');
const codesIn = (text: string, pattern: RegExp) => [
  ...new Set([...text.matchAll(pattern)].map((match) => match[1] ?? '')),
];

describe('error registry', () => {
  it('registers every code that SQL raises', () => {
    const raised = codesIn(sql, /errcode\s*=\s*'(IU[0-9A-Z]{3})'/g);
    expect(raised.filter((code) => !errorEntry(code))).toEqual([]);
  });

  it('registers every code that TypeScript throws', () => {
    const thrown = codesIn(source, /new IuError\(\s*'(IU[0-9A-Z]{3})'/g);
    expect(thrown.filter((code) => !errorEntry(code))).toEqual([]);
  });

  it('registers each code and each name once', () => {
    expect(new Set(errorEntries.map((entry) => entry.code)).size).toBe(errorEntries.length);
    expect(new Set(errorEntries.map((entry) => entry.name)).size).toBe(errorEntries.length);
  });

  it('holds no code that nothing raises', () => {
    const used = new Set([
      ...codesIn(sql, /'(IU\d{3})'/g),
      ...codesIn(source, /['"](IU\d{3})['"]/g),
      ...codesIn(source, /\b(IU\d{3}):/g),
    ]);
    expect(errorEntries.map((entry) => entry.code).filter((code) => !used.has(code))).toEqual([]);
  });

  it('says for every code what it means and what to do, in sentences', () => {
    for (const entry of errorEntries) {
      expect(entry.code).toMatch(/^IU\d{3}$/);
      expect(entry.name).toMatch(/^[a-z][a-z0-9_]+$/);
      // A sentence may begin with an identifier.
      expect(entry.meaning).toMatch(/^([A-Z`]|[a-z]+_).*\.$/s);
      expect(entry.action).toMatch(/^[A-Z`].*\.$/s);
      expect(entry.httpStatus).toBeGreaterThanOrEqual(400);
      expect(entry.exitCode).toBeGreaterThan(0);
    }
  });
});

describe('IuError', () => {
  it('takes message, hint, status and exit code from the registry when nothing is said', () => {
    const error = new IuError('IU704');
    expect(error.message).toBe(errorEntry('IU704')?.meaning);
    expect(error.hint).toBe(errorEntry('IU704')?.action);
    expect([error.httpStatus, error.exitCode]).toEqual([409, 1]);
  });

  it('keeps what a caller says beside the registry entry', () => {
    const error = new IuError('IU704', { message: 'revision 3 is not finished', revision: 3 });
    expect(error.message).toBe('revision 3 is not finished');
    expect(error.details).toEqual({ revision: 3 });
  });

  it('takes message and hint of a database error and nothing that could hold row values', () => {
    const fromPg = Object.assign(new Error('the event was refused'), {
      code: 'IU704',
      hint: 'send less',
      detail: 'SECRET',
      where: 'SECRET',
      internalQuery: 'SECRET',
      parameters: ['SECRET'],
    });
    const error = iuErrorFromPg(fromPg);
    expect(error).toMatchObject({ code: 'IU704', message: 'the event was refused', hint: 'send less' });
    expect(error?.cause).toBeUndefined();
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('SECRET');
  });

  it('leaves every other error alone', () => {
    expect(iuErrorFromPg(Object.assign(new Error('x'), { code: '23505' }))).toBeUndefined();
    expect(iuErrorFromPg(new Error('x'))).toBeUndefined();
    expect(iuErrorFromPg(null)).toBeUndefined();
  });
});
