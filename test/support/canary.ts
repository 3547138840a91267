import { randomBytes } from 'node:crypto';

/** Values that must not turn up where nobody needs them. */
export interface Canary {
  /** What it is, for the message of a failure. */
  readonly what: string;
  readonly value: string;
  /** Places where it may stand, because that is what they are for. */
  readonly allowedIn: readonly RegExp[];
}

/** A canary with a value of its own. Text that was encoded on the way (base64, URL, JSON escapes) stays as it is: letters and digits. */
export function canary(what: string, allowedIn: readonly RegExp[] = [], prefix = ''): Canary {
  return { what, value: `${prefix}CANARY${randomBytes(16).toString('hex')}`, allowedIn };
}

/** A place that was looked at, and everything in it as text. */
export interface Place {
  readonly name: string;
  readonly text: string;
}

/** Every canary in every place where it may not be: `what in place: …around it…`, without its value. */
export function leaks(canaries: readonly Canary[], places: readonly Place[]): string[] {
  return canaries.flatMap(({ what, value, allowedIn }) => {
    const forms = [value, Buffer.from(value).toString('base64').replace(/=+$/, '').slice(2, -2)];
    return places
      .filter(({ name }) => !allowedIn.some((allowed) => allowed.test(name)))
      .flatMap(({ name, text }) => {
        const at = forms.map((form) => text.indexOf(form)).find((index) => index >= 0);
        return at === undefined ? [] : [`${what} in ${name}: ${text.slice(Math.max(0, at - 60), at)}`];
      });
  });
}
