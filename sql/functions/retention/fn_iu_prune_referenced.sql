-- fn_iu_prune_referenced(bigint[]) returns bigint[]
--
-- Contract:  which of these events cannot go because a row of somebody else's table refers to them by a foreign key, or because what that key
--            does to the row (cascade, set null) is refused there. Only the server may look into those tables, so it is asked: the events are
--            deleted in a sub-transaction that is always undone, and halved until those that are refused stand alone. Costs nothing where nothing
--            refers to the log; elsewhere as much as the foreign keys cost without an index.
-- Arguments: p_seqs: ascending
-- Returns:   those that have to stay, ascending; null = all may go
-- Raises:    what says nothing of these events: classes 40, 53, 55, 57, 58 (serialization, resources, locks, the operator, the system)
-- Writes:    nothing that stays
-- May call:  internal
create or replace function fn_iu_prune_referenced(p_seqs bigint[]) returns bigint[]
language plpgsql
volatile
set search_path from current
set enable_seqscan = off
set jit = off
as $$
declare
  v_half integer := cardinality(p_seqs) / 2;
begin
  if coalesce(cardinality(p_seqs), 0) = 0
     or not exists (select from pg_constraint where confrelid = 'event_outbox'::regclass and contype = 'f') then
    return null;
  end if;
  begin
    perform set_config('iu_core.governed', 'prune ' || pg_current_xact_id()::text, true);
    -- one that is deferred would refuse at the commit, when it is too late to keep the event
    set constraints all immediate;
    delete from event_outbox where seq = any (p_seqs);
    raise exception using errcode = 'ZZ880', message = 'undone';
  exception
    when sqlstate 'ZZ880' then
      return null;
    when others then
      if left(sqlstate, 2) in ('40', '53', '55', '57', '58') then
        raise;
      end if;
      -- a trigger or a guard of the other table has codes of its own
      if v_half = 0 then
        return p_seqs;
      end if;
  end;
  return (select array_agg(seq order by seq)
            from unnest(fn_iu_prune_referenced(p_seqs[:v_half]) || fn_iu_prune_referenced(p_seqs[v_half + 1:])) seq);
end
$$;
