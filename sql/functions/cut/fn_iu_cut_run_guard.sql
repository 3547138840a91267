-- fn_iu_cut_run_guard() returns trigger
--
-- Contract:  a run moves along its state machine and nowhere else, whoever writes it: what identifies it never changes; the gates are
--            passed only with an approval, by a login that neither started, planned nor decided the run, of exactly the manifest that
--            stands; what is finished or voided stays.
-- Arguments: none
-- Returns:   the row
-- Raises:    IU708 the change is refused, IU731 a gate without its approval, IU897 something in its source was redacted
-- Writes:    nothing
-- May call:  nobody, it is a trigger
create or replace function fn_iu_cut_run_guard() returns trigger
language plpgsql
security definer
set search_path from current
as $$
declare
  v_gate integer := case new.state when 'cut_leg_a_committed' then 1 when 'lifecycle_enacted' then 2 end;
begin
  if tg_op = 'INSERT' then
    if new.state <> 'pending' or new.created_by <> session_user then
      raise exception using errcode = 'IU708', message = 'a cut run begins as pending, in the name of the session', hint = 'iu cut start';
    end if;
    return new;
  end if;
  if (old.run_id, old.run_key, old.pin_id, old.document_address, old.revision_label, old.cutter_name, old.cutter_version, old.config,
      old.created_by, old.started_at)
       is distinct from (new.run_id, new.run_key, new.pin_id, new.document_address, new.revision_label, new.cutter_name, new.cutter_version,
      new.config, new.created_by, new.started_at)
     or (old.state ~ '^voided_' or old.state = 'closeout_reported' and new.state <> 'voided_rolled_back')
     or not fn_iu_cut_may_follow(old.state, new.state) then
    raise exception using errcode = 'IU708', message = format('cut run %s: refused to go from %s to %s', old.run_id, old.state, new.state),
      hint = 'iu cut show says what the run waits for';
  end if;
  if new.state <> old.state then
    if v_gate = 1 then
      -- locked, so that a redaction which comes now finds what this run writes
      perform from iu_source_pin p where p.pin_id = new.pin_id for share;
      if exists (select from iu_source_pin p where p.pin_id = new.pin_id and not isempty(p.redacted)) then
        raise exception using errcode = 'IU897', message = format('cut run %s: something in its source was redacted, so it is not written', old.run_id),
          hint = 'iu cut void; cut a source without it';
      end if;
    end if;
    if v_gate is not null and not exists (
         select from iu_cut_approval a
          where a.run_id = new.run_id and a.gate = v_gate and fn_iu_cut_may_approve(new.run_id, a.approved_by)
            and a.manifest_digest = fn_iu_cut_manifest_digest(new.manifest)) then
      raise exception using errcode = 'IU731', message = format('cut run %s: gate %s has no approval of this manifest by a second login', new.run_id, v_gate),
        hint = 'iu cut approve, with a login of its own';
    end if;
  end if;
  return new;
end
$$;
