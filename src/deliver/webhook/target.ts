import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext, TLSSocket } from 'node:tls';
import type { buildConnector } from 'undici';
import { parseDeliveryAllow, type TargetAddress, targetAddress } from '../../contract/delivery/address-policy.js';
import { keptAnswerText } from '../../contract/delivery/answer-text.js';
import { cloudEventBody, cloudEventContentType } from '../../contract/delivery/cloud-event.js';
import type { Delivery, SendOutcome } from '../../contract/delivery/delivery.js';
import { httpOutcome } from '../../contract/delivery/http-outcome.js';
import { signatureHeader } from '../../contract/delivery/signature.js';
import { attemptTraceparent, originTraceparent } from '../../contract/delivery/traceparent.js';
import { IuError } from '../../contract/errors/index.js';
import type { OpenTarget, Target, TargetFinding, TargetRoute, TargetSurroundings } from '../target.js';
import { sendSpanId } from '../tracing.js';
import { parseTargetConfig, type WebhookConfig, webhookConfigOf, webhookConfigShape } from './config.js';
import { Connections } from './connections.js';
import { CredentialSource, type Credentials } from './credentials.js';
import { Exchange, type ReadAnswer } from './exchange.js';
import { notConnected } from './failure.js';
import { guardedConnector, type LookupAll, systemLookup } from './guarded-connect.js';

/** What tests and wrappers put in the place of the defaults. */
export interface WebhookParts {
  /** Resolver of names; the system's by default. */
  readonly lookupAll?: LookupAll;
  /** `content-type` of the body; the one of a CloudEvent by default. */
  readonly contentType?: string;
  /** Changes what an answer means, after the table of `httpOutcome`; gets the text of the answer, up to 64 KiB. */
  readonly judge?: (
    outcome: SendOutcome,
    answer: { readonly status: number; readonly text: string; readonly cut: boolean },
  ) => SendOutcome;
}

/** Opens a webhook target; see docs/how-to/webhook-target.md for its keys. Throws IU450 to IU458. */
export const openWebhook: OpenTarget = (route, surroundings) => openWebhookWith({}, route, surroundings);

/** `openWebhook` with parts of one's own. */
export async function openWebhookWith(
  parts: WebhookParts,
  route: TargetRoute,
  surroundings: TargetSurroundings,
): Promise<Target> {
  const config = webhookConfigOf(parseTargetConfig(webhookConfigShape, route.targetConfig), 'hmac');
  return openHttpTarget(config, route.targetRef, parts, route, surroundings);
}

/** Opens a target that posts to `url` by a configuration that was read. Throws IU450 to IU458. */
export async function openHttpTarget(
  config: WebhookConfig,
  url: string,
  parts: WebhookParts,
  route: TargetRoute,
  surroundings: TargetSurroundings,
): Promise<Target> {
  const allow = parseDeliveryAllow(surroundings.allow);
  const address = targetAddress(url, allow);
  const ca = config.caFile === undefined ? undefined : await readAuthorities(config.caFile);
  const credentials = new CredentialSource(config, surroundings.environment);
  await credentials.read();
  const connect = guardedConnector({
    address,
    allow,
    ca,
    lookupAll: parts.lookupAll ?? systemLookup,
    timeoutMilliseconds: config.deadlineMilliseconds,
  });
  return new WebhookTarget(config, address, credentials, connect, parts, route.routeCode, surroundings.deployment);
}

async function readAuthorities(path: string): Promise<string> {
  try {
    const pem = await readFile(path, 'utf8');
    createSecureContext({ ca: pem });
    if (pem.includes('-----BEGIN CERTIFICATE-----')) return pem;
  } catch (error) {
    throw new IuError('IU458', {
      message: `ca_file ${path}: ${(error as NodeJS.ErrnoException).code ?? 'unreadable'}`,
    });
  }
  throw new IuError('IU458', { message: `ca_file ${path} holds no certificate` });
}

class WebhookTarget implements Target {
  readonly #connections: Connections;
  readonly #route: { readonly deployment: string; readonly routeCode: string };
  readonly #spans = new SpanIds();
  #closed = false;

  constructor(
    private readonly config: WebhookConfig,
    private readonly address: TargetAddress,
    private readonly credentials: CredentialSource,
    private readonly connect: buildConnector.connector,
    private readonly parts: WebhookParts,
    routeCode: string,
    deployment: string,
  ) {
    this.#route = { deployment, routeCode };
    this.#connections = new Connections(address.origin, connect, config.maxConnections);
  }

  send(delivery: Delivery, deadlineMilliseconds: number): Promise<SendOutcome> {
    return new Promise((resolve) => {
      let used: Credentials | undefined;
      const exchange = new Exchange(
        Math.max(1, Math.min(deadlineMilliseconds, this.config.deadlineMilliseconds)),
        this.address.secure,
        (answer) => this.#outcomeOf(answer, delivery, used?.confidential ?? []),
        resolve,
      );
      const post = (credentials: Credentials) => {
        used = credentials;
        if (!exchange.settled) this.#post(delivery, credentials, exchange);
      };
      if (this.#closed) {
        exchange.finish({ status: 'failed', failureCode: 'target_closed', failureDetail: 'the target was closed' });
        return;
      }
      const fresh = this.credentials.fresh();
      if (fresh !== undefined) post(fresh);
      else this.credentials.read().then(post, (error) => exchange.finish(unreadableSecret(error)));
    });
  }

