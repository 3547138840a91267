-- fn_iu_cut_may_approve(bigint, text) returns boolean
--
-- Contract:  whether a login is a second person to a run: it neither started it, nor recorded its pieces or a plan of it, nor decided what
--            a piece is. Judged by logins, because names of actors are only said.
-- Arguments: p_run_id; p_login
-- Returns:   whether its approval counts
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_cut_may_approve(p_run_id bigint, p_login text) returns boolean
language sql
stable
set search_path from current
as $$
  select not exists (select from iu_cut_run r where r.run_id = p_run_id and r.created_by = p_login)
     and not exists (select from iu_cut_log l where l.run_id = p_run_id and l.to_state in ('marked', 'cutplan_ok') and l.recorded_by = p_login)
     and not exists (select from iu_cut_decision d where d.run_id = p_run_id and d.decided_by = p_login)
$$;
