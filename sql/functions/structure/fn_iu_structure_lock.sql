-- fn_iu_structure_lock(uuid[], boolean) returns uuid[]
--
-- Contract:  locks what an operation touches before anything is judged: the tree of collections (one lock) when a document or a collection
--            moves, then the rows of all documents by id (fn_iu_lock_documents, which looks again and starts over when a unit has moved
--            meanwhile).
-- Arguments: p_units: units that the operation names or changed; p_moves_documents: whether the tree of collections is touched
-- Returns:   ids of the locked documents
-- Raises:    IU217 the units kept moving, IU301 not READ COMMITTED, IU302 read-only
-- Writes:    nothing (locks)
-- May call:  internal
create or replace function fn_iu_structure_lock(p_units uuid[], p_moves_documents boolean) returns uuid[]
language plpgsql
set search_path from current
as $$
begin
  -- a snapshot that is kept for the whole transaction would not see where a unit has moved
  perform fn_iu_require_read_committed();
  if p_moves_documents then
    perform pg_advisory_xact_lock(hashtextextended('iu collection tree ' || current_schema(), 0));
  end if;
  return fn_iu_lock_documents(p_units);
end
$$;
