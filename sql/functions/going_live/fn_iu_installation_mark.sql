-- fn_iu_installation_mark() returns text
--
-- Contract:  names this very database: cluster, database and log table together. Evidence carries it, so that a restored or cloned copy
--            does not count the evidence of its original (P14).
-- Arguments: none
-- Returns:   16 hexadecimal digits
-- Raises:    IU302 on a standby
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_installation_mark() returns text
language plpgsql
stable
set search_path from current
as $$
begin
  if pg_is_in_recovery() then
    raise exception using errcode = 'IU302', message = 'evidence is recorded and judged on the primary',
      hint = 'connect to the primary';
  end if;
  return (select left(encode(sha256(convert_to(concat_ws('/', system_identifier, database_oid, log_oid), 'UTF8')), 'hex'), 16)
            from fn_iu_cluster_identity());
end
$$;
