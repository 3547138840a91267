-- 007_cut: the last cut of every document is still lossless (P11), and every run that is done has its pieces.
do $$
declare
  v_broken text;
begin
  select string_agg(run_id::text, ', ') into v_broken
    from (select distinct on (document_address) run_id from iu_cut_run where status = 'done'
           order by document_address, run_id desc) latest
   where not (fn_iu_cut_verify(run_id) ->> 'ok')::boolean;
  if v_broken is not null then
    raise exception using errcode = 'IU821', message = format('007_cut: cut runs that do not join to their source: %s', v_broken),
      hint = 'select fn_iu_cut_verify(RUN) names what differs; the pinned bytes are the truth';
  end if;
end
$$;
