-- fn_iu_delivery_sweep() returns integer
--
-- Contract:  settles the oldest lease that ran out: nobody knows what became of its sends, so each is an attempt unknown with the
--            code lease_expired, and is due again by the retry policy under the same delivery id. Of a target in the database it is
--            known: its effect would have settled it in the same transaction, so the attempt is failed. One lease, of one route, a
--            call, and its settle locks no other, so that two callers never wait for each other in a circle.
-- Arguments: none
-- Returns:   sends that were settled
-- Raises:    IU301, IU302
-- Writes:    as fn_iu_delivery_settle
-- May call:  internal
create or replace function fn_iu_delivery_sweep() returns integer
language plpgsql
volatile
set search_path from current
as $$
declare
  l iu_route_lease;
  v_open bigint[];
  v_count integer;
  v_is_local boolean;
begin
  select * into l from iu_route_lease where lease_until <= clock_timestamp() order by lease_until limit 1 for update skip locked;
  if not found then
    return 0;
  end if;
  select array_agg(d.event_seq order by d.event_seq) into v_open
    from unnest(l.event_seqs) as e (event_seq)
    join iu_route_delivery d on d.event_seq = e.event_seq and d.route_id = l.route_id and d.lease_token = l.lease_token;
  v_count := coalesce(cardinality(v_open), 0);
  if v_count > 0 then
    v_is_local := (select h.route ->> 'target_kind' in ('sql_function', 'table') from iu_route_history h
                    where h.route_id = l.route_id and h.version = l.route_version limit 1);
    perform fn_iu_delivery_settle(l.runner_id, array_fill(l.lease_token, array[v_count]), array_fill(l.route_id, array[v_count]), v_open,
      array_fill(case when v_is_local then 'failed' else 'unknown' end, array[v_count]), array_fill(null::integer, array[v_count]),
      array_fill(case when v_is_local then 'the lease ran out before its transaction committed: nothing stays'
                 else 'the lease ran out before the runner said what happened' end, array[v_count]),
      array_fill('lease_expired'::text, array[v_count]), array_fill(false, array[v_count]), array_fill(null::integer, array[v_count]),
      array_fill(false, array[v_count]));
  end if;
  delete from iu_route_lease where lease_token = l.lease_token and route_id = l.route_id;
  return v_count;
end
$$;
