-- fn_iu_evidence_record(text, boolean, jsonb, text, integer) returns jsonb
--
-- Contract:  records that something was checked, by whom and with what outcome. What is recorded is what readiness looks at; the
--            approver sees who recorded it. Evidence about the substrate and drift also carries the hash of our objects.
-- Arguments: p_kind: substrate, drift, backup, test_send, disable_rehearsal, or another lower-case name ('approval' is the database's
--            own); p_passed; p_detail: what was found, an object of at most 64 KiB without payloads and secrets; p_route_code: for
--            evidence about one route; p_route_version: null = its present one
-- Returns:   {evidence_id, kind, route_code, route_version, passed, recorded_by, recorded_at}
-- Raises:    IU337 no such route, IU433 the evidence is refused
-- Writes:    iu_evidence
-- May call:  iu_operator
create or replace function fn_iu_evidence_record(p_kind text, p_passed boolean, p_detail jsonb default '{}', p_route_code text default null,
  p_route_version integer default null)
returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_route iu_outbound_route;
  v_evidence iu_evidence;
  v_key text;
  v_problem text;
begin
  v_key := fn_iu_forbidden_key(p_detail::text);
  v_problem := case
    when p_kind is null or p_kind !~ '^[a-z][a-z_]{1,39}$' then 'a kind is a lower-case name such as backup or test_send'
    when p_kind = 'approval' then 'evidence of kind approval is written by the database itself'
    when p_passed is null then 'evidence says whether it passed'
    when p_detail is null or jsonb_typeof(p_detail) <> 'object' then 'the detail is a JSON object'
    when octet_length(p_detail::text) > 65536 then 'the detail is at most 64 KiB'
    when v_key is not null then format('the detail may not hold the key %s', v_key)
    when p_kind = 'test_send' and p_route_code is null then 'a test send is about a route' end;
  if v_problem is not null then
    raise exception using errcode = 'IU433', message = 'the evidence is refused: ' || v_problem, hint = 'iu evidence record --help';
  end if;
  if p_route_code is not null then
    select * into v_route from iu_outbound_route where route_code = p_route_code;
    if not found or p_route_version > v_route.version or p_route_version < 1 then
      raise exception using errcode = 'IU337', message = format('there is no outbound route %s%s', quote_literal(p_route_code),
        ' of version ' || p_route_version), hint = 'iu route list shows the routes';
    end if;
  end if;
  insert into iu_evidence (kind, route_id, route_version, passed, installation, catalog, detail, recorded_by)
  values (p_kind, v_route.route_id, coalesce(p_route_version, v_route.version), p_passed, fn_iu_installation_mark(),
          case when p_kind in ('substrate', 'drift') then fn_iu_catalog_digest() end, p_detail, session_user)
  returning * into v_evidence;
  return jsonb_build_object('evidence_id', v_evidence.evidence_id::text, 'kind', v_evidence.kind, 'route_code', v_route.route_code,
    'route_version', v_evidence.route_version, 'passed', v_evidence.passed, 'recorded_by', v_evidence.recorded_by,
    'recorded_at', v_evidence.recorded_at);
end
$$;
