-- v_iu_route_approval: requests and approvals with what each is worth now: requested, expired (nobody approved it in time), rejected,
-- approved (not in use), in_use, spent (time or events ran out while in use), revoked, void (the route changed since). evidence: the
-- readiness that the request was made on.
create or replace view v_iu_route_approval as
select a.approval_id, r.route_code, a.route_version,
       case
         when a.revoked_at is not null then case when a.approved_by is null then 'rejected' else 'revoked' end
         when r.version <> a.route_version or r.removed_at is not null then 'void'
         when a.approved_by is null then case when a.expires_at <= clock_timestamp() then 'expired' else 'requested' end
         when a.expires_at <= clock_timestamp() or a.events_used >= a.max_events then 'spent'
         when r.approval_id = a.approval_id and not r.dry_run then 'in_use'
         else 'approved'
       end as state,
       a.requested_by, a.requested_at, a.reason, a.approved_by, a.approved_at, a.approval_note, a.expires_at, a.max_events, a.events_used,
       a.canary_share, a.failure_budget, a.live_at, a.revoked_at, a.revoked_by, a.revoke_reason, a.target_sha256, a.evidence
  from iu_route_approval a
  join iu_outbound_route r using (route_id);
