import { spawn } from 'node:child_process';
import type { Delivery } from '../../contract/delivery/delivery.js';
import { IuError } from '../../contract/errors/index.js';
import { type Alert, alertLine } from '../../contract/operate/alert.js';
import type { TargetSurroundings } from '../../deliver/target.js';
import { openWebhook } from '../../deliver/webhook/target.js';

/** A way to tell somebody. `tell` gives undefined when it was taken, or why not: short, without secrets. */
export interface AlertWay {
  readonly name: 'command' | 'url';
  tell(alert: Alert): Promise<string | undefined>;
  close(): Promise<void>;
}

/** What an alert says besides itself: the name of the installation. */
export interface AlertSender {
  readonly name: string;
  readonly host: string;
}

/** What is told, as JSON on the standard input of a command and as `data` of the CloudEvent of a webhook. */
function alertDocument(alert: Alert, sender: AlertSender): Readonly<Record<string, unknown>> {
  return {
    id: alert.id,
    kind: alert.kind,
    healthy: alert.reasons.length === 0,
    installation: sender.name,
    host: sender.host,
    at: alert.at,
    redSince: alert.redSince,
    text: alertLine(alert, sender.name),
    reasons: alert.reasons,
    gone: alert.gone,
  };
}

const mostCommandMilliseconds = 30_000;

/** A shell command. Nothing of the alert stands on its command line: it gets the text as IU_ALERT_TEXT and everything on standard input. */
export function commandWay(
  command: string,
  sender: AlertSender,
  environment: Readonly<Record<string, string | undefined>>,
  deadlineMilliseconds = mostCommandMilliseconds,
): AlertWay {
  // It works for a person, not for the database: it gets neither address nor secrets of ours.
  const given = Object.fromEntries(Object.entries(environment).filter(([name]) => !/^(IU_|PG)/.test(name)));
  const tell = (alert: Alert) =>
    new Promise<string | undefined>((settle) => {
      const child = spawn('/bin/sh', ['-c', command], {
        // A group of its own, so that what it started ends with it.
        detached: true,
        stdio: ['pipe', 'ignore', 'ignore'],
        env: {
          ...given,
          IU_ALERT_ID: alert.id,
          IU_ALERT_KIND: alert.kind,
          IU_ALERT_CODES: [...new Set(alert.reasons.map((reason) => reason.code))].join(','),
          IU_ALERT_TEXT: alertLine(alert, sender.name),
        },
      });
      const timer = setTimeout(() => {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
        settle(`the command did not end within ${deadlineMilliseconds / 1000} s`);
      }, deadlineMilliseconds);
      const end = (why: string | undefined) => {
        clearTimeout(timer);
        settle(why);
      };
      child.on('error', (error: NodeJS.ErrnoException) => end(`the command cannot be run (${error.code ?? 'error'})`));
      child.on('close', (code, signal) => end(code === 0 ? undefined : `the command ended with ${code ?? signal}`));
      // A command that does not read its input is no failure.
      child.stdin.on('error', () => {});
      child.stdin.end(`${JSON.stringify(alertDocument(alert, sender))}\n`);
    });
  return { name: 'command', tell, close: async () => {} };
}

/** A signed webhook, held by the same rules as a target: address policy, deadline, no redirects. Throws IU450 to IU458, IU860. */
export async function urlWay(
  url: string,
  secretReferences: readonly string[],
  sender: AlertSender,
  surroundings: TargetSurroundings,
): Promise<AlertWay> {
  if (secretReferences.length === 0) {
    throw new IuError('IU860', { message: 'An alert by webhook is signed: its secret is missing.' });
  }
  const route = { routeId: '0', routeCode: 'health_alert', routeVersion: 1, targetKind: 'webhook', targetRef: url };
  const target = await openWebhook({ ...route, targetConfig: { secrets: [...secretReferences] } }, surroundings);
  const tell = async (alert: Alert) => {
    const outcome = await target.send(alertDelivery(alert, sender), 15_000);
    return outcome.status === 'sent' ? undefined : `${outcome.failureCode}: ${outcome.failureDetail}`;
  };
  return { name: 'url', tell, close: () => target.close() };
}

function alertDelivery(alert: Alert, sender: AlertSender): Delivery {
  return {
    deliveryId: `health_alert:${alert.id}`,
    attemptNo: alert.tries + 1,
    test: false,
    event: {
      id: alert.id,
      seq: '0',
      domain: 'iu_core',
      type: 'health_changed',
      stream: 'health',
      severity: alert.kind === 'recovered' ? 'info' : 'critical',
      subjectTable: 'iu_health_watch',
      subjectRef: sender.name,
      canonicalAddress: '',
      actorRef: 'iu health',
      sourceSystem: sender.host,
      correlationId: null,
      classification: 'safe_metadata',
      occurredAt: alert.at,
      payloadText: JSON.stringify(alertDocument(alert, sender)),
    },
  };
}
