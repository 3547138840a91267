import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compatibilityPartitioner } from '@platformatic/kafka';
import { afterAll, describe, expect, it } from 'vitest';
import { parseServer } from '../../src/deliver/broker/settings.js';
import { topicFindings } from '../../src/deliver/kafka/check.js';
import { loadKafkaLibrary } from '../../src/deliver/kafka/client.js';
import { readKafkaSettings } from '../../src/deliver/kafka/settings.js';
import { verdictOfCode, verdictsOfError, verdictWithoutAnswer } from '../../src/deliver/kafka/verdict.js';
import { mayMatch, streamFindings } from '../../src/deliver/nats/check.js';
import { publishFailure } from '../../src/deliver/nats/failure.js';
import { readNatsSettings } from '../../src/deliver/nats/settings.js';
import { subjectOf } from '../../src/deliver/nats/subject.js';
import { brokerRoute, brokerSurroundings } from '../support/broker-route.js';
import { aDelivery } from '../support/delivery.js';

const folder = mkdtempSync(join(tmpdir(), 'iu-core-brokers-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const nats = (config: Record<string, unknown>, environment: Record<string, string> = {}, targetRef = 'iu.events') =>
  readNatsSettings(brokerRoute('nats', targetRef, { servers: ['127.0.0.1:4222'], stream: 'S', ...config }), {
    ...brokerSurroundings,
    environment,
  });
const kafka = (config: Record<string, unknown>, environment: Record<string, string> = {}, targetRef = 'events') =>
  readKafkaSettings(brokerRoute('kafka', targetRef, { brokers: ['127.0.0.1:9092'], ...config }), {
    ...brokerSurroundings,
    environment,
  });

describe('settings of a broker', () => {
  it('reads servers as host and port, and nothing that is a URL', () => {
    expect(parseServer('nats.example', 4222)).toEqual({ host: 'nats.example', port: 4222 });
    expect(parseServer('10.0.0.1:80', 4222)).toEqual({ host: '10.0.0.1', port: 80 });
    expect(parseServer('[::1]:9092', 4222)).toEqual({ host: '::1', port: 9092 });
    for (const text of ['nats://h:1', 'u:p@h:1', 'h:99999', 'h:1/x', 'h 1', '', '::1']) {
      expect(parseServer(text, 4222), text).toBeUndefined();
    }
  });

  it('refuses a server that is not listed, whichever kind of broker and however it is written', async () => {
    for (const server of ['10.1.1.1:4222', 'metadata.internal', '167837953:4222', '[::1]:4222']) {
      await expect(nats({ servers: ['127.0.0.1:4222', server] }), server).rejects.toMatchObject({ code: 'IU473' });
      await expect(kafka({ brokers: [server] }), server).rejects.toMatchObject({ code: 'IU473' });
    }
  });

  it('refuses unknown keys and malformed values by their name, and never repeats a value', async () => {
    await expect(nats({ server: 'x' })).rejects.toMatchObject({
      code: 'IU454',
      message: expect.stringContaining('server'),
    });
    await expect(kafka({ acks: 1 })).rejects.toMatchObject({ code: 'IU454', message: expect.stringContaining('acks') });
    await expect(kafka({ tls: { rejectUnauthorized: false } })).rejects.toMatchObject({ code: 'IU454' });
    await expect(nats({ stream: 'a.b' })).rejects.toMatchObject({ code: 'IU454' });
    const failure = await nats({ token: 'hunter2-in-plain-text' }).catch((error: Error) => error);
    expect(failure).toMatchObject({ code: 'IU454', message: expect.stringContaining('token') });
    expect(String((failure as Error).message)).not.toContain('hunter2');
  });

  it('reads credentials from where the reference points, when the target opens', async () => {
    const file = join(folder, 'password');
    writeFileSync(file, 's3cret\n');
    expect(await nats({ user: 'env:WHO', password: `file:${file}` }, { WHO: 'iu' })).toMatchObject({
      login: { kind: 'user', user: 'iu', password: 's3cret' },
    });
    await expect(nats({ token: 'env:MISSING' })).rejects.toMatchObject({ code: 'IU451' });
    const sasl = { mechanism: 'SCRAM-SHA-512', username: 'env:WHO', password: `file:${file}` };
    expect((await kafka({ sasl }, { WHO: 'iu' })).connection.sasl).toEqual({
      mechanism: 'SCRAM-SHA-512',
      username: 'iu',
      password: 's3cret',
    });
  });

  it('refuses credentials that contradict each other, and a readable password without tls', async () => {
    const environment = { A: 'a', B: 'b' };
    await expect(nats({ user: 'env:A' }, environment)).rejects.toMatchObject({ code: 'IU474' });
    await expect(nats({ token: 'env:A', nkey: 'env:B' }, environment)).rejects.toMatchObject({ code: 'IU474' });
    const sasl = { mechanism: 'PLAIN', username: 'env:A', password: 'env:B' };
    await expect(kafka({ sasl }, environment)).rejects.toMatchObject({ code: 'IU474' });
    expect((await kafka({ sasl, tls: {} }, environment)).connection).toMatchObject({
      sasl: { mechanism: 'PLAIN' },
      tls: {},
    });
  });

  it('refuses certificate files that are missing or hold no certificate', async () => {
    const file = join(folder, 'ca.pem');
    writeFileSync(file, 'no certificate');
    await expect(nats({ tls: { ca_file: file } })).rejects.toMatchObject({ code: 'IU458' });
    await expect(kafka({ tls: { ca_file: join(folder, 'nowhere.pem') } })).rejects.toMatchObject({ code: 'IU458' });
    await expect(kafka({ tls: { ca_file: 'relative.pem' } })).rejects.toMatchObject({ code: 'IU454' });
  });

  it('refuses what is no name of a topic', async () => {
    for (const topic of ['', '.', '..', 'a b', 'a/b', 'ä', 'x'.repeat(250)]) {
      await expect(kafka({}, {}, topic), topic).rejects.toMatchObject({ code: 'IU472' });
    }
  });
});

describe('the client of a broker', () => {
  it('is loaded with the first route of its kind only: no file of src imports it but by type or on demand', () => {
    const src = new URL('../../src/', import.meta.url).pathname;
    const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));
    const eager = files.filter((path) =>
      /^import (?!type )[^;]*from '(@nats-io|@platformatic)\//m.test(readFileSync(join(src, path), 'utf8')),
    );
    expect(eager).toEqual([]);
  });

  it('is named with the command that installs it when it is missing, and with the version that was tried', async () => {
    const missing = Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' });
    const failure = await loadKafkaLibrary(() => Promise.reject(missing)).catch((error: unknown) => error);
    const { peerDependencies } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    const command = `npm install @platformatic/kafka@${peerDependencies['@platformatic/kafka']}`;
    expect(failure).toMatchObject({ code: 'IU470', hint: expect.stringContaining(command) });
    await expect(loadKafkaLibrary(() => Promise.reject(new TypeError('x')))).rejects.toThrow(TypeError);
  });
});

