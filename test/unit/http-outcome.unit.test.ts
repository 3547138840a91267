import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keptAnswerText } from '../../src/contract/delivery/answer-text.js';
import { directusOutcome } from '../../src/contract/delivery/directus-answer.js';
import { httpOutcome, retryAfterSeconds } from '../../src/contract/delivery/http-outcome.js';

const now = Date.parse('2026-01-31T12:00:00Z');
const outcome = (status: number, retryAfter?: string) => httpOutcome({ status, retryAfter }, now);

describe('outcome of an HTTP status', () => {
  it('is sent for every 2xx', () => {
    for (let status = 200; status < 300; status += 1)
      expect(outcome(status)).toEqual({ status: 'sent', detail: `${status}` });
  });

  it('is a failed redirect for every 3xx', () => {
    for (let status = 300; status < 400; status += 1) {
      expect(outcome(status)).toEqual({ status: 'failed', failureCode: 'redirect', failureDetail: `${status}` });
    }
  });

  it('is failed for good only where the same request gets the same answer', () => {
    const permanent = Array.from({ length: 500 }, (_, index) => index + 400).filter((status) => {
      const failed = outcome(status);
      expect(failed).toMatchObject({ status: 'failed', failureCode: `http_${status}` });
      return failed.status === 'failed' && failed.permanent === true;
    });
    expect(permanent).toEqual([400, 413, 414, 415, 422, 431]);
  });

  it('pauses the route for 410 and nothing else', () => {
    const pausing = Array.from({ length: 800 }, (_, index) => index + 200).filter((status) => {
      const failed = outcome(status);
      return failed.status === 'failed' && failed.pauseRoute === true;
    });
    expect(pausing).toEqual([410]);
  });

  it.each([
    ['0', 0],
    ['120', 120],
    [' 120 ', 120],
    ['1000000000000', 31_536_000],
    ['9'.repeat(400), 31_536_000],
    ['Sat, 31 Jan 2026 12:01:00 GMT', 60],
    ['Sat, 31 Jan 2026 12:00:00 GMT', 0],
    ['Thu, 31 Dec 9999 23:59:59 GMT', 31_536_000],
  ])('reads retry-after %s', (text, seconds) => {
    expect(retryAfterSeconds(text, now)).toBe(seconds);
    expect(outcome(503, text)).toMatchObject({ retryAfterSeconds: seconds });
  });

  it.each([
    ['nothing', ''],
    ['a negative number', '-5'],
    ['a fraction', '1.5'],
    ['an exponent', '1e3'],
    ['a word', 'soon'],
    ['an unbounded number', '9'.repeat(401)],
    ['a time that has passed', 'Sat, 31 Jan 2026 11:59:00 GMT'],
    ['a date in ISO form', '2026-01-31T12:01:00Z'],
    ['a date that does not exist', 'Sat, 99 Jan 2026 12:01:00 GMT'],
    ['digits of another script', '１２０'],
  ])('ignores %s as retry-after', (_what, text) => {
    expect(outcome(503, text)).not.toHaveProperty('retryAfterSeconds');
  });

  it('passes retry-after on when it is tried again, and only then', () => {
    for (const status of [302, 401, 408, 425, 429, 500, 503])
      expect(outcome(status, '7')).toHaveProperty('retryAfterSeconds', 7);
    for (const status of [200, 400, 422]) expect(outcome(status, '7')).not.toHaveProperty('retryAfterSeconds');
  });
});

describe('text of an answer that is kept', () => {
  it('is one line of at most 200 characters without controls and direction marks', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 2_000 }), (answer) => {
        const kept = keptAnswerText(answer, []);
        expect([...kept].length).toBeLessThanOrEqual(200);
        expect(kept).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      }),
      { numRuns: 1_000 },
    );
    expect(keptAnswerText('a\r\nb\u001b[31mc\u202ed', [])).toBe('a b [31mc d');
  });

  it('does not repeat words of the payload or of secrets', () => {
    const kept = keptAnswerText('invalid total 12345 for alice; sent Bearer abc.def-ghi', [
      '{"total": 12345, "customer": "alice"}',
      'Bearer abc.def-ghi',
    ]);
    expect(kept).toBe('invalid […] […] for […]; sent […] […].[…]-[…]');
  });
});

