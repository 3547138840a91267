import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ReconnectBackoff } from '../../src/route/backoff.js';
import type { Clock } from '../../src/route/clock.js';
import { AdaptiveBatch, AdaptivePoll } from '../../src/route/poll.js';
import { RouteWorker, type WorkerOptions, type WorkerPorts } from '../../src/route/worker.js';
import type { Heartbeat, PassResult, WorkerSession } from '../../src/store/worker-session.js';

/** A clock that jumps over every sleep and counts them. */
class FakeClock implements Clock {
  now = 0;
  readonly sleeps: number[] = [];
  beforeSleep: () => void = () => {};

  constructor(private readonly chance = 0.5) {}

  nowMilliseconds(): number {
    return this.now;
  }

  random(): number {
    return this.chance;
  }

  async sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    this.beforeSleep();
    if (signal?.aborted) return;
    this.sleeps.push(milliseconds);
    this.now += milliseconds;
  }
}

const options: WorkerOptions = { processId: 'p', host: 'h', pid: 1, version: '0' };

function ran(seen: number, windowComplete = true): PassResult {
  return { status: 'ran', worker_name: 'one', seen, attempts_written: seen, window_complete: windowComplete };
}

/** A database that answers from a script; the last answer repeats. */
function scripted(answers: (PassResult | Error)[], clock: FakeClock) {
  const asked: { at: number; batch: number }[] = [];
  const beats: Heartbeat[] = [];
  const reconciles: number[] = [];
  let connects = 0;
  const session: WorkerSession = {
    runPass: async (_name, batch) => {
      asked.push({ at: clock.now, batch });
      clock.now += 1;
      const answer = answers.length > 1 ? answers.shift() : answers[0];
      if (answer === undefined || answer instanceof Error) throw answer;
      return answer;
    },
    heartbeat: async (beat) => void beats.push(beat),
    reconcile: async (name) => {
      reconciles.push(clock.now);
      return { worker_name: name, checked: 0, lost: 0, first_lost_seq: null };
    },
    workerNames: async () => ['one'],
    reportGap: async () => null,
    close: async () => {},
  };
  const ports: WorkerPorts = {
    clock,
    connect: async () => {
      connects += 1;
      return session;
    },
  };
  return { ports, asked, beats, reconciles, connects: () => connects };
}

function failure(code: string): Error {
  return Object.assign(new Error('made up'), { code });
}

describe('adaptive poll', () => {
  it('waits 5 ms after work, nothing inside an open window, and doubles to 1 s when idle', () => {
    const poll = new AdaptivePoll();
    expect(poll.afterPass(10, true)).toBe(5);
    expect(poll.afterPass(10, false)).toBe(0);
    const idle = Array.from({ length: 12 }, () => poll.afterPass(0, true));
    expect(idle).toEqual([5, 10, 20, 40, 80, 160, 320, 640, 1000, 1000, 1000, 1000]);
    expect(poll.afterPass(1, true)).toBe(5);
    expect(poll.afterPass(0, true)).toBe(5);
  });

  it('never waits longer than a second or less than 5 ms outside an open window', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(5), fc.boolean()), { maxLength: 60 }), (passes) => {
        const poll = new AdaptivePoll();
        for (const [seen, complete] of passes) {
          const wait = poll.afterPass(seen, complete);
          expect(wait).toBeLessThanOrEqual(1000);
          if (complete) expect(wait).toBeGreaterThanOrEqual(5);
        }
      }),
    );
  });
});

describe('adaptive batch', () => {
  it('asks for 1,000, for up to 10,000 under a deep backlog, and for less after a timeout', () => {
    const batch = new AdaptiveBatch();
    expect(batch.size).toBe(1000);
    for (let pass = 0; pass < 6; pass += 1) batch.afterPass(batch.size, 50);
    expect(batch.size).toBe(10_000);
    batch.afterTimeout();
    expect(batch.size).toBe(2500);
    for (let pass = 0; pass < 20; pass += 1) batch.afterTimeout();
    expect(batch.size).toBe(10);
  });

  it('does not grow on a half-full or a slow pass, and shrinks on a very slow one', () => {
    const batch = new AdaptiveBatch();
    batch.afterPass(999, 10);
    batch.afterPass(1000, 1000);
    expect(batch.size).toBe(1000);
    batch.afterPass(1000, 3000);
    expect(batch.size).toBe(500);
  });
});

describe('reconnect back-off', () => {
  it('connects at most five times a second and waits up to 30 s, whatever the jitter', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        fc.integer({ min: 1, max: 40 }),
        (chance, attempts) => {
          const clock = new FakeClock(chance);
          const backoff = new ReconnectBackoff(clock);
          let previous = Number.NEGATIVE_INFINITY;
          for (let attempt = 0; attempt < attempts; attempt += 1) {
            const wait = backoff.waitMilliseconds();
            expect(wait).toBeLessThanOrEqual(30_000);
            clock.now += wait;
            expect(clock.now - previous).toBeGreaterThanOrEqual(200);
            previous = clock.now;
            backoff.attempt();
            backoff.failed();
          }
        },
      ),
    );
  });
});

