// Writes what is read off the catalog of a full installation:
//
//   sql/manifest.json                 every object, the change it belongs to, its fingerprint
//   sql/changes/*/verify.sql          the block at the end that names each damaged object
//   src/store/catalog.generated.ts    types of the rows of tables, views and functions
//
//   node scripts/generate.mjs           rewrite them (run tsc before: it uses dist/)
//   node scripts/generate.mjs --check   exit 1 when one of them is out of date
//
// The server is the embedded one, or the one of IU_GENERATE_URL (a superuser; a database is made and dropped there). The
// result is the same on every supported major version.
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { loadChanges, migrateUp } from '../dist/install/migrate/index.js';
import { catalogTypes } from './generate-types.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const check = process.argv.includes('--check');
const schema = 'public';

async function startServer() {
  if (process.env.IU_GENERATE_URL) return { url: process.env.IU_GENERATE_URL, stop: async () => {} };
  const { startEmbedded } = await import('../dist/install/embedded/index.js');
  const folder = mkdtempSync(join(tmpdir(), 'iu-generate-'));
  // 700 as mkdtemp makes it; the server's user has to enter it when this runs as root
  chmodSync(folder, 0o711);
  const server = await startEmbedded({ dataFolder: join(folder, 'data'), durable: false });
  return {
    url: server.url,
    stop: async () => {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Deploys change by change; an object belongs to the change that created it or altered it last. */
async function deployAndCompare(client) {
  const objects = new Map();
  for (const change of loadChanges()) {
    await migrateUp(client, { schema, to: change.name });
    const { rows } = await client.query("select * from fn_iu_catalog_fingerprint() where kind <> 'grant'");
    const seen = new Set(rows.map((row) => `${row.kind} ${row.identity}`));
    for (const row of rows) {
      const key = `${row.kind} ${row.identity}`;
      if (objects.get(key)?.fingerprint !== row.fingerprint) objects.set(key, { ...row, change: change.name });
    }
    for (const key of [...objects.keys()]) if (!seen.has(key)) objects.delete(key);
  }
  await migrateUp(client, { schema });
  const order = (object) => `${object.change} ${object.kind} ${object.identity}`;
  return [...objects.values()].sort((a, b) => (order(a) < order(b) ? -1 : 1));
}

const opening = '-- >>> generated: objects';
const quote = (text) => `'${text.replaceAll("'", "''")}'`;

function verifyBlock(change, objects) {
  const rows = objects.map(
    ({ kind, identity, fingerprint }) => `    (${[kind, identity, fingerprint].map(quote).join(', ')})`,
  );
  return `${opening}
do $$
declare
  v_damaged text[];
begin
  select array_agg(format(case when found.kind is null then '%s %s is missing' else '%s %s was changed' end,
                          expected.kind, expected.identity) order by expected.kind, expected.identity)
    into v_damaged
  from (values
${rows.join(',\n')}
  ) as expected (kind, identity, fingerprint)
  left join fn_iu_catalog_fingerprint() as found
    on found.kind = expected.kind and found.identity = expected.identity
  where found.fingerprint is distinct from expected.fingerprint;
  if v_damaged is not null then
    raise exception using errcode = 'IU830',
      message = format('${change} is damaged: %s', array_to_string(v_damaged, ', ')),
      detail = array_to_string(v_damaged, E'\\n'),
      hint = 'restore each object as the change has it';
  end if;
end
$$;
-- <<<
`;
}

const server = await startServer();
const admin = new pg.Client({ connectionString: server.url });
const name = `iu_generate_${process.pid}`;
const outdated = [];

function write(path, text) {
  let before = '';
  try {
    before = readFileSync(join(root, path), 'utf8');
  } catch {
    // a new file
  }
  if (before === text) return;
  if (check) outdated.push(path);
  else writeFileSync(join(root, path), text);
}

try {
  await admin.connect();
  await admin.query(`create database ${name} template template0`);
  const url = new URL(server.url);
  url.pathname = `/${name}`;
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  try {
    const objects = await deployAndCompare(client);
    const lines = objects.map(
      ({ kind, identity, change, fingerprint }) => `    ${JSON.stringify({ kind, identity, change, fingerprint })}`,
    );
    write('sql/manifest.json', `{\n  "objects": [\n${lines.join(',\n')}\n  ]\n}\n`);
    for (const change of loadChanges()) {
      const path = change.verify.file;
      const hand = readFileSync(join(root, path), 'utf8').split(opening)[0].trimEnd();
      const own = objects.filter((object) => object.change === change.name);
      write(path, `${hand}\n\n${verifyBlock(change.name, own)}`);
    }
    write('src/store/catalog.generated.ts', await catalogTypes(client));
  } finally {
    await client.end();
  }
} finally {
  await admin.query(`drop database if exists ${name} with (force)`).catch(() => {});
  await admin.end().catch(() => {});
  await server.stop();
}
for (const path of outdated) console.error(`generate: ${path} is out of date; run npm run generate`);
process.exitCode = outdated.length > 0 ? 1 : 0;
