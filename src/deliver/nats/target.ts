import type { JetStreamClient, PubAck } from '@nats-io/jetstream';
import type { MsgHdrs, NatsConnection } from '@nats-io/transport-node';
import type { Delivery, SendOutcome } from '../../contract/delivery/delivery.js';
import { brokerMessage } from '../broker/message.js';
import type { OpenTarget, Target, TargetFinding, TargetRoute, TargetSurroundings } from '../target.js';
import { checkStream } from './check.js';
import { publishFailure } from './failure.js';
import { NatsLink } from './link.js';
import { type NatsSettings, readNatsSettings } from './settings.js';

/** How long check() waits for a connection. */
const checkMilliseconds = 5_000;

/**
 * A stream of NATS JetStream. `target_ref` is the subject, with {domain}, {type} and {stream} of the event in it.
 *
 * `sent` means that JetStream confirmed: a quorum of the stream's replicas has it, or had it already under the same delivery id.
 */
export const openNatsTarget: OpenTarget = async (route, surroundings): Promise<Target> => {
  const settings = await readNatsSettings(route, surroundings);
  return new NatsTarget(settings, route, surroundings);
};

/** What a connection publishes with. */
interface NatsClient {
  readonly of: NatsConnection;
  readonly jetStream: JetStreamClient;
  readonly headers: () => MsgHdrs;
}

class NatsTarget implements Target {
  readonly #settings: NatsSettings;
  readonly #route: TargetRoute;
  readonly #surroundings: TargetSurroundings;
  readonly #link: NatsLink;
  #client: NatsClient | undefined;

  constructor(settings: NatsSettings, route: TargetRoute, surroundings: TargetSurroundings) {
    this.#settings = settings;
    this.#route = route;
    this.#surroundings = surroundings;
    this.#link = new NatsLink(settings, `iu-core ${surroundings.deployment} ${route.routeCode}`);
  }

  async send(delivery: Delivery, deadlineMilliseconds: number): Promise<SendOutcome> {
    const deadlineAt = performance.now() + deadlineMilliseconds;
    try {
      const connection = await this.#link.ready(deadlineAt);
      if ('status' in connection && connection.status === 'failed') return connection;
      return await this.#publish(connection as NatsConnection, delivery, deadlineAt);
    } catch (error) {
      return publishFailure(error);
    }
  }

  async #publish(connection: NatsConnection, delivery: Delivery, deadlineAt: number): Promise<SendOutcome> {
    const client = this.#client?.of === connection ? this.#client : await this.#openClient(connection);
    const message = brokerMessage(delivery, this.#route, this.#surroundings);
    const natsHeaders = client.headers();
    for (const [name, value] of message.headers) natsHeaders.set(name, value);
    const timeout = deadlineAt - performance.now();
    if (timeout < 1) return lateOutcome;
    // What is published now would wait in a buffer and go, or not, when nobody counts on it any more.
    if (!this.#link.isUp) return goneOutcome;
    let stopListening: () => void = () => undefined;
    const lost = new Promise<SendOutcome>((resolve) => {
      stopListening = this.#link.onLost(() => resolve(lostOutcome));
    });
    const confirmed = client.jetStream
      .publish(this.#settings.subjectOf(delivery.event), message.body, {
        msgID: delivery.deliveryId,
        expect: { streamName: this.#settings.stream },
        headers: natsHeaders,
        timeout,
      })
      .then(sentOutcome, publishFailure);
    try {
      return await Promise.race([confirmed, lost]);
    } finally {
      stopListening();
    }
  }

  async #openClient(of: NatsConnection): Promise<NatsClient> {
    const [{ jetstream }, { headers }] = await Promise.all([
      import('@nats-io/jetstream'),
      import('@nats-io/transport-node'),
    ]);
    this.#client = { of, jetStream: jetstream(of), headers };
    return this.#client;
  }

  async check(): Promise<readonly TargetFinding[]> {
    const connection = await this.#link.ready(performance.now() + checkMilliseconds);
    if ('failureCode' in connection) {
      return [{ severity: 'error', message: `${connection.failureCode}: ${connection.failureDetail}` }];
    }
    return checkStream(connection, this.#settings.stream, this.#route.targetRef);
  }

  close(): Promise<void> {
    return this.#link.close();
  }
}

const lostOutcome: SendOutcome = {
  status: 'unknown',
  failureCode: 'connection_lost',
  failureDetail: 'The connection was lost before the confirmation came.',
};

const goneOutcome: SendOutcome = {
  status: 'failed',
  failureCode: 'not_connected',
  failureDetail: 'The connection was lost before this could be sent.',
};

const lateOutcome: SendOutcome = {
  status: 'failed',
  failureCode: 'not_sent_in_time',
  failureDetail: 'The deadline was reached before this could be sent.',
};

function sentOutcome({ stream, seq, duplicate }: PubAck): SendOutcome {
  return { status: 'sent', detail: `stream ${stream} seq ${seq}${duplicate ? ' duplicate' : ''}` };
}
