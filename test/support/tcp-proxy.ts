import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A proxy on loopback that can lose what the far side says. */
export interface TcpProxy {
  readonly port: number;
  /** Connections that are open now. */
  connections(): number;
  /** Where new connections go; undefined refuses them. */
  upstream(port: number | undefined): void;
  /** Answers are thrown away from now on, or passed on again; requests always pass. */
  mute(isMute: boolean): void;
  /** Breaks every connection. */
  cut(): void;
  close(): Promise<void>;
}

/** Listens on a free port and passes everything to the given one. */
export async function startTcpProxy(upstreamPort: number | undefined): Promise<TcpProxy> {
  let target = upstreamPort;
  let isMute = false;
  const clients = new Set<Socket>();
  const server = createServer((client) => {
    if (target === undefined) {
      client.destroy();
      return;
    }
    const far = connect(target, '127.0.0.1');
    clients.add(client);
    client.setNoDelay(true);
    far.setNoDelay(true);
    client.on('close', () => {
      clients.delete(client);
      far.destroy();
    });
    far.on('close', () => client.destroy());
    client.on('error', () => far.destroy());
    far.on('error', () => client.destroy());
    client.pipe(far);
    far.on('data', (data: Buffer) => {
      if (!isMute) client.write(data);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => clients.size,
    upstream: (port) => {
      target = port;
    },
    mute: (mute) => {
      isMute = mute;
    },
    cut: () => {
      for (const client of clients) client.destroy();
    },
    close: async () => {
      for (const client of clients) client.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