  #post(delivery: Delivery, credentials: Credentials, exchange: Exchange): void {
    try {
      const trace = originTraceparent(delivery.event);
      const body = Buffer.from(cloudEventBody(delivery, this.#route, trace));
      const headers = this.#headers(delivery, credentials, body, trace);
      this.#connections.dispatch({ path: this.address.path, method: this.config.method, headers, body }, exchange);
    } catch (error) {
      exchange.finish(notConnected(error, this.address.secure));
    }
  }

  #headers(delivery: Delivery, credentials: Credentials, body: Uint8Array, trace: string): string[] {
    const { deliveryId, event } = delivery;
    const timestampSeconds = Math.floor(Date.now() / 1000);
    const headers = [
      'content-type',
      this.parts.contentType ?? cloudEventContentType,
      'accept-encoding',
      'identity',
      'user-agent',
      'iu-core',
      'webhook-id',
      deliveryId,
      'webhook-timestamp',
      String(timestampSeconds),
      'traceparent',
      attemptTraceparent(trace, sendSpanId(trace) ?? this.#spans.next()),
      'iu-attempt',
      String(delivery.attemptNo),
      'iu-sequence',
      event.seq,
    ];
    if (credentials.keys.length > 0) {
      headers.push('webhook-signature', signatureHeader(credentials.keys, deliveryId, timestampSeconds, body));
    }
    if (delivery.test) headers.push('iu-test', 'true');
    for (const text of credentials.headers) headers.push(text);
    return headers;
  }

  #outcomeOf(answer: ReadAnswer, delivery: Delivery, confidential: readonly string[]): SendOutcome {
    const { status, retryAfter } = answer;
    const isSent = status >= 200 && status <= 299;
    if (isSent && this.parts.judge === undefined) return { status: 'sent', detail: String(status) };
    const text = Buffer.concat(answer.body).toString('utf8');
    const kept = isSent ? '' : keptAnswerText(text, [delivery.event.payloadText, ...confidential]);
    const outcome = httpOutcome({ status, retryAfter, text: kept }, Date.now());
    return this.parts.judge?.(outcome, { status, text, cut: answer.cut }) ?? outcome;
  }

  async check(): Promise<readonly TargetFinding[]> {
    const findings: TargetFinding[] = [];
    if (!this.address.secure) {
      findings.push({ severity: 'warning', message: 'http: whoever is on the way can read and change what is sent' });
    }
    if (this.config.signing === 'none') {
      findings.push({ severity: 'warning', message: 'nothing is signed: the receiver cannot tell who sent it' });
    }
    try {
      await this.credentials.read();
    } catch (error) {
      findings.push({ severity: 'error', message: (error as Error).message });
    }
    findings.push(...(await this.#checkConnection()));
    return findings;
  }

  #checkConnection(): Promise<TargetFinding[]> {
    const { host, port, secure } = this.address;
    const options = {
      hostname: host,
      host: `${host}:${port}`,
      protocol: secure ? 'https:' : 'http:',
      port: String(port),
    };
    return new Promise((resolve) => {
      this.connect(options, (error, socket) => {
        if (socket === null || error !== null) {
          const outcome = notConnected(error, secure);
          const message =
            outcome.status === 'failed' ? `${outcome.failureCode}: ${outcome.failureDetail}` : 'not connected';
          resolve([{ severity: 'error', message }]);
          return;
        }
        const until = socket instanceof TLSSocket ? Date.parse(socket.getPeerCertificate().valid_to) : Number.NaN;
        const days = Math.floor((until - Date.now()) / 86_400_000);
        socket.on('error', () => {}).destroy();
        resolve(days < 14 ? [{ severity: 'warning', message: `its certificate ends in ${days} days` }] : []);
      });
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#connections.destroy().catch(() => {});
  }
}

function unreadableSecret(error: unknown): SendOutcome {
  const failureDetail = error instanceof IuError ? `${error.code}: ${error.message}` : 'a secret cannot be read';
  return { status: 'failed', failureCode: 'secret_unreadable', failureDetail, notTried: true };
}

/** Ids of spans: 16 hexadecimal digits, random, never all zero. Drawn 512 at a time, one by one they cost as much as the signature. */
class SpanIds {
  #digits = '';
  #at = 0;

  next(): string {
    if (this.#at >= this.#digits.length) {
      this.#digits = randomBytes(4096).toString('hex');
      this.#at = 0;
    }
    const id = this.#digits.slice(this.#at, this.#at + 16);
    this.#at += 16;
    return id === '0000000000000000' ? this.next() : id;
  }
}
