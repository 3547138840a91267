-- fn_iu_evidence_judge(text, iu_outbound_route, numeric, text) returns record
--
-- Contract:  what the newest evidence of a kind is worth now. Older evidence never outweighs newer. Fails closed: none, failed, of
--            another database, too old, from the future, or about objects that have changed since.
-- Arguments: p_kind; p_route: for evidence about this version of a route, null for the whole installation; p_most_seconds: how old
--            it may be; p_catalog: the hash of our objects now, for the kinds that are about them
-- Returns:   passed, and a sentence
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_evidence_judge(p_kind text, p_route iu_outbound_route, p_most_seconds numeric, p_catalog text,
  out passed boolean, out evidence text)
language plpgsql
volatile
set search_path from current
as $$
declare
  v_row iu_evidence;
  v_age numeric;
  v_named text;
begin
  select * into v_row from iu_evidence e
   where e.kind = p_kind and (p_route.route_id is null or (e.route_id, e.route_version) = (p_route.route_id, p_route.version))
   order by e.evidence_id desc limit 1;
  v_age := round(extract(epoch from clock_timestamp() - v_row.recorded_at));
  v_named := format('evidence %s by %s, %s s old', v_row.evidence_id, v_row.recorded_by, v_age);
  evidence := case
    when v_row.evidence_id is null then format('no evidence of kind %s%s', p_kind, ' for version ' || p_route.version)
    when not v_row.passed then v_named || ': it failed'
    when v_row.installation <> fn_iu_installation_mark() then v_named || ': of another database than this'
    when v_age > p_most_seconds or v_age < -60 then format('%s: %s s count', v_named, p_most_seconds)
    when p_kind in ('substrate', 'drift') and (v_row.catalog = p_catalog) is not true then v_named || ': objects have changed since' end;
  passed := evidence is null;
  evidence := coalesce(evidence, v_named);
end
$$;
