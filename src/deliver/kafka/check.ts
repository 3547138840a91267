import type { ClusterMetadata } from '@platformatic/kafka';
import { byDeadline, DeadlineReached } from '../broker/deadline.js';
import type { TargetFinding } from '../target.js';
import { breakConnections, clientOptions, type KafkaConnection, type loadKafkaLibrary } from './client.js';
import { connectFailureCode, errorText } from './verdict.js';

/** An event may have 1 MiB of payload; the envelope, keys and headers come on top. */
const largestMessageBytes = 1024 * 1024 + 16 * 1024;

const checkMilliseconds = 5_000;

/** Settings of a topic that are looked at. */
const topicSettings = ['min.insync.replicas', 'max.message.bytes', 'cleanup.policy', 'unclean.leader.election.enable'];

/** What a topic promises, as far as a cluster tells. */
export interface TopicFacts {
  readonly topic: string;
  /** Smallest number of replicas of a partition. */
  readonly replicas: number;
  /** Partitions with fewer replicas in sync than they have. */
  readonly partitionsBehind: number;
  readonly partitionsWithoutLeader: number;
  /** undefined when the cluster did not tell. */
  readonly settings: ReadonlyMap<string, string> | undefined;
}

/** What is unsafe about a topic. */
export function topicFindings(facts: TopicFacts): TargetFinding[] {
  const { topic, replicas, settings } = facts;
  const findings: TargetFinding[] = [];
  const warn = (message: string) => findings.push({ severity: 'warning', message });
  if (facts.partitionsWithoutLeader > 0) {
    findings.push({
      severity: 'error',
      message: `${facts.partitionsWithoutLeader} partitions of ${topic} have no leader.`,
    });
  }
  if (replicas < 3) warn(`${topic} has ${replicas} of 3 replicas: a lost broker can lose confirmed messages.`);
  if (facts.partitionsBehind > 0)
    warn(`${facts.partitionsBehind} partitions of ${topic} have replicas that are not in sync.`);
  if (settings === undefined) {
    warn(`The settings of ${topic} cannot be read: allow the login to describe its configuration.`);
    return findings;
  }
  const inSync = Number(settings.get('min.insync.replicas'));
  if (inSync < 2) warn(`min.insync.replicas of ${topic} is ${inSync}: acks=all then means one broker. Set 2.`);
  const largest = Number(settings.get('max.message.bytes'));
  if (largest < largestMessageBytes) {
    warn(
      `max.message.bytes of ${topic} is ${largest}: an event with a payload near 1 MiB is dead-lettered. Set ${largestMessageBytes}.`,
    );
  }
  if (settings.get('cleanup.policy')?.includes('compact')) {
    warn(`${topic} is compacted: of several events of one subject only the last stays.`);
  }
  if (settings.get('unclean.leader.election.enable') === 'true') {
    warn(`unclean.leader.election.enable of ${topic} is true: confirmed messages can be lost. Set false.`);
  }
  return findings;
}

/** Asks the cluster about the topic; sends nothing. Settles within 5 s. */
export async function checkTopic(
  library: Awaited<ReturnType<typeof loadKafkaLibrary>>,
  connection: KafkaConnection,
  topic: string,
): Promise<readonly TargetFinding[]> {
  const admin = new library.Admin(clientOptions(connection));
  const deadlineAt = performance.now() + checkMilliseconds;
  try {
    const metadata = await byDeadline(admin.metadata({ topics: [topic], forceUpdate: true }), deadlineAt);
    const settings = await byDeadline(readSettings(admin, topic), deadlineAt);
    return topicFindings({ topic, ...replicaFacts(metadata, topic), settings });
  } catch (error) {
    if (error instanceof DeadlineReached)
      return [{ severity: 'error', message: 'connect_timeout: no broker answered in time' }];
    return [{ severity: 'error', message: `${connectFailureCode(error)}: ${errorText(error)}` }];
  } finally {
    breakConnections(admin);
    await admin.close().catch(() => undefined);
  }
}

function replicaFacts(metadata: ClusterMetadata, topic: string) {
  const partitions = metadata.topics.get(topic)?.partitions ?? [];
  return {
    replicas: Math.min(...partitions.map(({ replicas }) => replicas.length)),
    partitionsBehind: partitions.filter(({ replicas, isr }) => isr.length < replicas.length).length,
    partitionsWithoutLeader: partitions.filter(({ leader }) => !metadata.brokers.has(leader)).length,
  };
}

async function readSettings(
  admin: InstanceType<Awaited<ReturnType<typeof loadKafkaLibrary>>['Admin']>,
  topic: string,
): Promise<ReadonlyMap<string, string> | undefined> {
  const resourceType = 2; // a topic, in the protocol
  try {
    const [described] = await admin.describeConfigs({
      resources: [{ resourceType, resourceName: topic, configurationKeys: topicSettings }],
    });
    return new Map((described?.configs ?? []).map(({ name, value }) => [name, value ?? '']));
  } catch {
    return undefined;
  }
}
