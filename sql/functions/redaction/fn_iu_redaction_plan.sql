-- fn_iu_redaction_plan(text, text) returns jsonb
--
-- Contract:  what a redaction would overwrite, and what stands in its way now. Writes nothing and shows no text.
-- Arguments: p_kind: event, unit_version, source_pin, or cut_piece (its version is meant); p_ref: the id; of a piece RUN:ORDINAL
-- Returns:   {subject_kind, subject_ref, copies: [{table_name, row_key, column_name, sha256, byte_length}], blockers: [{code, count}],
--            archive_files: files of earlier prunes that hold the event, of which only a person can take it out,
--            leftovers: [{code, ref, count, action}] what holds the text or something of it and is not overwritten: original_source, an
--            original that a touched source was extracted from; piece_title, titles and labels of pieces}
-- Raises:    IU890 there is no such thing, IU891 the kind or reference is malformed
-- Writes:    nothing
-- May call:  iu_operator, iu_approver
create or replace function fn_iu_redaction_plan(p_kind text, p_ref text) returns jsonb
language plpgsql
volatile
security definer
set search_path from current
as $$
declare
  v_kind text := p_kind;
  v_ref text := p_ref;
  v_seqs bigint[];
  v_copies jsonb;
  v_blockers jsonb := '[]';
  v_files jsonb := '[]';
  v_hashes text[];
  v_leftovers jsonb := '[]';
begin
  if p_kind is null or p_ref is null or p_kind not in ('event', 'unit_version', 'source_pin', 'cut_piece') then
    raise exception using errcode = 'IU891', message = 'a redaction is of an event, a unit_version, a source_pin or a cut_piece, by its id';
  elsif p_kind = 'cut_piece' then
    if p_ref !~ E'^\\d{1,15}:\\d{1,9}$' then
      raise exception using errcode = 'IU891', message = 'a piece is named RUN:ORDINAL, for example 3:17';
    end if;
    select 'unit_version', p.version_id::text into v_kind, v_ref from iu_cut_piece p
     where p.run_id = split_part(p_ref, ':', 1)::bigint and p.ordinal = split_part(p_ref, ':', 2)::integer;
    if v_ref is null then
      raise exception using errcode = 'IU890', message = format('there is no cut piece %s', p_ref);
    end if;
  elsif p_kind = 'event' and p_ref !~* '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$' then
    raise exception using errcode = 'IU891', message = 'an event is named by its id';
  end if;
  if v_kind = 'event' then
    v_ref := lower(v_ref);
    -- each partition of the log has ids of its own, so several events can have one: all of them are meant
    v_seqs := array(select e.seq from event_outbox e where e.id = v_ref::uuid
                    union select a.event_seq from iu_archived_row a where a.event_id = v_ref::uuid and a.table_name = 'event_outbox'
                    union select f.event_seq from iu_pruned_file_event f where f.event_id = v_ref::uuid);
    if v_seqs = '{}' then
      raise exception using errcode = 'IU890', message = format('there is no event %s, neither in the log nor in an archive of a prune', v_ref),
        hint = 'what was pruned without an archive is gone';
    end if;
    select coalesce(jsonb_agg(to_jsonb(c)), '[]') into v_copies from fn_iu_redaction_event_copies(v_ref::uuid) c;
    select coalesce(jsonb_agg(jsonb_build_object('code', code, 'count', n)), '[]') into v_blockers
      from (values ('delivery_waiting', (select count(*) from iu_route_delivery d where d.event_seq = any (v_seqs))),
                   ('dead_letter_open', (select count(*) from iu_route_dead_letter d where d.event_seq = any (v_seqs) and d.resolved_at is null)),
                   ('not_decided', (select count(*) from event_outbox e where e.id = v_ref::uuid
                      and not exists (select from iu_route_attempt a where a.event_seq = e.seq and a.attempt_no = 1)
                      and not exists (select from iu_route_worker_cursor c where c.event_domain in (e.event_domain, '*')
                                         and (e.seq <= c.base_seq or pg_visible_in_snapshot(e.tx_id, c.base_snapshot)))))) b (code, n)
     where n > 0;
    select coalesce(jsonb_agg(concat_ws('/', r.archive_place, b.archive_file) order by f.run_id, f.batch_no), '[]') into v_files
      from iu_pruned_file_event f join iu_prune_batch b using (run_id, batch_no) join iu_prune_run r using (run_id)
     where f.event_id = v_ref::uuid;
  else
    v_hashes := fn_iu_redaction_hashes(v_kind, v_ref);
    select coalesce(jsonb_agg(to_jsonb(c)), '[]') into v_copies from fn_iu_redaction_text_copies(v_hashes) c;
    select coalesce(jsonb_agg(jsonb_build_object('code', l.code, 'ref', l.ref, 'count', l.n, 'action', l.action) order by l.code, l.ref), '[]')
      into v_leftovers
      from (select 'original_source' as code, o.pin_id::text as ref, count(*) as n, format('iu redact request source %s', o.pin_id) as action
              from iu_cut_run r
              join iu_source_pin s on s.pin_id = r.pin_id
              join iu_source_pin o on o.pin_id::text = r.config #>> '{original,pin_id}'
             where o.sha256 <> all (v_hashes) and not o.redacted @> int4range(0, o.byte_length)
               and (s.sha256 = any (v_hashes)
                    or exists (select from iu_cut_mark m where m.run_id = r.run_id and m.sha256 = any (v_hashes))
                    or exists (select from iu_cut_piece p where p.run_id = r.run_id and p.sha256 = any (v_hashes)))
             group by o.pin_id
            union all
            select 'piece_title', null, count(*),
                   'titles, labels and addresses of its pieces stay; a revision of the unit gives it another title'
              from iu_cut_mark m where m.sha256 = any (v_hashes) and (m.title <> '' or m.label <> '')
            having count(*) > 0) l;
  end if;
  return jsonb_build_object('subject_kind', v_kind, 'subject_ref', v_ref, 'copies', v_copies, 'blockers', v_blockers, 'archive_files', v_files,
    'leftovers', v_leftovers);
end
$$;
