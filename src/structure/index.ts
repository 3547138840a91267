// iu-core/structure: trees and structure operations for an application, on a pg client of its own.
import { type IuError, iuErrorFromPg } from '../contract/errors/index.js';
import { type CamelCased, camelCaseKeys } from '../contract/json-names.js';
import type { StructureStep } from '../contract/structure/step.js';
import type { Queryable } from '../store/listing.js';
import { textParsers } from '../store/parsers.js';
import * as sqlLinks from '../store/sql-links.js';
import * as operations from '../store/structure.js';
import * as trees from '../store/unit-tree.js';
import { type PlanWishes, planOperation, showOperation } from './operation.js';
import { type ShownUnit, showUnit, unitText } from './unit.js';
import { versionDiff } from './version-diff.js';

export { errorEntry, IuError, isIuCode } from '../contract/errors/index.js';
export type {
  DependantsPolicy,
  LinkPolicy,
  NewPiece,
  OperationType,
  StructureStep,
} from '../contract/structure/step.js';
export { eventTypeOfStep, operationTypes } from '../contract/structure/step.js';
export type { LineChange } from './diff.js';
export { type PlanWishes, parseSteps } from './operation.js';
export type { VersionDiff } from './version-diff.js';

/**
 * What these functions need of `pg`: a Client, PoolClient or Pool whose search_path finds the schema of IU Core. Apply and roll back inside
 * a transaction of yours (READ COMMITTED) when something else is to happen together with them; otherwise each call is a transaction.
 */
export interface StructureClient {
  query(config: { text: string; values: unknown[]; types: typeof textParsers }): Promise<{ rows: unknown[] }>;
}

export type StructureAnswer = CamelCased<operations.StructureAnswer>;
export type StructureVerdict = CamelCased<operations.StructureVerdict>;
export type TreeProof = CamelCased<operations.TreeProof>;
export type OperationRow = CamelCased<operations.OperationRow>;
export type OperationStatus = operations.OperationStatus;
/** An operation as it was planned; its steps with the keys of `StructureStep`. */
export type OperationDetail = CamelCased<Omit<operations.OperationDetail, 'steps'>> & {
  readonly steps: readonly StructureStep[];
};
export type TreeRow = CamelCased<trees.TreeRow>;
export type AncestorRow = CamelCased<trees.AncestorRow>;
export type SiblingRow = CamelCased<trees.SiblingRow>;
export type UnitDetail = CamelCased<ShownUnit>;
export type LineageRow = CamelCased<trees.LineageRow>;
export type UnitHistoryRow = CamelCased<trees.UnitHistoryRow>;
export type UnitAtRow = CamelCased<trees.UnitAtRow>;
export type SqlLinkRow = CamelCased<sqlLinks.SqlLinkRow>;
export type NewLinkAnswer = CamelCased<sqlLinks.NewLinkAnswer>;
export type ValidatedLink = CamelCased<sqlLinks.ValidatedLink>;
export type LinkVerdict = CamelCased<sqlLinks.LinkVerdict>;
export type RetiredLinkAnswer = CamelCased<sqlLinks.RetiredLinkAnswer>;
export type { LinkDirection, SqlLinkFilter, SqlObjectKind, ValidationFilter } from '../store/sql-links.js';

/** A link to be made; which names it needs depends on the kind of the object. Without a schema that of the installation. */
export interface NewLink {
  /** Address or id of a living unit. */
  readonly unit: string;
  /** What the unit is to the object, such as `governs`. */
  readonly role: string;
  readonly kind: sqlLinks.SqlObjectKind;
  readonly schema?: string | undefined;
  /** Of a table or view, or of the table of a row, column or trigger. */
  readonly name?: string | undefined;
  readonly collection?: string | undefined;
  /** Primary key of a row: column to value. */
  readonly rowPk?: Readonly<Record<string, unknown>> | undefined;
  /** A function with its arguments, such as `f(integer)`. */
  readonly function?: string | undefined;
  readonly trigger?: string | undefined;
  readonly column?: string | undefined;
  readonly direction?: sqlLinks.LinkDirection | undefined;
  /** draft unless said. */
  readonly status?: 'draft' | 'enacted' | undefined;
  readonly enabled?: boolean | undefined;
}

/** Who changes a tree, on whose approval. */
export interface ChangeWishes {
  readonly actor: string;
  /** Reference of the approval that allows it, as your review system writes it. */
  readonly approvalRef: string;
}

/** The whole of one list, page by page. */
export interface Page<Row> {
  readonly items: readonly Row[];
  /** Give it as `after` to read on; null on the last page. */
  readonly next: string | null;
}

