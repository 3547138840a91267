-- fn_iu_route_approval_guard() returns trigger
--
-- Contract:  keeps approvals honest, whoever writes them: a request is the session's own and starts unapproved; only another session
--            approves it, in its own name, and only then may limits change, and only to narrower ones; what it is about and who asked
--            never changes; a revocation stays. A probe may forge what it likes, it cannot commit.
-- Arguments: none
-- Returns:   the row to write
-- Raises:    IU435 the row is refused
-- Writes:    nothing
-- May call:  nobody, it is a trigger
create or replace function fn_iu_route_approval_guard() returns trigger
language plpgsql
security definer
set search_path from current
as $$
declare
  v_problem text;
begin
  if tg_op = 'INSERT' then
    v_problem := case
      when new.requested_by <> session_user then 'a request is made in the name of the session'
      when new.approved_by is not null or new.approved_at is not null or new.revoked_at is not null or new.live_at is not null
        or new.events_used <> 0 then 'a request starts unapproved and unused' end;
  else
    v_problem := case
      when (new.approval_id, new.route_id, new.route_version, new.requested_by, new.requested_at, new.evidence, new.target_sha256, new.reason)
           is distinct from
           (old.approval_id, old.route_id, old.route_version, old.requested_by, old.requested_at, old.evidence, old.target_sha256, old.reason)
        then 'what it is about stays'
      when old.revoked_at is not null and (new.revoked_at, new.revoked_by) is distinct from (old.revoked_at, old.revoked_by) then 'a revocation stays'
      when old.approved_by is not null and (new.approved_by, new.approved_at) is distinct from (old.approved_by, old.approved_at)
        then 'an approval is revoked, never changed'
      when old.approved_by is null and new.approved_by is not null and (new.approved_by <> session_user or new.requested_by = session_user)
        then 'somebody else than the requester approves, in the name of the session'
      when (new.max_events, new.expires_at, new.canary_share, new.failure_budget) is distinct from
           (old.max_events, old.expires_at, old.canary_share, old.failure_budget)
        and (old.approved_by is not null or new.approved_by is null or coalesce(new.max_events, 9223372036854775807) > coalesce(old.max_events, 9223372036854775807)
             or new.expires_at is null or new.expires_at > old.expires_at or new.canary_share > old.canary_share or new.failure_budget > old.failure_budget)
        then 'limits get narrower with the approval, and never else' end;
  end if;
  if v_problem is not null and not fn_iu_in_probe() then
    raise exception using errcode = 'IU435', message = 'the row of iu_route_approval is refused: ' || v_problem,
      hint = 'iu route request-live, approve, reject, go-live, back-to-dry-run';
  end if;
  return new;
end
$$;