describe('the subject of a nats route', () => {
  const { event } = aDelivery({ event: { domain: 'shop', type: 'order.paid > now', stream: 'up date' } });

  it('puts values of the event in as one token each', () => {
    expect(subjectOf('iu.{domain}.{type}.{stream}', 'r')(event)).toBe('iu.shop.order_paid___now.up_date');
    expect(subjectOf('iu.x-{domain}', 'r')(event)).toBe('iu.x-shop');
  });

  it('refuses wildcards, white space, empty tokens, subjects of the server and unknown placeholders', () => {
    for (const ref of ['', 'a..b', '.a', 'a.', 'a b', 'a.*', 'a.>', '$JS.API', 'a.{seq}', 'a.{domain', 'é', 'a\nb']) {
      expect(() => subjectOf(ref, 'r'), JSON.stringify(ref)).toThrow(expect.objectContaining({ code: 'IU471' }));
    }
  });

  it('is looked for among the subjects of the stream', () => {
    for (const pattern of ['iu.>', 'iu.*.*', 'iu.shop.*', '*.{x}.*', '>']) {
      expect(mayMatch(pattern, 'iu.{domain}.{type}'), pattern).toBe(true);
    }
    for (const pattern of ['iu.*', 'other.>', 'iu.*.*.*', 'iu.*.*.>']) {
      expect(mayMatch(pattern, 'iu.{domain}.{type}'), pattern).toBe(false);
    }
  });
});

