import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A TCP proxy that can hold everything: connections stay open, no byte goes through. What a half-open connection looks like. */
export interface HoldingProxy {
  readonly port: number;
  /** Connections that are accepted and held. */
  readonly held: number;
  /** Connections accepted since the start. */
  readonly accepted: number;
  forwardTo(port: number, host?: string): void;
  /** From now on no byte goes through, on old connections and new ones. */
  hold(): void;
  /** Bytes go through again; what was held goes on where it stood. */
  pass(): void;
  /** Cuts all connections. */
  cut(): void;
  /** Refuses new connections, or takes them again. */
  refuse(isRefusing: boolean): void;
  close(): Promise<void>;
}

export async function startHoldingProxy(): Promise<HoldingProxy> {
  const pairs = new Set<readonly [Socket, Socket]>();
  const target = { port: 0, host: '127.0.0.1' };
  let isHolding = false;
  let isRefusing = false;
  let accepted = 0;
  const server = createServer((client) => {
    accepted += 1;
    if (isRefusing) return void client.resetAndDestroy();
    const upstream = connect(target.port, target.host);
    const pair = [client, upstream] as const;
    pairs.add(pair);
    for (const [one, other] of [pair, [upstream, client] as const]) {
      one.on('error', () => other.destroy());
      one.on('close', () => {
        pairs.delete(pair);
        // the end of a connection does not get through either while everything is held
        if (!isHolding) other.destroy();
      });
      one.on('data', (part: Buffer) => {
        if (!other.write(part)) one.pause();
      });
      other.on('drain', () => {
        if (!isHolding) one.resume();
      });
      if (isHolding) one.pause();
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const all = () => [...pairs].flat();
  return {
    port: (server.address() as AddressInfo).port,
    get held() {
      return isHolding ? pairs.size : 0;
    },
    get accepted() {
      return accepted;
    },
    forwardTo: (port, host = '127.0.0.1') => {
      target.port = port;
      target.host = host;
    },
    hold: () => {
      isHolding = true;
      for (const socket of all()) socket.pause();
    },
    pass: () => {
      isHolding = false;
      for (const socket of all()) socket.resume();
    },
    cut: () => {
      for (const socket of all()) socket.destroy();
    },
    refuse: (now) => {
      isRefusing = now;
    },
    close: async () => {
      isHolding = false;
      for (const socket of all()) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
