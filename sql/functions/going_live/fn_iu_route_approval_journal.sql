-- fn_iu_route_approval_journal() returns trigger
--
-- Contract:  writes each step of an approval to iu_evidence, whoever takes it. An approval without its step there was put in with the
--            triggers off; verify names it.
-- Arguments: none
-- Returns:   null (after trigger)
-- Raises:    nothing
-- Writes:    iu_evidence
-- May call:  nobody, it is a trigger
create or replace function fn_iu_route_approval_journal() returns trigger
language plpgsql
security definer
set search_path from current
as $$
declare
  v_step text := case
    when tg_op = 'INSERT' then 'requested'
    when old.revoked_at is null and new.revoked_at is not null then case when new.approved_by is null then 'rejected' else 'revoked' end
    when old.approved_by is null and new.approved_by is not null then 'approved'
    when new.live_at is distinct from old.live_at then 'live' end;
begin
  if v_step is not null then
    insert into iu_evidence (kind, route_id, route_version, passed, installation, detail, recorded_by)
    values ('approval', new.route_id, new.route_version, true, fn_iu_installation_mark(),
            jsonb_strip_nulls(jsonb_build_object('approval_id', new.approval_id::text, 'step', v_step, 'approved_by', new.approved_by,
              'revoked_by', new.revoked_by, 'reason', new.revoke_reason)), session_user);
  end if;
  return null;
end
$$;
