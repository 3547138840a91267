/** Why a delivery is not sent, as the database names it, and what to do; `ROUTE` stands for the code of its route. */
const sentences: Readonly<Record<string, string>> = {
  master_gate_closed: 'the master gate is closed: iu gate open routes_master_enabled --reason TEXT',
  delivery_gate_closed: 'the delivery gate is closed: iu gate open delivery_enabled --reason TEXT',
  deployment_unclaimed: 'nobody claimed this database: iu deployment claim NAME --reason TEXT',
  deployment_not_named: 'the runner has no IU_DEPLOYMENT',
  deployment_differs: 'IU_DEPLOYMENT is not the name of this installation; it may be a copy: iu deployment show',
  cluster_changed:
    'this is another cluster or database than the one that was claimed, perhaps a copy: iu deployment show',
  timeline_changed:
    'the server was promoted or restored: iu deployment claim NAME --reason TEXT when it is the real one; what only the former primary had may be missing, and nothing here can tell (docs/how-to/failover.md)',
  route_removed: 'the route is removed',
  route_disabled: 'the route is disabled: iu route enable ROUTE --reason TEXT',
  route_dry_run: 'the route is in dry-run',
  not_approved: 'the route has no valid approval for its version',
  approval_expired: 'the approval of the route has expired: iu route request-live ROUTE',
  approval_used_up:
    'the approval of the route is used up, only what it has counted is tried again: iu route request-live ROUTE',
  route_paused: 'the route is paused: iu route resume ROUTE --reason TEXT',
  breaker_open: 'the target fails; it is tried again by itself, or at once after iu route resume ROUTE --reason TEXT',
  target_not_opened:
    'no runner can open the target, a secret or file is not there: iu health names it, iu secret check --route ROUTE',
  target_changed: 'the target in the database is gone or not what was approved: iu target list',
  subject_held: 'a dead letter of its subject holds it: iu dead-letter list --route ROUTE',
  behind_earlier_event: 'an earlier event of its subject comes first',
  due_later: 'it is tried again when it is due',
};

/** The sentence for a reason; the reason itself when nobody wrote one. */
export function holdSentence(reason: string, routeCode: string): string {
  return (sentences[reason] ?? reason).replaceAll('ROUTE', routeCode);
}