/** Which page: at most 1,000 rows (50 unless said) after the key that the page before gave. */
export interface PageWishes {
  readonly limit?: number | undefined;
  readonly after?: string | undefined;
}

/** Values as PostgreSQL's own text whatever parsers the application's pg has; refusals as IuError, keys in camelCase. */
async function call<Result>(
  client: StructureClient,
  work: (database: Queryable) => Promise<Result>,
): Promise<CamelCased<Result>> {
  const query = (text: string, values: unknown[] = []) => client.query({ text, values, types: textParsers });
  try {
    return camelCaseKeys(await work({ query } as unknown as Queryable));
  } catch (error) {
    throw refusal(error) ?? error;
  }
}

const refusal = (error: unknown): IuError | undefined => iuErrorFromPg(error);

/** Records an operation and says what it would do: impact, and the documents before and after. The same request is the same plan. */
export function plan(
  client: StructureClient,
  steps: readonly StructureStep[],
  wishes: PlanWishes,
): Promise<StructureAnswer> {
  return call(client, (database) => planOperation(database, steps, wishes));
}

/** Does what was planned: wholly or not at all, one event a step. Applied twice is applied once (`replayed`). */
export function apply(client: StructureClient, operationId: string, wishes: ChangeWishes): Promise<StructureAnswer> {
  return call(client, (database) =>
    operations.applyStructureOperation(database, operationId, wishes.actor, wishes.approvalRef),
  );
}

/** Undoes an applied operation to the identical tree hash; refused by name (IU619) where something later stands on the same units. */
export function rollBack(
  client: StructureClient,
  operationId: string,
  wishes: ChangeWishes & { readonly reason?: string | undefined },
): Promise<StructureAnswer> {
  const { actor, approvalRef, reason } = wishes;
  return call(client, (database) =>
    operations.rollBackStructureOperation(database, operationId, actor, approvalRef, reason ?? null),
  );
}

/** Takes back a plan that was never applied. The same steps are planned again with another `request`. */
export function withdraw(
  client: StructureClient,
  operationId: string,
  wishes: { readonly actor: string; readonly reason: string },
): Promise<StructureAnswer> {
  return call(client, (database) =>
    operations.withdrawStructureOperation(database, operationId, wishes.actor, wishes.reason),
  );
}

/** Looks whether an operation still stands and is whole: trees, relations, lifecycle, links, texts, events. */
export function verify(client: StructureClient, operationId: string): Promise<StructureVerdict> {
  return call(client, (database) => operations.verifyStructureOperation(database, operationId));
}

/** Proves the tree of one document (address or id), or of everything. */
export function proveTree(client: StructureClient, document?: string): Promise<TreeProof> {
  return call(client, (database) => operations.verifyTree(database, document));
}

/** One operation with its steps (as they were given), its impact and its preview. */
export async function show(client: StructureClient, operationId: string): Promise<OperationDetail> {
  let given = '[]';
  const rest = await call(client, async (database) => {
    const { steps, ...found } = await showOperation(database, operationId);
    given = steps;
    return found;
  });
  return { ...rest, steps: JSON.parse(given) };
}

/** Operations, newest first; also those of one `actor`, `type` or `status`. */
export function list(
  client: StructureClient,
  wishes: PageWishes & operations.OperationFilter = {},
): Promise<Page<OperationRow>> {
  const { limit, after, ...filter } = wishes;
  return call(client, (database) => operations.listOperations(database, filter, pageOf({ limit, after })));
}

function pageOf(wishes: PageWishes): { limit: number; after?: string | undefined } {
  return { limit: Math.min(1000, Math.max(1, wishes.limit ?? 50)), after: wishes.after };
}

/**
 * A unit and everything below it in reading order; `at` (ISO 8601) as it stood at that moment; `ofVersion` its whole document, as it stood when that
 * version of the unit was written.
 */
export function tree(
  client: StructureClient,
  unit: string,
  wishes: PageWishes & Omit<trees.TreeWishes, keyof PageWishes> = {},
): Promise<Page<TreeRow>> {
  return call(client, (database) => trees.readUnitTree(database, unit, { ...wishes, ...pageOf(wishes) }));
}

/** The units above a unit, from the document down to its parent. */
export function ancestors(client: StructureClient, unit: string): Promise<readonly AncestorRow[]> {
  return call(client, async (database) => trees.readAncestors(database, await trees.unitIdOf(database, unit)));
}

/** A unit and its siblings in their order; of a document the documents of its collection. */
export function siblings(client: StructureClient, unit: string, wishes: PageWishes = {}): Promise<Page<SiblingRow>> {
  return call(client, (database) => trees.readSiblings(database, unit, pageOf(wishes)));
}

