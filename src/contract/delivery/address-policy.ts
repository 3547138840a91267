import { BlockList, isIP, isIPv4 } from 'node:net';
import { IuError } from '../errors/index.js';

/** Why an address may not be sent to. */
export type AddressRefusal = (typeof refusedNetworks)[number][0];

/**
 * Networks that are not the public internet, by what they are for (IANA special-purpose registries). Of IPv6 only 2000::/3 is
 * public at all, see `refusalOf`. The last of each family stand for addresses that clouds answer on from inside.
 */
const refusedNetworks = [
  ['unspecified', '0.0.0.0/8'],
  ['private', '10.0.0.0/8'],
  ['carrier_nat', '100.64.0.0/10'],
  ['loopback', '127.0.0.0/8'],
  ['link_local', '169.254.0.0/16'],
  ['private', '172.16.0.0/12'],
  ['reserved', '192.0.0.0/24'],
  ['documentation', '192.0.2.0/24'],
  ['reserved', '192.31.196.0/24'],
  ['reserved', '192.52.193.0/24'],
  ['relay_6to4', '192.88.99.0/24'],
  ['private', '192.168.0.0/16'],
  ['reserved', '192.175.48.0/24'],
  ['benchmarking', '198.18.0.0/15'],
  ['documentation', '198.51.100.0/24'],
  ['documentation', '203.0.113.0/24'],
  ['multicast', '224.0.0.0/4'],
  ['reserved', '240.0.0.0/4'],
  ['cloud_metadata', '168.63.129.16/32'],
  ['unspecified', '::/128'],
  ['loopback', '::1/128'],
  ['mapped_ipv4', '::ffff:0:0/96'],
  ['mapped_ipv4', '::/96'],
  ['translated_ipv4', '64:ff9b::/96'],
  ['translated_ipv4', '64:ff9b:1::/48'],
  ['discard', '100::/64'],
  ['reserved', '2001::/23'],
  ['documentation', '2001:db8::/32'],
  ['relay_6to4', '2002::/16'],
  ['reserved', '2620:4f:8000::/48'],
  ['documentation', '3fff::/20'],
  ['segment_routing', '5f00::/16'],
  ['cloud_metadata', 'fd00:ec2::254/128'],
  ['private', 'fc00::/7'],
  ['link_local', 'fe80::/10'],
  ['private', 'fec0::/10'],
  ['multicast', 'ff00::/8'],
] as const;

/** What a listed *name* may resolve to besides public addresses; everything else takes an entry for the address itself. */
const reachableByName: ReadonlySet<string> = new Set(['loopback', 'private', 'carrier_nat', 'benchmarking']);

function blockListOf(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) addNetwork(list, network);
  return list;
}

function addNetwork(list: BlockList, network: string): void {
  const [address = '', prefix = ''] = network.split('/');
  list.addSubnet(address, Number(prefix), isIPv4(address) ? 'ipv4' : 'ipv6');
}

const refusedLists = refusedNetworks.map(
  ([reason, network]) => ({ reason, isIpv6: network.includes(':'), list: blockListOf([network]) }) as const,
);
const mappedIpv4 = blockListOf(['::ffff:0:0/96']);
const publicIpv6 = blockListOf(['2000::/3']);

/** Why an address is not public; undefined for a public one. Takes the text of an address, and refuses what is none. */
export function refusalOf(address: string): AddressRefusal | 'no_address' | undefined {
  const family = address.includes('%') ? 0 : isIP(address);
  if (family === 0) return 'no_address';
  // A BlockList takes an IPv4 address and the IPv6 address it is mapped into for the same, so each family has its own rules.
  if (family === 4) return refusedLists.find(({ isIpv6, list }) => !isIpv6 && list.check(address, 'ipv4'))?.reason;
  if (mappedIpv4.check(address, 'ipv6')) return 'mapped_ipv4';
  const refused = refusedLists.find(({ isIpv6, list }) => isIpv6 && list.check(address, 'ipv6'))?.reason;
  return refused ?? (publicIpv6.check(address, 'ipv6') ? undefined : 'reserved');
}

/** What a deployment may send to although it is private or not https. */
export interface DeliveryAllowList {
  /** `host` or `host:port` in the form of `hostKey`. */
  readonly hosts: ReadonlySet<string>;
  /** Networks and addresses that were listed without a port. */
  readonly networks: BlockList;
  /** `address:port` in the form of `hostKey`. */
  readonly addresses: ReadonlySet<string>;
}

/**
 * Reads the entries of IU_DELIVERY_ALLOW: `host`, `host:port`, an address with or without port (`[IPv6]:port`), a network in CIDR
 * form. Throws IU457.
 *
 * A listed host may be reached over http, on any port (or the one it was listed with), and at private addresses; at link-local,
 * multicast and reserved ones only when the address itself or its network is listed.
 */
export function parseDeliveryAllow(entries: readonly string[]): DeliveryAllowList {
  const hosts = new Set<string>();
  const addresses = new Set<string>();
  const networks = new BlockList();
  for (const entry of entries) {
    const text = entry.trim();
    if (text.includes('/')) {
      if (!isNetwork(text)) throw malformedEntry(text);
      addNetwork(networks, text);
      continue;
    }
    const parsed = parseHostEntry(text);
    if (isIP(parsed.host) === 0) hosts.add(hostKey(parsed.host, parsed.port));
    else if (parsed.port === undefined) addNetwork(networks, `${parsed.host}/${isIPv4(parsed.host) ? 32 : 128}`);
    else addresses.add(hostKey(parsed.host, parsed.port));
  }
  return { hosts, networks, addresses };
}

