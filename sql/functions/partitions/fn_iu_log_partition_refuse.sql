-- fn_iu_log_partition_refuse() returns void
--
-- Contract:  refuses to change the form of the log while something hangs on it that cannot come along.
-- Arguments: none
-- Returns:   nothing
-- Raises:    IU871 with everything that is in the way
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_log_partition_refuse() returns void
language plpgsql
stable
set search_path from current
as $$
declare
  v_reasons text;
begin
  select string_agg(reason, '; ') into v_reasons from fn_iu_log_partition_refusals() reason;
  if v_reasons is not null then
    raise exception using errcode = 'IU871', message = 'the form of the log cannot be changed: ' || v_reasons,
      hint = 'take away what is named, change the form, and put it back in the new form';
  end if;
end
$$;