/** The unit that an address or id names, what stands above it, and its versions. */
export function unit(client: StructureClient, addressOrId: string): Promise<UnitDetail> {
  return call(client, (database) => showUnit(database, addressOrId));
}

/** The text of a version of a unit, byte for byte; of the current one unless said. */
export function text(
  client: StructureClient,
  addressOrId: string,
  wishes: { readonly version?: number | undefined } = {},
): Promise<string> {
  return call(client, (database) => unitText(database, addressOrId, wishes.version));
}

/** Everything that happened to a unit, oldest first; `what` is version, lifecycle, place or number. */
export function history(
  client: StructureClient,
  unit: string,
  wishes: PageWishes & { readonly what?: string | undefined } = {},
): Promise<Page<UnitHistoryRow>> {
  return call(client, (database) => trees.readUnitHistory(database, unit, { ...wishes, ...pageOf(wishes) }));
}

/** Where a unit's text came from (earlier) and where it went (later), however many steps away, and who did it. */
export function lineage(
  client: StructureClient,
  unit: string,
  wishes: PageWishes & {
    readonly withRetired?: boolean | undefined;
    readonly direction?: 'earlier' | 'later' | undefined;
  } = {},
): Promise<Page<LineageRow>> {
  return call(client, (database) => trees.readLineage(database, unit, { ...wishes, ...pageOf(wishes) }));
}

/** What stood at an address at a moment; also an address made of numbers, such as LAW/2/5. */
export function unitAt(client: StructureClient, address: string, at: string): Promise<readonly UnitAtRow[]> {
  return call(client, (database) => trees.readUnitAt(database, address, at));
}

/** The lines in which two versions of a unit differ: the current one and the one before it unless said. */
export function diff(
  client: StructureClient,
  unit: string,
  wishes: { readonly from?: number | undefined; readonly to?: number | undefined } = {},
): Promise<CamelCased<Awaited<ReturnType<typeof versionDiff>>>> {
  return call(client, (database) => versionDiff(database, unit, wishes));
}

/** Links a living unit to an object of the database; the same link is made once while it lives (`known`). */
export function addLink(
  client: StructureClient,
  link: NewLink,
  wishes: { readonly actor: string },
): Promise<NewLinkAnswer> {
  const columns: sqlLinks.NewSqlLink = {
    unit: link.unit,
    link_role: link.role,
    object_kind: link.kind,
    object_schema: link.schema,
    object_name: link.name,
    collection_name: link.collection,
    row_pk: link.rowPk === undefined ? undefined : JSON.stringify(link.rowPk),
    function_identity: link.function,
    trigger_name: link.trigger,
    column_name: link.column,
    direction: link.direction,
    lifecycle_status: link.status,
    enabled: link.enabled,
  };
  return call(client, (database) => sqlLinks.addSqlLink(database, columns, wishes.actor));
}

/** Links by id: of a unit, in a state, to a kind of object, or those whose object is gone (`exists: false`). */
export function listLinks(
  client: StructureClient,
  wishes: PageWishes & sqlLinks.SqlLinkFilter = {},
): Promise<Page<SqlLinkRow>> {
  const { limit, after, ...filter } = wishes;
  return call(client, (database) => sqlLinks.listSqlLinks(database, filter, pageOf({ limit, after })));
}

/** Compares a link with the object of today; `accept` keeps what it looks like. */
export function validateLink(
  client: StructureClient,
  linkId: string,
  wishes: { readonly accept?: boolean | undefined } = {},
): Promise<LinkVerdict> {
  return call(client, (database) => sqlLinks.validateSqlLink(database, linkId, wishes.accept === true));
}

/** Compares the living links of a unit, of a document or of everything with their objects of today, by id; `accept` as `validateLink`. */
export function validateLinks(
  client: StructureClient,
  wishes: PageWishes & sqlLinks.ValidationFilter & { readonly accept?: boolean | undefined } = {},
): Promise<Page<ValidatedLink>> {
  const { limit, after, accept, ...filter } = wishes;
  return call(client, (database) =>
    sqlLinks.validateSqlLinks(database, filter, { ...pageOf({ limit, after }), accept }),
  );
}

/** Ends a link; it is no longer in the way of an operation on its unit. */
export function retireLink(
  client: StructureClient,
  linkId: string,
  wishes: { readonly actor: string; readonly reason: string },
): Promise<RetiredLinkAnswer> {
  return call(client, (database) => sqlLinks.retireSqlLink(database, linkId, wishes.actor, wishes.reason));
}