describe('outcome of a Directus flow', () => {
  const judged = (
    status: number,
    text: string,
    options: { cut?: boolean; duplicateIsSent?: boolean; emptyIsSent?: boolean } = {},
  ) => {
    const { cut = false, duplicateIsSent = false, emptyIsSent = false } = options;
    const byStatus = httpOutcome({ status, retryAfter: undefined }, now);
    return directusOutcome(byStatus, { status, text, cut }, { duplicateIsSent, emptyIsSent });
  };
  /** As 11.3.5 writes it. */
  const notUnique =
    '{"name":"DirectusError","extensions":{"collection":"received_events","field":"delivery_id"},"code":"RECORD_NOT_UNIQUE","status":400}';

  it.each([
    ['an error of the database', notUnique, 'RECORD_NOT_UNIQUE (400)'],
    ['an error of permissions', '{"name":"DirectusError","code":"FORBIDDEN","status":403}', 'FORBIDDEN (403)'],
    ['a list of errors', '{"errors":[{"message":"canary","extensions":{"code":"FORBIDDEN"}}]}', 'FORBIDDEN'],
    ['a list of something', ' {"errors":["canary"]}', 'errors'],
    [
      'a condition that is not met',
      '[{"_original":{"$trigger":{"headers":{"x":"canary"}}},"details":[]}]',
      'condition not met',
    ],
    [
      'a condition that is not met, of 11.17.4',
      '[{"name":"DirectusError","extensions":{"path":["canary"],"valid":"canary"},"code":"FAILED_VALIDATION","status":400}]',
      'FAILED_VALIDATION (400)',
    ],
    [
      'an error with a code of somebody',
      '{"name":"DirectusError","code":"canary-1","status":422}',
      'DirectusError (422)',
    ],
    ['an error of a library', '{"name":"JsonWebTokenError","message":"canary"}', 'JsonWebTokenError'],
    [
      'a request that was answered with an error',
      '{"status":502,"statusText":"canary","headers":{"x":"canary"},"data":{"x":"canary"}}',
      'request (502)',
    ],
    ['all data, with an error last', `{"$trigger":{"body":"canary"},"$last":${notUnique}}`, 'RECORD_NOT_UNIQUE (400)'],
  ])('is failed for a 200 with %s, and nothing of its text is kept', (_what, text, said) => {
    expect(judged(200, text)).toEqual({
      status: 'failed',
      failureCode: 'flow_failed',
      failureDetail: `200, but the flow failed: ${said}`,
    });
  });

  it.each([
    ['errors that were cut', '{"errors":[{"message":"x', 'failed'],
    ['a condition that was cut', '[{"_original":{"$trigger":{', 'failed'],
    ['an error that was cut', '{"name":"DirectusError","extensions":{"value":"x', 'failed'],
    ['a condition of 11.17.4 that was cut', '[{"name":"DirectusError","extensions":{"valid":"x', 'failed'],
    ['a request that failed and was cut', '{"status":500,"statusText":"x","headers":{"x', 'failed'],
    ['a request that was cut', '{"status":200,"statusText":"x","headers":{"x', 'sent'],
    ['all data that was cut', '{"$trigger":{"path":"', 'unknown'],
    ['data that was cut', '[{"id":1},{"id":', 'sent'],
  ])('is told by the beginning of %s', (_what, text, status) => {
    expect(judged(200, text, { cut: true }).status).toBe(status);
  });

  it.each([
    '[1]',
    '{"id":1}',
    '{"code":"A","status":"published"}',
    '{"code":"A","status":200}',
    '{"name":"Trial and Error","status":3}',
    '[{"code":"A","status":404}]',
    '{"status":200,"statusText":"OK","headers":{},"data":[]}',
    '{"status":404,"headers":{},"data":[]}',
    '{"errors":[]}',
    '"x"',
    'text',
    '{broken',
    '0',
    '[]',
    '{"$trigger":{},"$last":[1]}',
  ])('is sent for the data %s', (text) => expect(judged(200, text)).toEqual({ status: 'sent', detail: '200' }));

  it.each([
    [204, ''],
    [200, ''],
    [200, 'null'],
    [200, '{}'],
    [200, '{"path":"/","query":{},"body":{"id":"1"},"method":"POST","headers":{}}'],
    [200, '{"$trigger":{},"$last":{}}'],
    [200, '{"$trigger":{},"$last":null}'],
  ])(
    'is unknown for %d with %j, where failed flows look like good ones, or sent if the route says so',
    (status, text) => {
      expect(judged(status, text)).toMatchObject({ status: 'unknown', failureCode: 'flow_unclear' });
      expect(judged(status, text, { emptyIsSent: true })).toEqual({ status: 'sent', detail: `${status} without data` });
    },
  );

  it('is sent when the code says that an earlier attempt was stored and the route says that this counts', () => {
    const lenient = { duplicateIsSent: true };
    expect(judged(200, notUnique, lenient)).toEqual({ status: 'sent', detail: '200 already stored' });
    expect(judged(500, '{"errors":[{"extensions":{"code":"RECORD_NOT_UNIQUE"}}]}', lenient)).toMatchObject({
      status: 'sent',
    });
    expect(judged(200, '{"code":"FORBIDDEN","status":403}', lenient)).toMatchObject({ status: 'failed' });
  });

  it('says for 403 what it may mean, and is tried again', () => {
    const forbidden = judged(403, '{"errors":[{"message":"canary","extensions":{"code":"FORBIDDEN"}}]}');
    expect(forbidden).toEqual({
      status: 'failed',
      failureCode: 'http_403',
      failureDetail: expect.stringMatching(/^403: the flow is unknown, inactive or not triggered by this method, or /),
    });
  });

  it('keeps no text of a flow', () => {
    const kept = JSON.stringify(judged(200, '{"code":"canary text","status":400,"errors":[{"message":"canary"}]}'));
    expect(kept).not.toContain('canary');
  });
});
