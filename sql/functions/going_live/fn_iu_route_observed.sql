-- fn_iu_route_observed(bigint, integer, integer) returns record
--
-- Contract:  how long a version of a route has been decided in dry-run: organic decisions only, that is the first of a pair, in a pass;
--            no replays, nothing that a live route did not send. Starts where the version began, found by halving the audit, and stops
--            counting when there are enough: a busy route costs a few index reads, a rare one a scan of the audit since.
-- Arguments: p_route_id, p_version; p_enough: count no further
-- Returns:   attempts (at most p_enough), time of the first and of the last
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_route_observed(p_route_id bigint, p_version integer, p_enough integer,
  out attempts integer, out first_at timestamptz, out last_at timestamptz)
language plpgsql
stable
set search_path from current
as $$
declare
  -- A minute less, because two passes take ids and times in slightly different order; the version below says exactly which count.
  v_since timestamptz := (select min(changed_at) - interval '1 minute' from iu_route_history
                           where route_id = p_route_id and version = p_version);
  v_low bigint := 0;
  v_high bigint := (select coalesce(max(attempt_id), 0) + 1 from iu_route_attempt);
  v_middle bigint;
  v_found record;
begin
  while v_low < v_high loop
    v_middle := v_low + (v_high - v_low) / 2;
    select attempt_id, started_at into v_found from iu_route_attempt where attempt_id >= v_middle order by attempt_id limit 1;
    if v_found.attempt_id is null or v_found.started_at >= v_since then
      v_high := v_middle;
    else
      v_low := v_found.attempt_id + 1;
    end if;
  end loop;
  select count(*), min(started_at), max(started_at) into attempts, first_at, last_at
    from (select started_at from iu_route_attempt
           where attempt_id >= v_low and route_id = p_route_id and route_version = p_version and attempt_no = 1 and run_id is not null
             and status = 'dry_run' and reason is null
           order by attempt_id limit p_enough) counted;
  if attempts = p_enough then
    select started_at into last_at from iu_route_attempt
     where attempt_id >= v_low and route_id = p_route_id and route_version = p_version and attempt_no = 1 and run_id is not null
       and status = 'dry_run' and reason is null
     order by attempt_id desc limit 1;
  end if;
end
$$;
