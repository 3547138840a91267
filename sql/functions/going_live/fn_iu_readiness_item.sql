-- fn_iu_readiness_item(text, iu_outbound_route, text) returns record
--
-- Contract:  judges one item of readiness. The limits are settings, and the evidence says which limit it was held against, so that
--            an approver sees a lowered one.
-- Arguments: p_item: substrate, backup, drift, worker, observation, dead_letters, test_send, disable_path; p_route; p_catalog: the hash
--            of our objects now
-- Returns:   passed; evidence: a sentence; action: what to do when it fails
-- Raises:    whatever a look raises; the caller takes it as failed
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_readiness_item(p_item text, p_route iu_outbound_route, p_catalog text, out passed boolean, out evidence text, out action text)
language plpgsql
volatile
set search_path from current
as $$
declare
  v_fresh numeric := fn_iu_setting_number('iu_core.readiness_evidence_max_seconds', 3600, 1, 604800);
  v_least integer := fn_iu_setting_number('iu_core.readiness_min_attempts', 20, 1, 1000000);
  v_seconds numeric := fn_iu_setting_number('iu_core.readiness_observed_seconds', 3600, 0, 31536000);
  v_most numeric;
  v_seen record;
  v_text text;
begin
  case p_item
    when 'substrate', 'drift' then
      select * into passed, evidence from fn_iu_evidence_judge(p_item, null, v_fresh, p_catalog) as j;
      action := format('iu route readiness %s, without --no-verify, runs the checks and records them', p_route.route_code);
    when 'backup' then
      if fn_iu_setting('iu_core.installation', '') = 'demo' then
        passed := true;
        evidence := 'not asked for: iu_core.installation is demo';
      else
        v_most := fn_iu_setting_number('iu_core.readiness_backup_max_seconds', 86400, 1, 31536000);
        select * into passed, evidence from fn_iu_evidence_judge('backup', null, v_most, null) as j;
      end if;
      action := 'iu backup';
    when 'worker' then
      -- Every cursor that decides events of this route, and what its health has to say about deciding.
      select count(*) as cursors, string_agg(distinct w.worker_name, ', ') filter (where w.last_run_at is null) as idle,
             string_agg(format('%s: %s', w.worker_name, r.reason ->> 'message'), '; ' order by w.worker_name)
             filter (where r.reason ->> 'code' in ('master_gate_closed', 'worker_gate_closed', 'silent', 'undecided_too_old', 'cluster_changed',
                                                   'certificate_broken', 'emission_disabled', 'trigger_disabled', 'row_security')) as reasons
        into v_seen
        from iu_route_worker_cursor w
        left join lateral jsonb_array_elements(fn_iu_route_worker_health(w.worker_name) -> 'reasons') as r (reason) on true
       where case when p_route.event_domain like '%*' then w.event_domain = '*' or fn_iu_pattern_matches(p_route.event_domain, w.event_domain)
                  when exists (select from iu_route_worker_cursor o where o.event_domain = p_route.event_domain) then w.event_domain = p_route.event_domain
                  else w.event_domain = '*' end;
      passed := v_seen.cursors > 0 and v_seen.idle is null and v_seen.reasons is null;
      evidence := case when v_seen.cursors = 0 then 'no worker decides the events of this route'
                       when v_seen.idle is not null then 'no pass has run yet: ' || v_seen.idle
                       else coalesce(v_seen.reasons, 'the workers of this route are deciding') end;
      action := 'iu health names what to do';
    when 'observation' then
      select * into v_seen from fn_iu_route_observed(p_route.route_id, p_route.version, v_least);
      v_seconds := greatest(v_seconds, 0);
      passed := v_seen.attempts >= v_least and extract(epoch from v_seen.last_at - v_seen.first_at) >= v_seconds;
      evidence := format('%s%s dry-run decisions of version %s within %s s; %s over %s s are asked for', v_seen.attempts,
        case when v_seen.attempts >= v_least then ' or more' end, p_route.version,
        coalesce(floor(extract(epoch from v_seen.last_at - v_seen.first_at)), 0), v_least, v_seconds);
      action := 'leave the route enabled in dry-run until enough events of the application have been decided';
    when 'dead_letters' then
      select count(*) as open into v_seen from iu_route_dead_letter where resolved_at is null and route_id = p_route.route_id;
      passed := v_seen.open = 0;
      evidence := format('%s open dead letters of this route', v_seen.open);
      action := format('iu dead-letter list --route %s; replay or resolve them', p_route.route_code);
    when 'test_send' then
      v_most := fn_iu_setting_number('iu_core.readiness_test_send_max_seconds', 86400, 1, 31536000);
      select * into passed, evidence from fn_iu_evidence_judge('test_send', p_route, v_most, null) as j;
      action := format('iu route test-send %s', p_route.route_code);
    when 'disable_path' then
      v_most := fn_iu_setting_number('iu_core.readiness_rehearsal_max_seconds', 2592000, 1, 31536000);
      select format('%s closed by %s and opened again by %s', c.config_key, c.changed_by, o.changed_by) into v_text
        from iu_gate_log c
        join iu_gate_log o on o.config_key = c.config_key and o.log_id > c.log_id and o.new_value = 'true'
       where c.config_key in ('iu_core.delivery_enabled', 'iu_core.routes_master_enabled') and c.old_value = 'true'
         and c.new_value is distinct from 'true' and c.changed_at > clock_timestamp() - make_interval(secs => v_most::double precision)
       order by o.log_id desc limit 1;
      passed := v_text is not null;
      evidence := v_text;
      if not passed then
        select * into passed, evidence from fn_iu_evidence_judge('disable_rehearsal', null, v_most, null) as j;
        evidence := case when passed then evidence
          else format('neither the delivery nor the master gate was closed and opened again in %s s', v_most) end;
      end if;
      action := 'iu gate close delivery_enabled --reason rehearsal, then open it again';
    else
      passed := false;
      evidence := 'there is no such item';
  end case;
end
$$;
