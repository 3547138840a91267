import { type SinkBehaviour, startSink } from '../support/sink.js';
import { describeTargetConformance } from '../support/target-conformance.js';
import { openTestWebhook } from '../support/webhook.js';

const behaviours = {
  accept: { kind: 'answer', status: 200 },
  refuse: { kind: 'answer', status: 503 },
  hang: { kind: 'never' },
} satisfies Record<string, SinkBehaviour>;

describeTargetConformance('webhook', async () => {
  const sink = await startSink();
  const gone = await startSink();
  await gone.close();
  return {
    open: () => openTestWebhook(`${sink.origin}/hook`),
    openUnreachable: () => openTestWebhook(`${gone.origin}/hook`),
    behave: (behaviour) => sink.behave(behaviours[behaviour]),
    received: () =>
      sink.requests.map((request) => ({
        deliveryId: request.headers['webhook-id'] ?? '',
        bodyText: request.body.toString('utf8'),
        testMark: request.headers['iu-test'],
      })),
    openConnections: () => sink.openConnections,
    close: () => sink.close(),
  };
});
