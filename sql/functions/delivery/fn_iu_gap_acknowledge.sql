-- fn_iu_gap_acknowledge(bigint, text) returns jsonb
--
-- Contract:  a person has seen what is missing, up to and with this gap, and says what was done about it: health is red for it no
--            longer. What is reported later is red again. Nothing is repaired here.
-- Arguments: p_gap_id: the last one that was seen; p_reason: what was found and done, mandatory
-- Returns:   {gap_id, acknowledged: how many were open, open: how many still are}
-- Raises:    IU365 not open, IU366 no reason
-- Writes:    iu_log_gap_acknowledgement
-- May call:  iu_operator
create or replace function fn_iu_gap_acknowledge(p_gap_id bigint, p_reason text) returns jsonb
language plpgsql
volatile
security definer
set search_path from current
as $$
declare
  v_seen bigint;
  v_count bigint;
begin
  if nullif(btrim(p_reason), '') is null then
    raise exception using errcode = 'IU366', message = 'a gap is acknowledged with a reason', hint = 'add --reason TEXT';
  end if;
  -- two people at once: the second finds nothing open
  lock table iu_log_gap_acknowledgement in share row exclusive mode;
  select coalesce(max(until_gap_id), 0) into v_seen from iu_log_gap_acknowledgement;
  select count(*) into v_count from iu_log_gap where gap_id > v_seen and gap_id <= p_gap_id;
  if v_count = 0 or not exists (select from iu_log_gap where gap_id = p_gap_id) then
    raise exception using errcode = 'IU365', message = format('gap %s is not open', p_gap_id), hint = 'iu gap list';
  end if;
  insert into iu_log_gap_acknowledgement (until_gap_id, acknowledged_by, reason) values (p_gap_id, session_user, p_reason);
  return jsonb_build_object('gap_id', p_gap_id::text, 'acknowledged', v_count,
    'open', (select count(*) from iu_log_gap where gap_id > p_gap_id));
end
$$;
