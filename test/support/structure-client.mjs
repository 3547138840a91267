// Started by test/fault/structure-kill.fault.test.ts as a process of its own, and killed there: applies structure operations, either each
// by itself or all in one transaction, and says on stdout what it has done.
import pg from 'pg';

const [url, schema, mode, ...operations] = process.argv.slice(2);
const client = new pg.Client({ connectionString: url, options: `-c search_path=${schema},pg_temp` });
await client.connect();
const say = (text) => process.stdout.write(`${text}\n`);
say(`pid ${(await client.query('select pg_backend_pid() as pid')).rows[0].pid}`);
if (mode === 'together') await client.query('begin');
for (const operation of operations) {
  await client.query('select fn_iu_structure_op_apply($1, $2, $3)', [operation, 'client', 'A-1']);
  say(`applied ${operation}`);
}
if (mode === 'together') await client.query('commit');
say('done');
await client.end();
