-- The group roles of IU Core. Cluster-wide and without login: a person or program gets one by `grant iu_worker to its_login`.
-- Safe to run again and from many databases at once: a role that another session makes first is taken as it is.
do $$
declare
  v_role text;
begin
  foreach v_role in array array[
    'iu_owner',        -- owns every object; nobody logs in as it
    'iu_migrator',     -- may become iu_owner, to deploy and roll back changes
    'iu_emitter',      -- emits events and works on units through the governed functions
    'iu_worker',       -- runs the pass, later claims and settles deliveries
    'iu_operator',     -- gates, routes, replay, dead letters, cursors
    'iu_approver',     -- approves a route that somebody else asked to take live
    'iu_reader',       -- views and health
    'iu_core_pruner'   -- owner of the prune function; the only one who may delete settled events
  ] loop
    begin
      if not exists (select from pg_catalog.pg_roles where rolname = v_role) then
        execute format('create role %I nologin', v_role);
      end if;
    exception when duplicate_object or unique_violation then
      null;
    end;
  end loop;
end
$$;
