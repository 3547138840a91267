import type { Socket } from 'node:net';
import { type buildConnector, Client, type Dispatcher, Pool } from 'undici';

/** A request that is told on which connection it goes. */
export interface RequestOptions extends Dispatcher.DispatchOptions {
  readonly exchange: {
    /** True when it has waited for a connection for longer than it had. */
    readonly settled: boolean;
    /** Called when the request is handed to a connection, before anything is written. */
    onConnection(connection: { destroy(): void }): void;
  };
}

/** One connection of a pool, with the socket it has at the moment. */
class Connection extends Client {
  socket: Socket | undefined;
  readonly #handle = { destroy: () => void this.socket?.destroy(new Error('given up')) };

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    // undici wraps the handler on the way from the pool, the options it hands on as they are.
    const { exchange } = options as RequestOptions;
    // Given up while it waited: no connection is made for it, and the next one is taken from the queue.
    if (exchange.settled) return true;
    exchange.onConnection(this.#handle);
    return super.dispatch(options, handler);
  }
}

/**
 * The connections of one route: a pool of its own, so none is ever shared between routes. One request at a time on each.
 *
 * undici reconnects at once when a running request is aborted, to find that nothing waits: a hanging target would get two connections a
 * try. Destroying the socket ends the request and nothing else, so every connection here knows its socket.
 */
export function openConnections(origin: string, connect: buildConnector.connector, most: number): Pool {
  return new Pool(origin, {
    connections: most,
    factory: (url, options) => {
      const client: Connection = new Connection(url, {
        ...(options as Client.Options),
        connect: (target, callback) =>
          connect(target, (...result) => {
            client.socket = result[1] ?? undefined;
            callback(...result);
          }),
      });
      return client;
    },
    pipelining: 1,
    // Each exchange keeps its own time, over everything; undici's timers would only be a second answer to the same question.
    headersTimeout: 0,
    bodyTimeout: 0,
    maxHeaderSize: 16_384,
    keepAliveTimeout: 4_000,
    keepAliveMaxTimeout: 60_000,
  });
}
