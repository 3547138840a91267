import { z } from 'zod';
import { IuError } from '../contract/errors/index.js';
import { isStorable } from '../contract/storable.js';
import { operationTypes, type StructureStep } from '../contract/structure/step.js';
import type { Queryable } from '../store/listing.js';
import {
  findOperation,
  type OperationDetail,
  planStructureOperation,
  type StructureAnswer,
} from '../store/structure.js';

const ref = z.string().min(1);
const piece = z.looseObject({ canonical_address: ref });
const pieceWithBody = z.looseObject({ canonical_address: ref, body: z.string() });
const place = { after: ref.optional(), position: z.enum(['first', 'last']).optional() };
const end = {
  link_policy: z.enum(['block', 'copy', 'move', 'manual_review']).optional(),
  dependants: z.enum(['block', 'move', 'lift', 'deprecate']).optional(),
};

const step = z.discriminatedUnion('operation_type', [
  z.strictObject({
    operation_type: z.literal('add_new_piece'),
    parent: ref.nullable().optional(),
    piece: pieceWithBody,
    derived_from: ref.optional(),
    ...place,
  }),
  z.strictObject({
    operation_type: z.literal('split_large_piece'),
    unit: ref,
    offsets: z.array(z.int().positive()).min(1),
    pieces: z.array(piece).min(2),
    mode: z.enum(['replacement_set', 'children']).optional(),
    ...end,
  }),
  z.strictObject({
    operation_type: z.literal('merge_small_pieces'),
    units: z.array(ref).min(2),
    piece,
    separator: z.string().optional(),
    conflict_policy: z.enum(['block', 'prefer_target', 'manual_review']).optional(),
    ...end,
  }),
  z.strictObject({ operation_type: z.literal('deprecate_piece'), unit: ref, ...end }),
  z.strictObject({ operation_type: z.literal('replace_piece'), unit: ref, piece: pieceWithBody, ...end }),
  z.strictObject({ operation_type: z.literal('reparent_piece'), unit: ref, parent: ref.nullable(), ...place }),
  z.strictObject({ operation_type: z.literal('renumber_piece'), unit: ref, section_code: ref, ...place }),
]);

/** Steps from JSON text: one step, an array of steps, or `{"operations": [...]}`. Throws IU603 naming what is wrong. */
export function parseSteps(text: string): readonly StructureStep[] {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    throw new IuError('IU603', { message: 'The steps are not JSON.' });
  }
  if (!isStorable(given))
    throw new IuError('IU603', { message: 'The steps hold a NUL character or an unpaired surrogate.' });
  const wrapped = z.looseObject({ operations: z.array(z.unknown()) }).safeParse(given);
  const steps = Array.isArray(given) ? given : wrapped.success ? wrapped.data.operations : [given];
  const parsed = z.array(step).min(1).max(1000).safeParse(steps);
  if (parsed.success) return parsed.data as readonly StructureStep[];
  const [issue] = parsed.error.issues;
  const at = issue?.path.length ? ` (at ${issue.path.join('.')})` : '';
  throw new IuError('IU603', {
    message: `The steps are malformed: ${issue?.message ?? 'unknown form'}${at}.`,
    hint: `operation_type is one of ${operationTypes.join(', ')}`,
  });
}

/** Who plans, why, and which repetition of a request it is. */
export interface PlanWishes {
  readonly actor: string;
  readonly reason?: string | undefined;
  /** The same steps with another request are another plan. */
  readonly request?: string | undefined;
}

/** Records an operation and says what it would do; nothing else changes. */
export function planOperation(
  database: Queryable,
  steps: readonly StructureStep[],
  wishes: PlanWishes,
): Promise<StructureAnswer> {
  return planStructureOperation(database, steps, wishes.actor, wishes.reason ?? null, wishes.request ?? '');
}

/** One operation with its steps, impact and preview. Throws IU614 when there is none. */
export async function showOperation(database: Queryable, operationId: string): Promise<OperationDetail> {
  const found = await findOperation(database, operationId);
  if (found === undefined) throw new IuError('IU614', { message: `There is no structure operation ${operationId}.` });
  return found;
}
