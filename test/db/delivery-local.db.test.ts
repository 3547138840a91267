import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pastTheGuards } from '../support/approval.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import {
  claim,
  deployment,
  liveRoute,
  prepareDelivery,
  type RunningRunner,
  startRunner,
} from '../support/delivery-queue.js';
import { certificate, drain, emit, takeLive } from '../support/race.js';
import { waitFor } from '../support/wait.js';
import { countOf } from '../support/worker.js';

let db: TestDatabase;
let runners: RunningRunner[] = [];
beforeEach(async () => {
  db = await createTestDatabase();
  await prepareDelivery(db);
  await db.pool.query(`
    create table projection (delivery_id text primary key, event_id uuid, event jsonb, by_role text default current_user);
    create table inbox (delivery_id text primary key, event_id uuid, event jsonb);
    create function consume(p_event_id uuid, p_event jsonb) returns void language plpgsql as $$
    begin
      insert into ${db.schema}.projection (delivery_id, event_id, event) values (p_event ->> 'delivery_id', p_event_id, p_event);
      if p_event -> 'safe_payload' ->> 'mode' = 'fail' then raise exception 'refused "secret value"' using errcode = '22023'; end if;
      if p_event -> 'safe_payload' ->> 'mode' = 'loop' then
        perform ${db.schema}.fn_iu_emit('race', 'changed', 'thing', 'again', '{"mode": "loop"}');
      end if;
    end $$;
    grant execute on function consume to iu_worker; grant insert on projection, inbox to iu_worker;`);
  await db.pool.query("select fn_iu_target_register('sql_function', 'consumer', $1, 'test')", [
    `${db.schema}.consume(uuid,jsonb)`,
  ]);
  await db.pool.query("select fn_iu_target_register('table', 'inbox', $1, 'test')", [`${db.schema}.inbox`]);
});
afterEach(async () => {
  await Promise.all(runners.map((one) => one.stop()));
  runners = [];
  await db.drop();
});

const approveTarget = () =>
  pastTheGuards(
    db.pool,
    `update iu_route_approval a set target_sha256 = fn_iu_target_sha256(r.target_kind, r.target_ref)
       from iu_outbound_route r where r.route_id = a.route_id`,
  );
const live = async (code: string, kind = 'sql_function', ref = 'consumer', more: Record<string, unknown> = {}) => {
  await liveRoute(db, code, {
    target_kind: kind,
    target_ref: ref,
    retry_policy: { delays_seconds: [1, 1], jitter_share: 0 },
    ...more,
  });
  await approveTarget();
};
const execute = async (token: string | undefined) =>
  JSON.parse((await db.pool.query("select fn_iu_delivery_execute('test', $1)::text as r", [token])).rows[0].r);
const start = () => {
  const running = startRunner(db);
  runners.push(running);
  return running;
};

