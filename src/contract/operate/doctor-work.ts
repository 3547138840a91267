import type { ApprovalFact, CursorState, DoctorFacts, GateState, ProcessState } from './doctor-facts.js';
import type { DoctorLimits } from './doctor-limits.js';
import type { Finding } from './finding.js';
import { settingFindings } from './settings.js';

/** What keeps events from being decided and delivered, or soon will. */
export function workFindings(facts: DoctorFacts, limits: DoctorLimits): Finding[] {
  return [
    ...facts.gates.flatMap((gate) => gateFinding(gate, facts.delivery.liveRoutes)),
    ...healthFindings(facts),
    ...workerFinding(facts, limits),
    ...facts.cursors.flatMap((cursor) => cursorFinding(cursor, limits)),
    ...flowFindings(facts),
    ...unopenedFindings(facts),
    ...facts.approvals.flatMap((approval) => approvalFinding(approval, limits)),
    ...deploymentFinding(facts),
    ...promotionFinding(facts),
    ...watchdogFindings(facts, limits),
    ...settingFindings(facts.settings),
    ...blindFindings(facts.blind),
  ];
}

/** What could not be looked at, one finding a cause: who lacks one right lacks it for many parts. */
function blindFindings(blind: DoctorFacts['blind']): Finding[] {
  return [...new Set(blind.map(({ sqlState }) => sqlState))].map((sqlState) => {
    const parts = blind.filter((one) => one.sqlState === sqlState).map(({ part }) => part);
    return {
      code: 'cannot_look',
      severity: 'yellow',
      message: `${parts.join(', ')} could not be looked at (SQLSTATE ${sqlState})`,
      evidence: { parts: parts.join(', '), sqlState },
      action:
        sqlState === '42501'
          ? 'run it as a login with iu_operator or iu_reader'
          : 'iu migrate status: is everything of this version installed?',
    };
  });
}

/** Health says that it is closed; this says who did it, when and why. */
function gateFinding(gate: GateState, liveRoutes: number): Finding[] {
  if (gate.open) return [];
  const holds: Readonly<Record<string, string>> = {
    'iu_core.routes_master_enabled': 'passes, replays and claims; events are recorded and wait',
    'iu_core.route_worker_enabled': 'passes and replays; events are recorded and wait',
    'iu_core.delivery_enabled': 'deliveries; what is queued waits',
    'iu_core.emission_enabled': 'the recording itself: events are suppressed and counted',
  };
  const held = holds[gate.key];
  // What nobody uses yet is closed from the beginning, and that is no finding.
  if (held === undefined || (gate.key === 'iu_core.delivery_enabled' && liveRoutes === 0)) return [];
  const said = gate.changedBy === null ? 'nobody ever opened it' : `${gate.changedBy}, ${gate.changedAt}`;
  return [
    {
      code: 'gate_closed',
      severity: gate.key === 'iu_core.emission_enabled' ? 'red' : 'yellow',
      message: `the gate ${gate.key} is closed (${said}: ${gate.reason ?? 'no reason given'}); it holds ${held}`,
      evidence: {
        gate: gate.key,
        changedBy: gate.changedBy,
        changedAt: gate.changedAt,
        reason: gate.reason,
        openUntil: gate.openUntil,
      },
      action: `iu gate log tells more; when that is over: iu gate open ${gate.key.replace('iu_core.', '')} --reason TEXT`,
    },
  ];
}

function healthFindings({ healthReasons }: DoctorFacts): Finding[] {
  return healthReasons.map(({ worker, code, message, action }) => ({
    code,
    severity: 'red',
    message,
    evidence: { worker },
    action,
  }));
}

const routingGates: readonly string[] = ['iu_core.routes_master_enabled', 'iu_core.route_worker_enabled'];

/** True when events are to be decided and nobody is seen who will; a timer beats with each of its rounds, pg_cron never. */
function isUnattended({ server, gates, processes }: DoctorFacts, cursors: readonly CursorState[]): boolean {
  const isOpen = routingGates.every((key) => gates.some((gate) => gate.key === key && gate.open));
  const allowedSeconds = Math.min(...cursors.map((one) => one.allowedSilenceSeconds));
  const lastBeat = processes[0]?.secondsSinceBeat ?? Number.POSITIVE_INFINITY;
  return isOpen && !server.hasPgCron && cursors.length > 0 && lastBeat > allowedSeconds;
}

