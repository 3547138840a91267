-- fn_iu_prune_cutoff(numeric) returns timestamptz
--
-- Contract:  the moment before which everything has to have happened that a prune takes.
-- Arguments: p_older_than_days: 0 to 36,500
-- Returns:   the moment
-- Raises:    IU880 the age is no number of days
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_prune_cutoff(p_older_than_days numeric) returns timestamptz
language plpgsql
set search_path from current
as $$
begin
  if p_older_than_days is null or p_older_than_days = 'NaN' or p_older_than_days not between 0 and 36500 then
    raise exception using errcode = 'IU880', message = 'a prune takes what is older than a number of days, 0 to 36500', hint = '--older-than 90';
  end if;
  return clock_timestamp() - (p_older_than_days * 86400)::double precision * interval '1 second';
end
$$;
