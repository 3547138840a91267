-- 004_units: the guards fire always, the birth gate is deferred, and every unit has an anchor of its own.
do $$
declare
  v_problem text;
begin
  select string_agg(problem, '; ') into v_problem from (
    select format('trigger %s on %s is missing or not in its mode', t.name, t.on_table) as problem
      from (values ('trg_aa_iu_gateway_write_guard', 'information_unit'::regclass, 'A'), ('trg_aa_uv_gateway_write_guard', 'unit_version', 'A'),
                   ('trg_iu_enacted_immut', 'information_unit', 'A'), ('trg_uv_enacted_immut', 'unit_version', 'A'),
                   ('trg_iu_birth_gate_layer1', 'information_unit', 'O'), ('trg_iu_birth_gate_layer1_update', 'information_unit', 'O'),
                   ('trg_iu_birth_gate_layer2', 'information_unit', 'O'), ('trg_iu_out_version', 'unit_version', 'O'),
                   ('trg_iu_lifecycle_log_append_only', 'iu_lifecycle_log', 'A')) as t (name, on_table, mode)
     where not exists (select from pg_trigger g where g.tgrelid = t.on_table and g.tgname = t.name and g.tgenabled::text = t.mode)
    union all
    select 'trg_iu_birth_gate_layer2 is not initially deferred'
     where exists (select from pg_trigger where tgrelid = 'information_unit'::regclass and tgname = 'trg_iu_birth_gate_layer2' and not tginitdeferred)
    union all
    select format('dot_config has no value for %s', k) from unnest(array['iu_create.gateway.marker_key', 'iu_create.gateway.allowed_marker_values']) k
     where fn_iu_setting(k, null) is null
    union all
    select 'the vocabulary of unit kinds is empty'
     where not exists (select from dot_config where key like 'vocab.unit\_kind.%' and value = 'true')
    union all
    (select format('unit %s has no version of its own as anchor', u.canonical_address)
       from information_unit u left join unit_version v on v.id = u.version_anchor_ref and v.unit_id = u.id
      where v.id is null or u.content_anchor_ref is distinct from v.id::text limit 1)
  ) found;
  if v_problem is not null then
    raise exception using errcode = 'IU820', message = '004_units: ' || v_problem,
      hint = 'iu migrate verify names the object; restore it from the change that installs it';
  end if;
end
$$;
