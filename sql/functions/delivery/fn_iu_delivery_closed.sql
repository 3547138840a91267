-- fn_iu_delivery_closed(timestamptz, timestamptz) returns interval
--
-- Contract:  for how long a gate that deliveries need, the master's or their own, was closed between two moments, by the log of the
--            gates. A time limit that passed closed it too. Before the first entry of a gate it counts as open.
-- Arguments: p_since, p_until
-- Returns:   the time, 0 when none
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_delivery_closed(p_since timestamptz, p_until timestamptz) returns interval
language plpgsql
volatile
set search_path from current
as $$
begin
  return (
    with said as (
      select l.operation <> 'delete' and l.new_value is not distinct from 'true' as is_open, l.open_until, l.changed_at,
             lead(l.changed_at, 1, 'infinity') over (partition by l.config_key order by l.log_id) as until
        from iu_gate_log l
       where l.config_key in ('iu_core.routes_master_enabled', 'iu_core.delivery_enabled')
    ), closed as (
      select greatest(p_since, case when s.is_open then greatest(s.changed_at, s.open_until) else s.changed_at end) as since, least(p_until, s.until) as until
        from said s where not s.is_open or s.open_until is not null
    )
    -- Both gates closed at once count once.
    select coalesce(sum(upper(r) - lower(r)), interval '0')
      from unnest((select range_agg(tstzrange(c.since, c.until)) from closed c where c.since < c.until)) as r
  );
end
$$;
