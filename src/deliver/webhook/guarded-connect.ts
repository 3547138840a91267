import type { LookupAddress } from 'node:dns';
import { lookup as dnsLookup } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import { createSecureContext } from 'node:tls';
import { buildConnector } from 'undici';
import { connectRefusal, type DeliveryAllowList, type TargetAddress } from '../../contract/delivery/address-policy.js';

/** Asks for every address of a name. */
export type LookupAll = (hostname: string) => Promise<readonly LookupAddress[]>;

/** The resolver of the system: `/etc/hosts` and DNS, answers in its order. */
export const systemLookup: LookupAll = (hostname) => dnsLookup(hostname, { all: true, verbatim: true });

/** A connection that was refused before a packet left. */
export class AddressRefused extends Error {
  readonly code = 'ADDRESS_REFUSED';
}

/** A name that has no usable answer. */
class NameNotResolved extends Error {
  readonly code = 'NAME_NOT_RESOLVED';
}

/** What a connector needs to know of its route. */
export interface GuardedConnectOptions {
  readonly address: TargetAddress;
  readonly allow: DeliveryAllowList;
  readonly lookupAll: LookupAll;
  /** PEM of the only certificate authorities to trust; the ones of Node without it. */
  readonly ca: string | undefined;
  readonly timeoutMilliseconds: number;
}

/**
 * Connects to one host, and to public or listed addresses only. A name is resolved once a connection: all answers are judged, and
 * the socket connects to the very answers that were judged, so no second answer can come between. A literal never passes a resolver,
 * so it is judged by itself; and what the socket says it is connected to is judged once more before a byte is written.
 *
 * TLS is 1.2 or later and always verified. There is no proxy: `HTTP_PROXY` and its like are not looked at.
 */
export function guardedConnector(options: GuardedConnectOptions): buildConnector.connector {
  const { address, allow, ca } = options;
  const refusal = (ip: string) => connectRefusal(ip, address.host, address.port, allow);
  const isLiteral = isIP(address.host) !== 0;
  const connect = buildConnector({
    lookup: judgedLookup(options.lookupAll, address.host, refusal),
    timeout: options.timeoutMilliseconds,
    autoSelectFamily: true,
    allowH2: false,
    ...(address.secure
      ? {
          rejectUnauthorized: true,
          secureContext: createSecureContext({ minVersion: 'TLSv1.2', ...(ca === undefined ? {} : { ca }) }),
        }
      : {}),
  } as buildConnector.BuildOptions);
  return (target, callback) => {
    const literalRefusal = isLiteral ? refusal(address.host) : undefined;
    if (literalRefusal !== undefined) {
      callback(new AddressRefused(`${address.host} is not a public address (${literalRefusal})`), null);
      return;
    }
    const named = isLiteral ? target : { ...target, servername: address.host };
    connect({ ...named, hostname: address.host }, (error, socket) => {
      if (socket === null || error !== null) {
        callback(error ?? new Error('no socket'), null);
        return;
      }
      const reached = socket.remoteAddress ?? '';
      const late = refusal(reached.startsWith('::ffff:') && isIP(reached.slice(7)) === 4 ? reached.slice(7) : reached);
      if (late === undefined) callback(null, socket);
      else {
        socket.destroy();
        callback(new AddressRefused(`${reached} is not a public address (${late})`), null);
      }
    });
  };
}

/**
 * A lookup as sockets take it. Sockets that connect at the same time share one question: the resolver of the system has four threads for
 * the whole process, and a name that does not answer may hold one of them, not all.
 */
function judgedLookup(lookupAll: LookupAll, host: string, refusal: (ip: string) => string | undefined): LookupFunction {
  let asking: Promise<LookupAddress[]> | undefined;
  const ask = async () => {
    let answers: readonly LookupAddress[];
    try {
      answers = await lookupAll(host);
    } catch (error) {
      throw new NameNotResolved(`${host}: ${(error as NodeJS.ErrnoException).code ?? 'no answer'}`);
    }
    if (answers.length === 0) throw new NameNotResolved(`${host}: the answer is empty`);
    for (const { address } of answers) {
      const refused = refusal(address);
      if (refused !== undefined)
        throw new AddressRefused(`${host} leads to an address that is not public (${refused})`);
    }
    return answers.map(({ address }) => ({ address, family: isIP(address) }));
  };
  return (_hostname, lookupOptions, callback) => {
    asking ??= ask().finally(() => {
      asking = undefined;
    });
    asking.then(
      (answers) => {
        if (lookupOptions.all === true) callback(null, answers);
        else callback(null, answers[0]?.address ?? '', answers[0]?.family);
      },
      (error: NodeJS.ErrnoException) => callback(error, lookupOptions.all === true ? [] : '', 0),
    );
  };
}
