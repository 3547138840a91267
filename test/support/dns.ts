import type { LookupAddress } from 'node:dns';
import type { LookupAll } from '../../src/deliver/webhook/guarded-connect.js';

/** An answer of the scripted resolver: addresses, an error by its code, or silence. */
export type DnsAnswer = readonly string[] | { readonly error: string } | { readonly silent: true };

/** A resolver that answers what it is told, once after the other; the last answer stays. */
export interface ScriptedDns {
  readonly lookupAll: LookupAll;
  /** Names that were asked for, in order. */
  readonly asked: readonly string[];
  script(hostname: string, ...answers: DnsAnswer[]): void;
}

export function scriptedDns(): ScriptedDns {
  const scripts = new Map<string, DnsAnswer[]>();
  const asked: string[] = [];
  const failed = (code: string) => Object.assign(new Error(`${code} of the scripted resolver`), { code });
  const lookupAll: LookupAll = async (hostname) => {
    asked.push(hostname);
    const script = scripts.get(hostname);
    const answer = script !== undefined && script.length > 1 ? script.shift() : script?.[0];
    if (answer === undefined) throw failed('ENOTFOUND');
    if ('error' in answer) throw failed(answer.error);
    if ('silent' in answer) return new Promise<LookupAddress[]>(() => {});
    return answer.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  };
  return {
    lookupAll,
    asked,
    script: (hostname, ...answers) => void scripts.set(hostname, [...answers]),
  };
}
