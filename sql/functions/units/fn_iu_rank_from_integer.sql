-- fn_iu_rank_from_integer(bigint) returns text
--
-- Contract:  the rank of the n-th place: a letter that tells the number of base-62 digits, then the digits. Ordered like the numbers
--            under collation C, so appending a million siblings costs at most 5 characters a rank.
-- Arguments: p_number: 0 is the first place, negative ones go before it
-- Returns:   for example a0, az, b00, Zz (= -1)
-- Raises:    IU215 number out of range (62^9)
-- Writes:    nothing
-- May call:  iu_emitter, iu_operator, iu_reader (through fn_iu_rank_between, which runs as its caller)
create or replace function fn_iu_rank_from_integer(p_number bigint) returns text
language plpgsql
immutable
set search_path from current
as $$
declare
  c_digits constant text := '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
  v_rest bigint := case when p_number >= 0 then p_number else -p_number - 1 end;
  v_width integer := 1;
  v_size bigint := 62;
  v_text text := '';
begin
  while v_rest >= v_size loop
    v_rest := v_rest - v_size;
    v_width := v_width + 1;
    v_size := v_size * 62;
    if v_width > 9 then
      raise exception using errcode = 'IU215', message = 'a sibling rank is out of range';
    end if;
  end loop;
  if p_number < 0 then
    v_rest := v_size - 1 - v_rest;
  end if;
  for i in 1 .. v_width loop
    v_text := substr(c_digits, (v_rest % 62)::integer + 1, 1) || v_text;
    v_rest := v_rest / 62;
  end loop;
  return chr(case when p_number >= 0 then 96 + v_width else 91 - v_width end) || v_text;
end
$$;
