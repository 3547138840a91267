import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A TCP proxy that can hold everything: connections stay open and no byte goes through, as when a network forgets them. */
export interface HoldingProxy {
  readonly port: number;
  /** Connections that are held now. */
  readonly held: number;
  /** Connections accepted since the start. */
  readonly accepted: number;
  forwardTo(port: number, host?: string): void;
  /** From now on no byte goes through, on old connections and new ones. */
  hold(): void;
  /** Bytes go through again; what was held goes on where it stood. */
  pass(): void;
  /** The connections that are open now stay half-open for ever: no byte and no end gets through. New ones work. */
  forget(): void;
  /**
   * Asked when the server has answered the commit of a transaction that claimed deliveries, before anybody is told: true cuts that
   * connection, so that the claim is committed and nobody knows.
   */
  judgeClaims(judge: () => Promise<boolean>): void;
  close(): Promise<void>;
}

interface Pair {
  readonly client: Socket;
  readonly upstream: Socket;
  isHeld: boolean;
  isForgotten: boolean;
  claim: 'none' | 'asked' | 'committing';
}

export async function startHoldingProxy(): Promise<HoldingProxy> {
  const pairs = new Set<Pair>();
  const target = { port: 0, host: '127.0.0.1' };
  let isHolding = false;
  let accepted = 0;
  let judge: (() => Promise<boolean>) | undefined;

  const set = (pair: Pair, isHeld: boolean) => {
    pair.isHeld = isHeld;
    for (const socket of [pair.client, pair.upstream]) isHeld ? socket.pause() : socket.resume();
  };
  const join = (pair: Pair, from: Socket, to: Socket) => {
    const pass = (part: Buffer) => {
      if (!to.write(part)) from.pause();
    };
    from.on('data', (part: Buffer) => {
      if (from === pair.client) {
        if (part.includes('fn_iu_delivery_claim(')) pair.claim = 'asked';
        else if (pair.claim === 'asked') pair.claim = part.includes('commit\0') ? 'committing' : 'none';
      } else if (pair.claim === 'committing' && judge !== undefined) {
        pair.claim = 'none';
        from.pause();
        const ignoreLost = () => true; // the server went away while it was asked
        void judge()
          .catch(ignoreLost)
          .then((isCut) => {
            if (isCut) pair.client.destroy();
            else {
              pass(part);
              from.resume();
            }
          });
        return;
      }
      pass(part);
    });
    to.on('drain', () => {
      if (!pair.isHeld) from.resume();
    });
    from.on('error', () => {});
    from.on('close', () => {
      if (pair.isForgotten) return;
      to.destroy();
      pairs.delete(pair);
    });
  };
  const server = createServer((client) => {
    accepted += 1;
    const pair: Pair = {
      client,
      upstream: connect(target.port, target.host),
      isHeld: isHolding,
      isForgotten: false,
      claim: 'none',
    };
    pairs.add(pair);
    join(pair, client, pair.upstream);
    join(pair, pair.upstream, client);
    set(pair, isHolding);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    get held() {
      return [...pairs].filter((pair) => pair.isHeld).length;
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
      for (const pair of pairs) set(pair, true);
    },
    pass: () => {
      isHolding = false;
      for (const pair of pairs) if (!pair.isForgotten) set(pair, false);
    },
    forget: () => {
      for (const pair of pairs) {
        pair.isForgotten = true;
        set(pair, true);
      }
    },
    judgeClaims: (asked) => {
      judge = asked;
    },
    close: async () => {
      for (const pair of pairs) {
        pair.client.destroy();
        pair.upstream.destroy();
      }
      server.close();
      await once(server, 'close');
    },
  };
}
