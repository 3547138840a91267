// The examples of iu-core/client in the pages are run as they stand: who copies one may not be refused.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { emit, IuError, verifyWebhook } from '../../src/client/index.js';

const root = join(import.meta.dirname, '..', '..');
const read = (page: string) => readFileSync(join(root, page), 'utf8');

/** The value of an expression of a page, with names that its surroundings would have. */
function evaluated(expression: string, names: Readonly<Record<string, unknown>>): unknown {
  return new Function(...Object.keys(names), `return ${expression};`)(...Object.values(names));
}

/** A pg client that keeps the values of the one statement that it is given. */
function recordingClient() {
  const seen: unknown[][] = [];
  const query = async (_: string, values: unknown[]) => {
    seen.push(values);
    return { rows: [{ event_id: 'e', event_seq: '1', is_new: true, suppressed: false }] };
  };
  return { seen, query };
}

describe('examples of the client', () => {
  it.each(['README.md', 'docs/how-to/emit-events.md'])('%s emits', async (page) => {
    const [example] = /emit\(client, \{[\s\S]*?\}\)(?=;)/.exec(read(page)) ?? [];
    expect(example, page).toBeDefined();
    const client = recordingClient();
    await evaluated(example ?? '', { emit, client, id: 4711, orderId: 4711 });
    expect(client.seen[0]?.slice(0, 4)).toEqual(['orders', 'order_paid', 'orders', '4711']);
    expect(client.seen[0]?.[4]).toBe('{"total":"12.50"}');
  });

  it('docs/how-to/receive-events.md verifies without an old secret, which is the case on most days', () => {
    const [example] = /verifyWebhook\(.*\](?:, \{.*\})?\)/.exec(read('docs/how-to/receive-events.md')) ?? [];
    expect(example).toBeDefined();
    const SECRET = `whsec_${randomBytes(32).toString('base64')}`;
    const names = { verifyWebhook, request: { headers: {} }, rawBody: '{}', process: { env: { SECRET } } };
    const refusal = (() => {
      try {
        return evaluated(example ?? '', names);
      } catch (error) {
        return error;
      }
    })();
    expect(refusal).toBeInstanceOf(IuError);
    // The request has no headers: what is refused is the request (400), not the secrets of the receiver (500).
    expect(refusal).toMatchObject({ code: 'IU460', httpStatus: 400 });
  });
});
