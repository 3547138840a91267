-- fn_iu_outbound_on_version() returns trigger
--
-- Contract:  one event version_applied for each version after the first, in the transaction of the version. Birth versions do not
--            emit here, unit_created tells about them. Whoever writes the version has locked the unit's row before.
-- Arguments: none
-- Returns:   null (after trigger)
-- Raises:    as fn_iu_emit
-- Writes:    event_outbox
-- May call:  nobody, it is a trigger
create or replace function fn_iu_outbound_on_version() returns trigger
language plpgsql
security definer
set search_path from current
as $$
begin
  perform fn_iu_emit_event('version_applied', u.canonical_address, u.id, new.created_by,
                           jsonb_build_object('version_seq', new.version_seq, 'version_id', new.id, 'content_hash', new.content_hash))
     from information_unit u
    where u.id = new.unit_id;
  return null;
end
$$;
