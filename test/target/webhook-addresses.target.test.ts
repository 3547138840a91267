import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TargetAddress } from '../../src/contract/delivery/address-policy.js';
import { parseDeliveryAllow } from '../../src/contract/delivery/address-policy.js';
import { IuError } from '../../src/contract/errors/index.js';
import type { Target } from '../../src/deliver/target.js';
import { AddressRefused, guardedConnector } from '../../src/deliver/webhook/guarded-connect.js';
import { type ConnectAttempts, watchConnectAttempts } from '../support/connect-attempts.js';
import { aDelivery } from '../support/delivery.js';
import { type ScriptedDns, scriptedDns } from '../support/dns.js';
import { oddSpellings, privateAddresses, publicAddresses } from '../support/odd-addresses.js';
import { chosenSeed, seeded } from '../support/seeded.js';
import { type Sink, startSink } from '../support/sink.js';
import { openTestWebhook } from '../support/webhook.js';

let attempts: ConnectAttempts;
let dns: ScriptedDns;
const open: Target[] = [];

beforeEach(() => {
  attempts = watchConnectAttempts();
  dns = scriptedDns();
});
afterEach(async () => {
  for (const target of open.splice(0)) await target.close();
  attempts.stop();
});

/** Without `allow` the policy is the one of a deployment that sends to the internet only. */
async function opened(url: string, allow: readonly string[] = []): Promise<Target> {
  const target = await openTestWebhook(url, { parts: { lookupAll: dns.lookupAll }, surroundings: { allow } });
  open.push(target);
  return target;
}

/** What sending to a URL comes to: the code of a refusal to open it, or the outcome of a send. */
async function sentTo(url: string, allow: readonly string[] = []): Promise<string> {
  let target: Target;
  try {
    target = await opened(url, allow);
  } catch (error) {
    if (error instanceof IuError) return error.code;
    throw error;
  }
  const outcome = await target.send(aDelivery(), 2_000);
  return outcome.status === 'sent' ? 'sent' : outcome.failureCode;
}

describe('webhook to refused addresses', () => {
  it('the watch sees a connection that is begun, to a literal and to a name', async () => {
    const sink = await startSink();
    dns.script('receiver.test', ['127.0.0.1']);
    expect(await sentTo(`${sink.origin}/`, ['127.0.0.1'])).toBe('sent');
    expect(await sentTo(`http://receiver.test:${sink.port}/`, ['receiver.test'])).toBe('sent');
    expect(attempts.begun).toEqual([`127.0.0.1:${sink.port}`, `127.0.0.1:${sink.port}`]);
    await sink.close();
  });

  it('row 51: no connection is begun for a private literal in any spelling, over https or http', async () => {
    const seed = chosenSeed();
    const random = seeded(seed);
    const plain = privateAddresses.map((address) => (address.includes(':') ? `[${address}]` : address));
    const odd = privateAddresses
      .filter((address) => !address.includes(':'))
      .flatMap((address) => oddSpellings(address, random));
    const results = new Map<string, number>();
    for (const host of [...plain, ...odd]) {
      for (const url of [`https://${host}/hook`, `https://${host}:443/`, `http://${host}/`]) {
        const result = await sentTo(url);
        results.set(result, (results.get(result) ?? 0) + 1);
      }
    }
    expect(attempts.begun, `seed ${seed}`).toEqual([]);
    expect([...results.keys()].sort(), `seed ${seed}`).toEqual(['IU455', 'IU456']);
    expect([...results.values()].reduce((sum, count) => sum + count)).toBeGreaterThan(2_700);
  }, 60_000);

  it('row 51: the guard alone, past every check of the address, begins no connection to a literal', async () => {
    for (const host of [...privateAddresses, '127.0.0.1.', '0x7f.1', '2130706433', 'fe80::1%lo']) {
      const address: TargetAddress = { origin: 'https://x.example', path: '/', host, port: 443, secure: true };
      const connect = guardedConnector({
        address,
        allow: parseDeliveryAllow([]),
        lookupAll: async () => [{ address: host, family: 4 }],
        ca: undefined,
        timeoutMilliseconds: 1_000,
      });
      const error = await new Promise<Error | null>((resolve) => {
        connect({ hostname: host, protocol: 'https:', port: '443' }, (...result) => resolve(result[0]));
      });
      expect([host, error]).toEqual([host, expect.any(AddressRefused)]);
    }
    expect(attempts.begun).toEqual([]);
  });

  it('a name that leads to any private address is refused with its own code', async () => {
    for (const [index, address] of privateAddresses.entries()) {
      dns.script(`host${index}.example`, [address]);
      expect([address, await sentTo(`https://host${index}.example/`)]).toEqual([address, 'address_refused']);
    }
    expect(attempts.begun).toEqual([]);
  });

  it('localhost and its like are refused by where they lead', async () => {
    for (const host of [
      'localhost',
      'LOCALHOST',
      'localhost.',
      'a.localhost',
      'localhost.localdomain',
      'xn--lcalhost-54a',
    ]) {
      dns.script(host.toLowerCase().replace(/\.$/, ''), ['127.0.0.1', '::1']);
      expect(await sentTo(`https://${host}/`)).toBe('address_refused');
    }
    expect(attempts.begun).toEqual([]);
  });

  it('row 53: one bad answer among good ones refuses them all', async () => {
    for (let turn = 0; turn < 20; turn += 1) {
      const answers: string[] = [...publicAddresses];
      answers.splice(turn % answers.length, 0, privateAddresses[turn % privateAddresses.length] ?? '127.0.0.1');
      dns.script('mixed.example', answers);
      expect(await sentTo('https://mixed.example/')).toBe('address_refused');
    }
    expect(attempts.begun).toEqual([]);
  });

  it('a listed name does not open the addresses of cloud metadata', async () => {
    dns.script('shop.internal', ['169.254.169.254']);
    expect(await sentTo('http://shop.internal/', ['shop.internal'])).toBe('address_refused');
    expect(attempts.begun).toEqual([]);
  });
});

