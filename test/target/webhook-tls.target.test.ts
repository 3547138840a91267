import { connect as connectTls } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import type { Target } from '../../src/deliver/target.js';
import { aDelivery } from '../support/delivery.js';
import { scriptedDns } from '../support/dns.js';
import { type Sink, type SinkTls, startSink, testAuthorityFile } from '../support/sink.js';
import { openTestWebhook } from '../support/webhook.js';

const dns = scriptedDns();
dns.script('receiver.test', ['127.0.0.1']);

let sink: Sink | undefined;
let target: Target | undefined;
afterEach(async () => {
  await target?.close();
  await sink?.close();
});

async function opened(tls: SinkTls, options: { host?: string; caFile?: string | null } = {}): Promise<Target> {
  sink = await startSink({ tls });
  const caFile = options.caFile === undefined ? testAuthorityFile : options.caFile;
  target = await openTestWebhook(`https://${options.host ?? 'receiver.test'}:${sink.port}/hook`, {
    config: caFile === null ? {} : { ca_file: caFile },
    parts: { lookupAll: dns.lookupAll },
  });
  return target;
}

describe('webhook over TLS', () => {
  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'sends over %s to a certificate of the authority of the route',
    async (only) => {
      const valid = await opened({ certificate: 'valid', only });
      expect(await valid.send(aDelivery(), 3_000)).toMatchObject({ status: 'sent' });
      expect(await valid.check()).toEqual([]);
    },
  );

  it('sends to an address literal that stands in the certificate', async () => {
    const valid = await opened({ certificate: 'valid' }, { host: '127.0.0.1' });
    expect(await valid.send(aDelivery(), 3_000)).toMatchObject({ status: 'sent' });
  });

  it.each([
    ['expired', 'CERT_HAS_EXPIRED'],
    ['wrong-host', 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['untrusted', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    ['self-signed', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  ] as const)(
    'row 54: a certificate that is %s is failed tls_certificate, every time, and nothing is written',
    async (certificate, code) => {
      const bad = await opened({ certificate });
      for (let turn = 0; turn < 20; turn += 1) {
        expect(await bad.send(aDelivery(), 3_000)).toEqual({
          status: 'failed',
          failureCode: 'tls_certificate',
          failureDetail: code,
        });
      }
      expect(sink?.requests).toEqual([]);
      expect(await bad.check()).toContainEqual({ severity: 'error', message: `tls_certificate: ${code}` });
    },
  );

  it('row 54: the authorities of Node do not know the one of the test', async () => {
    const unknown = await opened({ certificate: 'valid' }, { caFile: null });
    expect(await unknown.send(aDelivery(), 3_000)).toMatchObject({ status: 'failed', failureCode: 'tls_certificate' });
  });

  it.each(['TLSv1', 'TLSv1.1'] as const)('row 54: %s is failed tls_failed and never spoken', async (only) => {
    const old = await opened({ certificate: 'valid', only });
    // The server does speak it, to a client that allows it; otherwise this test would show nothing.
    await new Promise<void>((resolve, reject) => {
      const probe = connectTls(
        {
          port: sink?.port,
          host: '127.0.0.1',
          rejectUnauthorized: false,
          minVersion: 'TLSv1',
          ciphers: 'ALL:@SECLEVEL=0',
        },
        () => {
          probe.destroy();
          resolve();
        },
      ).on('error', reject);
    });
    for (let turn = 0; turn < 20; turn += 1) {
      expect(await old.send(aDelivery(), 3_000)).toMatchObject({ status: 'failed', failureCode: 'tls_failed' });
    }
    expect(sink?.requests).toEqual([]);
  });

  it('row 54: verification stays on when the environment switches it off', async () => {
    const before = process.env.NODE_TLS_REJECT_UNAUTHORIZED;
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
    try {
      const bad = await opened({ certificate: 'self-signed' });
      expect(await bad.send(aDelivery(), 3_000)).toMatchObject({ status: 'failed', failureCode: 'tls_certificate' });
    } finally {
      if (before === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
      else process.env.NODE_TLS_REJECT_UNAUTHORIZED = before;
    }
  });

  it('a server that speaks no TLS, or closes in the handshake, is failed tls_failed', async () => {
    const plain = await startSink();
    const toPlain = await openTestWebhook(`https://127.0.0.1:${plain.port}/`);
    plain.behave({ kind: 'close_on_accept' });
    expect(await toPlain.send(aDelivery(), 3_000)).toMatchObject({ status: 'failed', failureCode: 'tls_failed' });
    await toPlain.close();
    await plain.close();
  });

  it('a handshake that never ends is failed connect_timeout at the deadline', async () => {
    const silent = await startSink();
    const toSilent = await openTestWebhook(`https://127.0.0.1:${silent.port}/`);
    expect(await toSilent.send(aDelivery(), 600)).toMatchObject({ status: 'failed', failureCode: 'connect_timeout' });
    await toSilent.close();
    await silent.close();
  });

  it('a file of authorities that is missing or holds none is refused when the target is opened', async () => {
    for (const caFile of ['/nowhere/ca.pem', new URL(import.meta.url).pathname]) {
      await expect(opened({ certificate: 'valid' }, { caFile })).rejects.toMatchObject({
        name: 'IuError',
        code: 'IU458',
      });
      await sink?.close();
      sink = undefined;
    }
  });
});
