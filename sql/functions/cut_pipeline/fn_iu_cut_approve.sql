-- fn_iu_cut_approve(bigint, integer, text, text, text) returns jsonb
--
-- Contract:  a second person passes a run through the human gate at which it waits: gate 1 allows the write, gate 2 the enactment. Who
--            approves is the login of the session, whatever role it has set, and never a login that started, planned or decided the run,
--            not even a superuser. What is approved is the manifest that the approver saw: another one is refused, and a later change voids it.
-- Arguments: p_run_id; p_gate: 1 or 2, the one that is meant; p_manifest_digest: of the manifest that was looked at, or its first
--            12 characters or more; p_note: what was looked at, mandatory; p_actor: recorded
-- Returns:   {approval_id, run_id, gate, approved_by, manifest_digest, reference}
-- Raises:    IU216, IU707, IU730 the run waits at no gate or at the other, IU732 the approver started, planned or decided the run, IU740
--            another manifest, or no note
-- Writes:    iu_cut_approval
-- May call:  iu_approver
create or replace function fn_iu_cut_approve(p_run_id bigint, p_gate integer, p_manifest_digest text, p_note text, p_actor text) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_run iu_cut_run := fn_iu_cut_claim(p_run_id, p_actor);
  v_gate integer := case v_run.state when 'awaiting_cut_authorization' then 1 when 'awaiting_lifecycle_authorization' then 2 end;
  v_digest text := fn_iu_cut_manifest_digest(v_run.manifest);
  v_approval iu_cut_approval;
begin
  if v_gate is null then
    raise exception using errcode = 'IU730', message = format('cut run %s is %s: it waits at no gate', p_run_id, v_run.state),
      hint = 'iu cut show says what it waits for';
  end if;
  if p_gate is distinct from v_gate then
    raise exception using errcode = 'IU730', message = format('cut run %s waits at gate %s, not at gate %s', p_run_id, v_gate, coalesce(p_gate::text, '?')),
      hint = format('look at what gate %s lets through: iu cut show %s', v_gate, p_run_id);
  end if;
  if not fn_iu_cut_may_approve(p_run_id, session_user) then
    raise exception using errcode = 'IU732', message = format('%s started, planned or decided cut run %s and cannot approve it', session_user, p_run_id),
      hint = 'a second person approves, with a login of their own';
  end if;
  if nullif(btrim(p_note), '') is null then
    raise exception using errcode = 'IU740', message = 'an approval says what was looked at', hint = 'add --note TEXT';
  end if;
  if (length(p_manifest_digest) >= 12) is not true then
    raise exception using errcode = 'IU740', message = 'an approval names the manifest by its first 12 characters or more',
      hint = format('look at it: iu cut plan %s', p_run_id);
  end if;
  if (p_manifest_digest ~ '^[0-9a-f]{12,64}$' and starts_with(v_digest, p_manifest_digest)) is not true then
    raise exception using errcode = 'IU740', message = format('cut run %s has another manifest than the one that was looked at', p_run_id),
      hint = format('look again: iu cut plan %s; its manifest is %s', p_run_id, v_digest);
  end if;
  select * into v_approval from iu_cut_approval
   where run_id = p_run_id and gate = v_gate and manifest_digest = v_digest and approved_by = session_user;
  if not found then
    insert into iu_cut_approval (run_id, gate, manifest_digest, note, actor_ref) values (p_run_id, v_gate, v_digest, p_note, p_actor)
    returning * into v_approval;
  end if;
  return jsonb_build_object('approval_id', v_approval.approval_id::text, 'run_id', p_run_id::text, 'gate', v_gate,
    'approved_by', v_approval.approved_by, 'manifest_digest', v_digest, 'reference', fn_iu_cut_reference(p_run_id, v_gate));
end
$$;
