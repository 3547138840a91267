-- fn_iu_rank_to_integer(text) returns bigint
--
-- Contract:  the place of a rank, without its fraction; the inverse of fn_iu_rank_from_integer.
-- Arguments: p_rank: a sibling rank
-- Returns:   the number; null for null
-- Raises:    IU215 not a rank
-- Writes:    nothing
-- May call:  iu_emitter, iu_operator, iu_reader (through fn_iu_rank_between, which runs as its caller)
create or replace function fn_iu_rank_to_integer(p_rank text) returns bigint
language plpgsql
immutable
set search_path from current
as $$
declare
  c_digits constant text := '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
  v_head integer := ascii(p_rank);
  v_width integer := case when v_head >= 97 then v_head - 96 else 91 - v_head end;
  v_number bigint := 0;
  v_size bigint := 1;
  v_before bigint := 0;
begin
  if p_rank !~ '^[R-Za-i][0-9A-Za-z]+$' collate "C" or length(p_rank) <= v_width
     or (length(p_rank) > v_width + 1 and right(p_rank, 1) = '0') then
    raise exception using errcode = 'IU215', message = format('%s is not a sibling rank', quote_nullable(left(p_rank, 40)));
  end if;
  for i in 1 .. coalesce(v_width, 0) loop
    v_number := v_number * 62 + strpos(c_digits, substr(p_rank, i + 1, 1)) - 1;
    v_size := v_size * 62;
    if i < v_width then
      v_before := v_before + v_size;
    end if;
  end loop;
  return case when p_rank is null then null when v_head >= 97 then v_before + v_number else -(v_before + v_size - 1 - v_number) - 1 end;
end
$$;
