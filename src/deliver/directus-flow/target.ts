import { z } from 'zod';
import { directusOutcome } from '../../contract/delivery/directus-answer.js';
import { IuError } from '../../contract/errors/index.js';
import type { OpenTarget, Target, TargetRoute, TargetSurroundings } from '../target.js';
import { parseTargetConfig, webhookConfigOf, webhookConfigShape } from '../webhook/config.js';
import { openHttpTarget, type WebhookParts } from '../webhook/target.js';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** A webhook's keys, which flow, and what answers mean that do not speak for themselves. */
const directusConfigShape = {
  ...webhookConfigShape,
  flow_id: z.string().regex(uuid).optional(),
  on_duplicate: z.enum(['fail', 'sent']).optional(),
  on_empty: z.enum(['unknown', 'sent']).optional(),
};

/** Opens a target that triggers a Directus flow; see docs/how-to/directus-flow.md for its keys. Throws IU450 to IU458. */
export const openDirectusFlow: OpenTarget = (route, surroundings) => openDirectusFlowWith({}, route, surroundings);

/** `openDirectusFlow` with parts of one's own. */
async function openDirectusFlowWith(
  parts: Pick<WebhookParts, 'lookupAll'>,
  route: TargetRoute,
  surroundings: TargetSurroundings,
): Promise<Target> {
  const parsed = parseTargetConfig(directusConfigShape, route.targetConfig);
  const { flow_id: flowId, on_duplicate: onDuplicate, on_empty: onEmpty, ...shared } = parsed;
  // A flow cannot verify a signature, so it is signed only when asked for; who may trigger it is then a matter of a header.
  const config = webhookConfigOf(shared, 'none');
  // Directus reads a body as JSON by exactly this type; one that only ends in +json leaves the flow with an empty body.
  const contentType = 'application/json; charset=utf-8';
  const reading = { duplicateIsSent: onDuplicate === 'sent', emptyIsSent: onEmpty === 'sent' };
  return openHttpTarget(
    config,
    triggerUrl(route.targetRef, flowId),
    { ...parts, contentType, judge: (outcome, answer) => directusOutcome(outcome, answer, reading) },
    route,
    surroundings,
  );
}

/** `BASE/flows/trigger/ID` from an address that has it already, or from the base and the id. Throws IU454. */
function triggerUrl(targetRef: string, flowId: string | undefined): string {
  const whole = /\/flows\/trigger\/([^/?#]+)$/.exec(targetRef);
  if (whole !== null && uuid.test(whole[1] ?? '') && (flowId === undefined || flowId === whole[1])) return targetRef;
  if (whole === null && flowId !== undefined && !/[?#]/.test(targetRef)) {
    return `${targetRef.replace(/\/+$/, '')}/flows/trigger/${flowId}`;
  }
  throw new IuError('IU454', {
    message:
      'a directus_flow names one flow: target_ref https://HOST/flows/trigger/ID, or https://HOST and target_config.flow_id',
  });
}
