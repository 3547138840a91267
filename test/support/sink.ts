import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';

/** What the sink does with a request, or with a connection before there is one. */
export type SinkBehaviour =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string | Buffer;
      readonly afterMilliseconds?: number;
    }
  /** Reads the request and says nothing. */
  | { readonly kind: 'never' }
  /** Ends the connection with a FIN, or an RST, after the request or as soon as it is accepted. */
  | { readonly kind: 'close' | 'reset' | 'close_on_accept' | 'reset_on_accept' }
  /** 200 and then chunks without end: as fast as they are taken, or one byte every `everyMilliseconds`. */
  | { readonly kind: 'endless_body'; readonly status?: number; readonly everyMilliseconds?: number }
  /** Header lines without end, as fast as they are taken or one every `everyMilliseconds`. */
  | { readonly kind: 'endless_headers'; readonly everyMilliseconds?: number }
  /** Answers that are not the answer yet (100, 103), one every 20 ms. */
  | { readonly kind: 'endless_informational'; readonly status: 100 | 103 }
  /** 200 with a body of this size, written as fast as it is taken. */
  | { readonly kind: 'large_body'; readonly bytes: number; readonly headers?: Readonly<Record<string, string>> }
  /** 200 that promises more bytes than it sends before it closes. */
  | { readonly kind: 'short_body' }
  /** Not HTTP. */
  | { readonly kind: 'garbage' }
  /** This status, and everything that was sent as the body. */
  | { readonly kind: 'echo'; readonly status: number };

/** A request as it came in. */
export interface SinkRequest {
  /** Head and body, every byte. */
  readonly raw: Buffer;
  readonly method: string;
  readonly path: string;
  /** Lower-case names; a header that came twice has both values, separated by a comma. */
  readonly headers: Readonly<Record<string, string>>;
  /** Names as they came, in order. */
  readonly headerNames: readonly string[];
  readonly body: Buffer;
  /** Number of the connection it came on, from 1. */
  readonly connection: number;
  /** When it was complete, by performance.now(). */
  readonly at: number;
}

/** How a sink speaks TLS: with which certificate of test/fixtures/tls, and up to which version. */
export interface SinkTls {
  readonly certificate: 'valid' | 'expired' | 'wrong-host' | 'untrusted' | 'self-signed';
  readonly only?: 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';
}

/** A server that does what a hostile or broken receiver does, and keeps every byte it was sent. */
export interface Sink {
  readonly port: number;
  /** `http://127.0.0.1:PORT` or `https://…` */
  readonly origin: string;
  readonly requests: readonly SinkRequest[];
  /** TCP connections accepted since the start, and the ones that are open now. */
  readonly connections: number;
  readonly openConnections: number;
  /** Bytes that were taken from the sink by its clients or lie in the buffers of the system. */
  readonly bytesWritten: number;
  /** Counts from the next request or connection on. A function is asked for every request. */
  behave(behaviour: SinkBehaviour | ((request: SinkRequest) => SinkBehaviour)): void;
  close(): Promise<void>;
}

const fixtures = new URL('../fixtures/tls/', import.meta.url).pathname;

/** Path of the authority that signed `valid`, `expired` and `wrong-host`. */
export const testAuthorityFile = join(fixtures, 'authority.pem');

export async function startSink(options: { readonly tls?: SinkTls; readonly host?: string } = {}): Promise<Sink> {
  const sink = new RunningSink(options.tls);
  await sink.listen(options.host ?? '127.0.0.1');
  return sink;
}

class RunningSink implements Sink {
  readonly requests: SinkRequest[] = [];
  connections = 0;
  port = 0;
  #behaviour: (request: SinkRequest | undefined) => SinkBehaviour = () => ({ kind: 'answer', status: 200 });
  readonly #sockets = new Set<Socket>();
  #bytesOfClosed = 0;
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #server: Server;

  constructor(private readonly tls: SinkTls | undefined) {
    this.#server = tls === undefined ? createTcpServer() : createTlsServer(tlsOptions(tls));
    this.#server.on('connection', (socket: Socket) => this.#track(socket));
    this.#server.on(tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) => this.#serve(socket));
    this.#server.on('tlsClientError', () => {});
  }

  async listen(host: string): Promise<void> {
    this.#server.listen(0, host);
    await once(this.#server, 'listening');
    this.port = (this.#server.address() as AddressInfo).port;
  }

  get origin(): string {
    return `${this.tls === undefined ? 'http' : 'https'}://127.0.0.1:${this.port}`;
  }

  get openConnections(): number {
    return this.#sockets.size;
  }

  get bytesWritten(): number {
    return [...this.#sockets].reduce((sum, socket) => sum + socket.bytesWritten, this.#bytesOfClosed);
  }

  behave(behaviour: SinkBehaviour | ((request: SinkRequest) => SinkBehaviour)): void {
    if (typeof behaviour !== 'function') this.#behaviour = () => behaviour;
    else this.#behaviour = (request) => (request === undefined ? { kind: 'never' } : behaviour(request));
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #track(socket: Socket): void {
    this.connections += 1;
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#bytesOfClosed += socket.bytesWritten;
      this.#sockets.delete(socket);
    });
  }

  #serve(socket: Socket): void {
    const connection = this.connections;
    socket.on('error', () => {});
    const onAccept = this.#behaviour(undefined).kind;
    if (onAccept === 'close_on_accept') return void socket.end();
    if (onAccept === 'reset_on_accept') return void socket.resetAndDestroy();
    let pending = Buffer.alloc(0);
    socket.on('data', (part: Buffer) => {
      pending = Buffer.concat([pending, part]);
      for (let request = takeRequest(pending, connection); request; request = takeRequest(pending, connection)) {
        pending = pending.subarray(request.raw.length);
        this.requests.push(request);
        this.#act(socket, this.#behaviour(request), request);
      }
    });
  }

