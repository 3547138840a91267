import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { IuError } from '../contract/errors/index.js';

/** Whether a process is well, and why not. */
export interface HealthAnswer {
  readonly healthy: boolean;
  readonly reasons: readonly { readonly code: string; readonly message: string }[];
}

/** What the server shows. Neither answer may hold a payload or a secret. */
export interface MetricsServerSettings {
  /** 0 = any free port. */
  readonly port: number;
  /** Address to listen on; 127.0.0.1 when not said: nothing here asks who is reading. */
  readonly host?: string | undefined;
  /** The metrics in the text format of Prometheus. */
  collect(): Promise<string>;
  health(): Promise<HealthAnswer>;
}

export interface MetricsServer {
  readonly host: string;
  readonly port: number;
  close(): Promise<void>;
}

const metricsType = 'text/plain; version=0.0.4; charset=utf-8';
const jsonType = 'application/json; charset=utf-8';

/** Serves `/metrics` and `/healthz` (200 or 503 with reasons). Rejects when it cannot listen. */
export async function startMetricsServer(settings: MetricsServerSettings): Promise<MetricsServer> {
  const server = createServer((request, response) => {
    answer(settings, request, response).catch(() => reply(request, response, 500, 'text/plain', 'error\n'));
  });
  // Somebody who connects and says nothing, or reads slowly, holds nothing for long.
  server.headersTimeout = 5_000;
  server.requestTimeout = 10_000;
  server.setTimeout(30_000);
  server.maxConnections = 100;
  const host = settings.host ?? '127.0.0.1';
  await new Promise<void>((resolve, reject) => {
    const refuse = (error: NodeJS.ErrnoException) => reject(cannotListen(error, host, settings.port));
    server.once('error', refuse);
    server.listen(settings.port, host, () => {
      server.off('error', refuse);
      resolve();
    });
  });
  // Not a reason to stay alive: when the work ends, the process ends.
  server.unref();
  return { host, port: (server.address() as AddressInfo).port, close: () => closeServer(server) };
}

/** A port that another process has is no defect of ours; the second worker on one host meets it first. */
function cannotListen(error: NodeJS.ErrnoException, host: string, port: number): IuError {
  const reason = error.code ?? 'error';
  return new IuError('IU031', { message: `Cannot listen on ${host}:${port} (${reason}).`, reason });
}

async function answer(
  settings: MetricsServerSettings,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD');
    return reply(request, response, 405, 'text/plain', 'only GET\n');
  }
  const path = (request.url ?? '').split('?', 1)[0];
  if (path === '/metrics') return reply(request, response, 200, metricsType, await settings.collect());
  if (path !== '/healthz') return reply(request, response, 404, 'text/plain', 'there is /metrics and /healthz\n');
  const health = await settings.health();
  return reply(request, response, health.healthy ? 200 : 503, jsonType, `${JSON.stringify(health)}\n`);
}

function reply(request: IncomingMessage, response: ServerResponse, status: number, type: string, body: string): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
