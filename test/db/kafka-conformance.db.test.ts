import { describe } from 'vitest';
import { openKafkaTarget } from '../../src/deliver/kafka/target.js';
import { brokerRoute, brokerSurroundings } from '../support/broker-route.js';
import { freePorts } from '../support/free-port.js';
import { isKafkaInstalled, startKafka } from '../support/kafka.js';
import { describeTargetConformance } from '../support/target-conformance.js';

const topic = 'events';

describe.skipIf(!isKafkaInstalled)('a Kafka broker', () => {
  describeTargetConformance('kafka', async () => {
    const cluster = await startKafka();
    await cluster.createTopic(topic, { partitions: 3 });
    const reader = await cluster.read(topic);
    const open = (brokers: readonly string[]) =>
      openKafkaTarget(brokerRoute('kafka', topic, { brokers }), brokerSurroundings);
    let isFrozen = false;
    return {
      open: () => open(cluster.brokers),
      openUnreachable: async () => open([`127.0.0.1:${(await freePorts(1))[0]}`]),
      behave: async (behaviour) => {
        const node = cluster.nodes[0]?.process();
        if (isFrozen) node?.thaw();
        isFrozen = false;
        if (behaviour !== 'hang')
          await cluster.configure(topic, 'max.message.bytes', behaviour === 'refuse' ? '100' : '2000000');
        else await node?.freeze();
        isFrozen = behaviour === 'hang';
      },
      received: async () =>
        (await reader.catchUp()).map(({ headers, value }) => ({
          deliveryId: headers.get('iu-delivery-id') ?? '',
          bodyText: value,
          testMark: headers.get('iu-test'),
        })),
      openConnections: () => cluster.nodes.reduce((sum, { proxy }) => sum + proxy.connections(), 0),
      close: () => cluster.stop(),
    };
  });
});
