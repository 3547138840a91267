import { expect } from 'vitest';
import type { StructureStep } from '../../src/contract/structure/step.js';
import { isLiving, type Tree, type TreeUnit } from '../../src/contract/structure/tree.js';
import type { TestDatabase } from './database.js';
import {
  type Answer,
  applyPlan,
  type Corpus,
  codeOfCall,
  doSteps,
  planSteps,
  readCorpus,
  readHashes,
  readLineage,
  rollBack,
  treeLines,
} from './structure.js';
import { type ModelEvent, type ModelOperation, type Outcome, StructureModel } from './structure-model.js';
import { startingSteps, startingTree, stepOf, type Turn, type Wish } from './structure-program.js';

/** What a rollback has to give back, where nothing else has happened since. */
interface Picture {
  readonly before: readonly string[];
  readonly after: readonly string[];
}

const pick = <Item>(items: readonly Item[], by: number): Item | undefined => items[by % items.length];

/** Runs one program on units of its own, and compares every answer, every event and the whole corpus with the model. */
export class StructureRun {
  stepsDone = 0;
  stepsUndone = 0;
  refusals = 0;
  readonly codes = new Map<string, number>();
  private readonly model: StructureModel;
  private readonly pictures = new Map<ModelOperation, Picture>();
  private corpus: Corpus;
  /** Tree hashes as they are; none when something has changed since they were read. */
  private hashes: readonly string[] | undefined;
  private made = 0;
  private isSilent = false;
  private seen = { event: '0', suppressed: '0' };

  private constructor(
    private readonly db: TestDatabase,
    private readonly prefix: string,
    tree: Tree,
    corpus: Corpus,
  ) {
    this.model = new StructureModel(tree);
    this.corpus = corpus;
  }

  static async begin(db: TestDatabase, prefix: string): Promise<StructureRun> {
    await doSteps(db.pool, startingSteps(prefix));
    const run = new StructureRun(db, prefix, startingTree(prefix), await readCorpus(db.pool, prefix));
    await run.readEvents();
    await run.look('tree');
    return run;
  }

  private address = () => `${this.prefix}n${++this.made}`;

  /** The corpus is what the model says, whatever was called; what was refused leaves every place as it was. */
  private async look(reach: Outcome['reach']): Promise<void> {
    const ranks = [...this.corpus.ranks].sort();
    this.corpus = await readCorpus(this.db.pool, this.prefix);
    expect(treeLines(this.corpus.tree)).toEqual(treeLines(this.model.tree));
    expect([...this.corpus.tree.deleted].sort()).toEqual([...this.model.tree.deleted].sort());
    this.model.ranks = this.corpus.ranks;
    if (reach === 'nothing') expect([...this.corpus.ranks].sort()).toEqual(ranks);
    if (reach !== 'tree') return;
    expect(await readLineage(this.db.pool, this.prefix)).toEqual(this.model.relations());
    this.hashes = undefined;
  }

  private async readHashes(): Promise<readonly string[]> {
    this.hashes ??= await readHashes(this.db.pool, this.prefix);
    return this.hashes;
  }

  /** Events since the last look, of the log and of what was kept out of it. */
  private async readEvents(): Promise<string[]> {
    const { rows } = await this.db.pool.query(
      `select seq as event, null as suppressed,
              concat_ws(' ', event_type, canonical_address, event_subject_ref, safe_payload ->> 'operation_id', safe_payload ->> 'step_no',
                        safe_payload ->> 'operation_type') as line from event_outbox where seq > $1
       union all
       select null, suppressed_id, concat_ws(' ', event_type, canonical_address, event_subject_ref, 'suppressed')
         from iu_suppressed_event where suppressed_id > $2
        order by event, suppressed`,
      [this.seen.event, this.seen.suppressed],
    );
    for (const row of rows) {
      if (row.event !== null) this.seen.event = row.event;
      else this.seen.suppressed = row.suppressed;
    }
    return rows.map((row) => row.line).sort();
  }

  private lineOf(event: ModelEvent, before: Corpus): string {
    const id = this.corpus.ids.get(event.subject) ?? before.ids.get(event.subject);
    const told = [event.type, event.subject, id];
    if (this.isSilent) return [...told, 'suppressed'].join(' ');
    if (event.step === undefined) return told.join(' ');
    const { operation, number } = event.step;
    return [...told, operation.id, number, operation.steps[number - 1]?.operation_type].join(' ');
  }

  /** Calls, and compares the answer with what the model said of it; what was done is looked at. */
  private async compare(what: unknown, outcome: Outcome, call: Promise<unknown>): Promise<void> {
    const code = await codeOfCall(call);
    expect({ what, code }).toEqual({ what, code: outcome.code });
    this.codes.set(code, (this.codes.get(code) ?? 0) + 1);
    if (code !== 'ok') this.refusals += 1;
    const before = this.corpus;
    await this.look(outcome.reach);
    const expected = outcome.events.map((event) => this.lineOf(event, before)).sort();
    expect({ what, events: await this.readEvents() }).toEqual({ what, events: expected });
  }