describe('outcome of a nats publish', () => {
  const named = (name: string, fields: Record<string, unknown> = {}) =>
    Object.assign(new Error('text'), { name, ...fields });

  it('is failed only for what the server refused or what was not written', () => {
    const api = (code: number, message = 'refused') => Object.assign(named('JetStreamApiError', { code }), { message });
    expect(publishFailure(api(10077, 'maximum messages exceeded'))).toMatchObject({
      status: 'failed',
      failureCode: 'stream_full',
    });
    expect(publishFailure(api(10077, 'no space left'))).toMatchObject({
      status: 'failed',
      failureCode: 'store_failed',
    });
    expect(publishFailure(api(10054))).toMatchObject({ failureCode: 'message_too_large', permanent: true });
    expect(publishFailure(api(19999))).toMatchObject({ status: 'failed', failureCode: 'jetstream_error_19999' });
    const noResponders = named('RequestError', { cause: named('NoRespondersError') });
    expect(publishFailure(noResponders)).toMatchObject({ status: 'failed', failureCode: 'no_responders' });
    expect(publishFailure(named('ClosedConnectionError'))).toMatchObject({
      status: 'failed',
      failureCode: 'not_connected',
    });
  });

  it('is unknown for everything else', () => {
    expect(publishFailure(named('TimeoutError'))).toMatchObject({ status: 'unknown', failureCode: 'no_answer' });
    expect(publishFailure(named('RequestError'))).toMatchObject({ status: 'unknown', failureCode: 'connection_lost' });
    expect(publishFailure(named('JetStreamError'))).toMatchObject({ status: 'unknown' });
    expect(publishFailure(new TypeError('x'))).toMatchObject({ status: 'unknown' });
    expect(publishFailure(undefined)).toMatchObject({ status: 'unknown' });
  });
});

describe('verdict over a kafka request', () => {
  const answered = (answers: { index: number; errorCode: number; baseOffset: bigint }[]) => ({
    code: 'PLT_KFK_MULTIPLE',
    errors: [{ code: 'PLT_KFK_RESPONSE', errors: [], response: { responses: [{ partitionResponses: answers }] } }],
    produced: { offsets: [{ topic: 't', partition: 9, offset: 4n }] },
  });

  it('is refused only for the answers that say so, and unclear for those that are not known', () => {
    expect(verdictOfCode(0, 5n)).toEqual({ kind: 'stored', baseOffset: 5n });
    expect(verdictOfCode(10, 0n)).toMatchObject({ kind: 'refused', permanent: true });
    expect(verdictOfCode(19, 0n)).toEqual({ kind: 'refused', failureCode: 'not_enough_replicas' });
    for (const code of [7, 13, 20, 46, 56, -1, 12345])
      expect(verdictOfCode(code, 0n), String(code)).toMatchObject({ kind: 'unclear' });
  });

  it('is one a partition, and says that the numbers of what was stored beside a refusal are lost', () => {
    const error = answered([
      { index: 0, errorCode: 6, baseOffset: -1n },
      { index: 1, errorCode: 0, baseOffset: 7n },
    ]);
    const { verdicts, isSequenceLost } = verdictsOfError(error, new Set([0, 1, 9]));
    expect(Object.fromEntries(verdicts)).toMatchObject({
      0: { kind: 'refused', isStale: true },
      1: { kind: 'stored', baseOffset: 7n },
      9: { kind: 'stored' },
    });
    expect(isSequenceLost).toBe(true);
  });

  it('is none for an answer that was misread: a partition that was not asked about, or twice the same', () => {
    const misread = answered([
      { index: 0, errorCode: 6, baseOffset: -1n },
      { index: 589_824, errorCode: 0, baseOffset: 0n },
    ]);
    expect([...verdictsOfError(misread, new Set([0, 1, 9])).verdicts.keys()]).toEqual([9]);
    const twice = answered([
      { index: 1, errorCode: 0, baseOffset: 0n },
      { index: 1, errorCode: 0, baseOffset: 0n },
    ]);
    expect(verdictsOfError(twice, new Set([0, 1, 9]))).toMatchObject({ isSequenceLost: false });
  });

  it('is unwritten only when nothing but connecting failed', () => {
    const refused = {
      code: 'PLT_KFK_NETWORK',
      message: 'Connection to h:1 failed.',
      cause: { code: 'ECONNREFUSED', message: 'x' },
    };
    const closed = { code: 'PLT_KFK_NETWORK', message: 'Connection closed' };
    expect(verdictWithoutAnswer({ errors: [refused] })).toEqual({ kind: 'unwritten', failureCode: 'connect_refused' });
    expect(verdictWithoutAnswer({ errors: [refused, closed] })).toEqual({
      kind: 'unclear',
      failureCode: 'connection_lost',
    });
    expect(verdictWithoutAnswer({ code: 'OUT_OF_BOUNDS', message: 'Out of bounds.' })).toEqual({
      kind: 'unclear',
      failureCode: 'answer_unreadable',
    });
    expect(verdictWithoutAnswer(undefined)).toMatchObject({ kind: 'unclear' });
  });

  it('chooses partitions as the clients of Kafka itself do', () => {
    // murmur2 of these texts as the tests of Kafka's own clients have it, made positive by the mask of 31 bits.
    const known: Record<string, number> = {
      '21': -973932308,
      foobar: -790332482,
      'a-little-bit-long-string': -985981536,
      abc: 479470107,
    };
    for (const [text, hash] of Object.entries(known)) {
      const key = Buffer.from(text);
      expect(compatibilityPartitioner({ topic: 't', value: key }, key), text).toBe(hash & 0x7fffffff);
    }
  });
});

