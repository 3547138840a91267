-- fn_iu_route_shadow(event_outbox, iu_judged_route) returns text
--
-- Contract:  fn_iu_route_outcome in one word, for comparing; a filter that raises is a failed decision, as in a pass.
-- Arguments: p_event; p_route
-- Returns:   no_match, or status/reason, or status alone
-- Raises:    resources and cancellation only
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_route_shadow(p_event event_outbox, p_route iu_judged_route) returns text
language plpgsql
volatile
set search_path from current
as $$
declare
  v_outcome record;
  v_state text;
begin
  select * into v_outcome from fn_iu_route_outcome(p_event, p_route);
  return concat_ws('/', v_outcome.status, v_outcome.reason);
exception when others then
  get stacked diagnostics v_state = returned_sqlstate;
  if left(v_state, 2) in ('40', '53', '55', '57', '58', 'XX') then
    raise;
  end if;
  return 'failed/' || v_state;
end
$$;
