import type { Socket } from 'node:net';
import { type buildConnector, Client, type Dispatcher, errors } from 'undici';
import type { Exchange, HeldConnection } from './exchange.js';

/** One connection, with the socket it has at the moment. It connects when it is used first, and again when it was lost. */
export class Connection implements HeldConnection {
  readonly client: Client;
  #socket: Socket | undefined;

  constructor(
    origin: string,
    connect: buildConnector.connector,
    private readonly onFree: (connection: Connection) => void,
  ) {
    this.client = new Client(origin, {
      connect: (target, callback) =>
        connect(target, (...result) => {
          this.#socket = result[1] ?? undefined;
          callback(...result);
        }),
      pipelining: 1,
      // Each exchange keeps its own time, over everything; undici's timers would only be a second answer to the same question.
      headersTimeout: 0,
      bodyTimeout: 0,
      maxHeaderSize: 16_384,
      keepAliveTimeout: 4_000,
      keepAliveMaxTimeout: 60_000,
    });
  }

  /** False while it never connected, and when it could not the last time. */
  get isUsable(): boolean {
    return this.#socket !== undefined;
  }

  /**
   * undici reconnects at once when a running request is aborted, to find that nothing waits: a
   * hanging target would get two connections a try. Destroying the socket ends the request and nothing else.
   */
  destroy(): void {
    this.#socket?.destroy(new Error('given up'));
  }

  free(): void {
    this.onFree(this);
  }
}

/**
 * The connections of one route; none is ever shared between routes. One request at a time on each. The one that was used last is taken
 * first: undici's Pool looks through all of them for each request, and has the one that just answered go idle before it is used again,
 * which makes a send a fifth more expensive.
 */
export class Connections {
  readonly #all = new Set<Connection>();
  readonly #idle: Connection[] = [];
  readonly #waiting: { readonly request: Dispatcher.DispatchOptions; readonly exchange: Exchange }[] = [];

  constructor(
    private readonly origin: string,
    private readonly connect: buildConnector.connector,
    private readonly most: number,
  ) {}

  dispatch(request: Dispatcher.DispatchOptions, exchange: Exchange): void {
    const connection = this.#waiting.length === 0 ? this.#take() : undefined;
    if (connection === undefined) this.#waiting.push({ request, exchange });
    else begin(connection, request, exchange);
  }

  /** Ends everything. What waits is refused first: the end of a connection must not begin it on another one. */
  async destroy(): Promise<void> {
    for (const { exchange } of this.#waiting.splice(0)) {
      exchange.onResponseError(undefined, new errors.ClientDestroyedError());
    }
    await Promise.all([...this.#all].map(({ client }) => client.destroy()));
  }

  #take(): Connection | undefined {
    const idle = this.#idle.pop();
    if (idle !== undefined || this.#all.size >= this.most) return idle;
    const another = new Connection(this.origin, this.connect, (connection) => this.#freed(connection));
    this.#all.add(another);
    return another;
  }

  #freed(connection: Connection): void {
    // undici counts a request that found a wrong certificate as running for ever: a client that could not connect is not used again.
    if (connection.isUsable) this.#idle.push(connection);
    else this.#all.delete(connection);
    // Not at once: the client is still at work on the request whose end it tells.
    if (this.#waiting.length > 0) queueMicrotask(() => this.#beginNext());
  }

  #beginNext(): void {
    // Given up while it waited: no connection is made for it.
    while (this.#waiting[0]?.exchange.settled) this.#waiting.shift();
    const next = this.#waiting[0];
    const connection = next === undefined ? undefined : this.#take();
    if (next === undefined || connection === undefined) return;
    this.#waiting.shift();
    begin(connection, next.request, next.exchange);
  }
}

function begin(connection: Connection, request: Dispatcher.DispatchOptions, exchange: Exchange): void {
  exchange.onConnection(connection);
  connection.client.dispatch(request, exchange);
}
