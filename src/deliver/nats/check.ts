import type { StreamInfo } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { TargetFinding } from '../target.js';
import { natsErrorText } from './failure.js';

/** Retries go on for longer than a stream remembers ids; an hour covers the first ones, which are most. */
const wantedDuplicateWindowSeconds = 3_600;

/** What a stream promises, as far as the server tells. */
export interface StreamFacts {
  readonly stream: string;
  readonly replicas: number;
  readonly storage: string;
  readonly duplicateWindowSeconds: number;
  readonly discard: string;
  readonly hasSizeLimit: boolean;
  readonly maxAgeSeconds: number;
  readonly maxMessageBytes: number;
  readonly confirms: boolean;
  readonly isSealed: boolean;
  /** Replicas that are offline or behind. */
  readonly replicasBehind: number;
}

/** An event may have 1 MiB of payload; the envelope and headers come on top. */
const largestMessageBytes = 1024 * 1024 + 16 * 1024;

/** What is unsafe about a stream. */
export function streamFindings(facts: StreamFacts): TargetFinding[] {
  const { stream } = facts;
  const findings: TargetFinding[] = [];
  const warn = (message: string) => findings.push({ severity: 'warning', message });
  const refuse = (message: string) => findings.push({ severity: 'error', message });
  if (!facts.confirms) refuse(`${stream} has no_ack: it confirms nothing, so every delivery ends as unknown.`);
  if (facts.isSealed) refuse(`${stream} is sealed: it takes nothing.`);
  if (facts.replicas < 3)
    warn(`${stream} has ${facts.replicas} of 3 replicas: a lost server can lose confirmed messages.`);
  if (facts.replicasBehind > 0) warn(`${facts.replicasBehind} replicas of ${stream} are offline or behind.`);
  if (facts.storage === 'memory') warn(`${stream} is kept in memory: a restart of its servers loses it.`);
  if (facts.duplicateWindowSeconds < wantedDuplicateWindowSeconds) {
    const seconds = facts.duplicateWindowSeconds;
    warn(
      `duplicate_window of ${stream} is ${seconds} s: a retry later than that is stored again under the same Nats-Msg-Id.`,
    );
  }
  if (facts.discard === 'old' && facts.hasSizeLimit) {
    warn(`${stream} discards old messages at its limit: what nobody read yet is lost. Set discard new.`);
  }
  if (facts.maxMessageBytes >= 0 && facts.maxMessageBytes < largestMessageBytes) {
    warn(
      `${stream} takes ${facts.maxMessageBytes} bytes a message: an event with a payload near 1 MiB is dead-lettered.`,
    );
  }
  return findings;
}

/** Asks for the stream; sends no event. */
export async function checkStream(
  connection: NatsConnection,
  stream: string,
  targetRef: string,
): Promise<readonly TargetFinding[]> {
  const { jetstreamManager } = await import('@nats-io/jetstream');
  let info: StreamInfo;
  try {
    const manager = await jetstreamManager(connection, { checkAPI: false, timeout: 5_000 });
    info = await manager.streams.info(stream);
  } catch (error) {
    const name = (error as Error).name;
    const why = name === 'StreamNotFoundError' ? `There is no stream ${stream}.` : natsErrorText(error);
    return [{ severity: 'error', message: why }];
  }
  const findings = streamFindings(factsOf(info));
  if (!(info.config.subjects ?? []).some((pattern) => mayMatch(pattern, targetRef))) {
    findings.push({ severity: 'error', message: `${stream} takes no subject like ${targetRef}.` });
  }
  const largest = connection.info?.max_payload ?? 0;
  if (largest > 0 && largest < largestMessageBytes) {
    const message = `The server takes ${largest} bytes a message: an event with a payload near 1 MiB is dead-lettered. Set max_payload ${largestMessageBytes}.`;
    findings.push({ severity: 'warning', message });
  }
  return findings;
}

function factsOf({ config, cluster }: StreamInfo): StreamFacts {
  const nanoseconds = 1e9;
  return {
    stream: config.name,
    replicas: config.num_replicas,
    storage: config.storage,
    duplicateWindowSeconds: (config.duplicate_window ?? 0) / nanoseconds,
    discard: config.discard,
    hasSizeLimit: config.max_msgs > 0 || config.max_bytes > 0 || config.max_msgs_per_subject > 0,
    maxAgeSeconds: (config.max_age ?? 0) / nanoseconds,
    maxMessageBytes: config.max_msg_size ?? -1,
    confirms: config.no_ack !== true,
    isSealed: config.sealed === true,
    replicasBehind: (cluster?.replicas ?? []).filter(({ offline, current }) => offline === true || !current).length,
  };
}

/** True when a pattern of a stream can match a subject with placeholders; a placeholder stands for one token, or a part of one. */
export function mayMatch(pattern: string, targetRef: string): boolean {
  const wanted = pattern.split('.');
  const given = targetRef.split('.');
  for (const [at, token] of wanted.entries()) {
    if (token === '>') return given.length > at;
    const own = given[at];
    if (own === undefined) return false;
    if (token !== '*' && token !== own && !own.includes('{')) return false;
  }
  return wanted.length === given.length;
}
