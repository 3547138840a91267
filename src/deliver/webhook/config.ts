import { z } from 'zod';
import { IuError } from '../../contract/errors/index.js';
import { isSecretReference } from '../secrets.js';

/** Headers that the request itself, the connection or the signature owns. */
const ownHeaders = new Set([
  'host',
  'connection',
  'keep-alive',
  'transfer-encoding',
  'te',
  'trailer',
  'upgrade',
  'expect',
  'via',
  'forwarded',
  'accept-encoding',
  'date',
  'user-agent',
  'traceparent',
  'tracestate',
]);
const ownPrefixes = ['content-', 'webhook-', 'proxy-', 'sec-', 'iu-', 'x-forwarded-'];
/** Headers that carry a credential by their name: their value is a reference. */
const credentialHeader =
  /^(authorization|cookie)$|(^|-)(key|token|secret|passw(or)?d|auth|credentials?|signature)($|-)/;
const headerName = /^[a-z0-9!#$%&'*+.^_`|~-]{1,100}$/;

/** A header value that can be sent: one line of printable ASCII, at most 4096 characters. */
export function isHeaderValue(value: string): boolean {
  return /^[\x21-\x7e](?:[\x20-\x7e]{0,4094}[\x21-\x7e])?$/.test(value);
}

const reference = z.string().refine(isSecretReference, { error: 'is not a reference env:NAME or file:/PATH' });
const references = z.union([reference, z.array(reference).min(1).max(8)]);

const headers = z.record(z.string(), z.string()).superRefine((value, context) => {
  const names = new Set<string>();
  for (const [given, text] of Object.entries(value)) {
    const problem = headerProblem(given, text, names);
    if (problem !== undefined)
      context.addIssue({ code: 'custom', message: problem, path: headerName.test(given.toLowerCase()) ? [given] : [] });
  }
});

function headerProblem(given: string, text: string, names: Set<string>): string | undefined {
  const name = given.toLowerCase();
  if (!headerName.test(name)) return 'holds a name that no header can have';
  if (names.has(name)) return 'is given twice';
  names.add(name);
  if (ownHeaders.has(name) || ownPrefixes.some((prefix) => name.startsWith(prefix)))
    return 'belongs to the request itself';
  if (isSecretReference(text)) return undefined;
  if (credentialHeader.test(name)) return 'carries a credential: give it as env:NAME or file:/PATH';
  return isHeaderValue(text) ? undefined : 'has a value that is not one line of printable ASCII';
}

/** Keys of a webhook's target_config, as they stand in the database. */
export const webhookConfigShape = {
  signing: z.enum(['hmac', 'ed25519', 'none']).optional(),
  secrets: references.optional(),
  headers: headers.optional(),
  deadline_seconds: z.number().int().min(1).max(60).optional(),
  max_connections: z.number().int().min(1).max(1024).optional(),
  method: z.enum(['POST', 'PUT']).optional(),
  ca_file: z
    .string()
    .regex(/^\/[^\0]+$/)
    .optional(),
};

/** A target_config that was read. */
export interface WebhookConfig {
  readonly signing: 'hmac' | 'ed25519' | 'none';
  /** References, the newest first; empty when signing is `none`. */
  readonly secretReferences: readonly string[];
  /** Name in lower case and value or reference. */
  readonly headers: readonly (readonly [name: string, valueOrReference: string])[];
  readonly deadlineMilliseconds: number;
  readonly maxConnections: number;
  readonly method: 'POST' | 'PUT';
  readonly caFile: string | undefined;
}

/** Reads a target_config by a shape; throws IU454 that names the key, and never a value. */
export function parseTargetConfig<Shape extends z.ZodRawShape>(
  shape: Shape,
  targetConfig: Readonly<Record<string, unknown>>,
): z.output<z.ZodObject<Shape>> {
  const parsed = z.strictObject(shape).safeParse(targetConfig);
  if (parsed.success) return parsed.data as z.output<z.ZodObject<Shape>>;
  const problems = parsed.error.issues.slice(0, 5).map((issue) => {
    const path = ['target_config', ...issue.path].join('.');
    if (issue.code === 'unrecognized_keys') return `${path} has no key ${issue.keys.join(', ')}`;
    if (issue.code === 'custom') return `${path} ${issue.message}`;
    if (issue.code === 'invalid_union')
      return `${path} is not one reference env:NAME or file:/PATH, or a list of 1 to 8`;
    return `${path}: ${issue.message}`;
  });
  throw new IuError('IU454', { message: problems.join('; ') });
}

/** The parts that webhook and directus_flow share. `defaultSigning` counts when the configuration says nothing. Throws IU454. */
export function webhookConfigOf(
  parsed: z.output<z.ZodObject<typeof webhookConfigShape>>,
  defaultSigning: 'hmac' | 'none',
): WebhookConfig {
  const secretReferences = typeof parsed.secrets === 'string' ? [parsed.secrets] : (parsed.secrets ?? []);
  const signing = parsed.signing ?? (secretReferences.length > 0 ? 'hmac' : defaultSigning);
  if (signing !== 'none' && secretReferences.length === 0) {
    throw new IuError('IU454', {
      message: 'target_config.secrets is missing: a webhook is signed, unless target_config.signing is "none"',
    });
  }
  if (signing === 'none' && secretReferences.length > 0) {
    throw new IuError('IU454', { message: 'target_config.secrets is given, but target_config.signing is "none"' });
  }
  return {
    signing,
    secretReferences,
    headers: Object.entries(parsed.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value] as const),
    deadlineMilliseconds: (parsed.deadline_seconds ?? 15) * 1000,
    maxConnections: parsed.max_connections ?? 128,
    method: parsed.method ?? 'POST',
    caFile: parsed.ca_file,
  };
}
