-- fn_iu_route_dead_letter_resolve(bigint, text) returns jsonb
--
-- Contract:  closes a dead letter without replaying it, because somebody decided so. The row stays.
-- Arguments: p_dead_letter_id; p_note: why, mandatory
-- Returns:   {dead_letter_id, resolved}
-- Raises:    IU342 no such dead letter, IU343 note missing, IU340 already resolved
-- Writes:    iu_route_dead_letter
-- May call:  iu_operator
create or replace function fn_iu_route_dead_letter_resolve(p_dead_letter_id bigint, p_note text) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
begin
  if nullif(btrim(p_note), '') is null then
    raise exception using errcode = 'IU343', message = 'a dead letter is resolved with a note', hint = 'add --note TEXT';
  end if;
  update iu_route_dead_letter
     set resolved_at = clock_timestamp(), resolved_by = session_user, resolution = 'resolved', resolution_note = p_note
   where dead_letter_id = p_dead_letter_id;
  if not found then
    raise exception using errcode = 'IU342', message = format('there is no dead letter %s', p_dead_letter_id),
      hint = 'iu dead-letter list shows the open ones';
  end if;
  return jsonb_build_object('dead_letter_id', p_dead_letter_id, 'resolved', true);
end
$$;
