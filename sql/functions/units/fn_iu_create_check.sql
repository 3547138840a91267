-- fn_iu_create_check(jsonb, text) returns void
--
-- Contract:  preflight of fn_iu_create_many: refuses the batch with the place and address of the first unit that cannot be made, and
--            locks the documents of all parents that exist already.
-- Arguments: p_units, p_actor: as fn_iu_create_many
-- Returns:   nothing
-- Raises:    IU201, IU203, IU204, IU216, IU217 as fn_iu_create_many
-- Writes:    nothing (row locks)
-- May call:  internal
create or replace function fn_iu_create_check(p_units jsonb, p_actor text) returns void
language plpgsql
set search_path from current
as $$
declare
  v_bad record;
  v_addresses text[];
  v_parents text[];
  v_ordinals bigint[];
begin
  if coalesce(btrim(p_actor), '') = '' then
    raise exception using errcode = 'IU216', message = 'a change of units names its actor';
  end if;
  if jsonb_typeof(p_units) is distinct from 'array' then
    raise exception using errcode = 'IU201', message = 'the units are not a JSON array';
  end if;
  -- one pass over the batch, which can be large; everything after it works on addresses
  select array_agg(i.unit ->> 'canonical_address' order by i.ordinal), array_agg(i.unit ->> 'parent_address' order by i.ordinal),
         array_agg(i.ordinal) filter (where (
           jsonb_typeof(i.unit) = 'object' and i.unit ->> 'canonical_address' ~ E'\\S' and octet_length(i.unit ->> 'canonical_address') <= 1024
           and jsonb_typeof(i.unit -> 'body') = 'string'
           and coalesce(jsonb_typeof(i.unit -> 'identity_profile'), 'object') = 'object'
           and coalesce(jsonb_typeof(i.unit -> 'content_profile'), 'object') = 'object') is not true)
    into v_addresses, v_parents, v_ordinals
    from jsonb_array_elements(p_units) with ordinality as i (unit, ordinal);
  if cardinality(v_ordinals) > 0 then
    raise exception using errcode = 'IU201',
      message = format('unit %s of the batch has no address, an address over 1024 bytes, no body, or a profile that is no object', v_ordinals[1]);
  end if;
  -- units are looked up one by one through the index of addresses, as subqueries: as a join the planner read the whole table, or with
  -- stale statistics paired every address with every unit (14 s for 10,000 addresses beside 20,000 units)
  select i.address into v_bad
    from unnest(v_addresses) as i (address)
   group by i.address
  having count(*) > 1 or (select u.id from information_unit u where u.canonical_address = i.address) is not null
   limit 1;
  if found then
    raise exception using errcode = 'IU203', message = format('the address %s is taken', v_bad.address),
      hint = 'an address names one unit for ever: revise that unit, or use another address';
  end if;
  perform fn_iu_lock_documents(array(
    select f.id from (select (select u.id from information_unit u where u.canonical_address = p.address) as id
                        from (select unnest(v_parents) as address except select unnest(v_addresses)) p) f where f.id is not null));
  -- without a limit, for which the planner would pair all with all to have the first row soon
  select count(*) as units, (array_agg(i.address order by i.ordinal))[1] as address, (array_agg(i.parent order by i.ordinal))[1] as parent into v_bad
    from unnest(v_addresses, v_parents) with ordinality as i (address, parent, ordinal)
    left join unnest(v_addresses) with ordinality as b (address, ordinal) on b.address = i.parent
   where i.parent is not null and (b.ordinal < i.ordinal) is not true
     and (select u.lifecycle_status in ('draft', 'enacted') and u.deleted_at is null
            from information_unit u where u.canonical_address = i.parent) is not true;
  if v_bad.units > 0 then
    raise exception using errcode = 'IU204', message = format('unit %s: the parent %s does not exist or is not alive', v_bad.address, v_bad.parent),
      hint = 'in a batch a parent comes before its children';
  end if;
end
$$;
