import type { TestProject } from 'vitest/node';
import { startTestCluster, type TestCluster } from './cluster.js';

/** The tiers are projects of one vitest process and load this file once each; what they share hangs on the process. */
const shared = globalThis as { iuTestCluster?: { cluster: Promise<TestCluster>; users: number } };

/** One embedded server a test run, started when the first tier needs it and stopped after the last. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  shared.iuTestCluster ??= { cluster: startTestCluster(), users: 0 };
  const use = shared.iuTestCluster;
  use.users += 1;
  const cluster = await use.cluster;
  project.provide('iuCluster', cluster.facts);
  return async () => {
    use.users -= 1;
    if (use.users > 0) return;
    delete shared.iuTestCluster;
    await cluster.stop();
  };
}
