-- fn_iu_route_worker_rewind(text, text) returns jsonb
--
-- Contract:  sets a cursor back to its base, so that the next passes examine every event again. Harmless: a decision that exists is
--            never written twice; an event without one gets it.
-- Arguments: p_worker_name; p_reason: why, mandatory
-- Returns:   {worker_name, rewound_to: base kind}
-- Raises:    IU306 no such worker, IU307 reason missing, IU308 the worker is busy
-- Writes:    iu_route_worker_cursor
-- May call:  iu_operator
create or replace function fn_iu_route_worker_rewind(p_worker_name text, p_reason text) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  c iu_route_worker_cursor;
begin
  if nullif(btrim(p_reason), '') is null then
    raise exception using errcode = 'IU307', message = 'a cursor is changed with a reason', hint = 'add --reason TEXT';
  end if;
  select * into c from iu_route_worker_cursor where worker_name = p_worker_name for update;
  if not found then
    raise exception using errcode = 'IU306', message = format('there is no worker %s', quote_literal(p_worker_name)),
      hint = 'iu cursor list shows the workers';
  end if;
  update iu_route_worker_cursor
     set done_snapshot = base_snapshot, done_floor_seq = base_floor_seq, open_snapshot = null, open_floor_seq = null, open_ceil_seq = null,
         phase = 1, position_seq = base_seq, last_event_id = null, last_created_at = null, last_event_seq = null,
         reconciled_snapshot = base_snapshot, reconciled_floor_seq = base_floor_seq,
         last_run_summary = jsonb_build_object('status', 'rewound', 'reason', p_reason, 'by', session_user)
   where worker_name = p_worker_name;
  return jsonb_build_object('worker_name', p_worker_name, 'rewound_to', c.base_kind);
end
$$;
