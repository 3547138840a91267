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
    'iu_core_pruner'   -- may call the prune functions, and nothing else takes events out of the log
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

-- Who may become iu_owner: iu_migrator, and whoever installs. From PostgreSQL 16 on the creator of a role may grant it but is
-- not thereby able to become it. A refusal is no failure here: the rights check has already judged what the session needs.
do $$
declare
  v_needed text := case when current_setting('server_version_num')::integer >= 160000 then 'SET' else 'MEMBER' end;
  v_role text;
begin
  foreach v_role in array array['iu_migrator', current_user::text] loop
    if not pg_has_role(v_role, 'iu_owner', v_needed) then
      begin
        execute format('grant iu_owner to %I', v_role)
          || case when v_needed = 'SET' then ' with inherit true, set true' else '' end;
      exception when insufficient_privilege then
        null;
      end;
    end if;
  end loop;
end
$$;
