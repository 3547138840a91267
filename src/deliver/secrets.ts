import { open } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { IuError } from '../contract/errors/index.js';

/** Where `env:NAME` is looked up. */
export type SecretEnvironment = Readonly<Record<string, string | undefined>>;

/** Largest file that is read as a secret. */
const mostSecretBytes = 65_536;

/** A name that begins like a signing key is one that was put in the place of its name: it must not be taken, and then shown, as a name. */
const referenceForm = /^(env:(?!whs[ek]c?_)[A-Za-z_][A-Za-z0-9_]*|file:[^\s\0]+)$/;

/** True for the text of a reference, `env:NAME` or `file:/PATH`. Says nothing about whether it can be resolved. */
export function isSecretReference(value: unknown): value is string {
  return (
    typeof value === 'string' && referenceForm.test(value) && (value.startsWith('env:') || isAbsolute(value.slice(5)))
  );
}

/**
 * The value behind a reference, read now, so that a changed file counts at once. Line ends at the end of a file are no part of it.
 *
 * Throws IU450 (no reference), IU451 (variable not set or empty), IU452 (file unreadable, empty, too large or not a file). Messages
 * name the reference, never a value.
 */
export async function readSecret(reference: string, environment: SecretEnvironment): Promise<string> {
  // The text is not repeated: what is no reference may be the secret itself.
  if (!isSecretReference(reference)) throw new IuError('IU450');
  if (reference.startsWith('env:')) {
    const value = environment[reference.slice(4)];
    if (value === undefined || value === '') {
      throw new IuError('IU451', { message: `${reference}: the variable is not set or empty`, reference });
    }
    return value;
  }
  const value = (await readSecretFile(reference)).replace(/[\r\n]+$/, '');
  if (value === '') throw unreadable(reference, 'the file is empty');
  return value;
}

function unreadable(reference: string, why: string): IuError {
  return new IuError('IU452', { message: `${reference}: ${why}`, reference });
}

async function readSecretFile(reference: string): Promise<string> {
  const path = reference.slice('file:'.length);
  const handle = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    throw unreadable(reference, `the file cannot be opened (${error.code ?? 'error'})`);
  });
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) throw unreadable(reference, 'this is not a regular file');
    if (stat.size > mostSecretBytes) throw unreadable(reference, `the file is larger than ${mostSecretBytes} bytes`);
    return await handle.readFile('utf8');
  } catch (error) {
    if (error instanceof IuError) throw error;
    throw unreadable(reference, `the file cannot be read (${(error as NodeJS.ErrnoException).code ?? 'error'})`);
  } finally {
    await handle.close();
  }
}

/** One reference of a target_config and whether its value can be read now. */
export interface SecretCheck {
  /** Where it stands, such as `secrets[0]` or `headers.authorization`. */
  readonly path: string;
  readonly reference: string;
  readonly readable: boolean;
  /** Why not: IU451 or IU452 and a message without the value. */
  readonly code?: string;
  readonly message?: string;
}

/**
 * Reads every reference that stands in a target_config, of whatever kind of target, at any depth. Never gives a value.
 *
 * A reference is a text that begins with `env:` or `file:`; a malformed one is reported with IU450 and without its text.
 */
export async function checkSecrets(
  targetConfig: Readonly<Record<string, unknown>>,
  environment: SecretEnvironment,
): Promise<readonly SecretCheck[]> {
  const checks: SecretCheck[] = [];
  for (const { path, text } of textsOf(targetConfig)) {
    if (!/^(env|file):/.test(text)) continue;
    try {
      await readSecret(text, environment);
      checks.push({ path, reference: text, readable: true });
    } catch (error) {
      if (!(error instanceof IuError)) throw error;
      const reference = error.code === 'IU450' ? `${text.slice(0, text.indexOf(':'))}:…` : text;
      checks.push({ path, reference, readable: false, code: error.code, message: error.message });
    }
  }
  return checks;
}

/** Every text in a value read from JSON, with where it stands. jsonb nests up to 64 levels here, so the walk keeps a stack of its own. */
function textsOf(config: Readonly<Record<string, unknown>>): { path: string; text: string }[] {
  const found: { path: string; text: string }[] = [];
  const open: { path: string; value: unknown }[] = [{ path: '', value: config }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { path, value } = next;
    if (typeof value === 'string') {
      found.push({ path, text: value });
    } else if (Array.isArray(value)) {
      for (const [index, item] of value.entries()) open.push({ path: `${path}[${index}]`, value: item });
    } else if (typeof value === 'object' && value !== null) {
      for (const [key, item] of Object.entries(value)) {
        open.push({ path: path === '' ? key : `${path}.${key}`, value: item });
      }
    }
  }
  return found.sort((left, right) => (left.path < right.path ? -1 : 1));
}
