-- fn_iu_delivery_disown(text, uuid[]) returns integer
--
-- Contract:  gives back what a runner leased without learning of it: the claim committed, and its answer was lost with the
--            connection or the server. Nothing of it can have been sent, so each send is released: its number is given back and no
--            attempt is written. A claim of this runner that still runs could commit later; then nothing is done and the caller
--            asks again. A lease that somebody settles right now is left alone. The caller is the only one who sends under this
--            name: a second process of the same name would be robbed of what it is sending.
-- Arguments: p_runner_id: as at the claim; p_held: lease tokens that the runner knows, whatever it did with them
-- Returns:   sends that were released; null while a claim of this runner still runs
-- Raises:    IU353 runner not named, IU301, IU302
-- Writes:    as fn_iu_delivery_settle
-- May call:  iu_worker, iu_operator
create or replace function fn_iu_delivery_disown(p_runner_id text, p_held uuid[]) returns integer
language plpgsql
volatile
security definer
set search_path from current
as $$
declare
  v_leases uuid[];
  v_lease_routes bigint[];
  v_tokens uuid[];
  v_routes bigint[];
  v_seqs bigint[];
  v_count integer;
begin
  perform fn_iu_require_read_committed();
  if nullif(btrim(p_runner_id), '') is null then
    raise exception using errcode = 'IU353', message = 'a runner gives back under a name';
  end if;
  -- A claim holds it shared until it ends: who has it alone knows that none can commit any more.
  if not pg_try_advisory_xact_lock(hashtextextended('iu_core claims of ' || p_runner_id, 0)) then
    return null;
  end if;
  select array_agg(l.lease_token), array_agg(l.route_id) into v_leases, v_lease_routes
    from (select lease_token, route_id from iu_route_lease
           where runner_id = p_runner_id and lease_token <> all (coalesce(p_held, '{}'))
           order by lease_token, route_id for update skip locked) l;
  if v_leases is null then
    return 0;
  end if;
  select coalesce(array_agg(d.lease_token), '{}'), coalesce(array_agg(d.route_id), '{}'), coalesce(array_agg(d.event_seq), '{}')
    into v_tokens, v_routes, v_seqs
    from unnest(v_leases, v_lease_routes) as u (lease_token, route_id)
    join iu_route_lease l using (lease_token, route_id)
   cross join unnest(l.event_seqs) as e (event_seq)
    join iu_route_delivery d on d.event_seq = e.event_seq and d.route_id = l.route_id and d.lease_token = l.lease_token;
  v_count := cardinality(v_seqs);
  if v_count > 0 then
    perform fn_iu_delivery_settle(p_runner_id, v_tokens, v_routes, v_seqs, array_fill('released'::text, array[v_count]),
      array_fill(null::integer, array[v_count]), array_fill(null::text, array[v_count]), array_fill(null::text, array[v_count]),
      array_fill(false, array[v_count]), array_fill(null::integer, array[v_count]), array_fill(false, array[v_count]));
  end if;
  delete from iu_route_lease l using unnest(v_leases, v_lease_routes) as u (lease_token, route_id)
   where l.lease_token = u.lease_token and l.route_id = u.route_id;
  return v_count;
end
$$;