describe('webhook to a name', () => {
  let sink: Sink;
  beforeEach(async () => {
    sink = await startSink();
  });
  afterEach(() => sink.close());

  it('row 52: rebinding reaches nothing in 1,000 tries, whichever answer is the bad one', async () => {
    // 127.0.0.3 stands for a public address on which nobody listens, 127.0.0.1 for the one that is to be reached.
    const target = await opened('https://rebind.example/', ['127.0.0.3']);
    const outcomes: Record<string, number> = {};
    for (let turn = 0; turn < 1_000; turn += 1) {
      const [good, bad] = [['127.0.0.3'], ['127.0.0.1']];
      dns.script('rebind.example', ...(turn % 2 === 0 ? [good, bad] : [bad, good]));
      const outcome = await target.send(aDelivery(), 2_000);
      const code = outcome.status === 'sent' ? 'sent' : outcome.failureCode;
      outcomes[code] = (outcomes[code] ?? 0) + 1;
    }
    expect(outcomes).toEqual({ connect_refused: 500, address_refused: 500 });
    expect(new Set(attempts.begun)).toEqual(new Set(['127.0.0.3:443']));
  }, 60_000);

  it('row 52: a connection goes to the answer that was judged; the resolver is asked once for it', async () => {
    const trap = await startSink({ host: '127.0.0.3' });
    const url = `http://pinned.example:${sink.port}/`;
    for (let turn = 0; turn < 20; turn += 1) {
      dns.script('pinned.example', ['127.0.0.1'], ['127.0.0.3']);
      const target = await opened(url, ['pinned.example']);
      const askedBefore = dns.asked.length;
      expect(await target.send(aDelivery(), 2_000)).toMatchObject({ status: 'sent' });
      expect(dns.asked.length - askedBefore).toBe(1);
    }
    expect(new Set(attempts.begun)).toEqual(new Set([`127.0.0.1:${sink.port}`]));
    expect(trap.connections).toBe(0);
    await trap.close();
  });

  it('row 53: no answer, an error or an empty answer is failed dns_failed, and tried again it works', async () => {
    const target = await opened(`http://flaps.example:${sink.port}/`, ['flaps.example']);
    for (const answer of [{ error: 'ENOTFOUND' }, { error: 'EAI_AGAIN' }, { error: 'ESERVFAIL' }, []] as const) {
      for (let turn = 0; turn < 20; turn += 1) {
        dns.script('flaps.example', answer);
        expect(await target.send(aDelivery(), 2_000)).toMatchObject({ status: 'failed', failureCode: 'dns_failed' });
      }
    }
    expect(sink.connections).toBe(0);
    dns.script('flaps.example', ['127.0.0.1']);
    expect(await target.send(aDelivery(), 2_000)).toMatchObject({ status: 'sent' });
  });

  it('row 53: a resolver that does not answer is failed connect_timeout at the deadline, and asked once for all', async () => {
    const target = await opened(`http://slow.example:${sink.port}/`, ['slow.example']);
    dns.script('slow.example', { silent: true });
    const started = process.hrtime.bigint();
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => target.send(aDelivery(), 700)));
    const seconds = Number(process.hrtime.bigint() - started) / 1e9;
    for (const outcome of outcomes) expect(outcome).toMatchObject({ status: 'failed', failureCode: 'connect_timeout' });
    expect(seconds).toBeLessThan(2.5);
    expect(dns.asked).toEqual(['slow.example']);
  });

  it('the second address is tried when nobody listens on the first', async () => {
    const gone = await startSink({ host: '127.0.0.2' });
    await gone.close();
    dns.script('two.example', ['127.0.0.2', '127.0.0.1']);
    const target = await opened(`http://two.example:${sink.port}/`, ['two.example']);
    expect(await target.send(aDelivery(), 3_000)).toMatchObject({ status: 'sent' });
    expect(attempts.begun).toEqual([`127.0.0.2:${sink.port}`, `127.0.0.1:${sink.port}`]);
  });

  it('a connection that takes longer than the deadline is failed, and its request is never written', async () => {
    // The name is answered after the deadline of the first send; only the second request may be seen.
    let answer: (() => void) | undefined;
    const lookupAll = () =>
      new Promise<{ address: string; family: number }[]>((resolve) => {
        answer = () => resolve([{ address: '127.0.0.1', family: 4 }]);
      });
    const target = await openTestWebhook(`http://late.example:${sink.port}/`, {
      parts: { lookupAll },
      surroundings: { allow: ['late.example'] },
    });
    open.push(target);
    const late = aDelivery();
    expect(await target.send(late, 300)).toMatchObject({ status: 'failed', failureCode: 'connect_timeout' });
    const next = target.send(aDelivery(), 3_000);
    answer?.();
    expect(await next).toMatchObject({ status: 'sent' });
    expect(sink.requests.map((request) => request.headers['webhook-id'])).not.toContain(late.deliveryId);
  });

  it('says which way a connection failed', async () => {
    const gone = await startSink();
    await gone.close();
    const target = await opened(`${gone.origin}/`, ['127.0.0.1']);
    expect(await target.send(aDelivery(), 2_000)).toMatchObject({ status: 'failed', failureCode: 'connect_refused' });
    expect(await target.check()).toContainEqual({ severity: 'error', message: 'connect_refused: ECONNREFUSED' });
  });
});
