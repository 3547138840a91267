import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** src/cli/demo and dist/cli/demo lie equally deep. */
const program = fileURLToPath(new URL('../../../examples/receiver/receiver.mjs', import.meta.url));

/** The example receiver as a process beside the demo. */
export class DemoReceiver {
  duplicates = 0;
  refused = 0;

  private constructor(
    private readonly child: ChildProcess,
    readonly port: number,
  ) {}

  /**
   * Starts it on `port` (0 = any); undefined when it cannot listen there. It keeps delivery ids in the demo's database and
   * refuses the first real delivery for good, so that there is a dead letter to look at.
   */
  static async start(
    port: number,
    secret: string,
    databaseUrl: string,
    failFirst: boolean,
  ): Promise<DemoReceiver | undefined> {
    const words = ['--json', '--exit-with-stdin', '--fail-first', failFirst ? '1' : '0', '--fail-status', '422'];
    const child = spawn(process.execPath, [program, ...words], {
      env: { ...process.env, PORT: String(port), WEBHOOK_SECRETS: secret, DATABASE_URL: databaseUrl },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    // A signal to the whole group must not end it before the demo has settled what it sent.
    const lines = createInterface({ input: child.stdout });
    const listening = await new Promise<number | undefined>((resolve) => {
      child.once('exit', () => resolve(undefined));
      child.once('error', () => resolve(undefined));
      lines.once('line', (line) => resolve(JSON.parse(line).port));
    });
    if (listening === undefined) return undefined;
    const receiver = new DemoReceiver(child, listening);
    lines.on('line', (line) => {
      const { event } = JSON.parse(line);
      if (event === 'duplicate') receiver.duplicates += 1;
      if (event === 'refused') receiver.refused += 1;
    });
    return receiver;
  }

  /** Ends it after the requests it is working on. */
  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.stdin?.end();
    await exited;
  }
}
