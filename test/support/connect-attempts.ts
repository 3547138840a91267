import net from 'node:net';

/** Where sockets of this process were told to connect to. */
export interface ConnectAttempts {
  /** `address:port` of every connection that was begun, by any library, TLS included. */
  readonly begun: readonly string[];
  stop(): void;
}

/**
 * Watches the one place every TCP connection of a process goes through, so that a test can say that none was begun. It records the
 * address the system is asked to connect to, after names are resolved.
 */
export function watchConnectAttempts(): ConnectAttempts {
  const begun: string[] = [];
  const prototype = net.Socket.prototype;
  const connect = prototype.connect;
  const watched = function (this: net.Socket, ...values: unknown[]) {
    this.on('connectionAttempt', (ip: string, port: number) => begun.push(`${ip}:${port}`));
    return Reflect.apply(connect, this, values);
  };
  prototype.connect = watched as typeof connect;
  return {
    begun,
    stop: () => {
      prototype.connect = connect;
    },
  };
}
