-- fn_iu_log_partition_missing() returns integer
--
-- Contract:  books as gone the partitions whose table somebody dropped by hand, so that their numbers can have a place again. One that was
--            only detached stays in the books: it may hold events, and nothing is made in its place.
-- Arguments: none
-- Returns:   partitions booked
-- Raises:    nothing
-- Writes:    iu_log_partition
-- May call:  internal
create or replace function fn_iu_log_partition_missing() returns integer
language plpgsql
volatile
set search_path from current
as $$
declare
  v_booked integer;
begin
  update iu_log_partition set gone_at = clock_timestamp(), gone_by = session_user, gone_reason = 'found missing'
   where gone_at is null and to_regclass(quote_ident(partition_name)) is null;
  get diagnostics v_booked = row_count;
  return v_booked;
end
$$;
