-- Refuses while units or links exist: they are what the installation is for.
-- Before it is counted: what a transaction is about to commit would go with its table.
lock table information_unit, iu_sql_link in access exclusive mode;
do $$
declare
  v_units bigint := (select count(*) from information_unit);
  v_links bigint := (select count(*) from iu_sql_link);
begin
  if v_units > 0 or v_links > 0 then
    raise exception using errcode = 'IU810',
      message = format('rollback of 004_units refused: information_unit has %s rows, iu_sql_link %s', v_units, v_links),
      hint = 'units are never deleted one by one; back the corpus up and remove it with iu uninstall';
  end if;
end
$$;

drop function fn_iu_sql_link_refuse(uuid[]);
drop function fn_iu_enact(text, text, text, text, text, text, text, boolean);
drop function fn_iu_revise(text, text, text, text, text, jsonb, integer);
drop function fn_iu_living_unit(text);
drop function fn_iu_create(text, text, text, text, text, text, text, text, text, text, text, integer, jsonb, jsonb);
drop function fn_iu_create_many(jsonb, text);
drop function fn_iu_create_check(jsonb, text);
drop function fn_iu_lock_documents(uuid[]);
drop function fn_iu_document_of(uuid[]);
drop table iu_sql_link;
drop function fn_iu_sql_link_living();
drop table iu_lifecycle_log;
drop table unit_version;
drop table information_unit;
drop table iu_lifecycle_vocab;
drop function fn_iu_rank_between(text, text);
drop function fn_iu_rank_to_integer(text);
drop function fn_iu_rank_from_integer(bigint);
drop function fn_iu_ids(integer);
drop function fn_iu_outbound_on_version();
drop function fn_iu_set_updated_at();
drop function fn_uv_enacted_immut();
drop function fn_iu_enacted_immut();
drop function fn_iu_birth_gate_layer2();
drop function fn_iu_birth_gate_layer1();
drop function fn_iu_canonical_writer(text);
drop function fn_iu_gateway_write_guard();
drop function fn_iu_stamp(timestamptz, uuid[]);
delete from dot_config where key like E'iu\\_create.gateway.%' or key like E'vocab.unit\\_kind.%';
