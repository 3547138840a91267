-- fn_iu_route_worker_register(text, text, text) returns jsonb
--
-- Contract:  registers a named worker as the owner of one domain, or of every domain without an owner ('*'). Scopes are disjoint: a
--            domain that '*' already reads is split off with fn_iu_route_worker_transfer, so that no event falls between two.
-- Arguments: p_worker_name; p_event_domain: a domain or '*'; p_base: 'beginning' decides all events there are, 'now' only those
--            that commit after this registration
-- Returns:   {worker_name, event_domain, base_kind}
-- Raises:    IU303 name or scope taken, IU304 the domain is read by '*', IU305 unknown base, IU346 malformed name or domain, IU301, IU302
-- Writes:    iu_route_worker_cursor
-- May call:  iu_operator
create or replace function fn_iu_route_worker_register(p_worker_name text, p_event_domain text, p_base text) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_identity record;
  v_mark record;
  v_floor bigint := 0;
  v_snapshot pg_snapshot := '3:3:';
begin
  perform fn_iu_require_read_committed();
  if p_worker_name is null or p_worker_name !~ '^[A-Za-z0-9_.-]{1,80}$' or p_event_domain is null or p_event_domain !~ E'^([A-Za-z0-9_.-]{1,80}|\\*)$' then
    raise exception using errcode = 'IU346', message = 'a worker has a name of letters, digits, _ . - and owns one domain or *';
  end if;
  if p_base is null or p_base not in ('beginning', 'now') then
    raise exception using errcode = 'IU305', message = 'a worker starts from beginning or from now';
  end if;
  -- Two registrations at once must not both find their scope free. A lock of the table would stop passes, and deadlock with one.
  if not fn_iu_in_probe() then
    perform pg_advisory_xact_lock(fn_iu_cursor_lock_key());
  end if;
  if exists (select from iu_route_worker_cursor where worker_name = p_worker_name or event_domain = p_event_domain) then
    raise exception using errcode = 'IU303', message = format('worker %s or domain %s is registered already', p_worker_name, p_event_domain),
      hint = 'iu cursor list shows the workers and what they own';
  end if;
  if p_event_domain <> '*' and not fn_iu_in_probe() and exists (select from iu_route_worker_cursor where event_domain = '*') then
    raise exception using errcode = 'IU304', message = format('domain %s is read by the worker of every domain', p_event_domain),
      hint = 'split it off: iu cursor transfer DOMAIN --to WORKER';
  end if;
  if p_base = 'now' then
    select * into v_mark from fn_iu_log_mark();
    v_floor := v_mark.floor_seq;
    v_snapshot := fn_iu_snapshot_without_self(v_mark.highest_xid);
  end if;
  select * into v_identity from fn_iu_cluster_identity();
  insert into iu_route_worker_cursor (worker_name, event_domain, base_kind, base_snapshot, base_floor_seq, done_snapshot, done_floor_seq,
    reconciled_snapshot, reconciled_floor_seq, system_identifier, database_oid, log_oid, timeline)
  values (p_worker_name, p_event_domain, p_base, v_snapshot, v_floor, v_snapshot, v_floor, v_snapshot, v_floor,
    v_identity.system_identifier, v_identity.database_oid, v_identity.log_oid, v_identity.timeline);
  return jsonb_build_object('worker_name', p_worker_name, 'event_domain', p_event_domain, 'base_kind', p_base);
end
$$;
