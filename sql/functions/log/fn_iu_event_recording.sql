-- fn_iu_event_recording() returns trigger
--
-- Contract:  reads the emission switch once a statement and tells the row trigger by a transaction-local setting, which this function
--            sets each time, so that nobody can switch recording off for himself. A probe records all the same: it cannot commit.
-- Arguments: none
-- Returns:   null (statement trigger)
-- Raises:    nothing
-- Writes:    nothing
-- May call:  nobody, it is a trigger
create or replace function fn_iu_event_recording() returns trigger
language plpgsql
security definer
set search_path from current
as $$
begin
  if exists (select from dot_config where key = 'iu_core.emission_enabled' and value = 'false') and not fn_iu_in_probe() then
    perform set_config('iu_core.recording', 'off', true);
  elsif current_setting('iu_core.recording', true) = 'off' then
    perform set_config('iu_core.recording', 'on', true);
  end if;
  return null;
end
$$;