describe('unsafe settings of a broker', () => {
  const stream = {
    stream: 'S',
    replicas: 3,
    storage: 'file',
    duplicateWindowSeconds: 7_200,
    discard: 'new',
    hasSizeLimit: true,
    maxAgeSeconds: 0,
    maxMessageBytes: -1,
    confirms: true,
    isSealed: false,
    replicasBehind: 0,
  };
  const topic = {
    topic: 'T',
    replicas: 3,
    partitionsBehind: 0,
    partitionsWithoutLeader: 0,
    settings: new Map([
      ['min.insync.replicas', '2'],
      ['max.message.bytes', '2000000'],
      ['cleanup.policy', 'delete'],
      ['unclean.leader.election.enable', 'false'],
    ]),
  };

  it('of a stream are each told, and a safe one has none', () => {
    expect(streamFindings(stream)).toEqual([]);
    const changes = [
      { replicas: 1 },
      { storage: 'memory' },
      { duplicateWindowSeconds: 120 },
      { discard: 'old' },
      { maxMessageBytes: 65_536 },
      { replicasBehind: 1 },
    ];
    for (const change of changes) {
      expect(streamFindings({ ...stream, ...change }), JSON.stringify(change)).toMatchObject([{ severity: 'warning' }]);
    }
    expect(streamFindings({ ...stream, discard: 'old', hasSizeLimit: false })).toEqual([]);
    for (const change of [{ confirms: false }, { isSealed: true }]) {
      expect(streamFindings({ ...stream, ...change })).toMatchObject([{ severity: 'error' }]);
    }
  });

  it('of a topic are each told, and a safe one has none', () => {
    expect(topicFindings(topic)).toEqual([]);
    const change = (key: string, value: string) => ({ ...topic, settings: new Map([...topic.settings, [key, value]]) });
    for (const facts of [
      change('min.insync.replicas', '1'),
      change('max.message.bytes', '1048588'),
      change('cleanup.policy', 'compact,delete'),
      change('unclean.leader.election.enable', 'true'),
      { ...topic, replicas: 2 },
      { ...topic, partitionsBehind: 1 },
      { ...topic, settings: undefined },
    ]) {
      expect(topicFindings(facts)).toMatchObject([{ severity: 'warning' }]);
    }
    expect(topicFindings({ ...topic, partitionsWithoutLeader: 1 })).toMatchObject([{ severity: 'error' }]);
  });
});
