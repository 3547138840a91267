import type { NatsConnection } from '@nats-io/transport-node';
import type { SendOutcome } from '../../contract/delivery/delivery.js';
import { byDeadline, DeadlineReached } from '../broker/deadline.js';
import { natsConnectFailureCode, natsErrorText } from './failure.js';
import type { NatsLogin, NatsSettings } from './settings.js';

/** Longest wait for a connection in one send; a target that is away must not hold a place until its deadline. */
const mostConnectMilliseconds = 5_000;
/** Pause before a server is tried again. */
const reconnectMilliseconds = 250;
/** A server that answers no ping for twice this long counts as lost. */
const pingMilliseconds = 10_000;

/** Why there is no connection. */
export type NotConnected = Extract<SendOutcome, { readonly status: 'failed' }>;

/**
 * The connection of one route: made at the first use, kept by the client, which reconnects to any of the servers.
 *
 * What is published while the connection is away stays in a buffer of the client and may be sent or dropped later, so nothing is
 * published then; and what waits for its answer when the connection breaks is told at once.
 */
export class NatsLink {
  readonly #settings: Pick<NatsSettings, 'servers' | 'login' | 'tls'>;
  readonly #name: string;
  readonly #lost = new Set<() => void>();
  #connection: NatsConnection | undefined;
  #connecting: Promise<NatsConnection> | undefined;
  #isUp = false;
  #up = new Set<() => void>();
  #isClosed = false;

  constructor(settings: Pick<NatsSettings, 'servers' | 'login' | 'tls'>, name: string) {
    this.#settings = settings;
    this.#name = name;
  }

  /** The connection when it is up, by this time (of performance.now()) or within 5 s, whichever is sooner. */
  async ready(deadlineAt: number): Promise<NatsConnection | NotConnected> {
    if (this.#isClosed) return notConnected('target_closed', 'The target is closed.');
    if (this.#isUp && this.#connection !== undefined) return this.#connection;
    const until = Math.min(deadlineAt, performance.now() + mostConnectMilliseconds);
    try {
      if (this.#connection !== undefined) {
        await byDeadline(new Promise<void>((resolve) => this.#up.add(resolve)), until);
        if (this.#isUp) return this.#connection;
        return notConnected('not_connected', 'The connection was lost.');
      }
      this.#connecting ??= this.#connect().finally(() => {
        this.#connecting = undefined;
      });
      return await byDeadline(this.#connecting, until);
    } catch (error) {
      if (this.#connection !== undefined)
        return notConnected('not_connected', 'The connection is lost and not back yet.');
      if (error instanceof DeadlineReached) return notConnected('connect_timeout', 'No server answered in time.');
      return notConnected(natsConnectFailureCode(error), natsErrorText(error));
    }
  }

  /** False while the client looks for a server, and when it was closed. */
  get isUp(): boolean {
    return this.#isUp;
  }

  /** Calls back when the connection breaks; returns what ends that. */
  onLost(listener: () => void): () => void {
    this.#lost.add(listener);
    return () => this.#lost.delete(listener);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    // One that is just being made closes itself, see below.
    await this.#connection?.close().catch(() => undefined);
    this.#setDown();
  }

  async #connect(): Promise<NatsConnection> {
    const { connect, ...client } = await import('@nats-io/transport-node');
    const { servers, login, tls } = this.#settings;
    const connection = await connect({
      servers: servers.map(({ host, port }) => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`)),
      name: this.#name,
      timeout: mostConnectMilliseconds,
      maxReconnectAttempts: -1,
      reconnectTimeWait: reconnectMilliseconds,
      pingInterval: pingMilliseconds,
      maxPingOut: 2,
      // Only listed servers are connected to, whatever a server says about others.
      ignoreClusterUpdates: true,
      // No stack trace for each request: we do not show them.
      noAsyncTraces: true,
      ...loginOptions(login, client),
      ...(tls === undefined ? {} : { tls: { ...tls } }),
    });
    if (this.#isClosed) {
      await connection.close();
      throw new Error('The target is closed.');
    }
    this.#connection = connection;
    this.#setUp();
    void this.#follow(connection);
    return connection;
  }

  async #follow(connection: NatsConnection): Promise<void> {
    for await (const { type } of connection.status()) {
      if (type === 'disconnect') this.#setDown();
      if (type === 'reconnect') this.#setUp();
    }
    // Closed, by us or because the server does not let us in any more: the next send connects anew.
    this.#setDown();
    if (this.#connection === connection) this.#connection = undefined;
  }

  #setUp(): void {
    this.#isUp = true;
    this.#wake(this.#up);
  }

  #setDown(): void {
    this.#isUp = false;
    this.#wake(this.#lost);
    if (this.#isClosed) this.#wake(this.#up);
  }

  #wake(listeners: Set<() => void>): void {
    const all = [...listeners];
    listeners.clear();
    for (const listener of all) listener();
  }
}

function loginOptions(login: NatsLogin, client: Omit<typeof import('@nats-io/transport-node'), 'connect'>) {
  switch (login.kind) {
    case 'none':
      return {};
    case 'user':
      return { user: login.user, pass: login.password };
    case 'token':
      return { token: login.token };
    case 'creds':
      // A secret comes without its last line end; the client wants one after the seed.
      return { authenticator: client.credsAuthenticator(Buffer.from(`${login.creds}\n`)) };
    case 'nkey':
      return { authenticator: client.nkeyAuthenticator(Buffer.from(login.seed)) };
  }
}

function notConnected(failureCode: string, failureDetail: string): NotConnected {
  return { status: 'failed', failureCode, failureDetail };
}
