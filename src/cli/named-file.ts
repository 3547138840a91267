import { readFileSync } from 'node:fs';
import { InvalidArgumentError } from 'commander';
import { IuError } from '../contract/errors/index.js';
import { errorCode } from '../store/failure.js';
import { jsonObjectText } from './global-options.js';

/** The text of a file that the command line names, `-` for standard input. IU040 when it cannot be read. */
export function readNamedFile(path: string): string {
  try {
    return readFileSync(path === '-' ? 0 : path, 'utf8');
  } catch (error) {
    const what = path === '-' ? 'standard input' : path;
    throw new IuError('IU040', { message: `${what} cannot be read: ${errorCode(error) ?? 'unreadable'}.` });
  }
}

/** A JSON object that an option gave, or the file that it names: as it was given, so that its numbers stay what they are. */
export function givenJsonObject(option: string, text: string): string {
  try {
    return jsonObjectText(text);
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    throw new IuError('IU031', { message: `What ${option} gives is refused. ${error.message}` });
  }
}
