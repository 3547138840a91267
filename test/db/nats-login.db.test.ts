import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeAccount, encodeOperator, encodeUser, fmtCreds } from '@nats-io/jwt';
import { nkeys } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SendOutcome } from '../../src/contract/delivery/delivery.js';
import { openNatsTarget } from '../../src/deliver/nats/target.js';
import { brokerRoute, brokerSurroundings } from '../support/broker-route.js';
import { aDelivery } from '../support/delivery.js';
import { isNatsInstalled, type NatsCluster, startNats } from '../support/nats.js';

const fixtures = new URL('../fixtures/tls/', import.meta.url).pathname;
const stream = 'events';

/** Sends one event with this configuration beside servers and stream. */
async function sendOnce(
  cluster: NatsCluster,
  config: Record<string, unknown>,
  environment: Record<string, string> = {},
): Promise<SendOutcome> {
  const route = brokerRoute('nats', `${stream}.x`, { servers: cluster.servers, stream, ...config });
  const target = await openNatsTarget(route, { ...brokerSurroundings, environment });
  try {
    return await target.send(aDelivery(), 5_000);
  } finally {
    await target.close();
  }
}

const sent = { status: 'sent' };
const refused = { status: 'failed', failureCode: 'authentication_failed' };

describe.skipIf(!isNatsInstalled)('a NATS server with users', () => {
  const user = nkeys.createUser();
  let cluster: NatsCluster;

  beforeAll(async () => {
    const users = [
      '{ user: iu, password: s3cret }',
      '{ user: reader, password: s3cret, permissions: { publish: { deny: ["events.>"] } } }',
      `{ nkey: ${user.getPublicKey()} }`,
    ];
    cluster = await startNats({
      settings: [`authorization { users: [ ${users.join(', ')} ] }`],
      login: { user: 'iu', pass: 's3cret' },
    });
    await cluster.createStream(stream);
  });
  afterAll(async () => cluster?.stop());

  it('lets in who knows the password, and nobody else', async () => {
    const config = { user: 'env:NATS_USER', password: 'env:NATS_PASSWORD' };
    expect(await sendOnce(cluster, config, { NATS_USER: 'iu', NATS_PASSWORD: 's3cret' })).toMatchObject(sent);
    const wrong = await sendOnce(cluster, config, { NATS_USER: 'iu', NATS_PASSWORD: 'wr0ng-one' });
    expect(wrong).toMatchObject(refused);
    expect(JSON.stringify(wrong)).not.toContain('wr0ng');
    expect(await sendOnce(cluster, {})).toMatchObject(refused);
  });

  it('lets in who has the seed of the nkey', async () => {
    const seed = new TextDecoder().decode(user.getSeed());
    expect(await sendOnce(cluster, { nkey: 'env:NATS_NKEY' }, { NATS_NKEY: seed })).toMatchObject(sent);
    const other = new TextDecoder().decode(nkeys.createUser().getSeed());
    expect(await sendOnce(cluster, { nkey: 'env:NATS_NKEY' }, { NATS_NKEY: other })).toMatchObject(refused);
  });

  it('refuses a subject that the user may not publish to: failed, not unknown', async () => {
    const config = { user: 'env:NATS_USER', password: 'env:NATS_PASSWORD' };
    expect(await sendOnce(cluster, config, { NATS_USER: 'reader', NATS_PASSWORD: 's3cret' })).toMatchObject({
      status: 'failed',
      failureCode: 'subject_not_authorized',
    });
  });
});

describe.skipIf(!isNatsInstalled)('a NATS server with a token and TLS', () => {
  let cluster: NatsCluster;

  beforeAll(async () => {
    cluster = await startNats({
      settings: [
        'authorization { token: s3cret }',
        `tls { cert_file: "${fixtures}valid.pem", key_file: "${fixtures}valid-key.pem" }`,
      ],
      login: { token: 's3cret', tls: { caFile: `${fixtures}authority.pem` } },
    });
    await cluster.createStream(stream);
  });
  afterAll(async () => cluster?.stop());

  it('takes an event over TLS when its authority is known, and is not trusted otherwise', async () => {
    const environment = { NATS_TOKEN: 's3cret' };
    const known = { token: 'env:NATS_TOKEN', tls: { ca_file: `${fixtures}authority.pem` } };
    expect(await sendOnce(cluster, known, environment)).toMatchObject(sent);
    const outcome = await sendOnce(cluster, { token: 'env:NATS_TOKEN', tls: {} }, environment);
    expect(outcome).toMatchObject({ status: 'failed', failureCode: 'certificate_refused' });
  });
});

describe.skipIf(!isNatsInstalled)('a NATS server without TLS', () => {
  it('gets nothing from a route that asks for TLS', async () => {
    const cluster = await startNats();
    try {
      await cluster.createStream(stream);
      const outcome = await sendOnce(cluster, { tls: { ca_file: `${fixtures}authority.pem` } });
      expect(outcome).toMatchObject({ status: 'failed', failureCode: 'tls_not_available' });
    } finally {
      await cluster.stop();
    }
  });
});

describe.skipIf(!isNatsInstalled)('a NATS server with accounts of an operator', () => {
  it('lets in who has the .creds file', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'iu-core-creds-'));
    const [operator, account, system, user] = [
      nkeys.createOperator(),
      nkeys.createAccount(),
      nkeys.createAccount(),
      nkeys.createUser(),
    ];
    const connections = {
      conn: -1,
      leaf: -1,
      subs: -1,
      data: -1,
      payload: -1,
      imports: -1,
      exports: -1,
      wildcards: true,
    };
    const unlimited = { ...connections, mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 };
    const accountJwt = await encodeAccount('app', account, { limits: unlimited }, { signer: operator });
    const systemJwt = await encodeAccount('system', system, { limits: connections }, { signer: operator });
    const operatorJwt = await encodeOperator('op', operator);
    const creds = fmtCreds(await encodeUser('iu', user, account), user);
    const file = join(folder, 'iu.creds');
    writeFileSync(file, creds);
    const { credsAuthenticator } = await import('@nats-io/transport-node');
    const cluster = await startNats({
      settings: [
        `operator: ${operatorJwt}`,
        `system_account: ${system.getPublicKey()}`,
        'resolver: MEMORY',
        `resolver_preload: { ${account.getPublicKey()}: ${accountJwt}, ${system.getPublicKey()}: ${systemJwt} }`,
      ],
      login: { authenticator: credsAuthenticator(creds) },
    });
    try {
      await cluster.createStream(stream);
      expect(await sendOnce(cluster, { creds: `file:${file}` })).toMatchObject(sent);
      expect(await sendOnce(cluster, {})).toMatchObject(refused);
    } finally {
      await cluster.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
