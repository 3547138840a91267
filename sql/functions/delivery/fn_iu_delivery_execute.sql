-- fn_iu_delivery_execute(text, uuid) returns jsonb
--
-- Contract:  runs the targets of a claim that has committed, each in a sub-transaction, as the role that calls this and under its
--            rights; then settles them. Effects, attempts and the settled queue commit together: exactly once. What a target raises
--            undoes that target alone; search_path, role and deferred constraints are set back after each, and what it deferred is
--            judged at its end. Once a gate was closed or the route stopped or changed, what did not run yet is released. An event that came
--            through more than 16 targets is refused for good: a loop. Claim at most 50 at a time.
-- Arguments: p_runner_id: as at the claim; p_lease_token: of the claim, in an earlier transaction
-- Returns:   {settled, refused, dead_lettered, sent, failed}; settled counts what was released too
-- Raises:    IU359 the lease was lost, IU301, IU302, and what ends the whole transaction
-- Writes:    as fn_iu_delivery_settle, and whatever the targets write
-- May call:  iu_worker, iu_operator
create or replace function fn_iu_delivery_execute(p_runner_id text, p_lease_token uuid) returns jsonb
language plpgsql
volatile
set search_path from current
as $$
declare
  d record;
  v_count integer := 0;
  v_routes bigint[] := '{}';
  v_seqs bigint[] := '{}';
  v_statuses text[] := '{}';
  v_times integer[] := '{}';
  v_details text[] := '{}';
  v_codes text[] := '{}';
  v_permanent boolean[] := '{}';
  v_started timestamptz;
  v_state text;
  v_message text;
  v_result jsonb;
  v_path constant text := current_setting('search_path');
  v_role constant text := current_setting('role');
  v_judged_at timestamptz := '-infinity';
  v_state_now jsonb;
  v_deferred text;
begin
  for d in select t.*, array_agg(t.route_id) over () as route_ids, array_agg(t.route_version) over () as route_versions from fn_iu_delivery_take(p_lease_token) t order by t.event_seq, t.route_id loop
    v_started := clock_timestamp();
    v_state := null; v_message := null;
    if v_started > v_judged_at + interval '100 milliseconds' then
      v_state_now := fn_iu_delivery_state(fn_iu_setting('iu_core.deployment', null), d.route_ids, d.route_versions);
      v_judged_at := v_started;
    end if;
    if v_state_now ->> 'hold' is not null or v_state_now -> 'stopped' ? d.route_id::text then
      v_state := 'released';
    elsif d.hop >= 16 then
      v_state := 'hop_limit';
      v_message := 'the event came through 16 targets in this database already: a loop';
    elsif d.call_name is null then
      v_state := 'target_changed';
      v_message := 'the target is gone or not what was approved';
    else
      begin
        -- The target before made every constraint of the transaction immediate; this one finds them as its tables say.
        if v_count > 0 then
          v_deferred := coalesce(v_deferred, (
            select string_agg(distinct format('%I.%I', n.nspname, c.conname), ', ')
              from pg_constraint c join pg_namespace n on n.oid = c.connamespace
             where c.condeferred and has_schema_privilege(n.oid, 'usage')
               and not exists (select from pg_constraint o where o.connamespace = c.connamespace and o.conname = c.conname and not o.condeferrable)), '');
          if v_deferred <> '' then
            execute format('set constraints %s deferred', v_deferred);
          end if;
        end if;
        if d.target_kind = 'sql_function' then
          execute format('select %s($1, $2)', d.call_name) using d.event_id, d.event;
        else
          execute format('insert into %s (delivery_id, event_id, event) values ($1, $2, $3) on conflict do nothing', d.call_name)
            using d.event ->> 'delivery_id', d.event_id, d.event;
        end if;
        set constraints all immediate;
        -- What a target set stays set after it; nobody else may run under it.
        if pg_catalog.current_setting('role') operator(pg_catalog.<>) v_role then
          perform pg_catalog.set_config('role', v_role, true);
        end if;
        perform pg_catalog.set_config('search_path', v_path, true);
        perform fn_iu_delivery_hop(d.hop + 1);
      exception when query_canceled or assert_failure or others then
        get stacked diagnostics v_state = returned_sqlstate, v_message = message_text;
        v_message := case when v_state like '22%' then regexp_replace(v_message, '"[^"]*("|$)', '"..."', 'g') else v_message end;
      end;
    end if;
    v_count := v_count + 1;
    v_routes := v_routes || d.route_id;
    v_seqs := v_seqs || d.event_seq;
    v_statuses := v_statuses || case when v_state is null then 'sent' when v_state = 'released' then 'released' else 'failed' end;
    v_times := v_times || (extract(epoch from clock_timestamp() - v_started) * 1000)::integer;
    v_details := v_details || coalesce(left(v_message, 500), 'committed with its attempt');
    v_codes := v_codes || v_state;
    v_permanent := v_permanent || (coalesce(v_state, '') = 'hop_limit');
  end loop;
  if v_count = 0 then
    return jsonb_build_object('settled', 0, 'refused', 0, 'dead_lettered', 0, 'sent', 0, 'failed', 0);
  end if;
  v_result := fn_iu_delivery_settle(p_runner_id, array_fill(p_lease_token, array[v_count]), v_routes, v_seqs, v_statuses, v_times, v_details,
    v_codes, v_permanent, array_fill(null::integer, array[v_count]), array_fill(false, array[v_count]));
  -- Nothing was fenced off: the lease is locked since it was taken. If it were, no effect may stay.
  if (v_result ->> 'refused')::integer > 0 then
    raise exception using errcode = 'IU359', message = 'the lease was lost while its targets ran: nothing was kept',
      hint = 'it is claimed again when its time is over';
  end if;
  return v_result || jsonb_build_object('sent', cardinality(array_positions(v_statuses, 'sent')),
                                        'failed', cardinality(array_positions(v_statuses, 'failed')));
end
$$;
