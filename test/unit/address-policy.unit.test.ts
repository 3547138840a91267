import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  connectRefusal,
  isListedHost,
  parseDeliveryAllow,
  refusalOf,
  targetAddress,
} from '../../src/contract/delivery/address-policy.js';
import { IuError } from '../../src/contract/errors/index.js';
import { oddSpellings, privateAddresses, publicAddresses } from '../support/odd-addresses.js';
import { chosenSeed, seeded } from '../support/seeded.js';

const nothing = parseDeliveryAllow([]);

function codeOf(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return error instanceof IuError ? error.code : String(error);
  }
}

const urlOf = (host: string) => `https://${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}/hook`;

describe('address policy', () => {
  it.each(privateAddresses)('refuses %s', (address) => {
    expect(refusalOf(address)).toBeDefined();
    expect(connectRefusal(address, 'shop.example', 443, nothing)).toBeDefined();
  });

  it.each(publicAddresses)('lets %s pass', (address) => {
    expect(refusalOf(address)).toBeUndefined();
    expect(targetAddress(urlOf(address), nothing)).toMatchObject({ host: address, port: 443, secure: true });
  });

  it.each(['', 'localhost', '1', '1.2.3', '1.2.3.4.5', '0x7f.0.0.1', 'fe80::1%eth0', '::1%lo', '[::1]', '1.2.3.4/32'])(
    'takes %j for no address',
    (text) => expect(refusalOf(text)).toBe('no_address'),
  );

  it('refuses every IPv6 address outside 2000::/3', () => {
    fc.assert(
      fc.property(fc.ipV6(), (address) => {
        const first = Number.parseInt(address.startsWith(':') ? '0' : (address.split(':')[0] ?? '0'), 16);
        if (first < 0x2000 || first > 0x3fff) expect(refusalOf(address)).toBeDefined();
      }),
      { numRuns: 5_000 },
    );
  });

  it('refuses a private address in every odd spelling, as malformed or refused', () => {
    const seed = chosenSeed();
    const random = seeded(seed);
    const spellings = privateAddresses
      .filter((address) => !address.includes(':'))
      .flatMap((address) => oddSpellings(address, random));
    expect(spellings.length).toBeGreaterThan(900);
    const passed = spellings.filter(
      (host) => !['IU455', 'IU456'].includes(codeOf(() => targetAddress(`https://${host}/`, nothing)) ?? ''),
    );
    expect(passed, `seed ${seed}`).toEqual([]);
  });

  it('refuses even a public address in an odd spelling', () => {
    for (const host of [
      '134744072',
      '0x8.8.8.8',
      '010.8.8.8',
      '8.8.2056',
      '8.8.8.8.',
      '[2001:4860:4860:0:0:0:0:8888]',
    ]) {
      expect(codeOf(() => targetAddress(`https://${host}/`, nothing))).toBe('IU455');
    }
  });

  it.each([
    ['no scheme', 'shop.example/hook'],
    ['another scheme', 'ftp://shop.example/'],
    ['a file', 'file:///etc/passwd'],
    ['no host', 'https:///hook'],
    ['a user', 'https://user@shop.example/'],
    ['a password', 'https://user:pw@shop.example/'],
    ['an empty user', 'https://@shop.example/'],
    ['a fragment', 'https://shop.example/#x'],
    ['a blank', 'https://shop.example/a b'],
    ['a tab in the scheme', 'ht\ttps://shop.example/'],
    ['a line end in the host', 'https://shop\r\n.example/'],
    ['a backslash', 'https://shop.example\\@127.0.0.1/'],
    ['a direction mark', 'https://shop\u202e.example/'],
    ['an encoded host', 'https://%73hop.example/'],
    ['an empty port', 'https://shop.example:/'],
    ['a port out of range', 'https://shop.example:65536/'],
    ['an empty label', 'https://shop..example/'],
    ['a zone', 'https://[fe80::1%25eth0]/'],
  ])('takes an address with %s for malformed', (_what, text) => {
    expect(codeOf(() => targetAddress(text, nothing))).toBe('IU455');
  });

  it('normalises what is only written differently', () => {
    expect(targetAddress('HTTPS://Shop.EXAMPLE./a/../hook?x=1', nothing)).toEqual({
      origin: 'https://shop.example',
      path: '/hook?x=1',
      host: 'shop.example',
      port: 443,
      secure: true,
    });
    expect(targetAddress('https://bücher.example/', nothing).host).toBe('xn--bcher-kva.example');
  });

  it('takes http, and ports other than 443, only for a listed host', () => {
    for (const text of [
      'http://shop.example/',
      'http://shop.example:443/',
      'https://shop.example:8443/',
      'https://shop.example:80/',
    ]) {
      expect(codeOf(() => targetAddress(text, nothing))).toBe('IU456');
      expect(codeOf(() => targetAddress(text, parseDeliveryAllow(['other.example', 'example', 'hop.example'])))).toBe(
        'IU456',
      );
      expect(codeOf(() => targetAddress(text, parseDeliveryAllow(['SHOP.example.'])))).toBeUndefined();
    }
    const onlyPort = parseDeliveryAllow(['shop.example:8080']);
    expect(targetAddress('http://shop.example:8080/', onlyPort)).toMatchObject({ port: 8080, secure: false });
    expect(codeOf(() => targetAddress('http://shop.example/', onlyPort))).toBe('IU456');
    // A network does not make a name that leads into it trustworthy on the way.
    expect(codeOf(() => targetAddress('http://shop.example/', parseDeliveryAllow(['10.0.0.0/8'])))).toBe('IU456');
    expect(codeOf(() => targetAddress('http://10.1.2.3/', parseDeliveryAllow(['10.0.0.0/8'])))).toBeUndefined();
  });

  it('connects to a private address for a listed name, network or address, and only there', () => {
    const cases: [allow: string, address: string, host: string, port: number, allowed: boolean][] = [
      ['shop.internal', '10.0.0.5', 'shop.internal', 443, true],
      ['shop.internal', '10.0.0.5', 'other.internal', 443, false],
      ['shop.internal', '127.0.0.1', 'shop.internal', 443, true],
      ['shop.internal', '169.254.169.254', 'shop.internal', 443, false],
      ['shop.internal', '168.63.129.16', 'shop.internal', 443, false],
      ['shop.internal', 'fd00:ec2::254', 'shop.internal', 443, false],
      ['shop.internal', '0.0.0.0', 'shop.internal', 443, false],
      ['shop.internal', '224.0.0.1', 'shop.internal', 443, false],
      ['shop.internal', 'fd12::1', 'shop.internal', 443, true],
      ['shop.internal:8443', '10.0.0.5', 'shop.internal', 8443, true],
      ['shop.internal:8443', '10.0.0.5', 'shop.internal', 443, false],
      ['10.0.0.0/24', '10.0.0.5', 'shop.internal', 443, true],
      ['10.0.0.0/24', '10.0.1.5', 'shop.internal', 443, false],
      ['169.254.169.254', '169.254.169.254', 'shop.internal', 443, true],
      ['127.0.0.1:8443', '127.0.0.1', 'shop.internal', 8443, true],
      ['127.0.0.1:8443', '127.0.0.1', 'shop.internal', 443, false],
      ['[::1]:8443', '::1', 'shop.internal', 8443, true],
      ['::1', '::1', '::1', 80, true],
      ['fd00::/8', 'fd12::1', 'shop.internal', 443, true],
      ['fd00::/8', 'fe80::1', 'shop.internal', 443, false],
      ['127.0.0.1', '127.0.0.2', '127.0.0.2', 443, false],
    ];
    const wrong = cases.filter(
      ([allow, address, host, port, allowed]) =>
        (connectRefusal(address, host, port, parseDeliveryAllow([allow])) === undefined) !== allowed,
    );
    expect(wrong).toEqual([]);
    expect(isListedHost('shop.internal', 443, parseDeliveryAllow([' shop.internal ']))).toBe(true);
  });

  it.each([
    '',
    '*',
    'http://shop.example',
    'shop.example/',
    'a b',
    'user@shop.example',
    '10.0.0.0/33',
    '10.0.0/8',
    '::1/129',
    'shop.example:99999',
    '[::1',
    'shop.example:',
    '10.0.0.0/8/8',
    'x%79',
  ])('cannot read %j as an entry of the allow-list', (entry) =>
    expect(codeOf(() => parseDeliveryAllow([entry]))).toBe('IU457'),
  );
});
