import { ed25519SigningKey, hmacKey, type SignatureKey } from '../../contract/delivery/signature.js';
import { IuError } from '../../contract/errors/index.js';
import { isSecretReference, readSecret, type SecretEnvironment } from '../secrets.js';
import { isHeaderValue, type WebhookConfig } from './config.js';

/** Everything of a request that comes from references, ready to use. */
export interface Credentials {
  readonly keys: readonly SignatureKey[];
  /** Names and values of the route's headers, one after the other, as undici takes them. */
  readonly headers: readonly string[];
  /** Values that may not be seen in anything that is kept. */
  readonly confidential: readonly string[];
}

/** How long values that were read are used before they are read again. A rotation counts after this time at the latest. */
const freshMilliseconds = 5_000;

/** The credentials of one route, read again when they are older than five seconds; never used beyond that. */
export class CredentialSource {
  #current: { readonly credentials: Credentials; readonly until: number } | undefined;
  #reading: Promise<Credentials> | undefined;

  constructor(
    private readonly config: WebhookConfig,
    private readonly environment: SecretEnvironment,
  ) {}

  /** What is known and fresh; undefined when it has to be read. */
  fresh(): Credentials | undefined {
    return this.#current !== undefined && performance.now() < this.#current.until
      ? this.#current.credentials
      : undefined;
  }

  /** Reads, once for all who ask at the same time. Throws IU450 to IU453. */
  read(): Promise<Credentials> {
    this.#reading ??= this.#readNow().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #readNow(): Promise<Credentials> {
    const secrets = await Promise.all(
      this.config.secretReferences.map((reference) => readSecret(reference, this.environment)),
    );
    const keys = secrets.map((secret) =>
      this.config.signing === 'ed25519' ? ed25519SigningKey(secret) : hmacKey(secret),
    );
    const headers: string[] = [];
    const confidential = [...secrets];
    for (const [name, valueOrReference] of this.config.headers) {
      const value = isSecretReference(valueOrReference)
        ? await readSecret(valueOrReference, this.environment)
        : valueOrReference;
      if (!isHeaderValue(value)) {
        throw new IuError('IU453', { message: `${valueOrReference} is no value for the header ${name}` });
      }
      if (value !== valueOrReference) confidential.push(value);
      headers.push(name, value);
    }
    const credentials = { keys, headers, confidential };
    this.#current = { credentials, until: performance.now() + freshMilliseconds };
    return credentials;
  }
}