describe('worker loop in simulated time', () => {
  it('polls an idle database about once a second and beats every five seconds', async () => {
    const clock = new FakeClock();
    const database = scripted([ran(0)], clock);
    const worker = new RouteWorker(database.ports, options);
    clock.beforeSleep = () => {
      if (clock.now > 60_000) worker.stop();
    };
    await worker.run();
    const late = database.asked.filter((pass) => pass.at > 10_000 && pass.at <= 60_000);
    expect(late.length).toBeGreaterThan(40);
    expect(late.length).toBeLessThan(55);
    expect(database.beats.length).toBeGreaterThanOrEqual(12);
    expect(database.beats.length).toBeLessThan(18);
    expect(database.beats.at(-1)?.state).toBe('stopped');
  });

  it('goes on without a wait while a window is open, and asks for more', async () => {
    const clock = new FakeClock();
    const database = scripted([ran(1000, false), ran(2000, false), ran(4000, false), ran(10), ran(0)], clock);
    const worker = new RouteWorker(database.ports, options);
    clock.beforeSleep = () => {
      if (database.asked.length >= 5) worker.stop();
    };
    await worker.run();
    expect(database.asked.slice(0, 4).map((pass) => pass.batch)).toEqual([1000, 2000, 4000, 8000]);
    expect((database.asked[3]?.at ?? 0) - (database.asked[0]?.at ?? 0)).toBeLessThan(10);
  });

  it('repeats a cancelled pass with less and keeps its connection', async () => {
    const clock = new FakeClock();
    const database = scripted([failure('57014'), failure('55P03'), ran(0)], clock);
    const worker = new RouteWorker(database.ports, options);
    clock.beforeSleep = () => {
      if (database.asked.length >= 3) worker.stop();
    };
    await worker.run();
    expect(database.asked.slice(0, 3).map((pass) => pass.batch)).toEqual([1000, 250, 62]);
    expect(database.connects()).toBe(1);
  });

  it('never loops busily when every pass fails or the server is away', async () => {
    for (const code of ['42883', 'ECONNREFUSED', '57P01']) {
      const clock = new FakeClock(0);
      const database = scripted([failure(code)], clock);
      const worker = new RouteWorker(database.ports, options);
      clock.beforeSleep = () => {
        if (clock.now > 10_000) worker.stop();
      };
      await worker.run();
      expect(database.connects(), code).toBeLessThanOrEqual(51);
    }
  });

  it('says a closed gate once and not every pass', async () => {
    const clock = new FakeClock();
    const closed: PassResult = { status: 'worker_gate_closed', worker_name: 'one' };
    const said: string[] = [];
    const answers = [closed, ...Array.from({ length: 30 }, () => closed), ran(0)];
    const database = scripted(answers, clock);
    const worker = new RouteWorker({ ...database.ports, log: (_level, message) => said.push(message) }, options);
    clock.beforeSleep = () => {
      if (database.asked.length > 35) worker.stop();
    };
    await worker.run();
    expect(said).toEqual(['waiting: the worker gate is closed', 'deciding events']);
    expect(database.beats.some((beat) => beat.state === 'waiting')).toBe(true);
  });

  it('ends a one-time run when a window opened by it is empty, and reconciles what it decided', async () => {
    const clock = new FakeClock();
    const database = scripted([ran(0), ran(5), ran(0)], clock);
    const summary = await new RouteWorker(database.ports, { ...options, once: true }).run();
    expect(summary).toMatchObject({ passes: 3, seen: 5, unfinished: [] });
    expect(database.reconciles).toHaveLength(1);
  });

  it('ends a one-time run at once when a gate is closed, and names it', async () => {
    const clock = new FakeClock();
    const database = scripted([{ status: 'master_gate_closed', worker_name: 'one' }], clock);
    const summary = await new RouteWorker(database.ports, { ...options, once: true }).run();
    expect(summary.unfinished).toEqual([{ workerName: 'one', status: 'master_gate_closed' }]);
  });

  it('ends a one-time run although producers never stop', async () => {
    const clock = new FakeClock();
    const database = scripted([ran(7)], clock);
    const summary = await new RouteWorker(database.ports, { ...options, once: true }).run();
    expect(summary.unfinished).toEqual([]);
    expect(summary.passes).toBeLessThan(10);
  });

  it('wakes up at once when the bell rings', async () => {
    const clock = new FakeClock();
    const database = scripted([ran(0)], clock);
    let ring = () => {};
    const worker = new RouteWorker(
      {
        ...database.ports,
        openBell: async (onRing) => {
          ring = onRing;
          return { close: async () => {} };
        },
      },
      options,
    );
    let rungAt = 0;
    clock.beforeSleep = () => {
      if (clock.now > 20_000 && rungAt === 0) {
        rungAt = clock.now;
        ring();
      } else if (clock.now > 30_000) worker.stop();
    };
    await worker.run();
    expect(database.asked.some((pass) => pass.at === rungAt)).toBe(true);
  });
});
