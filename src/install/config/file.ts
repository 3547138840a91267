import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { IuError } from '../../contract/errors/index.js';
import { errorCode } from '../../store/failure.js';
import { configKeys } from './keys.js';

/** A configuration file that was read. */
export interface ConfigFile {
  readonly path: string;
  readonly values: Readonly<Record<string, unknown>>;
}

/** Reads the file; a missing one is an error only when somebody named it. */
export function readConfigFile(path: string, isNamed: boolean): ConfigFile | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const code = errorCode(error) ?? 'unknown';
    if (code === 'ENOENT' && !isNamed) return undefined;
    throw new IuError('IU012', { message: `The configuration file ${path} cannot be read (${code}).`, path });
  }
  const values = parse(text, path);
  const unknown = Object.keys(values).filter((key) => !configKeys.some((known) => known === key));
  if (unknown.length > 0) {
    throw new IuError('IU011', {
      message: `The configuration file ${path} has an unknown key: ${unknown.join(', ')}.`,
      hint: `Known keys: ${configKeys.join(', ')}.`,
      path,
    });
  }
  // A folder in a file is meant from where the file lies, not from where somebody happens to stand.
  const { dataFolder } = values;
  if (typeof dataFolder !== 'string' || dataFolder === '') return { path, values };
  return { path, values: { ...values, dataFolder: resolve(dirname(path), dataFolder) } };
}

function parse(text: string, path: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's message quotes the text, which may hold a password.
    throw new IuError('IU012', { message: `The configuration file ${path} is not JSON.`, path });
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new IuError('IU012', { message: `The configuration file ${path} is not a JSON object.`, path });
}
