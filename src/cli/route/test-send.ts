import type { Command } from 'commander';
import { IuError } from '../../contract/errors/index.js';
import { sendTest } from '../../deliver/test-send.js';
import type { DeliveryRoute } from '../../store/delivery-session.js';
import { recordEvidence } from '../../store/going-live.js';
import { deliveryHold, routeToSend } from '../../store/test-send.js';
import { type CliContext, withExamples } from '../context.js';
import { holdSentence } from '../hold.js';
import { surroundingsOf } from '../worker-process.js';
import { routeNotThere } from './options.js';

/** `iu route test-send`. */
export function registerTestSend(route: Command, context: CliContext): void {
  withExamples(
    route
      .command('test-send')
      .description(
        'Send one event that is marked as a test to the target of a route, and record what came of it as evidence',
      )
      .argument('<code>', 'code of the route, in whatever mode it is'),
    'IU_DEPLOYMENT=production iu route test-send crm',
  ).action(async (code: string, _options: object, command: Command) => {
    const printer = context.printer(command);
    const settings = context.config(command);
    const { test, version } = await context.withDatabase(command, async ({ pool }) => {
      const hold = await deliveryHold(pool, settings.deployment);
      if (hold !== null)
        throw new IuError('IU363', { message: `Nothing may be sent from here now: ${holdSentence(hold, code)}.` });
      const found = await routeToSend(pool, code);
      if (found === undefined) throw routeNotThere(code);
      const [target] = JSON.parse(found.routeText) as [DeliveryRoute];
      const test = await sendTest(pool, target, surroundingsOf(context, command));
      const { passed, code: failureCode, detail, milliseconds } = test;
      await recordEvidence(pool, {
        kind: 'test_send',
        passed,
        detailText: JSON.stringify({ failureCode, detail, milliseconds }),
        routeCode: code,
        routeVersion: target.version,
      });
      return { test, version: target.version };
    });
    if (!test.passed) throw new IuError('IU364', { message: `The test send failed: ${test.code}: ${test.detail}.` });
    printer.result({ routeCode: code, version, ...test }, () => [
      `Route ${code}, version ${version}: the target took the test event in ${test.milliseconds} ms (${test.detail}). Recorded as evidence.`,
    ]);
  });
}
