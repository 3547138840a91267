-- fn_iu_stamp(timestamptz, uuid[]) returns timestamptz
--
-- Contract:  the moment that dates what this transaction writes about units: births, versions, places, numbers, lifecycles. All of it has one,
--            so that a read of the past never sees half of a transaction. It is taken when the transaction has its first lock, and moves
--            on when it locks another document, or a unit that is dated later (others wrote while this one waited): what comes after
--            something is dated after it.
-- Arguments: p_after: the date of what is changed; p_documents: documents that are locked now. At most 64 are remembered; one that was
--            forgotten counts as another
-- Returns:   the moment, never before the transaction began
-- Raises:    nothing
-- Writes:    nothing (two session settings that end with the transaction)
-- May call:  internal
create or replace function fn_iu_stamp(p_after timestamptz default null, p_documents uuid[] default null) returns timestamptz
language plpgsql
set search_path from current
as $$
declare
  v_kept text := current_setting('iu_core.stamp', true);
  v_stamp timestamptz;
  v_held text[] := '{}';
begin
  -- nearly every call ends at the first return
  if v_kept ~ '^[0-9]{1,16}$' then
    v_stamp := timestamptz 'epoch' + v_kept::bigint * interval '1 microsecond';
    -- what a session wrote there itself is worth nothing outside of its transaction
    if v_stamp < now() or v_stamp > clock_timestamp() then
      v_stamp := null;
    end if;
  end if;
  if v_stamp is not null then
    if p_documents is null and (p_after is null or p_after <= v_stamp) then
      return v_stamp;
    end if;
    v_held := string_to_array(current_setting('iu_core.stamp_documents', true), ',');
    if p_documents::text[] <@ v_held and (p_after is null or p_after <= v_stamp) then
      return v_stamp;
    end if;
  end if;
  v_stamp := greatest(clock_timestamp(), now(), p_after);
  v_held := array(select d::text from unnest(p_documents) d where d::text <> all (coalesce(v_held, '{}'))) || v_held;
  perform set_config('iu_core.stamp', (extract(epoch from v_stamp) * 1000000)::bigint::text, true),
          set_config('iu_core.stamp_documents', array_to_string(v_held[:64], ','), true);
  return v_stamp;
end
$$;