  #later(milliseconds: number, work: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      work();
    }, milliseconds);
    this.#timers.add(timer);
  }

  #act(socket: Socket, behaviour: SinkBehaviour, request: SinkRequest): void {
    switch (behaviour.kind) {
      case 'answer':
        this.#later(behaviour.afterMilliseconds ?? 0, () => {
          if (!socket.destroyed) socket.write(answer(behaviour.status, behaviour.body ?? 'ok', behaviour.headers));
        });
        break;
      case 'echo':
        socket.write(answer(behaviour.status, request.raw));
        break;
      case 'never':
        break;
      case 'close':
      case 'close_on_accept':
        socket.end();
        break;
      case 'reset':
      case 'reset_on_accept':
        socket.resetAndDestroy();
        break;
      case 'garbage':
        socket.write('220 mail.example ESMTP ready\r\n');
        break;
      case 'short_body':
        socket.end('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nfew');
        break;
      case 'endless_body':
        socket.write(`HTTP/1.1 ${behaviour.status ?? 200} X\r\ntransfer-encoding: chunked\r\n\r\n`);
        this.#pour(socket, behaviour.everyMilliseconds === undefined ? chunk(65_536) : chunk(1), behaviour);
        break;
      case 'endless_headers':
        socket.write('HTTP/1.1 200 OK\r\n');
        // Large lines where nothing waits: small ones are taken by the system at once, a million times before it says stop.
        this.#pour(
          socket,
          Buffer.from(`x-more: ${'m'.repeat(behaviour.everyMilliseconds === undefined ? 4_000 : 4)}\r\n`),
          behaviour,
        );
        break;
      case 'endless_informational':
        this.#pour(socket, Buffer.from(`HTTP/1.1 ${behaviour.status} X\r\n\r\n`), { everyMilliseconds: 20 });
        break;
      case 'large_body':
        socket.write(head(200, behaviour.bytes, behaviour.headers));
        this.#pour(socket, Buffer.alloc(65_536, 'x'), { bytes: behaviour.bytes });
        break;
    }
  }

  /** Writes the same piece again and again, as fast as it is taken or every so often, until the client goes or `bytes` are written. */
  #pour(socket: Socket, piece: Buffer, pace: { everyMilliseconds?: number; bytes?: number }): void {
    let left = pace.bytes ?? Number.POSITIVE_INFINITY;
    const next = (): void => {
      while (!socket.destroyed && left > 0) {
        const part = left < piece.length ? piece.subarray(0, left) : piece;
        left -= part.length;
        const isTaken = socket.write(part);
        if (pace.everyMilliseconds !== undefined) {
          this.#later(pace.everyMilliseconds, next);
          break;
        }
        if (!isTaken) {
          socket.once('drain', next);
          break;
        }
      }
    };
    next();
  }
}

function tlsOptions(tls: SinkTls) {
  const read = (name: string) => readFileSync(join(fixtures, name));
  return {
    key: read(`${tls.certificate}-key.pem`),
    cert: read(`${tls.certificate}.pem`),
    ...(tls.only === undefined ? {} : { minVersion: tls.only, maxVersion: tls.only }),
    // The old versions need ciphers that OpenSSL 3 has put below its lowest level.
    ...(tls.only === 'TLSv1' || tls.only === 'TLSv1.1' ? { ciphers: 'ALL:@SECLEVEL=0' } : {}),
  };
}

function chunk(bytes: number): Buffer {
  return Buffer.from(`${bytes.toString(16)}\r\n${'x'.repeat(bytes)}\r\n`);
}

function head(status: number, bytes: number, headers: Readonly<Record<string, string>> = {}): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} X\r\ncontent-length: ${bytes}\r\n${lines.join('')}\r\n`;
}

function answer(status: number, body: string | Buffer, headers?: Readonly<Record<string, string>>): Buffer {
  // These have no body, whatever one would like to send.
  if (status === 204 || status === 304)
    return Buffer.from(head(status, 0, headers).replace('content-length: 0\r\n', ''));
  const bytes = Buffer.from(body as string);
  return Buffer.concat([Buffer.from(head(status, bytes.length, headers)), bytes]);
}

/** The first whole request of what has come in; undefined while some of it is missing. */
function takeRequest(bytes: Buffer, connection: number): SinkRequest | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [first = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n');
  const headers: Record<string, string> = {};
  const headerNames: string[] = [];
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    headerNames.push(line.slice(0, colon));
    headers[name] = headers[name] === undefined ? value : `${headers[name]},${value}`;
  }
  const whole = end + 4 + Number(headers['content-length'] ?? 0);
  if (bytes.length < whole) return undefined;
  const [method = '', path = ''] = first.split(' ');
  return {
    raw: bytes.subarray(0, whole),
    method,
    path,
    headers,
    headerNames,
    body: bytes.subarray(end + 4, whole),
    connection,
    at: performance.now(),
  };
}
