-- fn_iu_birth_gate_layer1() returns trigger
--
-- Contract:  a unit's kind is in the vocabulary (dot_config 'vocab.unit_kind.KIND' = 'true') and its identity_profile has title,
--            owner_lookup_ref and primary_section_type_ref. Checks all rows of a statement at once.
-- Arguments: none
-- Returns:   null (statement trigger)
-- Raises:    IU202 unknown unit kind, IU213 incomplete profile
-- Writes:    nothing
-- May call:  nobody, it is a trigger
create or replace function fn_iu_birth_gate_layer1() returns trigger
language plpgsql
security definer
set search_path from current
as $$
declare
  v_unit record;
begin
  select n.canonical_address, n.unit_kind into v_unit
    from (select min(canonical_address) as canonical_address, unit_kind from new_units group by unit_kind) n
   where not exists (select from dot_config c where c.key = 'vocab.unit_kind.' || n.unit_kind and c.value = 'true')
   limit 1;
  if found then
    raise exception using errcode = 'IU202', message = format('unit %s: the vocabulary has no unit kind %s', v_unit.canonical_address, v_unit.unit_kind),
      hint = 'insert the key vocab.unit_kind.KIND with value true into dot_config';
  end if;
  select n.canonical_address, k.field into v_unit
    from new_units n
   cross join unnest(array['title', 'owner_lookup_ref', 'primary_section_type_ref']) as k (field)
   where coalesce(n.identity_profile ->> k.field, '') = ''
   limit 1;
  if found then
    raise exception using errcode = 'IU213', message = format('unit %s: identity_profile has no %s', v_unit.canonical_address, v_unit.field);
  end if;
  return null;
end
$$;
