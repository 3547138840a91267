import type { Command } from 'commander';
import { exitCodes } from '../../contract/errors/exit-codes.js';
import { startEmbedded } from '../../install/embedded/index.js';
import { verifyLive } from '../../install/verify-live.js';
import { type Database, openDatabase } from '../../store/database.js';
import { asOnlyDemo, corpusCounts, totalBacklog } from '../../store/demo.js';
import { type CliContext, withExamples } from '../context.js';
import { LiveDemo, liveRouteCode } from '../demo/live.js';
import { demoApprover, type Played, type PlayProgress, playRevisions } from '../demo/play.js';
import { prepareDatabase } from '../demo/prepare.js';
import { ProgressLine } from '../demo/progress.js';
import { type DemoSummary, type RunMeasure, summarize, summaryLines } from '../demo/summary.js';
import { WorkerProcess } from '../worker-process.js';

interface DemoFlags {
  readonly once?: boolean;
}

/** Revisions that are played after the route went live. */
const livePlay = 3;

/** Longest wait for the worker after the last revision without it deciding anything. */
const patienceMilliseconds = 30_000;

/** `iu demo`, which is `npm start`. */
export function register(program: Command, context: CliContext): void {
  withExamples(
    program
      .command('demo')
      .description(
        'Play 41 revisions of a constitution through the whole loop, with one route going live, on the embedded PostgreSQL',
      )
      .option('--once', 'end by itself; exit code 0 only when the certificate holds and health is green'),
    'iu demo --once',
    'iu demo --once --json',
  ).action((flags: DemoFlags, command: Command) => new Demo(flags, command, context).run());
}

/** One run of the demo. */
class Demo {
  readonly #stop: AbortSignal;
  readonly #progress: ProgressLine;

  constructor(
    private readonly flags: DemoFlags,
    private readonly command: Command,
    private readonly context: CliContext,
  ) {
    this.#stop = context.stopSignal();
    const { quiet } = context.options(command);
    const { stderr } = context.surroundings;
    this.#progress = new ProgressLine(quiet ? { write: () => true } : stderr);
  }

  /** On the embedded server, unless an address is given on the command line: a demo must not land in a real database. */
  async run(): Promise<void> {
    const { databaseUrl, dataFolder, schema = 'public' } = this.context.options(this.command);
    if (databaseUrl !== undefined) return asOnlyDemo(databaseUrl, () => this.#onServer(databaseUrl, schema));
    const folder = dataFolder ?? (this.context.environment.IU_DATA_FOLDER || undefined);
    this.#progress.say('Starting PostgreSQL ...');
    const server = await startEmbedded({ dataFolder: folder, log: (message) => this.#progress.say(message) });
    try {
      await asOnlyDemo(server.url, () => this.#onServer(server.url, schema));
    } finally {
      await server.stop();
    }
  }

  async #onServer(url: string, schema: string): Promise<void> {
    const prepared = await prepareDatabase(url, schema);
    this.#progress.say(
      prepared.changes.length > 0
        ? `Installed ${prepared.changes.length} changes inert, verified, opened the gates of routing and of the corpus.`
        : 'Installed already, verified.',
    );
    const database = await openDatabase({ url, schema, purpose: 'demo', maxConnections: 2 });
    try {
      await this.#onDatabase(database);
    } finally {
      await database.close();
    }
  }

  async #onDatabase(database: Database): Promise<void> {
    const live = new LiveDemo(database, (sentence) => this.#progress.say(sentence));
    await live.prepare();
    const worker = this.#worker(database, live);
    const working = worker.run();
    try {
      const startedAt = performance.now();
      const eventsBefore = (await corpusCounts(database.pool)).events;
      // The dry run of all but the last revisions is the evidence on which the route goes live.
      await this.#play(database, livePlay);
      await this.#untilDecided(database);
      if (!this.#stop.aborted) await live.goLive();
      const played = await this.#play(database, 0);
      await this.#untilDecided(database);
      await live.untilDelivered(this.#stop, patienceMilliseconds);
      const seconds = (performance.now() - startedAt) / 1000;
      if (played.stopped) {
        this.#progress.say('Stopped. The next start goes on from here.');
        return;
      }
      await this.#report(database, { eventsBefore, seconds, liveRouteCode, duplicates: live.duplicates });
      if (!this.flags.once) await this.#untilStopped();
    } finally {
      worker.stop();
      await working;
      await live.stop();
    }
  }

  #worker(database: Database, live: LiveDemo): WorkerProcess {
    const logger = this.context.logger(this.command);
    const wishes = { once: false, routes: true, delivers: true, ...live.surroundings };
    // What goes well is said by the demo itself; the refusal that the receiver makes on purpose too.
    return new WorkerProcess(database, wishes, { ...logger, info: () => {}, warn: () => {} });
  }

  async #play(database: Database, leaveOut: number): Promise<Played> {
    const show = (at: PlayProgress) =>
      this.#progress.update(
        () => `Revision ${at.revision} of ${at.revisions} (${at.revisionLabel}): ${at.state.replaceAll('_', ' ')}`,
      );
    const played = await playRevisions(database, { leaveOut }, this.#stop, show);
    if (played.applied > 0) {
      this.#progress.say(
        `Played ${played.applied} of ${played.revisions} revisions; ${demoApprover} let them through their gates, ${played.approvals} approvals.`,
      );
    }
    if (played.applied === 0 && leaveOut === 0)
      this.#progress.say(`All ${played.revisions} revisions had been played before.`);
    return played;
  }

  /** Until nothing is left to decide; gives up when nothing moves, for example because a person closed a gate. */
  async #untilDecided(database: Database): Promise<void> {
    let least = Number.POSITIVE_INFINITY;
    let movedAt = performance.now();
    while (!this.#stop.aborted) {
      const backlog = await totalBacklog(database.pool);
      if (backlog === 0) return;
      if (backlog < least) {
        least = backlog;
        movedAt = performance.now();
      } else if (performance.now() - movedAt > patienceMilliseconds) return;
      this.#progress.update(() => `${backlog} events wait for their decision`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async #report(database: Database, measure: RunMeasure): Promise<void> {
    const summary: DemoSummary = await summarize(database.pool, measure);
    const checks = await verifyLive({ url: database.url, schema: database.schema });
    for (const check of checks.checks.filter((one) => !one.passed)) {
      this.#progress.say(`verify ${check.id} failed: ${check.what}: ${check.evidence}`);
    }
    this.#progress.close();
    const printer = this.context.printer(this.command);
    // Not through the printer: it would make camelCase of the statuses, which are keys here and stay what they are.
    if (printer.json) this.context.surroundings.stdout.write(`${JSON.stringify(summary)}\n`);
    else for (const line of summaryLines(summary, printer, !this.flags.once)) printer.line(line);
    const good =
      summary.certificateHolds && summary.lost === 0 && summary.backlog === 0 && summary.healthy && checks.passed;
    if (!good) this.context.endWith(exitCodes.unhealthy);
  }

  #untilStopped(): Promise<void> {
    if (this.#stop.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      // A pending promise alone does not keep a process alive.
      const alive = setInterval(() => {}, 60_000);
      this.#stop.addEventListener(
        'abort',
        () => {
          clearInterval(alive);
          resolve();
        },
        { once: true },
      );
    });
  }
}
