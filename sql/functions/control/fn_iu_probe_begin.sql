-- fn_iu_probe_begin(text) returns text
--
-- Contract:  marks the current transaction as a probe. From here on it cannot commit (a deferred trigger raises), passes in it
--            also take the transaction's own events, and gate values set with set_config('iu_core.probe.KEY', VALUE, true) are
--            honoured instead of the gate rows, so that nothing shared is touched.
-- Arguments: p_marker: a text that names the probe, written to iu_probe_mark
-- Returns:   the marker domain of this probe, 'iu_probe_' || own transaction id: unique in the cluster, so that two probes at once
--            never wait for each other
-- Raises:    IU321 already marked
-- Writes:    iu_probe_mark
-- May call:  iu_operator
create or replace function fn_iu_probe_begin(p_marker text default 'iu probe') returns text
language plpgsql
security definer
set search_path from current
as $$
begin
  if fn_iu_in_probe() then
    raise exception using errcode = 'IU321', message = 'this transaction is already a probe';
  end if;
  insert into iu_probe_mark (tx_id, marked_by) values (pg_current_xact_id(), p_marker);
  return 'iu_probe_' || pg_current_xact_id()::text;
end
$$;
