// A receiver of webhooks: verifies, keeps each delivery once, answers. Node and iu-core, nothing else.
//
//   WEBHOOK_SECRETS=whsec_... PORT=8787 node examples/receiver/receiver.mjs
//
// Environment: WEBHOOK_SECRETS one or more secrets or whpk_ keys, separated by blanks; HOST (127.0.0.1); PORT (8787; 0: any);
// DATABASE_URL a PostgreSQL database to remember delivery ids in, otherwise they are remembered until the end of the process.
//
// --json             one JSON object a line on stdout instead of text: {"event":"listening"|"received"|"duplicate"|"failed"|"refused"|"stopped", …}
// --fail-first N     answers the first N verified requests with the failure status
// --fail-subject S   answers every verified request about this subject with it
// --fail-times K     … but only K times for each delivery, then takes it
// --fail-status C    the failure status, 500 by default (422: the sender does not try again)
// --exit-with-stdin  ends when its stdin ends, so that it does not outlive the process that started it
import { createServer } from 'node:http';
import { parseArgs } from 'node:util';
import { dedupeById, IuError, receiptTableDdl, verifyWebhook } from 'iu-core/client';
import pg from 'pg';

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    'fail-first': { type: 'string', default: '0' },
    'fail-subject': { type: 'string' },
    'fail-times': { type: 'string', default: 'Infinity' },
    'fail-status': { type: 'string', default: '500' },
    'exit-with-stdin': { type: 'boolean', default: false },
  },
});
const secrets = (process.env.WEBHOOK_SECRETS ?? '').split(/\s+/).filter((secret) => secret !== '');
if (secrets.length === 0) {
  console.error('receiver: set WEBHOOK_SECRETS to the secret of the route');
  process.exit(64);
}
const mostBodyBytes = 2 * 1024 * 1024;
const counts = { received: 0, duplicates: 0, failed: 0, refused: 0 };
const failures = new Map();
let failFirst = Number(options['fail-first']);

function say(event, fields) {
  if (options.json) console.log(JSON.stringify({ event, ...fields }));
  else console.log([event, ...Object.entries(fields).map(([name, value]) => `${name}=${value}`)].join(' '));
}

/** Where delivery ids are remembered. `once` does the work when the id is new, and remembers it exactly when the work is done. */
async function openStore() {
  if (process.env.DATABASE_URL === undefined) {
    const seen = new Set();
    return {
      once: async (id, work) => {
        if (seen.has(id)) return false;
        seen.add(id);
        try {
          await work();
        } catch (error) {
          seen.delete(id);
          throw error;
        }
        return true;
      },
      close: async () => {},
    };
  }
  const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 8 });
  await pool.query(receiptTableDdl());
  return {
    once: async (id, work) => {
      const client = await pool.connect();
      try {
        await client.query('begin');
        const isNew = await dedupeById(client, id);
        if (isNew) await work(client);
        await client.query('commit');
        return isNew;
      } catch (error) {
        await client.query('rollback').catch(() => {});
        throw error;
      } finally {
        client.release();
      }
    },
    close: () => pool.end(),
  };
}

function isToFail(event) {
  if (event.isTest) return false;
  if (failFirst > 0) {
    failFirst -= 1;
    return true;
  }
  if (options['fail-subject'] === undefined || event.subject !== options['fail-subject']) return false;
  const before = failures.get(event.deliveryId) ?? 0;
  failures.set(event.deliveryId, before + 1);
  return before < Number(options['fail-times']);
}

async function readBody(request) {
  const parts = [];
  let bytes = 0;
  for await (const part of request) {
    bytes += part.length;
    if (bytes > mostBodyBytes) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts);
}

async function receive(request) {
  if (request.method !== 'POST') return 405;
  const body = await readBody(request);
  if (body === undefined) return 413;
  let event;
  try {
    event = verifyWebhook(request.headers, body, secrets);
  } catch (error) {
    if (!(error instanceof IuError)) throw error;
    counts.refused += 1;
    say('refused', { code: error.code, status: error.httpStatus });
    return error.httpStatus;
  }
  const facts = {
    deliveryId: event.deliveryId,
    eventId: event.eventId,
    type: event.type,
    subject: event.subject ?? null,
    sequence: event.sequence,
    attemptNo: event.attemptNo ?? null,
    test: event.isTest,
  };
  if (isToFail(event)) {
    counts.failed += 1;
    const status = Number(options['fail-status']);
    say('failed', { ...facts, status });
    return status;
  }
  // Here an application does its work, with the client it gets, in the same transaction as the id.
  const isNew = await store.once(event.deliveryId, async () => {});
  counts[isNew ? 'received' : 'duplicates'] += 1;
  say(isNew ? 'received' : 'duplicate', { ...facts, status: 200 });
  return 200;
}

const store = await openStore();
const server = createServer((request, response) => {
  receive(request)
    .catch((error) => {
      console.error(`receiver: ${error.code ?? error.name}`);
      return 500;
    })
    .then((status) => {
      response.writeHead(status, { 'content-type': 'text/plain', 'content-length': 0, ...(status === 413 ? { connection: 'close' } : {}) });
      response.end();
    });
});

let isStopping = false;
function stop() {
  if (isStopping) return;
  isStopping = true;
  // Requests that are being worked on get their answer; idle connections are closed at once.
  server.close(async () => {
    await store.close();
    say('stopped', counts);
    process.exitCode = 0;
    process.stdin.destroy();
  });
  server.closeIdleConnections();
}
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
if (options['exit-with-stdin']) process.stdin.on('end', stop).resume();

server.listen(Number(process.env.PORT ?? 8787), process.env.HOST ?? '127.0.0.1', () => {
  say('listening', { host: server.address().address, port: server.address().port });
});
