-- fn_iu_cut_refuse_drafts(uuid) returns void
--
-- Contract:  a cut goes from what is in force to what is in force. With a draft of somebody on the document, gate 2 would put it in force
--            with the rest, and a rollback could not tell what was in force before: such a document is not cut.
-- Arguments: p_document_id: locked by the caller where it writes; null = none yet
-- Returns:   nothing
-- Raises:    IU748 the document or a living unit of it has a version, or a life, that is not in force
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_cut_refuse_drafts(p_document_id uuid) returns void
language plpgsql
stable
set search_path from current
as $$
declare
  v_draft text;
begin
  select min(u.canonical_address) into v_draft
    from fn_iu_cut_living(p_document_id) l
   cross join lateral (select i.canonical_address, i.lifecycle_status from information_unit i where i.id = l.unit_id offset 0) u
   cross join lateral (select v.lifecycle_status from unit_version v where v.id = l.version_id offset 0) v
   where u.lifecycle_status <> 'enacted' or v.lifecycle_status <> 'enacted';
  if v_draft is not null then
    raise exception using errcode = 'IU748', message = format('%s is a draft: a cut builds on what is in force', v_draft),
      hint = 'put it in force (fn_iu_enact), or take the draft back (fn_iu_soft_delete, or the text in force again), then plan again';
  end if;
end
$$;