/**
 * The promise of silence rests on the cursor's last pass, so pg_cron without a process is well; a process that went away is named. A pass
 * that somebody made by hand keeps silence from turning red for its time, and is no worker: that is yellow at once.
 */
function workerFinding(facts: DoctorFacts, limits: DoctorLimits): Finding[] {
  const { cursors, processes } = facts;
  const silent = cursors.filter(
    (one) => one.secondsSinceRun === null || one.secondsSinceRun > one.allowedSilenceSeconds,
  );
  const beating = processes.filter((one) => one.secondsSinceBeat <= limits.processSilentSeconds);
  if (beating.length > 0 || (silent.length === 0 && !isUnattended(facts, cursors))) return [];
  const last: ProcessState | undefined = processes[0];
  return [
    {
      code: 'worker_missing',
      severity: silent.length > 0 ? 'red' : 'yellow',
      message:
        last === undefined
          ? 'no worker has ever reported itself here'
          : `no worker is running; the last one was ${last.processId} on ${last.host}, ${last.secondsSinceBeat} s ago (${last.state})`,
      evidence: {
        cursors: (silent.length > 0 ? silent : cursors).map((one) => one.worker).join(', '),
        lastProcess: last?.processId ?? null,
        lastHost: last?.host ?? null,
        secondsSinceBeat: last?.secondsSinceBeat ?? null,
      },
      action:
        'start it: systemctl start iu-core-worker, or iu worker; for a timer or pg_cron see docs/how-to/schedule.md',
    },
  ];
}

function cursorFinding(cursor: CursorState, limits: DoctorLimits): Finding[] {
  if (cursor.waiting < limits.cursorWaiting) return [];
  return [
    {
      code: 'cursor_behind',
      severity: 'yellow',
      message: `${cursor.waiting} events of ${cursor.domain} wait for ${cursor.worker}, the oldest for ${cursor.oldestSeconds ?? '?'} s`,
      evidence: { worker: cursor.worker, waiting: cursor.waiting, oldestSeconds: cursor.oldestSeconds },
      action: 'iu worker decides them as fast as it can; the other findings say what keeps it from it',
    },
  ];
}

/** Where no runner can open it, health says so. */
function unopenedFindings({ unopened }: DoctorFacts): Finding[] {
  return unopened
    .filter(({ byAll }) => !byAll)
    .map(({ route, runners, reason }) => ({
      code: 'runner_cannot_open',
      severity: 'yellow',
      message: `${runners} of the runners cannot open the target of ${route} and leave it to the others: ${reason}`,
      evidence: { route, runners },
      action: `give that host the secret or file (iu secret check --route ${route} there), or take the runner away; it tries again within a minute`,
    }));
}

function flowFindings({ flows }: DoctorFacts): Finding[] {
  return flows
    .filter((flow) => flow.breaker !== 'closed')
    .map((flow) => ({
      code: 'breaker_open',
      severity: 'yellow',
      message: `the breaker of ${flow.route} is ${flow.breaker} after ${flow.failuresInRow} failures in a row: its deliveries wait, one is tried now and then`,
      evidence: {
        route: flow.route,
        isLive: flow.isLive,
        breaker: flow.breaker,
        failuresInRow: flow.failuresInRow,
        lastFailureCode: flow.lastFailureCode,
      },
      action: `iu attempt list --route ${flow.route} --status failed; it closes by itself when the target answers`,
    }));
}

