-- fn_iu_redaction_text_overwrite(bigint) returns void
--
-- Contract:  overwrites the copies of a text that iu_redacted_copy names for a redaction. A body becomes [redacted ID] and keeps the
--            hash of what it was; bytes of a source become X, as many as they were, so that every other range stays where it is.
-- Arguments: p_redaction_id
-- Returns:   nothing
-- Raises:    nothing
-- Writes:    unit_version, iu_source_pin, iu_structure_operation, iu_structure_change
-- May call:  internal
create or replace function fn_iu_redaction_text_overwrite(p_redaction_id bigint) returns void
language plpgsql
volatile
set search_path from current
as $$
declare
  v_text text := format('[redacted %s]', p_redaction_id);
  v_member text := '"body": ' || to_json(v_text)::text;
  v_found record;
  v_pin record;
  v_range int4range;
  v_bytes bytea;
begin
  -- the steps first: they are found by the bodies
  for v_found in
    select c.table_name, c.row_key, '"body": ' || to_json(v.body)::text as member
      from (select distinct table_name, row_key, sha256 from iu_redacted_copy
             where redaction_id = p_redaction_id and table_name in ('iu_structure_operation', 'iu_structure_change')) c
     cross join lateral (select u.body from unit_version u where u.content_hash = c.sha256 and u.redaction_id is null limit 1) v
  loop
    if v_found.table_name = 'iu_structure_operation' then
      update iu_structure_operation
         set payload = replace(payload::text, v_found.member, v_member)::jsonb, preview = replace(preview::text, v_found.member, v_member)::jsonb,
             impact_summary = replace(impact_summary::text, v_found.member, v_member)::jsonb
       where operation_id = v_found.row_key::bigint;
    else
      update iu_structure_change
         set before = replace(before::text, v_found.member, v_member)::jsonb, after = replace(after::text, v_found.member, v_member)::jsonb
       where operation_id = split_part(v_found.row_key, '.', 1)::bigint and change_no = split_part(v_found.row_key, '.', 2)::integer;
    end if;
  end loop;
  perform set_config(fn_iu_setting('iu_create.gateway.marker_key', 'app.canonical_writer'), 'fn_iu_redaction', true);
  update unit_version v
     set body = v_text, redaction_id = p_redaction_id,
         content_profile = case when v.content_profile = '{}' then v.content_profile
                                else jsonb_build_object('iu_redacted', jsonb_build_object('redaction_id', p_redaction_id::text)) end
   where v.redaction_id is null
     and v.id in (select c.row_key::uuid from iu_redacted_copy c where c.redaction_id = p_redaction_id and c.table_name = 'unit_version');
  perform set_config(fn_iu_setting('iu_create.gateway.marker_key', 'app.canonical_writer'), '', true);
  for v_pin in
    select c.row_key::bigint as pin_id, range_agg(substring(c.column_name from 6)::int4range) as ranges
      from iu_redacted_copy c where c.redaction_id = p_redaction_id and c.table_name = 'iu_source_pin' group by 1
  loop
    select bytes into strict v_bytes from iu_source_pin where pin_id = v_pin.pin_id for update;
    foreach v_range in array array(select unnest(v_pin.ranges)) loop
      v_bytes := overlay(v_bytes placing convert_to(repeat('X', upper(v_range) - lower(v_range)), 'UTF8')
                         from lower(v_range) + 1 for upper(v_range) - lower(v_range));
    end loop;
    update iu_source_pin set bytes = v_bytes, redacted = redacted + v_pin.ranges where pin_id = v_pin.pin_id;
  end loop;
end
$$;
