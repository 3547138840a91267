-- fn_iu_birth_gate_layer2() returns trigger
--
-- Contract:  at commit each new or re-anchored unit points to a version of its own, and both anchors say the same.
-- Arguments: none
-- Returns:   null (deferred constraint trigger)
-- Raises:    IU212 no version, a version of another unit, or anchors that differ
-- Writes:    nothing
-- May call:  nobody, it is a trigger
create or replace function fn_iu_birth_gate_layer2() returns trigger
language plpgsql
security definer
set search_path from current
as $$
begin
  -- the row as it was written, which is nearly always how it stands; when a later write changed it that one is checked itself
  if new.content_anchor_ref = new.version_anchor_ref::text
     and exists (select from unit_version v where v.id = new.version_anchor_ref and v.unit_id = new.id) then
    return null;
  end if;
  perform from information_unit u join unit_version v on v.id = u.version_anchor_ref and v.unit_id = u.id
    where u.id = new.id and u.content_anchor_ref = u.version_anchor_ref::text;
  if not found then
    raise exception using errcode = 'IU212', message = format('unit %s has no version of its own as anchor', new.canonical_address),
      hint = 'a unit and its first version are born in one transaction: use fn_iu_create';
  end if;
  return null;
end
$$;
