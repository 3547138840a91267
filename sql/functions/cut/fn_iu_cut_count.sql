-- fn_iu_cut_count(bigint, integer, integer, integer) returns void
--
-- Contract:  adds to the counts of an unfinished run. Called in the transaction of the change it counts, so the counts are exact
--            however often the run was interrupted.
-- Arguments: p_run_id; p_created, p_revised, p_deprecated: how many units
-- Returns:   nothing
-- Raises:    IU705 there is no such unfinished run
-- Writes:    iu_cut_run
-- May call:  iu_emitter
create or replace function fn_iu_cut_count(p_run_id bigint, p_created integer, p_revised integer, p_deprecated integer) returns void
language plpgsql
security definer
set search_path from current
as $$
begin
  update iu_cut_run
     set units_created = units_created + p_created,
         units_revised = units_revised + p_revised,
         units_deprecated = units_deprecated + p_deprecated
   where run_id = p_run_id and status = 'running';
  if not found then
    raise exception using errcode = 'IU705', message = format('cut run %s is not running', p_run_id),
      hint = 'begin the revision again; a run that is done takes no more changes';
  end if;
end
$$;
