import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SendOutcome } from '../../src/contract/delivery/delivery.js';
import { openKafkaTarget } from '../../src/deliver/kafka/target.js';
import { brokerRoute, brokerSurroundings } from '../support/broker-route.js';
import { aDelivery } from '../support/delivery.js';
import { isKafkaInstalled, type KafkaCluster, startKafka } from '../support/kafka.js';

const fixtures = new URL('../fixtures/tls/', import.meta.url).pathname;
const authority = { ca_file: `${fixtures}authority.pem` };
const topic = 'events';

describe.skipIf(!isKafkaInstalled)('a Kafka broker with TLS and logins', () => {
  let folder: string;
  let cluster: KafkaCluster;

  const sendOnce = async (
    config: Record<string, unknown>,
    environment: Record<string, string> = {},
  ): Promise<SendOutcome> => {
    const route = brokerRoute('kafka', topic, { brokers: cluster.brokers, ...config });
    const target = await openKafkaTarget(route, { ...brokerSurroundings, environment });
    try {
      return await target.send(aDelivery(), 5_000);
    } finally {
      await target.close();
    }
  };
  const sasl = (mechanism: string) => ({ mechanism, username: 'env:KAFKA_USER', password: 'env:KAFKA_PASSWORD' });

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'iu-core-kafka-tls-'));
    const keystore = join(folder, 'keystore.pem');
    writeFileSync(
      keystore,
      readFileSync(`${fixtures}valid-key.pem`, 'utf8') + readFileSync(`${fixtures}valid.pem`, 'utf8'),
    );
    const security = 'org.apache.kafka.common.security';
    cluster = await startKafka({
      user: { name: 'iu', password: 's3cret' },
      settings: {
        'listener.security.protocol.map': 'CLIENT:SASL_SSL,DIRECT:PLAINTEXT,CONTROLLER:PLAINTEXT',
        'listener.name.client.sasl.enabled.mechanisms': 'SCRAM-SHA-512,PLAIN',
        'listener.name.client.scram-sha-512.sasl.jaas.config': `${security}.scram.ScramLoginModule required;`,
        'listener.name.client.plain.sasl.jaas.config': `${security}.plain.PlainLoginModule required user_iu="s3cret";`,
        'listener.name.client.ssl.keystore.type': 'PEM',
        'listener.name.client.ssl.keystore.location': keystore,
      },
    });
    await cluster.createTopic(topic);
  });
  afterAll(async () => {
    await cluster?.stop();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });

  it('lets in who knows the password, by either mechanism, and nobody else', async () => {
    const right = { KAFKA_USER: 'iu', KAFKA_PASSWORD: 's3cret' };
    const wrong = { KAFKA_USER: 'iu', KAFKA_PASSWORD: 'wr0ng-one' };
    for (const mechanism of ['SCRAM-SHA-512', 'PLAIN']) {
      const config = { sasl: sasl(mechanism), tls: authority };
      expect(await sendOnce(config, right), mechanism).toMatchObject({ status: 'sent' });
      const outcome = await sendOnce(config, wrong);
      expect(outcome, mechanism).toMatchObject({ status: 'failed', failureCode: 'authentication_failed' });
      expect(JSON.stringify(outcome)).not.toContain('wr0ng');
    }
  });

  it('is not trusted when its authority is not known', async () => {
    const right = { KAFKA_USER: 'iu', KAFKA_PASSWORD: 's3cret' };
    const outcome = await sendOnce({ sasl: sasl('SCRAM-SHA-512'), tls: {} }, right);
    expect(outcome).toMatchObject({ status: 'failed', failureCode: 'certificate_refused' });
  });

  it('gets nothing from a route without TLS', async () => {
    expect(await sendOnce({})).toMatchObject({ status: 'failed' });
  });
});
