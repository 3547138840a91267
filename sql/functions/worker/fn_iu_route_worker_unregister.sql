-- fn_iu_route_worker_unregister(text, text) returns jsonb
--
-- Contract:  takes away a cursor that was registered by mistake. Refused for that of the installation, when it decided anything, because its runs and its
--            certificate would be nobody's, and when the log has events of what it owns, because nobody would decide them: then its
--            domain is given to another worker with fn_iu_route_worker_transfer. Waits for passes of it and of the worker of every domain,
--            which must stand at a window boundary: the window that is open left the domain out, and nobody would decide what is in it.
-- Arguments: p_worker_name; p_reason: why, mandatory
-- Returns:   {worker_name, event_domain, owner: who decides the domain from now on, null = nobody}
-- Raises:    IU306 no such worker, IU307 reason missing, IU309 a window is open, IU387 it decided, IU388 it owns events, IU301, IU302
-- Writes:    iu_route_worker_cursor, iu_gate_log
-- May call:  iu_operator
create or replace function fn_iu_route_worker_unregister(p_worker_name text, p_reason text) returns jsonb
language plpgsql
volatile
security definer
set search_path from current
as $$
declare
  c iu_route_worker_cursor;
  v_rest iu_route_worker_cursor;
begin
  perform fn_iu_cursor_change(p_reason);
  select * into c from iu_route_worker_cursor where worker_name = p_worker_name for update;
  if not found then
    raise exception using errcode = 'IU306', message = format('there is no worker %s', quote_literal(p_worker_name)),
      hint = 'iu cursor list shows the workers';
  end if;
  if p_worker_name = 'iu_outbound_default' then
    raise exception using errcode = 'IU387', message = 'iu_outbound_default belongs to the installation', hint = 'iu cursor list shows the workers';
  elsif c.events_seen > 0 or c.attempts_written > 0 or exists (select from iu_route_run where worker_name = p_worker_name) then
    raise exception using errcode = 'IU387', message = format('worker %s has decided events', p_worker_name),
      hint = 'iu cursor transfer gives its domain back to the worker of every domain, and takes the cursor away';
  end if;
  select * into v_rest from iu_route_worker_cursor where event_domain = '*' and worker_name <> p_worker_name for update;
  if v_rest.open_snapshot is not null then
    raise exception using errcode = 'IU309', message = format('a window of %s is open', v_rest.worker_name),
      hint = 'run passes until window_complete is true, then unregister again';
  end if;
  if exists (select from event_outbox e
              where case c.event_domain when '*' then e.event_domain <> all (fn_iu_owned_domains('*')) else e.event_domain = c.event_domain end) then
    raise exception using errcode = 'IU388', message = format('the log has events of %s, which worker %s owns', c.event_domain, p_worker_name),
      hint = 'run it, or give its domain to another worker: iu cursor transfer';
  end if;
  delete from iu_route_worker_cursor where worker_name = p_worker_name;
  insert into iu_gate_log (config_key, operation, old_value, reason, changed_by, application_name, changed_at)
  values ('worker ' || p_worker_name, 'delete', c.event_domain, p_reason, session_user, current_setting('application_name', true), clock_timestamp());
  return jsonb_build_object('worker_name', p_worker_name, 'event_domain', c.event_domain, 'owner', v_rest.worker_name);
end
$$;