function approvalFinding(approval: ApprovalFact, limits: DoctorLimits): Finding[] {
  const evidence = {
    route: approval.route,
    approvalId: approval.approvalId,
    state: approval.state,
    endsInSeconds: approval.endsInSeconds,
    usedShare: approval.usedShare,
  };
  const action = `iu route request-live ${approval.route} --reason TEXT, its approval by a second person, iu route go-live ${approval.route} --reason TEXT; the route stays live meanwhile`;
  if (approval.state !== 'valid') {
    const isExpired = approval.endsInSeconds !== null && approval.endsInSeconds <= 0;
    const isUsedUp = approval.state === 'spent' && !isExpired;
    return [
      {
        code: 'approval_ended',
        severity: 'red',
        message: `the route ${approval.route} is live and its approval is ${approval.state}: its deliveries are held${isUsedUp ? ', but for what is counted already' : ''}`,
        evidence,
        action,
      },
    ];
  }
  const endsSoon = approval.endsInSeconds !== null && approval.endsInSeconds <= limits.approvalEndsSeconds;
  const isNearlyUsed = approval.usedShare !== null && approval.usedShare >= limits.approvalUsedShare;
  if (!endsSoon && !isNearlyUsed) return [];
  const why = endsSoon
    ? `in ${Math.round(Number(approval.endsInSeconds) / 3600)} h`
    : `after few more events (${Math.floor(Number(approval.usedShare) * 100)} % are used)`;
  return [
    {
      code: 'approval_ending',
      severity: 'yellow',
      message: `the approval of the live route ${approval.route} ends ${why}; then its deliveries are held`,
      evidence,
      action,
    },
  ];
}

const mayBeMissing =
  'what only the former primary had may be missing, which nothing in the database can tell (docs/how-to/failover.md)';

/** Where sending goes on by itself no hold says it. After a planned switchover nothing is missing, so it is red for nobody. */
function promotionFinding({ delivery: { hold, promoted } }: DoctorFacts): Finding[] {
  if (promoted === null || hold === 'timeline_changed') return [];
  const { timeline, claimedTimeline, claimedName } = promoted;
  return [
    {
      code: 'promoted_since_claim',
      severity: 'yellow',
      message: `this server was promoted or restored to a point in time since it was claimed (timeline ${claimedTimeline}, ${timeline} now), and ${mayBeMissing}`,
      evidence: { timeline, claimedTimeline },
      action: `compare with the former primary, producers and receivers, unless it was a planned switchover; then iu deployment claim ${claimedName} --reason TEXT`,
    },
  ];
}

function deploymentFinding({ delivery }: DoctorFacts): Finding[] {
  const { hold, ownName, liveRoutes } = delivery;
  if (hold === null || hold.endsWith('gate_closed')) return [];
  const meanings: Readonly<Record<string, string>> = {
    deployment_unclaimed: 'nobody has said that this database is the real one',
    deployment_not_named: 'IU_DEPLOYMENT is not set here',
    deployment_differs: `IU_DEPLOYMENT is ${ownName}, and this database is called otherwise`,
    cluster_changed: 'this is another cluster, database or log than the one that was claimed: a restore or a copy',
    timeline_changed: `this server was promoted or restored to a point in time since it was claimed, and ${mayBeMissing}`,
  };
  return [
    {
      code: 'deployment_wrong',
      severity: liveRoutes > 0 ? 'red' : 'note',
      message: `a runner started like this would send nothing: ${meanings[hold] ?? hold}`,
      evidence: { hold, ownName, liveRoutes },
      action:
        'iu deployment show; set IU_DEPLOYMENT to its name, or, when this is the real one: iu deployment claim NAME --reason TEXT',
    },
  ];
}

function watchdogFindings({ watchdogs }: DoctorFacts, limits: DoctorLimits): Finding[] {
  if (watchdogs.length === 0) {
    return [
      {
        code: 'watchdog_missing',
        severity: 'note',
        message: 'nobody watches: no iu health --watch or --alert has ever run here',
        evidence: { watchdogs: 0 },
        action:
          'docs/how-to/schedule.md: enable deploy/systemd/iu-core-watch.timer, or run iu health --watch beside the worker',
      },
    ];
  }
  return watchdogs
    .filter((one) => one.secondsSinceLook > limits.watchdogMissedLooks * one.everySeconds)
    .map((one) => ({
      code: 'watchdog_silent',
      severity: 'red',
      message: `the watchdog ${one.watcher} looked ${one.secondsSinceLook} s ago and should look every ${one.everySeconds} s: its timer does not fire`,
      evidence: { watcher: one.watcher, secondsSinceLook: one.secondsSinceLook, everySeconds: one.everySeconds },
      action: `on its host: systemctl status iu-core-watch.timer; when it is gone for good: iu health --forget-watchdog ${one.watcher}`,
    }));
}
