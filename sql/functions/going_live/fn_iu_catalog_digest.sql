-- fn_iu_catalog_digest() returns text
--
-- Contract:  one hash over the fingerprints of everything that is ours in this schema: what belongs to the owner of the log, its columns,
--            triggers and rights included. Evidence about the substrate carries it, so that it stops counting when an object changes.
--            What an application has in the same schema is left out.
-- Arguments: none
-- Returns:   32 hexadecimal digits
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_catalog_digest() returns text
language sql
stable
set search_path from current
as $$
  with place as (
    select relnamespace as schema, relowner as owner from pg_class where oid = 'event_outbox'::regclass
  ), own as (
    select relname::text as name from pg_class, place where relnamespace = schema and relowner = owner
    union
    select proname::text from pg_proc, place where pronamespace = schema and proowner = owner
    union
    select typname::text from pg_type, place where typnamespace = schema and typowner = owner
  )
  select left(encode(sha256(convert_to(string_agg(concat_ws(' ', f.kind, f.identity, f.fingerprint), E'\n'
                                                  order by f.kind collate "C", f.identity collate "C"), 'UTF8')), 'hex'), 32)
    from fn_iu_catalog_fingerprint() f
   where (regexp_match(f.identity, '^(?:relation |sequence |function )?([^.(]+)'))[1] in (select name from own)
$$;
