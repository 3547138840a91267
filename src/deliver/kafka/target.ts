import { cloudEventSource } from '../../contract/delivery/cloud-event.js';
import type { Delivery } from '../../contract/delivery/delivery.js';
import { brokerMessage } from '../broker/message.js';
import { brokerRefusal } from '../broker/settings.js';
import type { OpenTarget, Target, TargetRoute, TargetSurroundings } from '../target.js';
import { checkTopic } from './check.js';
import { discardProducer, loadKafkaLibrary, openProducer } from './client.js';
import { ProduceLine } from './produce-line.js';
import { readKafkaSettings } from './settings.js';
import { errorText } from './verdict.js';
import { failed, type KafkaMessage } from './waiting.js';

/**
 * A topic of a Kafka cluster. `target_ref` is its name, `target_config` says how the brokers are reached.
 *
 * `sent` means that the leader and all replicas in sync have it. `send` gathers what comes while a request is on its way.
 */
export const openKafkaTarget: OpenTarget = async (route, surroundings): Promise<Target> => {
  const { topic, connection } = await readKafkaSettings(route, surroundings);
  const library = await loadKafkaLibrary();
  const refusalOf = brokerRefusal(surroundings.allow);
  const line = new ProduceLine({
    topic,
    open: () => openProducer(library, connection),
    discard: discardProducer,
    partitionOf: (key, partitions) => library.compatibilityPartitioner({ topic, value: key }, key) % partitions,
    refusalOf: (host, port) => refusalOf({ host, port }),
    log: (message, fields) => surroundings.log('warn', message, { routeCode: route.routeCode, ...fields }),
  });
  return {
    send: async (delivery, deadlineMilliseconds) => {
      try {
        return await line.send(kafkaMessage(delivery, route, surroundings), deadlineMilliseconds);
      } catch (error) {
        return failed('message_unfit', errorText(error));
      }
    },
    check: () => checkTopic(library, connection, topic),
    close: () => line.close(),
  };
};

/**
 * A CloudEvent in structured mode, as a webhook gets it, with the headers of the binary mode beside it, so that a consumer can filter
 * without reading the value. The key is the subject: Kafka keeps the order of a key. An event about nothing has its delivery id.
 */
function kafkaMessage(delivery: Delivery, route: TargetRoute, surroundings: TargetSurroundings): KafkaMessage {
  const { event, deliveryId } = delivery;
  const { body, headers } = brokerMessage(delivery, route, surroundings);
  const key = event.subjectRef === null ? deliveryId : `${event.subjectTable}:${event.subjectRef}`;
  const attributes: [string, string][] = [
    ['ce_specversion', '1.0'],
    ['ce_id', event.id],
    ['ce_source', cloudEventSource(surroundings.deployment)],
    ['ce_type', `${event.domain}.${event.type}`],
    ['ce_time', event.occurredAt],
  ];
  if (event.subjectRef !== null && event.subjectRef !== '') attributes.push(['ce_subject', event.subjectRef]);
  const all = [...headers, ...attributes];
  return {
    key: Buffer.from(key),
    value: body,
    headers: new Map(all.map(([name, value]) => [Buffer.from(name), Buffer.from(value)])),
  };
}
