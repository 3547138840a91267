-- 003_log: the two guards of the log fire always, seq comes from an unbuffered sequence, and nobody fills seq or tx_id by default.
do $$
declare
  v_problem text;
begin
  select string_agg(problem, '; ') into v_problem from (
    select format('trigger %s on %s is missing or not ENABLE ALWAYS', t.name, t.on_table) as problem
      from (values ('trg_event_outbox_type_validate', 'event_outbox'::regclass), ('trg_event_outbox_append_only', 'event_outbox'),
                   ('trg_iu_suppressed_event_append_only', 'iu_suppressed_event')) as t (name, on_table)
     where not exists (select from pg_trigger g where g.tgrelid = t.on_table and g.tgname = t.name and g.tgenabled = 'A')
    union all
    select 'sequence event_outbox_seq_seq is missing, cached, cycling or not owned by event_outbox.seq'
     where not exists (select from pg_sequence s join pg_depend d on d.objid = s.seqrelid and d.deptype = 'a'
                        where s.seqrelid = 'event_outbox_seq_seq'::regclass and s.seqcache = 1 and s.seqincrement = 1 and not s.seqcycle
                          and d.refobjid = 'event_outbox'::regclass)
    union all
    select format('column event_outbox.%s has a default', attname) from pg_attribute
     where attrelid = 'event_outbox'::regclass and attname in ('seq', 'tx_id') and atthasdef
    union all
    select format('event_outbox.%s is missing or nullable', c) from unnest(array['seq', 'tx_id']) c
     where not exists (select from pg_attribute where attrelid = 'event_outbox'::regclass and attname = c and attnotnull)
    union all
    select 'event types of domain iu are missing from event_type_registry'
     where (select count(*) from event_type_registry where event_domain = 'iu') < 12
  ) found;
  if v_problem is not null then
    raise exception using errcode = 'IU820', message = '003_log: ' || v_problem,
      hint = 'iu migrate verify names the object; restore it from the change that installs it';
  end if;
end
$$;
