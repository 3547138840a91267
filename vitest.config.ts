import { defineConfig } from 'vitest/config';

/** One tier a project, so that `--project unit` needs no server; the tiers with a server share one (test/support/setup.ts). */
function tier(name: string, order: number, timeoutSeconds: number, setup: string[]) {
  return {
    extends: true as const,
    test: {
      name,
      include: [`test/${name}/**/*.${name}.test.ts`],
      globalSetup: setup,
      testTimeout: timeoutSeconds * 1000,
      hookTimeout: Math.max(60, timeoutSeconds) * 1000,
      sequence: { groupOrder: order },
    },
  };
}

/** What runs in a process or a thread of its own is what is built. */
const server = ['test/support/build.ts', 'test/support/setup.ts'];

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    projects: [
      tier('unit', 0, 60, []),
      tier('target', 1, 120, []),
      tier('db', 1, 120, server),
      // In one group with the databases: a tier that waits for its last file leaves a core idle.
      tier('fault', 1, 300, server),
      tier('e2e', 2, 180, server),
      // Opt-in, `npm run test:directus`: too large to be installed for everybody.
      ...(process.env.IU_TEST_DIRECTUS ? [tier('directus', 3, 300, server)] : []),
    ],
  },
});
