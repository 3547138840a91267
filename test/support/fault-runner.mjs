// A runner in a process of its own, built code and real targets, for tests that stop it where they want to. FAULT_RUNNER (JSON) says how:
// {url, schema, purpose, deployment, slots, leaseSeconds, stopSeconds, pause: {at, visit}, throwAt, wallClockOffsetSeconds}.
//
// Says a line of JSON on stdout for each thing that happens: {said}, {paused: point}, {ended: state}. A named point is passed until its
// visit comes; there this process waits for ever, to be killed, while what else it had in flight goes on.
import { DeliveryRunner } from '../../dist/deliver/runner.js';
import { openTargetOf } from '../../dist/deliver/targets.js';
import { openDeliverySession } from '../../dist/store/delivery-session.js';

const wishes = JSON.parse(process.env.FAULT_RUNNER ?? '{}');
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const visits = new Map();

/** Passed often, held once: the point of this run on its visit. */
async function point(name) {
  const visit = (visits.get(name) ?? 0) + 1;
  visits.set(name, visit);
  if (wishes.throwAt === name && visit === (wishes.pause?.visit ?? 1)) {
    setImmediate(() => {
      throw new Error('a defect somewhere in a send');
    });
  }
  if (wishes.pause?.at !== name || visit !== wishes.pause.visit) return;
  say({ paused: name });
  await new Promise(() => {});
}

async function connect() {
  const session = await openDeliverySession({ url: wishes.url, schema: wishes.schema, purpose: wishes.purpose });
  return {
    ...session,
    claim: async (...given) => {
      const result = await session.claim(...given);
      if (result.deliveries.length > 0) await point('after_claim');
      return result;
    },
    settle: async (...given) => {
      await point('before_settle');
      const result = await session.settle(...given);
      await point('after_settle');
      return result;
    },
  };
}

async function openTarget(route) {
  const log = (_level, message) => say({ said: message });
  const allow = ['127.0.0.1', 'localhost'];
  const target = await openTargetOf(route, { environment: process.env, allow, deployment: wishes.deployment, log });
  return {
    check: () => target.check(),
    close: () => target.close(),
    send: async (delivery, milliseconds) => {
      await point('before_send');
      const outcome = await target.send(delivery, milliseconds);
      if (outcome.status === 'sent') await point('after_answer');
      return outcome;
    },
  };
}

const runner = new DeliveryRunner(
  { connect, openTarget, log: (_level, message) => say({ said: message }) },
  {
    runnerId: `${wishes.purpose}-${process.pid}`,
    deployment: wishes.deployment,
    slots: wishes.slots,
    leaseSeconds: wishes.leaseSeconds,
    stopSeconds: wishes.stopSeconds,
    wallClockSeconds: () => Date.now() / 1000 + (wishes.wallClockOffsetSeconds ?? 0),
  },
);
process.on('SIGTERM', () => runner.stop());
// a test that was killed leaves nobody to kill this one
process.stdin.on('end', () => process.exit(1)).resume();
const ended = await runner.run();
say({ ended });
process.exit(0);
