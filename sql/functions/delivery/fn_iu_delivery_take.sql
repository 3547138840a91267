-- fn_iu_delivery_take(uuid) returns table (...)
--
-- Contract:  what a claim in the database holds, with the object to call and the event as it is handed over. Locks the lease, so
--            that it cannot be swept while its targets run; a lease that ran out, or that somebody else runs, gives nothing.
-- Arguments: p_lease_token
-- Returns:   route_id, route_version: at the claim, event_seq, event_id, target_kind, call_name (null: changed since the approval, or gone), event, hop: how
--            many targets in the database this event came through
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_worker, iu_operator
create or replace function fn_iu_delivery_take(p_lease_token uuid)
returns table (route_id bigint, route_version integer, event_seq bigint, event_id uuid, target_kind text, call_name text, event jsonb, hop integer)
language plpgsql
volatile
security definer
set search_path from current
as $$
begin
  perform from iu_route_lease l where l.lease_token = p_lease_token and l.lease_until > clock_timestamp() for update skip locked;
  if not found then
    return;
  end if;
  return query
    select d.route_id, l.route_version, d.event_seq, e.id, r.target_kind,
           case when encode(sha256(convert_to(o.definition, 'UTF8')), 'hex') = a.target_sha256 then o.call_name end,
           to_jsonb(e) - '{seq,tx_id}'::text[] || jsonb_build_object('safe_payload', coalesce(x.payload, e.safe_payload), 'seq', e.seq::text,
             'delivery_id', replace(d.delivery_key, '.', '~'), 'route_code', r.route_code, 'attempt_no', d.attempt_no),
           coalesce(h.hop, 0)
      from iu_route_lease l
      join iu_outbound_route r on r.route_id = l.route_id
      left join iu_route_approval a on a.approval_id = r.approval_id
     cross join lateral fn_iu_target_object(r.target_kind, r.target_ref) o
     cross join unnest(l.event_seqs) as q (event_seq)
      join iu_route_delivery d on d.event_seq = q.event_seq and d.route_id = l.route_id and d.lease_token = p_lease_token
      join event_outbox e on e.seq = d.event_seq
      left join iu_event_edit x on x.edit_id = d.edit_id
      left join iu_event_hop h on h.event_seq = d.event_seq
     where l.lease_token = p_lease_token and l.lease_until > clock_timestamp()
     order by d.event_seq, d.route_id;
end
$$;
