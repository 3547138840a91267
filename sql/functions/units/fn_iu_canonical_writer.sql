-- fn_iu_canonical_writer(text) returns void
--
-- Contract:  opens the write guard for the governed function that calls it, and closes it with the empty string. The marker is local to
--            the transaction, so an error closes it too.
-- Arguments: p_name: the calling function, or '' when it has written
-- Returns:   nothing
-- Raises:    nothing
-- Writes:    nothing (a session setting)
-- May call:  internal
create or replace function fn_iu_canonical_writer(p_name text) returns void
language plpgsql
set search_path from current
as $$
begin
  perform set_config(fn_iu_setting('iu_create.gateway.marker_key', 'app.canonical_writer'), p_name, true);
end
$$;
