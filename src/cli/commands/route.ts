import type { Command } from 'commander';
import { type CliContext, withExamples } from '../context.js';
import { registerAdd, registerChange, registerDiff, registerRemove, registerSwitch } from '../route/edit.js';
import {
  registerApproval,
  registerApprovals,
  registerApprove,
  registerBackToDryRun,
  registerGoLive,
  registerReadiness,
  registerReject,
  registerRequestLive,
} from '../route/going-live.js';
import { registerHistory, registerList, registerShow } from '../route/look.js';
import { registerTestSend } from '../route/test-send.js';

/** `iu route` and everything below it, in the order of the help: looking, editing, going live. */
export function register(program: Command, context: CliContext): void {
  const route = withExamples(program.command('route').description('Which events go where'), 'iu route list');
  registerList(route, context);
  registerShow(route, context);
  registerHistory(route, context);
  registerAdd(route, context);
  registerDiff(route, context);
  registerChange(route, context);
  registerSwitch(route, context, true);
  registerSwitch(route, context, false);
  registerRemove(route, context);
  registerTestSend(route, context);
  registerReadiness(route, context);
  registerRequestLive(route, context);
  registerApproval(route, context);
  registerApprovals(route, context);
  registerApprove(route, context);
  registerReject(route, context);
  registerGoLive(route, context);
  registerBackToDryRun(route, context);
}
