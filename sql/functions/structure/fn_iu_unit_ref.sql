-- fn_iu_unit_ref(text) returns uuid
--
-- Contract:  the unit that an address or id names. A birth that was undone is no unit any more.
-- Arguments: p_ref: canonical address or id
-- Returns:   its id
-- Raises:    IU601 no such unit
-- Writes:    nothing
-- May call:  iu_emitter, iu_operator, iu_approver, iu_reader
create or replace function fn_iu_unit_ref(p_ref text) returns uuid
language plpgsql
set search_path from current
as $$
declare
  v_id uuid;
begin
  select id into v_id from information_unit where canonical_address = p_ref and deleted_at is null;
  if v_id is null and p_ref ~ '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$' then
    select id into v_id from information_unit where id = p_ref::uuid and deleted_at is null;
  end if;
  if v_id is null then
    raise exception using errcode = 'IU601', message = format('there is no unit %s', quote_nullable(left(p_ref, 200)));
  end if;
  return v_id;
end
$$;
