-- fn_iu_retry_policy_check(jsonb) returns void
--
-- Contract:  a retry policy says when to try again: {delays_seconds: 1 to 50 numbers from 1 to 2592000, jitter_share: 0 to 0.5},
--            each may be left out.
-- Arguments: p_policy
-- Returns:   nothing
-- Raises:    IU360 malformed
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_retry_policy_check(p_policy jsonb) returns void
language plpgsql
immutable
set search_path from current
as $$
begin
  if p_policy - '{delays_seconds,jitter_share}'::text[] <> '{}'
     or p_policy ? 'delays_seconds' and not jsonb_path_match(p_policy, 'strict $.delays_seconds.type() == "array"
          && $.delays_seconds.size() > 0 && $.delays_seconds.size() <= 50
          && !exists($.delays_seconds[*] ? (@.type() != "number")) && !exists($.delays_seconds[*] ? (@ < 1 || @ > 2592000))')
     or p_policy ? 'jitter_share' and not jsonb_path_match(p_policy, 'strict $.jitter_share.type() == "number"
          && $.jitter_share >= 0 && $.jitter_share <= 0.5') then
    raise exception using errcode = 'IU360', message = 'the retry policy is malformed',
      hint = 'write {"delays_seconds": [5, 300, 1800], "jitter_share": 0.2}: 1 to 50 delays of 1 second to 30 days, a share from 0 to 0.5';
  end if;
end
$$;