describe('targets in the database', () => {
  it('run in the transaction of their attempt: effect and audit together, once', async () => {
    await live('f');
    await live('t', 'table', 'inbox');
    for (let at = 0; at < 60; at += 1) await emit(db.pool, `s${at}`, { at });
    await drain(db.pool);
    start();
    await waitFor(async () => (await countOf(db, "iu_route_attempt where status = 'sent'")) === 120);
    expect(await countOf(db, 'projection')).toBe(60);
    expect(await countOf(db, 'inbox')).toBe(60);
    const { rows } = await db.pool.query(
      `select count(*)::int as n from projection p join event_outbox e on e.id = p.event_id
        where p.event ->> 'safe_payload' = e.safe_payload::text and p.delivery_id = 'f:' || e.id and p.event ->> 'seq' = e.seq::text`,
    );
    expect(rows[0].n).toBe(60);
    expect((await certificate(db.pool)).lost).toBe(0);
  });

  it('undo a target that raises and nobody else, without quoting its values, and dead-letter it when no try is left', async () => {
    await live('f');
    await emit(db.pool, 'good');
    await emit(db.pool, 'bad', { mode: 'fail' });
    await emit(db.pool, 'fine');
    await drain(db.pool);
    start();
    await waitFor(async () => (await countOf(db, 'iu_route_dead_letter')) === 1);
    expect(await countOf(db, 'projection')).toBe(2);
    const { rows } = await db.pool.query('select failure_code, failure_detail, attempt_no from iu_route_dead_letter');
    expect(rows).toEqual([{ failure_code: '22023', failure_detail: 'refused "..."', attempt_no: 4 }]);
  });

  it('roll everything back when the transaction ends early: no effect without its attempt', async () => {
    await live('f');
    await emit(db.pool, 's');
    await drain(db.pool);
    const rows = await claim(db, { inDatabase: true });
    const client = await db.connect();
    await client.query('begin');
    await client.query("select fn_iu_delivery_execute('test', $1)", [rows[0]?.lease_token]);
    await client.query('rollback');
    expect(await countOf(db, 'projection')).toBe(0);
    expect(await countOf(db, "iu_route_attempt where status = 'sent'")).toBe(0);
    expect(await execute(rows[0]?.lease_token)).toMatchObject({ sent: 1 });
    expect(await execute(rows[0]?.lease_token)).toMatchObject({ settled: 0 });
    expect(await countOf(db, 'projection')).toBe(1);
  });

  it('run nothing after the lease ran out', async () => {
    await live('f');
    await emit(db.pool, 's');
    await drain(db.pool);
    const rows = await claim(db, { inDatabase: true });
    await db.pool.query('update iu_route_lease set lease_until = clock_timestamp()');
    expect(await execute(rows[0]?.lease_token)).toMatchObject({ settled: 0 });
    expect(await countOf(db, 'projection')).toBe(0);
    // nobody has to ask what became of it: an effect would have come with its attempt
    await claim(db, { inDatabase: true });
    expect(await countOf(db, "iu_route_attempt where status = 'failed' and failure_code = 'lease_expired'")).toBe(1);
  });

  it('are held when the function is not the one that was approved', async () => {
    await live('f');
    await emit(db.pool, 's');
    await drain(db.pool);
    await db.pool.query(
      'create or replace function consume(p_event_id uuid, p_event jsonb) returns void language sql as $$ select $$',
    );
    expect(await claim(db, { inDatabase: true })).toHaveLength(0);
    expect(await countOf(db, 'iu_route_delivery')).toBe(1);
    await approveTarget();
    expect(await claim(db, { inDatabase: true })).toHaveLength(1);
  });

  it('are held when the name was given to another table of the same shape', async () => {
    await live('t', 'table', 'inbox');
    await emit(db.pool, 's');
    await drain(db.pool);
    await db.pool.query('create table elsewhere (like inbox including all); grant insert on elsewhere to iu_worker');
    await db.pool.query("select fn_iu_target_register('table', 'inbox', $1, 'one person')", [`${db.schema}.elsewhere`]);
    expect(await claim(db, { inDatabase: true })).toHaveLength(0);
    await approveTarget();
    expect(await claim(db, { inDatabase: true })).toHaveLength(1);
  });

  it('are given back when another version of their route is live by now: neither its target nor its approval was claimed for', async () => {
    await live('t', 'table', 'inbox');
    await emit(db.pool, 's');
    await drain(db.pool);
    const [claimed] = await claim(db, { inDatabase: true });
    await db.pool.query('create table elsewhere (like inbox including all); grant insert on elsewhere to iu_worker');
    await db.pool.query("select fn_iu_target_register('table', 'elsewhere', $1, 'test')", [`${db.schema}.elsewhere`]);
    await db.pool.query(`select fn_iu_route_change('t', '{"target_ref": "elsewhere"}', 'moved')`);
    await takeLive(db.pool, 't');
    expect(await execute(claimed?.lease_token)).toMatchObject({ settled: 1, sent: 0, failed: 0 });
    expect([await countOf(db, 'inbox'), await countOf(db, 'elsewhere')]).toEqual([0, 0]);
    const used = async () =>
      (await db.pool.query('select events_used::int as n from iu_route_approval order by approval_id')).rows.map(
        ({ n }) => n,
      );
    expect(await used()).toEqual([0, 0]);
    const [again] = await claim(db, { inDatabase: true });
    expect(await execute(again?.lease_token)).toMatchObject({ sent: 1 });
    expect(await countOf(db, 'elsewhere')).toBe(1);
    expect(await used()).toEqual([0, 1]);
  });

  it('have their deferred constraints judged at their end, each of a batch', async () => {
    await db.pool.query(`
      create table parent (id text primary key);
      create table child (id text primary key, parent_id text references parent deferrable initially deferred);
      create function take(p_event_id uuid, p_event jsonb) returns void language plpgsql as $$
      begin
        insert into ${db.schema}.child values (p_event ->> 'delivery_id', p_event ->> 'delivery_id');
        if p_event -> 'safe_payload' ->> 'mode' is null then insert into ${db.schema}.parent values (p_event ->> 'delivery_id'); end if;
      end $$;
      grant execute on function take to iu_worker; grant insert on parent, child to iu_worker`);
    await db.pool.query("select fn_iu_target_register('sql_function', 'take', $1, 'test')", [
      `${db.schema}.take(uuid,jsonb)`,
    ]);
    await live('f', 'sql_function', 'take');
    for (const payload of [{}, {}, { mode: 'orphan' }, {}]) await emit(db.pool, 's', payload);
    await drain(db.pool);
    const rows = await claim(db, { inDatabase: true });
    expect(await execute(rows[0]?.lease_token)).toMatchObject({ sent: 3, failed: 1 });
    expect(await countOf(db, 'child')).toBe(3);
  });

  it('find a loop by its hops and end it as a dead letter', async () => {
    await live('f');
    await emit(db.pool, 'first', { mode: 'loop' });
    await drain(db.pool);
    start();
    await waitFor(
      async () => {
        await drain(db.pool);
        return (await countOf(db, "iu_route_dead_letter where failure_code = 'hop_limit'")) === 1;
      },
      { timeoutSeconds: 30 },
    );
    expect(await countOf(db, 'projection')).toBe(16);
    expect(await countOf(db, 'event_outbox')).toBe(17);
  });

  it('are run as the role that calls, under its rights', async () => {
    await live('f');
    await emit(db.pool, 's');
    await drain(db.pool);
    const worker = await db.as('iu_worker');
    const claimed = await worker.query('select lease_token from fn_iu_delivery_claim($1, 10, 60, $2, true)', [
      'w',
      deployment,
    ]);
    await worker.query("select fn_iu_delivery_execute('w', $1)", [claimed.rows[0].lease_token]);
    const { rows } = await db.pool.query('select by_role, (select current_user) as me from projection');
    expect(rows[0].by_role).toMatch(/^iu_login_/);
  });

  it('must be registered: another name, another signature, a text are refused or held', async () => {
    const register = (kind: string, identity: string) =>
      db.pool.query("select fn_iu_target_register($1, 'x', $2, 'test')", [kind, identity]);
    for (const identity of [
      'pg_sleep(double precision)',
      'nothing(uuid,jsonb)',
      'consume(uuid,jsonb); drop table inbox',
      '',
    ]) {
      await expect(register('sql_function', identity)).rejects.toMatchObject({ code: 'IU357' });
    }
    await expect(register('table', 'pg_class')).rejects.toMatchObject({ code: 'IU357' });
    await db.pool.query('create schema app; create table app.inbox (like inbox)');
    await expect(register('table', 'app.inbox')).rejects.toMatchObject({
      code: 'IU357',
      message: expect.stringContaining('permission denied for schema app'),
      hint: expect.stringContaining('grant usage on its schema to iu_owner'),
    });
    await liveRoute(db, 'f', { target_kind: 'sql_function', target_ref: 'pg_sleep' });
    await approveTarget();
    await emit(db.pool, 's');
    await drain(db.pool);
    expect(await claim(db, { inDatabase: true })).toHaveLength(0);
    expect(await countOf(db, 'iu_route_delivery')).toBe(1);
  });

  it('are delivered by a procedure with no runner, under the server setting iu.deployment', async () => {
    await live('f');
    for (let at = 0; at < 120; at += 1) await emit(db.pool, `s${at}`);
    await drain(db.pool);
    const client = await db.connect();
    await client.query(`call ${db.schema}.pr_iu_deliver_local()`);
    expect(await countOf(db, 'projection')).toBe(0);
    await client.query(
      "select set_config('iu.deployment', $1, false), set_config('search_path', 'pg_catalog', false)",
      [deployment],
    );
    await client.query(`call ${db.schema}.pr_iu_deliver_local(1000)`);
    expect(await countOf(db, 'projection')).toBe(120);
    expect(await countOf(db, 'iu_route_lease')).toBe(0);
  });

  it('fail alone when they fail an assertion, and leave neither their search path nor their role behind', async () => {
    await db.pool.query(`
      create schema elsewhere;
      create function rude(p_event_id uuid, p_event jsonb) returns void language plpgsql as $$
      begin
        perform set_config('search_path', 'elsewhere', true);
        perform set_config('role', 'iu_reader', true);
        if p_event -> 'safe_payload' ->> 'mode' = 'assert' then assert false, 'it does not hold'; end if;
      end $$`);
    await db.pool.query("select fn_iu_target_register('sql_function', 'rude', $1, 'test')", [
      `${db.schema}.rude(uuid,jsonb)`,
    ]);
    await live('rude', 'sql_function', 'rude');
    for (const mode of ['plain', 'assert', 'plain']) await emit(db.pool, mode, { mode });
    await drain(db.pool);
    const rows = await claim(db, { inDatabase: true });
    expect(await execute(rows[0]?.lease_token)).toMatchObject({ sent: 2, failed: 1, refused: 0 });
    const { rows: failures } = await db.pool.query("select failure_code from iu_route_attempt where status = 'failed'");
    expect(failures).toEqual([{ failure_code: 'P0004' }]);
  });

  it('run no more once a gate was closed: what did not run is released', async () => {
    await db.pool.query(`
      create function closes(p_event_id uuid, p_event jsonb) returns void language plpgsql security definer as $$
      begin
        perform ${db.schema}.fn_iu_gate_set('delivery_enabled', false, 'test');
        perform pg_sleep(0.15);
      end $$`);
    await db.pool.query("select fn_iu_target_register('sql_function', 'closes', $1, 'test')", [
      `${db.schema}.closes(uuid,jsonb)`,
    ]);
    await live('closes', 'sql_function', 'closes');
    for (let at = 0; at < 3; at += 1) await emit(db.pool, `s${at}`);
    await drain(db.pool);
    const rows = await claim(db, { inDatabase: true });
    expect(await execute(rows[0]?.lease_token)).toMatchObject({ sent: 1, failed: 0, settled: 3 });
    expect(await countOf(db, 'iu_route_delivery where lease_token is null and sends = 0')).toBe(2);
    expect(await countOf(db, 'iu_route_lease')).toBe(0);
  });
});