function malformedEntry(entry: string): IuError {
  return new IuError('IU457', {
    message: `IU_DELIVERY_ALLOW: ${JSON.stringify(entry)} is no host, address or network`,
  });
}

function isNetwork(text: string): boolean {
  const [address = '', prefix = '', ...rest] = text.split('/');
  const family = address.includes('%') ? 0 : isIP(address);
  return family !== 0 && rest.length === 0 && /^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128);
}

function parseHostEntry(text: string): { host: string; port: number | undefined } {
  const form = isIP(text) === 6 ? `[${text}]` : text;
  if (!/^(\[[0-9a-fA-F:.]+\]|[^\s:/?#@[\]\\%*]+)(:\d{1,5})?$/.test(form)) throw malformedEntry(text);
  let url: URL;
  try {
    url = new URL(`http://${form}`);
  } catch {
    throw malformedEntry(text);
  }
  const said = /:(\d{1,5})$/.exec(form.replace(/^\[.*\]/, ''))?.[1];
  return { host: plainHost(url.hostname), port: said === undefined ? undefined : Number(said) };
}

/** Host as it is compared: without brackets, without the dot that ends a full name. URL has lower-cased and encoded it already. */
export function plainHost(hostname: string): string {
  const bare = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
  return bare.length > 1 && bare.endsWith('.') ? bare.slice(0, -1) : bare;
}

function hostKey(host: string, port: number | undefined): string {
  return port === undefined ? host : `${host} ${port}`;
}

/** True when the host of an address (a name or an address literal) is itself listed, for this port. */
export function isListedHost(host: string, port: number, allow: DeliveryAllowList): boolean {
  const family = isIP(host);
  if (family === 0) return allow.hosts.has(host) || allow.hosts.has(hostKey(host, port));
  return allow.networks.check(host, family === 4 ? 'ipv4' : 'ipv6') || allow.addresses.has(hostKey(host, port));
}

/**
 * Judges the address that is about to be connected to: undefined when it may be, otherwise why not. `host` is what the route names;
 * for a literal it is the address itself.
 */
export function connectRefusal(
  address: string,
  host: string,
  port: number,
  allow: DeliveryAllowList,
): AddressRefusal | 'no_address' | undefined {
  const refusal = refusalOf(address);
  if (refusal === undefined || refusal === 'no_address') return refusal;
  if (isListedHost(address, port, allow)) return undefined;
  return isIP(host) === 0 && isListedHost(host, port, allow) && reachableByName.has(refusal) ? undefined : refusal;
}

/** A target's address, judged as far as it can be without asking DNS. */
export interface TargetAddress {
  /** scheme, host, port */
  readonly origin: string;
  /** Path and query, as sent. */
  readonly path: string;
  /** Host without brackets and closing dot. */
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
}

/**
 * Reads the URL of a target. Throws IU455 when it is not a plain http or https URL: user information, fragment, white space,
 * backslashes, or an IP address in another than its usual spelling; IU456 when the policy refuses scheme, port or address.
 */
export function targetAddress(text: string, allow: DeliveryAllowList): TargetAddress {
  const url = parsePlainUrl(text);
  const host = plainHost(url.hostname);
  const secure = url.protocol === 'https:';
  const port = url.port === '' ? (secure ? 443 : 80) : Number(url.port);
  const listed = isListedHost(host, port, allow);
  if (!secure && !listed) throw refused(`http is for hosts in IU_DELIVERY_ALLOW; ${host} is not listed`);
  if (port !== 443 && !listed) throw refused(`port ${port} is for hosts in IU_DELIVERY_ALLOW; ${host} is not listed`);
  if (isIP(host) !== 0) {
    const refusal = connectRefusal(host, host, port, allow);
    if (refusal !== undefined) throw refused(`${host} is not a public address (${refusal})`);
  }
  // Without the dot that ends a full name: in a Host header and against a certificate it is another name.
  const origin = `${url.protocol}//${url.host.replace(/\.(?=:|$)/, '')}`;
  return { origin, path: `${url.pathname}${url.search}`, host, port, secure };
}

function refused(message: string): IuError {
  return new IuError('IU456', { message: `the address is refused: ${message}` });
}

function parsePlainUrl(text: string): URL {
  const malformed = (what: string) => new IuError('IU455', { message: `the address of the target ${what}` });
  // What URL would silently drop or turn: tabs and line ends, backslashes, and everything outside printable ASCII in front of the path.
  if (/[\s\p{C}\\]/u.test(text)) throw malformed('has white space, control characters or a backslash');
  const authority = /^https?:\/\/([^/?#]+)/i.exec(text)?.[1];
  if (authority === undefined) throw malformed('does not begin with https:// and a host');
  if (authority.includes('@')) throw malformed('has user information; credentials are references in target_config');
  if (text.includes('#')) throw malformed('has a fragment');
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw malformed('is not a URL');
  }
  const said = authority.replace(/:\d*$/, '').toLowerCase();
  if (authority.endsWith(':')) throw malformed('has an empty port');
  // An address literal in another spelling (2130706433, 0x7f.1, 127.1, ::0:1) says that somebody wants it not to be seen.
  if (isIP(plainHost(url.hostname)) !== 0 && said !== url.hostname) throw malformed(`spells ${url.hostname} oddly`);
  if (said.includes('%')) throw malformed('has an encoded character in its host');
  if (url.hostname === '' || url.hostname.split('.').slice(0, -1).includes(''))
    throw malformed('has an empty label in its host');
  return url;
}
