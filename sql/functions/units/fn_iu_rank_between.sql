-- fn_iu_rank_between(text, text) returns text
--
-- Contract:  a rank strictly between two ranks under collation C, so that a sibling is inserted anywhere without touching the others.
--            Ranks are a base-62 number and a fraction; at the ends the number steps by one, in between the fraction is halved.
-- Arguments: p_left, p_right: neighbours, p_left < p_right; null = open end; both null = the first rank
-- Returns:   the rank
-- Raises:    IU215 not a rank, or p_left >= p_right
-- Writes:    nothing
-- May call:  iu_emitter, iu_operator, iu_reader
create or replace function fn_iu_rank_between(p_left text, p_right text) returns text
language plpgsql
immutable
set search_path from current
as $$
declare
  c_digits constant text := '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
  v_left bigint := case when p_left is not null then fn_iu_rank_to_integer(p_left) end;
  v_right bigint := case when p_right is not null then fn_iu_rank_to_integer(p_right) end;
  v_rank text;
  v_low text;
  v_high text;
  v_low_digit integer;
  v_high_digit integer;
begin
  if p_left collate "C" >= p_right collate "C" then
    raise exception using errcode = 'IU215', message = format('rank %s is not before rank %s', p_left, p_right);
  end if;
  if v_left is null then
    v_rank := fn_iu_rank_from_integer(coalesce(v_right, 0));
    return case when p_right is null or v_rank < p_right collate "C" then v_rank else fn_iu_rank_from_integer(v_right - 1) end;
  end if;
  if v_right is null or v_right > v_left then
    v_rank := fn_iu_rank_from_integer(v_left + 1);
    if p_right is null or v_rank < p_right collate "C" then
      return v_rank;
    end if;
  end if;
  -- the numbers leave no room: halve between the fractions of the left number
  v_rank := fn_iu_rank_from_integer(v_left);
  v_low := substr(p_left, length(v_rank) + 1);
  v_high := case when v_right = v_left then substr(p_right, length(v_rank) + 1) end;
  for i in 1 .. length(v_low) + coalesce(length(v_high), 0) + 2 loop
    -- past its end a fraction goes on with zeros: strpos of the empty string is 1
    v_low_digit := strpos(c_digits, substr(v_low, i, 1)) - 1;
    v_high_digit := case when v_high is null then 62 else strpos(c_digits, substr(v_high, i, 1)) - 1 end;
    if v_high_digit - v_low_digit > 1 then
      return v_rank || substr(c_digits, (v_low_digit + v_high_digit) / 2 + 1, 1);
    end if;
    if v_high_digit > v_low_digit then
      if v_high is not null and length(v_high) > i then
        return v_rank || substr(c_digits, v_high_digit + 1, 1);
      end if;
      v_high := null;
    end if;
    v_rank := v_rank || substr(c_digits, v_low_digit + 1, 1);
  end loop;
  raise exception using errcode = 'IU215', message = format('no rank between %s and %s', p_left, p_right);
end
$$;
