// A plan that was never applied and is taken back.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StructureStep } from '../../src/contract/structure/step.js';
import * as structure from '../../src/structure/index.js';
import { runIu } from '../support/cli.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { openSessions } from '../support/sessions.js';
import {
  applyPlan,
  callJson,
  codeOfCall,
  openStructureGate,
  planSteps,
  type Runs,
  rollBack,
} from '../support/structure.js';

let db: TestDatabase;

beforeAll(async () => {
  db = await createTestDatabase();
  await openStructureGate(db.pool);
  const units = [
    { canonical_address: 'law', body: 'law' },
    ...['1', '2', '3', '4', '5', '6'].map((name) => ({
      canonical_address: `law/${name}`,
      parent_address: 'law',
      body: 'x',
    })),
  ];
  await db.pool.query('select from fn_iu_create_many($1, $2)', [JSON.stringify(units), 'tester']);
});

afterAll(() => db.drop());

const end = (unit: string): StructureStep => ({ operation_type: 'deprecate_piece', unit });
const withdraw = (by: Runs, operation: string, reason = 'wrong chapter') =>
  callJson(by, 'fn_iu_structure_op_withdraw($1, $2, $3)', [operation, 'bob', reason]);

describe('a plan that is withdrawn', () => {
  it('is never applied, and says who took it back, when and why', async () => {
    const { operation_id: id } = await planSteps(db.pool, [end('law/1')]);
    expect(await codeOfCall(withdraw(db.pool, id, ' '))).toBe('IU216');
    expect(await codeOfCall(withdraw(db.pool, '999999'))).toBe('IU614');
    expect(await withdraw(db.pool, id)).toMatchObject({ status: 'withdrawn', replayed: false });
    expect(await withdraw(db.pool, id, 'once more')).toMatchObject({ status: 'withdrawn', replayed: true });
    expect(await codeOfCall(applyPlan(db.pool, id))).toBe('IU617');
    expect(await codeOfCall(rollBack(db.pool, id))).toBe('IU618');
    const { user } = (await db.pool.query('select session_user as user')).rows[0];
    expect(await structure.show(db.pool, id)).toMatchObject({
      operationStatus: 'withdrawn',
      withdrawnBy: 'bob',
      withdrawnLogin: user,
      withdrawnAt: expect.stringMatching(/^\d{4}-/),
      withdrawReason: 'wrong chapter',
      steps: [end('law/1')],
    });
    expect(await structure.verify(db.pool, id)).toMatchObject({ ok: true, status: 'withdrawn' });
    const { rows } = await db.pool.query(
      `select lifecycle_status from information_unit where canonical_address = 'law/1'`,
    );
    expect(rows).toEqual([{ lifecycle_status: 'draft' }]);
  });

  it('is given back for the same request, which is planned again under another name', async () => {
    const steps = [end('law/2')];
    const { operation_id: id } = await planSteps(db.pool, steps);
    await withdraw(db.pool, id);
    expect(await planSteps(db.pool, steps)).toMatchObject({ operation_id: id, status: 'withdrawn', replayed: true });
    const again = await planSteps(db.pool, steps, 'again');
    expect(again).toMatchObject({ status: 'planned', replayed: false });
    expect(await applyPlan(db.pool, again.operation_id)).toMatchObject({ status: 'enacted' });
  });

  it('is one that was not applied, nor rolled back', async () => {
    const { operation_id: id } = await planSteps(db.pool, [end('law/3')]);
    await applyPlan(db.pool, id);
    expect(await codeOfCall(withdraw(db.pool, id))).toBe('IU623');
    await rollBack(db.pool, id);
    expect(await codeOfCall(withdraw(db.pool, id))).toBe('IU623');
  });

  it('is one of the login that planned it, for whoever is no operator', async () => {
    const emitter = await db.as('iu_emitter');
    const { operation_id: own } = await planSteps(emitter, [end('law/4')]);
    const { operation_id: foreign } = await planSteps(db.pool, [end('law/5')]);
    expect(await codeOfCall(withdraw(emitter, foreign))).toBe('IU623');
    expect(await codeOfCall(withdraw(emitter, own))).toBe('ok');
    expect(await codeOfCall(withdraw(await db.as('iu_operator'), foreign))).toBe('ok');
    expect(await codeOfCall(withdraw(await db.as('iu_reader'), foreign))).toBe('42501');
  });

  it('and its apply wait for each other: whoever is second is refused', async () => {
    const { first, second } = await openSessions(db, 'first', 'second');
    const apply = `select fn_iu_structure_op_apply($1, 'editor', 'A-1')`;
    const take = `select fn_iu_structure_op_withdraw($1, 'bob', 'wrong')`;
    for (const [one, other, code] of [
      [apply, take, 'IU623'],
      [take, apply, 'IU617'],
    ] as const) {
      const { operation_id: id } = await planSteps(db.pool, [end('law/6')], code);
      await first.run('begin');
      await first.run(one, [id]);
      const waiting = second.start(other, [id]);
      await waiting.blocked();
      await first.run('commit');
      expect(await waiting.code).toBe(code);
      if (one === apply) await rollBack(db.pool, id);
    }
  });
});

describe('iu structure withdraw', () => {
  it('takes a plan back; list and show tell it, and planning the same again says the way out', async () => {
    const iu = (...words: string[]) => runIu([...words, '--database-url', db.url, '--schema', db.schema]);
    const steps = JSON.stringify({ operation_type: 'renumber_piece', unit: 'law/6', section_code: '66' });
    const planned = await iu('structure', 'plan', steps, '--actor', 'ann', '--json');
    const id = JSON.parse(planned.stdout).operationId;
    const done = await iu('structure', 'withdraw', id, '--actor', 'bob', '--reason', 'not now');
    expect({ code: done.exitCode, text: done.stdout }).toMatchObject({
      code: 0,
      text: expect.stringMatching(/status +withdrawn\n/),
    });
    expect((await iu('structure', 'list', '--status', 'withdrawn', '--json')).stdout).toContain(
      `"operationId":"${id}"`,
    );
    expect((await iu('structure', 'list', '--actor', 'ann')).stdout).toContain('withdrawn');
    expect((await iu('structure', 'show', id)).stdout).toMatch(/withdrawn by +bob\n[\s\S]*withdraw reason +not now\n/);
    const again = await iu('structure', 'plan', steps, '--actor', 'ann');
    expect(again.stderr).toContain('--request TEXT');
    expect((await structure.list(db.pool, { actor: 'ann' })).items).toMatchObject([
      { operationId: id, operationStatus: 'withdrawn', withdrawReason: 'not now' },
    ]);
    expect((await structure.list(db.pool, { actor: 'nobody' })).items).toEqual([]);
  });
});
