-- fn_iu_delivery_delay(jsonb, integer, integer, double precision) returns integer
--
-- Contract:  when a send that failed is tried again. Delays come from the route's retry policy {delays_seconds: [..],
--            jitter_share}; without one from 5 s to 24 h, 10 sends over 75 hours. What the target asked for counts within [delay,
--            the greater of 2 x delay and one hour]. retryDelaySeconds in src/contract says the same.
-- Arguments: p_policy: of the route; p_sends: made so far, 1 or more; p_retry_after_seconds: what the target asked for, null =
--            nothing; p_random: 0 to 1
-- Returns:   seconds, at most 30 days; null when no try is left
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_worker, iu_operator, iu_approver, iu_reader
create or replace function fn_iu_delivery_delay(p_policy jsonb, p_sends integer, p_retry_after_seconds integer, p_random double precision)
returns integer
language sql
immutable
set search_path from current
as $$
  select least(2592000, ceil(case when p_retry_after_seconds > 0
                                  then least(greatest(j.delay, p_retry_after_seconds), greatest(2 * j.delay, 3600))
                                  else j.delay end))::integer
    from (select coalesce(p_policy -> 'delays_seconds', '[5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400]') ->> (p_sends - 1) as base) b
   cross join lateral (select b.base::numeric * (1 + coalesce((p_policy ->> 'jitter_share')::numeric, 0.2) * (2 * p_random::numeric - 1)) as delay) j
   where b.base is not null
$$;
