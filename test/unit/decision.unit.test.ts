import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DecidableRoute, decideEvent, judgeApproval, matchesPattern } from '../../src/contract/decision.js';
import { decidableEvents, filterOutcome, passGates, routeSets } from '../support/arbitraries.js';
import { type CaseRoute, decisionCases } from '../support/decision-cases.js';

describe('decision table', () => {
  it.each(decisionCases().map((one) => [one.name, one] as const))('%s', (_, one) => {
    const decision = decideEvent(
      one.event,
      one.routes,
      (route) => filterOutcome(route as CaseRoute, one.event),
      one.gates,
    );
    expect(decision.status).toBe(one.expected.status);
    expect(decision.attempts.map((each) => [each.routeCode, each.status, each.reason])).toEqual(one.expected.attempts);
    for (const each of decision.attempts) {
      expect(each).toMatchObject({
        attemptNo: 1,
        delivered: false,
        idempotencyKey: `${each.routeCode}:${one.event.eventId}`,
        delivery: each.status === 'queued',
        deadLetter: each.status === 'failed',
      });
    }
  });
});

describe('decision rule', () => {
  const open = { masterOpen: true, workerOpen: true };
  const [event] = decisionCases().map((one) => one.event);
  const route = decisionCases().find((one) => one.routes.length === 1)?.routes[0] as CaseRoute;

  it('gives an event whose filter raises a failed attempt with the error code and a dead letter', () => {
    if (!event) throw new Error('no case');
    const decision = decideEvent(event, [route], () => ({ kind: 'error', errorCode: '22038' }), open);
    expect(decision.attempts).toMatchObject([{ status: 'failed', reason: '22038', deadLetter: true, delivery: false }]);
  });

  it('never evaluates the filter of a disabled route or behind a closed gate', () => {
    if (!event) throw new Error('no case');
    const refuse = () => {
      throw new Error('evaluated');
    };
    expect(decideEvent(event, [{ ...route, enabled: false }], refuse, open).attempts).toHaveLength(1);
    expect(decideEvent(event, [route], refuse, { masterOpen: true, workerOpen: false }).attempts).toEqual([]);
  });

  it('decides every event exactly once per matching route, or once as no_route, whatever the routes', () => {
    fc.assert(
      fc.property(decidableEvents, routeSets, passGates, (one, routes, gates) => {
        const decision = decideEvent(one, routes, (each) => filterOutcome(each as CaseRoute, one), gates);
        if (!gates.masterOpen || !gates.workerOpen) return decision.attempts.length === 0 && decision.status !== 'ran';
        const ids = decision.attempts.map((each) => each.routeId);
        return (
          decision.attempts.length >= 1 && new Set(ids).size === ids.length && (!ids.includes('0') || ids.length === 1)
        );
      }),
    );
  });

  it('queues nothing without an approval by a second person for this very version', () => {
    fc.assert(
      fc.property(decidableEvents, routeSets, (one, routes) => {
        const byId = new Map<string, DecidableRoute>(routes.map((each) => [each.routeId, each]));
        const decision = decideEvent(one, routes, (each) => filterOutcome(each as CaseRoute, one), open);
        return decision.attempts
          .filter((each) => each.delivery)
          .every((each) => {
            const decided = byId.get(each.routeId);
            return decided?.enabled && !decided.dryRun && judgeApproval(decided) !== 'missing';
          });
      }),
    );
  });

  it('does not depend on the order in which routes are given', () => {
    fc.assert(
      fc.property(decidableEvents, routeSets, (one, routes) => {
        const outcome = (each: DecidableRoute) => filterOutcome(each as CaseRoute, one);
        expect(decideEvent(one, [...routes].reverse(), outcome, open)).toEqual(decideEvent(one, routes, outcome, open));
      }),
    );
  });

  it('judges an approval spent when time or use ran out and missing when it never counted', () => {
    const approval = {
      routeId: route.routeId,
      routeVersion: route.version,
      requestedBy: 'requester',
      approvedBy: 'approver',
      revoked: false,
      expired: false,
      usedUp: false,
      canaryShare: '1',
    };
    expect(judgeApproval({ ...route, approval })).toBe('valid');
    expect(judgeApproval({ ...route, approval: { ...approval, expired: true } })).toBe('spent');
    expect(judgeApproval({ ...route, approval: { ...approval, usedUp: true } })).toBe('spent');
    expect(judgeApproval({ ...route, approval: { ...approval, expired: true, revoked: true } })).toBe('missing');
    expect(judgeApproval({ ...route, approval: null })).toBe('missing');
  });

  it('treats a star inside a pattern as an ordinary character', () => {
    expect(matchesPattern('a*b', 'aXb')).toBe(false);
    expect(matchesPattern('a*b', 'a*b')).toBe(true);
    expect(matchesPattern('*', '')).toBe(true);
  });
});