  private async plan(steps: readonly StructureStep[], request: string): Promise<ModelOperation | undefined> {
    const { code, found } = this.model.plan(steps);
    let answer: Answer | undefined;
    const call = planSteps(this.db.pool, steps, request).then((said) => {
      answer = said;
    });
    await this.compare({ plan: steps }, { code, reach: 'nothing', events: [] }, call);
    if (answer === undefined) return undefined;
    // the same request is the same plan
    if (this.model.operations.length % 4 === 0) {
      const again = await planSteps(this.db.pool, steps, request);
      expect(again).toMatchObject({ operation_id: answer.operation_id, replayed: true });
    }
    return this.model.planned(answer.operation_id, steps, found);
  }

  private async apply(operation: ModelOperation): Promise<void> {
    const before = await this.readHashes();
    const isFirst = operation.status === 'planned';
    const outcome = this.model.apply(operation);
    let answer: Answer | undefined;
    const call = applyPlan(this.db.pool, operation.id).then((said) => {
      answer = said;
    });
    await this.compare({ apply: operation.id, steps: operation.steps }, outcome, call);
    if (answer === undefined) return;
    expect(answer).toMatchObject({ status: 'enacted', replayed: !isFirst });
    if (!isFirst) return;
    expect(answer.event_emitted).toBe(!this.isSilent);
    this.pictures.set(operation, { before, after: await this.readHashes() });
    this.stepsDone += operation.steps.length;
  }

  private async rollBack(operation: ModelOperation): Promise<void> {
    const before = await this.readHashes();
    const isFirst = operation.status === 'enacted';
    const outcome = this.model.rollBack(operation);
    let answer: Answer | undefined;
    const call = rollBack(this.db.pool, operation.id).then((said) => {
      answer = said;
    });
    await this.compare({ rollBack: operation.id, steps: operation.steps }, outcome, call);
    if (answer === undefined) return;
    expect(answer).toMatchObject({ status: 'rolled_back', replayed: !isFirst });
    if (!isFirst) return;
    this.stepsUndone += operation.steps.length;
    const picture = this.pictures.get(operation);
    if (JSON.stringify(before) === JSON.stringify(picture?.after)) {
      expect(await this.readHashes()).toEqual(picture?.before);
      expect(answer.hash).toBe(answer.expected_hash);
    }
  }

  /** The steps that wishes come to, one after the other; an impossible one is refused when it is the first. */
  private async stepsOf(wishes: readonly Wish[]): Promise<StructureStep[]> {
    const steps: StructureStep[] = [];
    let ahead = this.model.tree;
    for (const wish of wishes) {
      const step = stepOf(wish, ahead, this.address);
      const { code, tree } = this.model.ahead(ahead, step);
      if (code === 'ok') {
        ahead = tree;
        steps.push(step);
      } else if (steps.length === 0) await this.plan([step], `refused ${this.made} ${this.refusals}`);
    }
    return steps;
  }

  private async batch(wishes: readonly Wish[], isApplied: boolean): Promise<void> {
    const steps = await this.stepsOf(wishes);
    if (steps.length === 0) return;
    const operation = await this.plan(steps, `batch ${this.model.operations.length}`);
    if (operation !== undefined && isApplied) await this.apply(operation);
  }

  async take({ kind, wishes }: Turn): Promise<void> {
    const [wish] = wishes;
    switch (kind) {
      case 'batch':
      case 'plan':
        return this.batch(wishes, kind === 'batch');
      case 'silence':
        return this.silence(!this.isSilent);
      case 'apply':
      case 'roll back':
      case 'again':
        return this.operate(kind, wish);
      default:
        return this.change(kind, wish);
    }
  }

  private async operate(kind: 'apply' | 'roll back' | 'again', wish: Wish): Promise<void> {
    const { operations } = this.model;
    const isFit = (one: ModelOperation) =>
      one.status === (kind === 'apply' ? 'planned' : kind === 'again' ? 'rolled_back' : 'enacted');
    const fit = operations.filter(isFit);
    // one that does not fit now and then, and the last one often
    const chosen = wish.third % 9 === 0 ? operations : wish.third % 2 === 0 ? fit.slice(-1) : fit;
    const operation = pick(chosen.length > 0 ? chosen : operations, wish.first);
    if (operation === undefined) return;
    if (kind === 'apply') return this.apply(operation);
    if (kind === 'roll back') return this.rollBack(operation);
    const again = await this.plan(operation.steps, `again ${operations.length} ${this.refusals}`);
    if (again !== undefined) await this.apply(again);
  }

