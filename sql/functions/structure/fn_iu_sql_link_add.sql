-- fn_iu_sql_link_add(jsonb, text) returns jsonb
--
-- Contract:  links a living unit to an object of the database. The same link (unit, role, object, direction) is made once while it lives: a
--            known one is given back. Its fingerprint is not taken: fn_iu_sql_link_validate with p_accept does that.
-- Arguments: p_link: {unit: address or id, link_role, object_kind, object_schema?, object_name?, collection_name?, row_pk?,
--            function_identity?, trigger_name?, column_name?, direction?, lifecycle_status?: draft | enacted, enabled?}, as the columns of
--            iu_sql_link; p_actor: who
-- Returns:   {status: created | known, link_id, unit_id, object_exists}
-- Raises:    IU206 not alive, IU216 actor missing, IU601 no such unit, IU624 malformed
-- Writes:    iu_sql_link (row lock on the unit)
-- May call:  iu_emitter, iu_operator
create or replace function fn_iu_sql_link_add(p_link jsonb, p_actor text) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  c_keys constant text[] := array['unit', 'link_role', 'object_kind', 'object_schema', 'object_name', 'collection_name', 'row_pk', 'function_identity',
                                  'trigger_name', 'column_name', 'direction', 'lifecycle_status', 'enabled'];
  v_unit information_unit;
  v_link iu_sql_link;
  v_known iu_sql_link;
  v_key text;
begin
  if coalesce(btrim(p_actor), '') = '' then
    raise exception using errcode = 'IU216', message = 'a new link names its actor';
  end if;
  if jsonb_typeof(p_link) is distinct from 'object' then
    raise exception using errcode = 'IU624', message = 'a link is one JSON object';
  end if;
  select k into v_key from jsonb_object_keys(p_link) k where k <> all (c_keys) limit 1;
  if found or coalesce(p_link ->> 'lifecycle_status', 'draft') not in ('draft', 'enacted') then
    raise exception using errcode = 'IU624', message = format('a link has no %s', coalesce('key ' || quote_ident(v_key), 'lifecycle_status ' ||
        quote_literal(left(p_link ->> 'lifecycle_status', 40)))),
      hint = 'keys: ' || array_to_string(c_keys, ', ') || '; a new link is draft or enacted';
  end if;
  v_unit := fn_iu_structure_living(p_link ->> 'unit');
  v_link := jsonb_populate_record(null::iu_sql_link, jsonb_build_object('direction', 'outbound', 'lifecycle_status', 'draft', 'enabled', false)
    || jsonb_strip_nulls(p_link) || jsonb_build_object('id', gen_random_uuid(), 'unit_id', v_unit.id, 'created_at', clock_timestamp(), 'created_by', p_actor,
         'metadata', jsonb_strip_nulls(jsonb_build_object('created_login', session_user, 'column_name', p_link -> 'column_name'))));
  v_link.idempotency_key := 'iu_link:' || v_link.id;
  select k.* into v_known from iu_sql_link k
   where k.unit_id = v_unit.id and k.lifecycle_status in ('draft', 'enacted') and k.link_role = v_link.link_role
     and (k.object_kind, k.direction) = (v_link.object_kind, v_link.direction)
     and row (k.object_schema, k.object_name, k.collection_name, k.row_pk, k.function_identity, k.trigger_name, k.metadata ->> 'column_name')
         is not distinct from
         row (v_link.object_schema, v_link.object_name, v_link.collection_name, v_link.row_pk, v_link.function_identity, v_link.trigger_name,
              v_link.metadata ->> 'column_name')
   order by k.id limit 1;
  if not found then
    insert into iu_sql_link values (v_link.*);
    v_known := v_link;
  end if;
  return jsonb_build_object('status', case when v_known.id = v_link.id then 'created' else 'known' end, 'link_id', v_known.id, 'unit_id', v_unit.id,
                            'object_exists', fn_iu_sql_link_exists(v_known));
exception
  when check_violation or not_null_violation or invalid_text_representation then
    raise exception using errcode = 'IU624', message = 'the link is malformed',
      hint = 'link_role is snake_case; a schema has object_schema, a function function_identity, a trigger object_name and trigger_name, a row '
             'object_name and row_pk, a directus_collection collection_name, what else object_name';
end
$$;
