-- fn_iu_lock_documents(uuid[]) returns uuid[]
--
-- Contract:  locks the documents of these units (for no key update, by id) until the transaction ends. A unit can move to another
--            document while this waits, so it looks again in the next statement and starts over until both looks agree.
-- Arguments: p_unit_ids: units
-- Returns:   ids of the locked documents
-- Raises:    IU217 the units kept moving
-- Writes:    nothing (row locks)
-- May call:  internal
create or replace function fn_iu_lock_documents(p_unit_ids uuid[]) returns uuid[]
language plpgsql
set search_path from current
as $$
declare
  v_documents uuid[] := fn_iu_document_of(p_unit_ids);
  v_now uuid[];
  v_at timestamptz;
begin
  for i in 1 .. 20 loop
    perform from information_unit where id = any (v_documents) order by id for no key update;
    v_now := fn_iu_document_of(p_unit_ids);
    if v_now <@ v_documents then
      -- what this transaction made itself nobody else has changed
      v_at := fn_iu_stamp();
      perform fn_iu_stamp(null, array(select id from information_unit where id = any (v_documents) and updated_at <> v_at));
      return v_documents;
    end if;
    v_documents := v_now;
  end loop;
  raise exception using errcode = 'IU217', message = 'the units kept moving to other documents', hint = 'try again';
end
$$;