  private async change(kind: Turn['kind'], wish: Wish): Promise<void> {
    const { model } = this;
    const units = [...model.tree.units.values()];
    const living = units.filter(isLiving);
    const unit = pick(wish.third % 13 === 0 || living.length === 0 ? units : living, wish.first);
    if (unit === undefined) return;
    const { address } = unit;
    const call = (sql: string, ...values: unknown[]) => this.db.pool.query(`select ${sql}`, values);
    switch (kind) {
      case 'revise': {
        const text = wish.second % 7 === 0 ? (unit.versions.at(-1)?.text ?? '') : `revised ü${wish.second}`;
        return this.compare(
          { kind, address },
          model.revise(address, text),
          call(`fn_iu_revise($1, $2, 'me')`, address, text),
        );
      }
      case 'retitle':
        return this.retitle(unit, `title ${++this.made}`);
      case 'enact':
        return this.compare({ kind, address }, model.enact(address), call(`fn_iu_enact($1, 'me', 'R-1')`, address));
      case 'deprecate': {
        const withChildren = wish.second % 2 === 0;
        const said = model.deprecate(address, withChildren);
        return this.compare(
          { kind, address },
          said,
          call(`fn_iu_deprecate($1, 'me', 'gone', $2)`, address, withChildren),
        );
      }
      case 'delete':
        return this.compare(
          { kind, address },
          model.softDelete(address),
          call(`fn_iu_soft_delete($1, 'me', 'a mistake')`, address),
        );
      case 'link':
        return this.link(unit, wish.second % 2 === 0);
      case 'retire link':
        return this.retireLink(wish);
      default:
        return this.writeDirectly(unit, wish);
    }
  }

  private retitle(unit: TreeUnit, title: string): Promise<void> {
    const { address } = unit;
    const text = unit.versions.at(-1)?.text;
    const outcome = this.model.retitle(address);
    const sql = `select fn_iu_revise($1, $2, 'me', null, $3)`;
    return this.compare({ retitle: address }, outcome, this.db.pool.query(sql, [address, text, title]));
  }

  private link(unit: TreeUnit, isEnacted: boolean): Promise<void> {
    const key = `${this.prefix}l${++this.made}`;
    const outcome = this.model.link(unit.address, key, isEnacted);
    const insert = this.db.pool.query(
      `insert into iu_sql_link (unit_id, link_role, object_kind, object_name, lifecycle_status, enabled, idempotency_key)
       values ($1, 'about', 'table', 'dot_config', $2, $3, $4)`,
      [this.corpus.ids.get(unit.address), isEnacted ? 'enacted' : 'draft', isEnacted, key],
    );
    return this.compare({ link: unit.address }, outcome, insert);
  }

  private async retireLink(wish: Wish): Promise<void> {
    const links = [...this.model.tree.units.values()].flatMap((unit) => unit.links.map((link) => ({ unit, link })));
    const living = links.filter(({ link }) => isLiving(link));
    const chosen = pick(wish.third % 5 === 0 ? links : living, wish.first);
    if (chosen === undefined) return;
    const { unit, link } = chosen;
    const id = this.corpus.links.get(`${unit.address} ${link.key}`);
    const call = this.db.pool.query(`select fn_iu_sql_link_retire($1, 'me', 'no more')`, [id]);
    await this.compare({ retire: link.key }, this.model.retireLink(unit.address, link.key), call);
  }

  /** No part of a unit or version is written past the functions, whoever writes. */
  private writeDirectly(unit: TreeUnit, wish: Wish): Promise<void> {
    const writes = [
      `update information_unit set lifecycle_status = 'retired' where id = $1`,
      `update information_unit set sibling_rank = sibling_rank || 'V' where id = $1`,
      `update information_unit set parent_or_container_ref = null, section_code = 'x' where id = $1`,
      `update unit_version set body = body || 'x' where unit_id = $1`,
      `delete from unit_version where unit_id = $1`,
      `delete from information_unit where id = $1`,
    ];
    const sql = pick(writes, wish.second) ?? '';
    const code = sql.startsWith('delete') ? 'IU214' : 'IU210';
    return this.compare(
      { sql },
      { code, reach: 'nothing', events: [] },
      this.db.pool.query(sql, [this.corpus.ids.get(unit.address)]),
    );
  }

  private async silence(isSilent: boolean): Promise<void> {
    this.isSilent = isSilent;
    const sql = `update dot_config set value = $1 where key = 'iu_core.emission_enabled'`;
    await this.db.pool.query(sql, [String(!isSilent)]);
  }

  /** Applies everything once more, which changes nothing, and takes everything back in reverse, as far as the model says. */
  async end(): Promise<void> {
    await this.silence(false);
    const { operations } = this.model;
    const enacted = operations.filter((one) => one.status === 'enacted').reverse();
    for (const operation of enacted.slice(0, 2)) await this.apply(operation);
    for (const operation of enacted) await this.rollBack(operation);
    for (const operation of operations.filter((one) => one.status === 'rolled_back').slice(-1))
      await this.rollBack(operation);
  }
}
