import { DiscardPolicy } from '@nats-io/jetstream';
import { describe } from 'vitest';
import { openNatsTarget } from '../../src/deliver/nats/target.js';
import { brokerRoute, brokerSurroundings } from '../support/broker-route.js';
import { freePorts } from '../support/free-port.js';
import { isNatsInstalled, startNats } from '../support/nats.js';
import { describeTargetConformance } from '../support/target-conformance.js';

const stream = 'events';

describe.skipIf(!isNatsInstalled)('a NATS server', () => {
  describeTargetConformance('nats', async () => {
    const cluster = await startNats();
    await cluster.createStream(stream, { discard: DiscardPolicy.New });
    const open = (servers: readonly string[]) =>
      openNatsTarget(brokerRoute('nats', `${stream}.{domain}.{type}`, { servers, stream }), brokerSurroundings);
    return {
      open: () => open(cluster.servers),
      openUnreachable: async () => open([`127.0.0.1:${(await freePorts(1))[0]}`]),
      behave: async (behaviour) => {
        const server = cluster.nodes[0]?.process();
        server?.thaw();
        if (behaviour === 'hang') await server?.freeze();
        else await (await cluster.manager()).streams.update(stream, { max_bytes: behaviour === 'refuse' ? 1 : -1 });
      },
      received: async () =>
        (await cluster.readAll(stream)).map(({ messageId, headers, body }) => ({
          deliveryId: messageId,
          bodyText: body,
          testMark: headers.get('iu-test'),
        })),
      openConnections: () => cluster.nodes.reduce((sum, { proxy }) => sum + proxy.connections(), 0),
      close: () => cluster.stop(),
    };
  });
});
