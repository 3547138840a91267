-- 008_structure: the tree of each document, collections of documents, lineage, and the operations that change them.

create sequence iu_structure_applied_seq;
comment on sequence iu_structure_applied_seq is 'Order in which operations were applied; taken under the document locks.';

create table iu_structure_operation (
  operation_id          bigint generated always as identity primary key,
  operation_type        text not null check (operation_type in ('add_new_piece', 'split_large_piece', 'merge_small_pieces', 'deprecate_piece',
                                                                'replace_piece', 'reparent_piece', 'renumber_piece', 'batch')),
  operation_status      text not null default 'planned' check (operation_status in ('draft', 'planned', 'enacted', 'rolled_back', 'withdrawn')),
  step_count            integer not null check (step_count > 0),
  actor_ref             text not null,
  reason                text,
  idempotency_key       text not null unique,
  source_unit_ids       uuid[] not null default '{}',
  target_unit_ids       uuid[] not null default '{}',
  parent_unit_id        uuid references information_unit,
  payload               jsonb not null check (jsonb_typeof(payload) = 'array'),
  impact_summary        jsonb not null default '{}',
  preview               jsonb not null default '{}',
  found                 jsonb not null default '{}',
  approval_ref          text,
  applied_seq           bigint unique,
  applied_by            text,
  applied_login         text,
  enacted_at            timestamptz,
  rolled_back_at        timestamptz,
  rolled_back_by        text,
  rolled_back_login     text,
  rollback_reason       text,
  rollback_approval_ref text,
  withdrawn_at          timestamptz,
  withdrawn_by          text,
  withdrawn_login       text,
  withdraw_reason       text,
  created_at            timestamptz not null default clock_timestamp(),
  updated_at            timestamptz not null default clock_timestamp(),
  created_by            text not null default session_user,
  constraint iu_structure_operation_enacted_chk check ((enacted_at is not null) = (operation_status in ('enacted', 'rolled_back'))),
  constraint iu_structure_operation_applied_chk check (operation_status not in ('enacted', 'rolled_back')
    or (applied_seq is not null and approval_ref ~ E'\\S')),
  constraint iu_structure_operation_rolled_back_chk check ((rolled_back_at is not null) = (operation_status = 'rolled_back')),
  constraint iu_structure_operation_withdrawn_chk check ((withdrawn_at is not null) = (operation_status = 'withdrawn')
    and (operation_status <> 'withdrawn' or withdraw_reason ~ E'\\S'))
);
comment on table iu_structure_operation is 'One envelope a row: its steps, its impact, who approved it. Rolled back or withdrawn, never erased.';
comment on column iu_structure_operation.payload is 'The steps, in order. A batch has several, each emits its own event.';
comment on column iu_structure_operation.preview is 'The documents before and after as the plan saw them. Kept apart: an apply does not rewrite it.';
comment on column iu_structure_operation.found is 'Place, number and lifecycle of each unit as the plan found it: what apply compares with.';
create index iu_structure_operation_status_idx on iu_structure_operation (operation_status, operation_id);

create table iu_structure_change (
  operation_id bigint not null references iu_structure_operation,
  change_no    integer not null,
  step_no      integer not null,
  change_kind  text not null check (change_kind in ('born', 'placed', 'lifecycle', 'numbered', 'link_copied', 'link_moved', 'relation', 'context',
                                                    'review')),
  unit_id      uuid not null references information_unit,
  before       jsonb,
  after        jsonb,
  primary key (operation_id, change_no)
);
create index iu_structure_change_unit_idx on iu_structure_change (unit_id, operation_id);
comment on table iu_structure_change is 'What an applied operation did, one write a row: the rollback undoes the rows in reverse. Append-only.';

create table iu_structure_event (
  operation_id bigint not null references iu_structure_operation,
  step_no      integer not null,
  phase        text not null check (phase in ('apply', 'rollback')),
  event_type   text not null,
  unit_id      uuid not null references information_unit,
  event_id     uuid,
  recorded_at  timestamptz not null default clock_timestamp(),
  primary key (operation_id, phase, step_no)
);
comment on table iu_structure_event is 'The one event of each applied and rolled back step; event_id is null where recording was switched off.';
comment on column iu_structure_event.unit_id is 'Its subject: the same for both phases of a step, so that a route keeps them in order.';

create table iu_relation (
  relation_id     bigint generated always as identity primary key,
  relation_type   text not null check (relation_type in ('contains', 'derived_from', 'supersedes', 'replaced_by', 'merged_from', 'split_from',
                                                         'renumbered_from')),
  from_unit_id    uuid not null references information_unit,
  to_unit_id      uuid not null references information_unit,
  relation_status text not null default 'active' check (relation_status in ('active', 'retired')),
  sibling_rank    text collate "C",
  attributes      jsonb not null default '{}' check (jsonb_typeof(attributes) = 'object'),
  operation_ref   bigint references iu_structure_operation,
  valid_from      timestamptz not null default fn_iu_stamp(),
  valid_to        timestamptz,
  created_by      text not null default session_user,
  constraint iu_relation_validity_chk check ((relation_status = 'active') = (valid_to is null) and valid_to >= valid_from),
  constraint iu_relation_self_chk check (from_unit_id <> to_unit_id or relation_type = 'renumbered_from'),
  constraint iu_relation_rank_chk check (relation_type <> 'contains' or sibling_rank is not null)
);
comment on table iu_relation is 'Lineage and places with their validity: from_unit_id RELATION to_unit_id. Retired by status and valid_to, never deleted.';
comment on column iu_relation.from_unit_id is 'For contains the parent, otherwise the newer unit (replaced_by: the older one).';
-- a unit stands in one place at a time
create unique index uq_iu_relation_one_active_parent on iu_relation (to_unit_id) where relation_type = 'contains' and relation_status = 'active';
create index iu_relation_from_idx on iu_relation (from_unit_id, relation_type);
create index iu_relation_to_idx on iu_relation (to_unit_id, relation_type);
create index iu_relation_operation_idx on iu_relation (operation_ref) where operation_ref is not null;

-- 128 levels of 16 bytes fit an index entry (2,704 bytes)
-- no foreign key: what a projection holds is proven, not referenced (fn_iu_tree_verify finds a path without its unit)
create table iu_tree_path (
  unit_id      uuid primary key,
  root_unit_id uuid not null,
  path_ids     uuid[] not null,
  depth        integer not null,
  constraint iu_tree_path_shape_chk check (depth >= 0 and depth <= 127 and cardinality(path_ids) = depth + 1
    and path_ids[1] = root_unit_id and path_ids[depth + 1] = unit_id)
-- room in each page for what a move writes anew: a move of 1,000 units takes a sixth less time than with full pages
) with (fillfactor = 50);
comment on table iu_tree_path is 'Projection of parent_or_container_ref, paths local to the document: path(child) = path(parent) || child.';
create unique index iu_tree_path_document_idx on iu_tree_path (root_unit_id, path_ids);

create table iu_collection_path (
  document_id   uuid primary key references information_unit,
  collection_id uuid not null references information_unit,
  sibling_rank  text collate "C" not null check (sibling_rank ~ '^[R-Za-i][0-9A-Za-z]+$'),
  path_ids      uuid[] not null,
  constraint iu_collection_path_rank_key unique (collection_id, sibling_rank),
  constraint iu_collection_path_shape_chk check (cardinality(path_ids) >= 2 and cardinality(path_ids) <= 128 and path_ids[cardinality(path_ids)] = document_id
    and path_ids[cardinality(path_ids) - 1] = collection_id)
);
comment on table iu_collection_path is 'Which collection a document stands in: a small tree of its own, so moving a collection never touches units.';
create unique index iu_collection_path_path_idx on iu_collection_path (path_ids);

insert into event_type_registry (event_domain, event_type, event_stream, delivery_lane, description) values
  ('iu', 'unit_deleted', 'update', 'immediate', 'a draft was taken out of its tree')
on conflict do nothing;

update dot_config set value = value || ', fn_iu_structure_op' where key = 'iu_create.gateway.allowed_marker_values';

-- >>> functions/structure/fn_iu_unit_ref.sql
-- fn_iu_unit_ref(text) returns uuid
--
-- Contract:  the unit that an address or id names. A birth that was undone is no unit any more.
-- Arguments: p_ref: canonical address or id
-- Returns:   its id
-- Raises:    IU601 no such unit
-- Writes:    nothing
-- May call:  iu_emitter, iu_operator, iu_approver, iu_reader
create or replace function fn_iu_unit_ref(p_ref text) returns uuid
language plpgsql
set search_path from current
as $$
declare
  v_id uuid;
begin
  select id into v_id from information_unit where canonical_address = p_ref and deleted_at is null;
  if v_id is null and p_ref ~ '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$' then
    select id into v_id from information_unit where id = p_ref::uuid and deleted_at is null;
  end if;
  if v_id is null then
    raise exception using errcode = 'IU601', message = format('there is no unit %s', quote_nullable(left(p_ref, 200)));
  end if;
  return v_id;
end
$$;
-- <<<

-- >>> functions/structure/fn_iu_tree_birth.sql
-- fn_iu_tree_birth() returns trigger
--
-- Contract:  gives new units their row of iu_tree_path and their contains relation, in one statement for any number of units. A batch may
--            hold parents and children in any order.
-- Arguments: none
-- Returns:   null (statement trigger)
-- Raises:    IU620 deeper than 128 levels
-- Writes:    iu_tree_path, iu_relation
-- May call:  nobody, it is a trigger
create or replace function fn_iu_tree_birth() returns trigger
language plpgsql
security definer
set search_path from current
as $$
begin
  with recursive above as materialized (
    -- the parents that were there before, each looked up once: a join read all rows of iu_tree_path for a large batch
    select p.id, (select t.path_ids from iu_tree_path t where t.unit_id = p.id) as path
      from (select parent_or_container_ref as id from new_units where parent_or_container_ref is not null except select id from new_units) p
  ), down as (
    select n.id, n.id as root, array[n.id] as path from new_units n where n.parent_or_container_ref is null
    union all
    select n.id, a.path[1], a.path || n.id from above a join new_units n on n.parent_or_container_ref = a.id where a.path is not null
    union all
    select n.id, d.root, d.path || n.id from down d join new_units n on n.parent_or_container_ref = d.id
     where cardinality(d.path) <= 128
  )
  insert into iu_tree_path (unit_id, root_unit_id, path_ids, depth)
  select id, root, path, cardinality(path) - 1 from down;
  insert into iu_relation (relation_type, from_unit_id, to_unit_id, sibling_rank, valid_from, created_by)
  -- valid from the same moment as the unit and its first version
  select 'contains', n.parent_or_container_ref, n.id, n.sibling_rank, n.created_at, n.created_by
    from new_units n where n.parent_or_container_ref is not null;
  return null;
exception when check_violation then
  raise exception using errcode = 'IU620', message = 'a unit would stand deeper than 128 levels', hint = 'hang it higher up';
end
$$;
-- <<<

-- >>> functions/structure/fn_iu_tree_hash.sql
-- fn_iu_tree_hash(uuid) returns text
--
-- Contract:  one hash over everything that operations change in a document: which units it has, where each stands, its rank, number and
--            lifecycle, and the collection that the document stands in. Equal hashes mean equal trees.
-- Arguments: p_document_id: unit without parent
-- Returns:   sha256 in hexadecimal; null when it is no document
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_emitter, iu_operator, iu_approver, iu_reader
create or replace function fn_iu_tree_hash(p_document_id uuid) returns text
language plpgsql
set search_path from current
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
begin
  return (
  select encode(sha256(convert_to(
           string_agg(concat_ws(' ', u.id, coalesce(u.parent_or_container_ref::text, '-'),
                                case when t.depth > 0 then u.sibling_rank else '-' end,
                                u.lifecycle_status, coalesce(quote_ident(u.section_code), '-')), E'\n' order by t.path_ids)
           || coalesce(E'\n' || (select concat_ws(' ', c.collection_id, c.sibling_rank) from iu_collection_path c
                                  where c.document_id = p_document_id), ''), 'UTF8')), 'hex')
    from iu_tree_path t
    -- by key, one by one, whatever the statistics say
   cross join lateral (select i.* from information_unit i where i.id = t.unit_id offset 0) u
   where t.root_unit_id = p_document_id
  );
end
$$;
-- <<<

-- >>> functions/structure/fn_iu_tree_is_descendant.sql
-- fn_iu_tree_is_descendant(uuid, uuid) returns boolean
--
-- Contract:  says whether a unit stands below another, in the document or in the tree of collections.
-- Arguments: p_ancestor_id, p_node_id: units
-- Returns:   true below it, false otherwise (also for the unit itself)
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_emitter, iu_operator, iu_approver, iu_reader
create or replace function fn_iu_tree_is_descendant(p_ancestor_id uuid, p_node_id uuid) returns boolean
language plpgsql
set search_path from current
as $$
begin
  -- plpgsql, which keeps its plan: as an SQL function it is planned again in every call
  return p_ancestor_id <> p_node_id and exists (
    select from iu_tree_path t
      left join iu_collection_path c on c.document_id = t.root_unit_id
     where t.unit_id = p_node_id and (p_ancestor_id = any (t.path_ids) or p_ancestor_id = any (c.path_ids)));
end
$$;
-- <<<

-- >>> functions/structure/fn_iu_tree_assert_acyclic.sql
-- fn_iu_tree_assert_acyclic(uuid, uuid) returns void
--
-- Contract:  refuses a parent that is the unit itself or stands below it. Only meaningful while the documents are locked.
-- Arguments: p_unit_id: the unit that moves; p_parent_id: where to
-- Returns:   nothing
-- Raises:    IU602 the move would make a cycle
-- Writes:    nothing
-- May call:  iu_emitter, iu_operator, iu_approver, iu_reader
create or replace function fn_iu_tree_assert_acyclic(p_unit_id uuid, p_parent_id uuid) returns void
language plpgsql
set search_path from current
as $$
begin
  if p_unit_id = p_parent_id or fn_iu_tree_is_descendant(p_unit_id, p_parent_id) then
    raise exception using errcode = 'IU602',
      message = format('unit %s cannot stand below itself or below its own piece %s',
                       (select canonical_address from information_unit where id = p_unit_id),
                       (select canonical_address from information_unit where id = p_parent_id)),
      hint = 'choose a parent outside of what moves';
  end if;
end
$$;
-- <<<

-- >>> functions/structure/fn_iu_tree_verify_document.sql
-- fn_iu_tree_verify_document(uuid) returns text[]
--
-- Contract:  proves one document: every edge obeys path(child) = path(parent) || child, every unit has exactly one row, the active contains
--            relations say the same, and its place in a collection obeys the same rule.
-- Arguments: p_document_id: unit without parent
-- Returns:   the problems as sentences; null when there are none
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_emitter, iu_operator, iu_approver, iu_reader (through fn_iu_tree_verify, which runs as its caller)
create or replace function fn_iu_tree_verify_document(p_document_id uuid) returns text[]
language plpgsql
set search_path from current
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
  v_problems text[];
  v_rows bigint;
  v_edges bigint;
begin
  select array_agg(format('%s: its path is not that of its parent and itself, or the active contains relation says another place',
                          coalesce(u.canonical_address, t.unit_id::text)))
           filter (where u.id is null or u.deleted_at is not null
                      or t.path_ids is distinct from
                         case when u.parent_or_container_ref is null then array[u.id]
                              else (select p.path_ids || u.id from iu_tree_path p where p.unit_id = u.parent_or_container_ref) end
                      or r.from_unit_id is distinct from coalesce(u.parent_or_container_ref, c.collection_id)
                      or r.sibling_rank <> coalesce(c.sibling_rank, u.sibling_rank)
                      or (u.parent_or_container_ref is not null and c.document_id is not null)),
         count(*), coalesce(sum((select count(*) from information_unit b where b.parent_or_container_ref = t.unit_id and b.deleted_at is null)), 0)
    into v_problems, v_rows, v_edges
    -- each row looks its own up by key, whatever the statistics say: as joins they read all units for the few of one document, or paired all
    -- with all before the first analyze
    from iu_tree_path t
    left join lateral (select i.* from information_unit i where i.id = t.unit_id offset 0) u on true
    left join lateral (select k.from_unit_id, k.sibling_rank from iu_relation k
                        where k.to_unit_id = t.unit_id and k.relation_type = 'contains' and k.relation_status = 'active' offset 0) r on true
    left join lateral (select d.* from iu_collection_path d where d.document_id = t.unit_id offset 0) c on true
   where t.root_unit_id = p_document_id;
  if not exists (select from iu_tree_path where unit_id = p_document_id and depth = 0) then
    v_problems := v_problems || format('document %s has no tree', p_document_id);
  elsif v_edges <> v_rows - 1 then
    v_problems := v_problems || format('%s edges, %s rows below the document', v_edges, v_rows - 1);
  end if;
  return v_problems || (
    select array_agg(format('%s: its collection path is not that of its collection and itself', c.document_id))
      from iu_collection_path c
     where c.document_id = p_document_id
       and (c.path_ids <> coalesce((select p.path_ids from iu_collection_path p where p.document_id = c.collection_id), array[c.collection_id])
                          || c.document_id
            or not exists (select from information_unit u where u.id = c.collection_id and u.unit_kind = 'collection'
                                                            and u.parent_or_container_ref is null and u.deleted_at is null)));
end
$$;
-- <<<

-- >>> functions/structure/fn_iu_tree_verify.sql
-- fn_iu_tree_verify(uuid) returns jsonb
--
-- Contract:  proves the projection of one document, or of everything: every edge obeys path(child) = path(parent) || child, every unit
--            has exactly one row, the active contains relations say the same, and the tree of collections obeys the same rule. Paths
--            are finite and strictly longer than their parents', so this alone excludes cycles and orphans.
-- Arguments: p_document_id: null = everything
-- Returns:   {ok, documents, units, problems: [at most 20 sentences]}
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_emitter, iu_operator, iu_approver, iu_reader
create or replace function fn_iu_tree_verify(p_document_id uuid default null) returns jsonb
language plpgsql
set search_path from current
as $$
declare
  v_problems text[];
  v_units bigint;
  v_documents bigint;
  v_living bigint;
begin
  if p_document_id is not null then
    v_problems := fn_iu_tree_verify_document(p_document_id);
    select count(*), count(*) filter (where depth = 0) into v_units, v_documents from iu_tree_path where root_unit_id = p_document_id;
  else
    select count(*), count(*) filter (where depth = 0) into v_units, v_documents from iu_tree_path;
    select count(*) into v_living from information_unit where deleted_at is null;
    select array_agg(problem) into v_problems from (
      (select format('%s: its path is not that of its parent and itself', u.canonical_address) as problem
         from iu_tree_path t join information_unit u on u.id = t.unit_id
         left join iu_tree_path p on p.unit_id = u.parent_or_container_ref
        where u.deleted_at is not null
           or t.path_ids is distinct from case when u.parent_or_container_ref is null then array[u.id] when p.unit_id is not null then p.path_ids || u.id end)
      union all
      (select format('%s units, %s rows of iu_tree_path', v_living, v_units) where v_living <> v_units)
      union all
      (select format('%s: the active contains relation says another place', u.canonical_address)
         from iu_tree_path t join information_unit u on u.id = t.unit_id
         left join iu_relation r on r.to_unit_id = t.unit_id and r.relation_type = 'contains' and r.relation_status = 'active'
         left join iu_collection_path c on c.document_id = t.unit_id
        where r.from_unit_id is distinct from coalesce(u.parent_or_container_ref, c.collection_id)
           or r.sibling_rank <> coalesce(c.sibling_rank, u.sibling_rank)
           or (u.parent_or_container_ref is not null and c.document_id is not null))
      union all
      (select format('%s: its collection path is not that of its collection and itself', c.document_id)
         from iu_collection_path c
         left join iu_collection_path p on p.document_id = c.collection_id
         left join information_unit u on u.id = c.collection_id
        where c.path_ids <> coalesce(p.path_ids, array[c.collection_id]) || c.document_id
           or u.unit_kind <> 'collection' or u.parent_or_container_ref is not null or u.deleted_at is not null)
    ) found;
  end if;
  return jsonb_build_object('ok', v_problems is null, 'documents', v_documents, 'units', v_units,
                            'problems', to_jsonb(coalesce(v_problems[1:20], '{}')));
end
$$;
-- <<<

-- >>> functions/structure/fn_iu_tree_ancestors.sql
-- fn_iu_tree_ancestors(uuid) returns table (unit_id uuid, parent_id uuid, depth integer, ...)
--
-- Contract:  the units above a unit, from the document down to its parent.
-- Arguments: p_unit_id: the unit
-- Returns:   unit_id, parent_id, depth, canonical_address, section_code, title, lifecycle_status, version_id
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_emitter, iu_operator, iu_approver, iu_reader
create or replace function fn_iu_tree_ancestors(p_unit_id uuid)
returns table (unit_id uuid, parent_id uuid, depth integer, canonical_address text, section_code text, title text, lifecycle_status text,
               version_id uuid)
language plpgsql
set search_path from current
as $$
#variable_conflict use_column
begin
  return query
  select u.id, u.parent_or_container_ref, (a.place - 1)::integer, u.canonical_address, u.section_code, u.identity_profile ->> 'title',
         u.lifecycle_status, u.version_anchor_ref
    from iu_tree_path t
   cross join unnest(t.path_ids) with ordinality as a (id, place)
    join information_unit u on u.id = a.id
   where t.unit_id = p_unit_id and a.place <= t.depth
   order by a.place;
end
$$;
-- <<<

-- >>> functions/structure/fn_iu_tree_subtree.sql
-- fn_iu_tree_subtree(uuid, integer) returns table (unit_id uuid, parent_id uuid, depth integer, ...)
--
-- Contract:  a unit and everything below it in reading order: siblings by rank, pieces below their unit.
-- Arguments: p_unit_id: the unit; p_levels: how many levels below it, null = all
-- Returns:   as fn_iu_tree_ancestors; depth counts from the document
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_emitter, iu_operator, iu_approver, iu_reader
create or replace function fn_iu_tree_subtree(p_unit_id uuid, p_levels integer default null)
returns table (unit_id uuid, parent_id uuid, depth integer, canonical_address text, section_code text, title text, lifecycle_status text,
               version_id uuid)
language plpgsql
set search_path from current
as $$
#variable_conflict use_column
begin
  return query
  with recursive top as (
    select t.* from iu_tree_path t where t.unit_id = p_unit_id
  ), member as materialized (
    -- one range of the index: every path that begins with that of the unit
    select t.unit_id, t.depth, t.path_ids, u.parent_or_container_ref as parent_id, u.canonical_address, u.section_code,
           u.identity_profile ->> 'title' as title, u.lifecycle_status, u.version_anchor_ref as version_id, u.sibling_rank
      from top
     cross join lateral (
       select r.* from iu_tree_path r
        where r.root_unit_id = top.root_unit_id and r.path_ids >= top.path_ids
          and r.path_ids < top.path_ids || 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid
          and (p_levels is null or r.depth <= top.depth + p_levels)
       offset 0) t
     -- by key, one by one: with stale statistics a join reads all units for the few of this one
     cross join lateral (select i.* from information_unit i where i.id = t.unit_id offset 0) u
  ), ordered as (
    select m.unit_id, array[]::text[] collate "C" as ranks from member m where m.unit_id = p_unit_id
    union all
    select m.unit_id, o.ranks || m.sibling_rank from ordered o join member m on m.parent_id = o.unit_id
  )
  select m.unit_id, m.parent_id, m.depth, m.canonical_address, m.section_code, m.title, m.lifecycle_status, m.version_id
    from ordered o join member m on m.unit_id = o.unit_id
   order by o.ranks;
end
$$;
-- <<<

-- >>> functions/structure/fn_iu_tree_siblings.sql
-- fn_iu_tree_siblings(uuid) returns table (unit_id uuid, sibling_order bigint, ...)
--
-- Contract:  a unit and its siblings in their order; for a document in a collection the documents of that collection.
-- Arguments: p_unit_id: the unit
-- Returns:   unit_id, sibling_order (from 1), canonical_address, section_code, title, lifecycle_status, is_self
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_emitter, iu_operator, iu_approver, iu_reader
create or replace function fn_iu_tree_siblings(p_unit_id uuid)
returns table (unit_id uuid, sibling_order bigint, canonical_address text, section_code text, title text, lifecycle_status text, is_self boolean)
language plpgsql
set search_path from current
as $$
#variable_conflict use_column
begin
  return query
  with beside as (
    -- a union, because no index serves an OR of the three
    select self.id, self.sibling_rank as rank from information_unit self
     where self.id = p_unit_id and self.parent_or_container_ref is null
       and not exists (select from iu_collection_path own where own.document_id = self.id)
    union all
    select u.id, u.sibling_rank from information_unit self
      join information_unit u on u.parent_or_container_ref = self.parent_or_container_ref where self.id = p_unit_id
    union all
    select d.document_id, d.sibling_rank from iu_collection_path own
      join iu_collection_path d on d.collection_id = own.collection_id where own.document_id = p_unit_id
  )
  select u.id, row_number() over (order by b.rank, u.id), u.canonical_address, u.section_code, u.identity_profile ->> 'title',
         u.lifecycle_status, u.id = p_unit_id
    -- by key, one by one: a plan kept for any unit joined them with all units
    from beside b cross join lateral (select i.* from information_unit i where i.id = b.id offset 0) u
   where u.deleted_at is null
   order by 2;
end
$$;
-- <<<

-- >>> functions/structure/fn_iu_tree_at.sql
-- fn_iu_tree_at(uuid, timestamptz) returns table (unit_id uuid, parent_id uuid, depth integer, ...)
--
-- Contract:  a document, or a unit and what stood below it, as it stood at a moment: places from the contains relations valid then,
--            numbers from the renumberings since, lifecycle from the log. version_seq is the version that was the last one written, maybe a
--            draft; enacted_seq the one in force, null of a unit that was not. In reading order.
-- Arguments: p_document_id: the document or unit, whose depth is 0; p_at: the moment
-- Returns:   unit_id, parent_id, depth, canonical_address, section_code, lifecycle_status, version_id, version_seq, enacted_seq
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_operator, iu_approver, iu_reader
create or replace function fn_iu_tree_at(p_document_id uuid, p_at timestamptz)
returns table (unit_id uuid, parent_id uuid, depth integer, canonical_address text, section_code text, lifecycle_status text,
               version_id uuid, version_seq integer, enacted_seq integer)
language sql
set search_path from current
as $$
  with recursive standing as (
    select u.id, null::uuid as parent_id, 0 as depth, array[]::text[] collate "C" as ranks
      from information_unit u where u.id = p_document_id and u.created_at <= p_at and (u.deleted_at is null or u.deleted_at > p_at)
    union all
    select r.to_unit_id, r.from_unit_id, s.depth + 1, s.ranks || r.sibling_rank
      from standing s
     -- by key, one by one: as a join each unit was compared with every relation of the corpus (4 ms a unit beside 35,000 relations)
     cross join lateral (
       select c.to_unit_id, c.from_unit_id, c.sibling_rank from iu_relation c
        where c.from_unit_id = s.id and c.relation_type = 'contains' and c.attributes ->> 'collection' is null
          and c.valid_from <= p_at and (c.valid_to is null or c.valid_to > p_at)
       offset 0) r
  )
  select u.id, s.parent_id, s.depth,
         -- a birth that was undone gave its address back and had it then
         case when u.deleted_at is null then u.canonical_address
              else coalesce((select b.after ->> 'canonical_address' from iu_structure_change b where b.unit_id = u.id and b.change_kind = 'born'),
                            u.canonical_address) end,
         case when n.relation_id is null then u.section_code else n.attributes ->> 'from' end,
         life.status, v.id, v.version_seq, e.version_seq
    from standing s
    join information_unit u on u.id = s.id
    left join lateral (
      select x.id, x.version_seq from unit_version x where x.unit_id = u.id and x.created_at <= p_at order by x.version_seq desc limit 1
    ) v on true
    left join lateral (
      select x.to_status from iu_lifecycle_log x where x.unit_id = u.id and x.recorded_at <= p_at order by x.log_id desc limit 1
    ) l on true
    left join lateral (
      select x.from_status from iu_lifecycle_log x where x.unit_id = u.id and x.recorded_at > p_at order by x.log_id limit 1
    ) first_l on true
   cross join lateral (select coalesce(l.to_status, first_l.from_status, u.lifecycle_status) as status) life
    left join lateral (
      select x.version_seq from unit_version x
       where x.unit_id = u.id and x.enacted_at <= p_at and life.status = 'enacted' order by x.enacted_at desc, x.version_seq desc limit 1
    ) e on true
    left join lateral (
      -- the first change of number after the moment tells what it was before
      select x.relation_id, x.attributes from iu_relation x
       where x.from_unit_id = u.id and x.relation_type = 'renumbered_from' and x.valid_from > p_at order by x.relation_id limit 1
    ) n on true
   order by s.ranks
$$;
-- <<<

-- >>> functions/structure/fn_iu_tree_at_version.sql
-- fn_iu_tree_at_version(uuid, integer) returns table (unit_id uuid, parent_id uuid, depth integer, ...)
--
-- Contract:  the document of a unit as it stood when a version of that unit was written.
-- Arguments: p_unit_id: the unit; p_version_seq: number of the version
-- Returns:   as fn_iu_tree_at; nothing when there is no such version
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_operator, iu_approver, iu_reader
create or replace function fn_iu_tree_at_version(p_unit_id uuid, p_version_seq integer)
returns table (unit_id uuid, parent_id uuid, depth integer, canonical_address text, section_code text, lifecycle_status text,
               version_id uuid, version_seq integer, enacted_seq integer)
language sql
set search_path from current
as $$
  with recursive moment as (
    select v.created_at from unit_version v where v.unit_id = p_unit_id and v.version_seq = p_version_seq
  ), up as (
    select p_unit_id as id, 0 as level
    union all
    select r.from_unit_id, up.level + 1 from up cross join moment m
     cross join lateral (
       select a.from_unit_id from iu_relation a
        where a.to_unit_id = up.id and a.relation_type = 'contains' and a.attributes ->> 'collection' is null
          and a.valid_from <= m.created_at and (a.valid_to is null or a.valid_to > m.created_at)
       offset 0) r
     where up.level < 128
  )
  select a.* from moment m cross join lateral fn_iu_tree_at((select id from up order by level desc limit 1), m.created_at) a
$$;
-- <<<

-- >>> functions/structure/fn_iu_unit_at.sql
-- fn_iu_unit_at(text, timestamptz) returns table (unit_id uuid, canonical_address text, ...)
--
-- Contract:  what was at an address at a moment. The address is a canonical one, or the document's followed by the numbers below it
--            (DOC/2/5: the piece numbered 5 in the piece numbered 2), which names different units at different times. It is looked for in
--            the document in which it stood then, wherever it stands today.
-- Arguments: p_address: the address; p_at: the moment
-- Returns:   unit_id, canonical_address, number_path, lifecycle_status, version_id, version_seq, enacted_seq (as fn_iu_tree_at)
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_operator, iu_approver, iu_reader
create or replace function fn_iu_unit_at(p_address text, p_at timestamptz)
returns table (unit_id uuid, canonical_address text, number_path text, lifecycle_status text, version_id uuid, version_seq integer,
               enacted_seq integer)
language sql
set search_path from current
as $$
  with recursive named as materialized (
    -- the unit that has the address and those whose addresses begin it up to a slash, looked up one by one
    select f.id from (
      select (select u.id from information_unit u where u.canonical_address = array_to_string(a.parts[1:n.places], '/')) as id
        from (select string_to_array(p_address, '/') as parts) a cross join generate_series(1, cardinality(a.parts)) as n (places)) f
     where f.id is not null
  ), up as (
    -- and from each up through the places of that moment
    select n.id as named_id, n.id, 0 as level from named n
    union all
    select up.named_id, r.from_unit_id, up.level + 1 from up
     cross join lateral (
       select a.from_unit_id from iu_relation a
        where a.to_unit_id = up.id and a.relation_type = 'contains' and a.attributes ->> 'collection' is null
          and a.valid_from <= p_at and (a.valid_to is null or a.valid_to > p_at)
       offset 0) r
     where up.level < 128
  ), document as (
    select distinct u.id, u.canonical_address
      from (select distinct on (up.named_id) up.id from up order by up.named_id, up.level desc) top
      join information_unit u on u.id = top.id
  ), standing as (
    select a.*, d.canonical_address as document_address from document d cross join lateral fn_iu_tree_at(d.id, p_at) a
  ), numbered as (
    select s.unit_id, s.document_address as number_path from standing s where s.depth = 0
    union all
    select s.unit_id, n.number_path || coalesce('/' || s.section_code, '') from numbered n join standing s on s.parent_id = n.unit_id
  )
  select s.unit_id, s.canonical_address, n.number_path, s.lifecycle_status, s.version_id, s.version_seq, s.enacted_seq
    from standing s join numbered n on n.unit_id = s.unit_id
   where s.canonical_address = p_address
      or (n.number_path = p_address and s.section_code is not null and s.lifecycle_status in ('draft', 'enacted'))
$$;
-- <<<

-- >>> functions/structure/fn_iu_structure_ops_enabled.sql
-- fn_iu_structure_ops_enabled() returns boolean
--
-- Contract:  says whether structure operations may be applied and rolled back: gate iu_core.structure_ops_enabled.
-- Arguments: none
-- Returns:   true only while the gate is open
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_emitter, iu_operator, iu_approver, iu_reader
create or replace function fn_iu_structure_ops_enabled() returns boolean
language plpgsql
security definer
set search_path from current
as $$
begin
  return fn_iu_gate_open('iu_core.structure_ops_enabled');
end
$$;
-- <<<

-- >>> functions/structure/fn_iu_structure_note.sql
-- fn_iu_structure_note(bigint, integer, text, uuid, jsonb, jsonb) returns void
--
-- Contract:  writes down one change of an operation; numbers follow the order of the writes.
-- Arguments: p_operation_id, p_step_no: which step; p_kind: a change_kind; p_unit_id: the unit; p_before, p_after: enough to undo it
-- Returns:   nothing
-- Raises:    nothing
-- Writes:    iu_structure_change
-- May call:  internal
create or replace function fn_iu_structure_note(p_operation_id bigint, p_step_no integer, p_kind text, p_unit_id uuid, p_before jsonb, p_after jsonb)
returns void
language plpgsql
set search_path from current
as $$
begin
  insert into iu_structure_change (operation_id, change_no, step_no, change_kind, unit_id, before, after)
  select p_operation_id, coalesce((select max(change_no) from iu_structure_change where operation_id = p_operation_id), 0) + 1,
         p_step_no, p_kind, p_unit_id, p_before, p_after;
end
$$;
-- <<<

-- >>> functions/structure/fn_iu_structure_relate.sql
-- fn_iu_structure_relate(bigint, integer, text, uuid, uuid, jsonb, text) returns void
--
-- Contract:  writes one lineage relation of an operation.
-- Arguments: p_operation_id, p_step_no: which step; p_type: a relation_type; p_from_id, p_to_id: from RELATION to; p_attributes: details;
--            p_actor: who
-- Returns:   nothing
-- Raises:    nothing
-- Writes:    iu_relation, iu_structure_change
-- May call:  internal
create or replace function fn_iu_structure_relate(p_operation_id bigint, p_step_no integer, p_type text, p_from_id uuid, p_to_id uuid,
                                                  p_attributes jsonb, p_actor text) returns void
language plpgsql
set search_path from current
as $$
declare
  v_id bigint;
begin
  insert into iu_relation (relation_type, from_unit_id, to_unit_id, attributes, operation_ref, created_by)
  values (p_type, p_from_id, p_to_id, p_attributes, p_operation_id, p_actor) returning relation_id into v_id;
  perform fn_iu_structure_note(p_operation_id, p_step_no, 'relation', p_from_id, null,
                               jsonb_build_object('relation_id', v_id::text, 'relation_type', p_type, 'to_unit_id', p_to_id));
end
$$;
-- <<<

-- >>> functions/structure/fn_iu_structure_rank.sql
-- fn_iu_structure_rank(uuid, uuid, text, uuid) returns text
--
-- Contract:  a free rank among the children of a parent, or among the documents of a collection. A taken rank is never given again while
--            its unit stands there. Reads the neighbours through the indexes, whatever the number of siblings.
-- Arguments: p_parent_id: parent or collection; p_after_id: sibling to stand after; p_position: first | last, counts when p_after_id is
--            null; p_self_id: the unit that moves, which is no neighbour of itself
-- Returns:   the rank; 'a0' without a parent
-- Raises:    IU605 the sibling does not stand there
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_structure_rank(p_parent_id uuid, p_after_id uuid, p_position text, p_self_id uuid) returns text
language plpgsql
set search_path from current
as $$
declare
  v_left text;
begin
  if p_parent_id is null then
    return 'a0';
  end if;
  if p_after_id is not null then
    select s.rank into v_left
      from (select u.sibling_rank as rank from information_unit u where u.id = p_after_id and u.parent_or_container_ref = p_parent_id
            union all
            select c.sibling_rank from iu_collection_path c where c.document_id = p_after_id and c.collection_id = p_parent_id) s
     where p_after_id is distinct from p_self_id;
    if not found then
      raise exception using errcode = 'IU605',
        message = format('%s does not stand below %s', (select canonical_address from information_unit where id = p_after_id),
                         (select canonical_address from information_unit where id = p_parent_id)),
        hint = 'name a sibling of the new place, or leave "after" out';
    end if;
  elsif p_position = 'last' then
    v_left := greatest(
      (select u.sibling_rank from information_unit u where u.parent_or_container_ref = p_parent_id and u.id is distinct from p_self_id
        order by u.sibling_rank desc limit 1),
      (select c.sibling_rank from iu_collection_path c where c.collection_id = p_parent_id and c.document_id is distinct from p_self_id
        order by c.sibling_rank desc limit 1));
  end if;
  return fn_iu_rank_between(v_left, least(
    (select u.sibling_rank from information_unit u
      where u.parent_or_container_ref = p_parent_id and u.id is distinct from p_self_id and (v_left is null or u.sibling_rank > v_left)
      order by u.sibling_rank limit 1),
    (select c.sibling_rank from iu_collection_path c
      where c.collection_id = p_parent_id and c.document_id is distinct from p_self_id and (v_left is null or c.sibling_rank > v_left)
      order by c.sibling_rank limit 1)));
end
$$;
-- <<<

-- >>> functions/structure/fn_iu_structure_place.sql
-- fn_iu_structure_place(bigint, integer, uuid, uuid, uuid, text, text) returns void
--
-- Contract:  puts a unit and everything below it to another place: adjacency, projection and contains relation in one go. With an
--            operation the change is written down; without one it is being undone. The documents are locked by the caller.
-- Arguments: p_operation_id: null = an undo; p_step_no; p_unit_id; p_parent_id: new parent, null = a document; p_collection_id: the
--            collection of a document; p_rank: among the new siblings; p_actor: who
-- Returns:   nothing
-- Raises:    IU602 cycle, IU609 a collection that has documents cannot become a piece, IU610 the place is taken, IU620 too deep
-- Writes:    information_unit, iu_tree_path, iu_collection_path, iu_relation, iu_structure_change
-- May call:  internal
create or replace function fn_iu_structure_place(p_operation_id bigint, p_step_no integer, p_unit_id uuid, p_parent_id uuid, p_collection_id uuid,
                                                 p_rank text, p_actor text) returns void
language plpgsql
set search_path from current
as $$
declare
  v_old record;
  v_prefix uuid[];
  v_rows bigint := 0;
  c_last constant uuid := 'ffffffff-ffff-ffff-ffff-ffffffffffff';
begin
  select u.canonical_address, u.parent_or_container_ref as parent_id, c.collection_id, coalesce(c.sibling_rank, u.sibling_rank) as rank,
         t.root_unit_id, t.path_ids, t.depth, c.path_ids as collection_path
    into strict v_old
    from information_unit u join iu_tree_path t on t.unit_id = u.id left join iu_collection_path c on c.document_id = u.id
   where u.id = p_unit_id;
  if coalesce(p_parent_id, p_collection_id) is not null then
    perform fn_iu_tree_assert_acyclic(p_unit_id, coalesce(p_parent_id, p_collection_id));
  end if;
  if p_parent_id is not null and v_old.parent_id is null
     and exists (select from iu_collection_path where collection_id = p_unit_id) then
    raise exception using errcode = 'IU609', message = format('collection %s has documents and cannot become a piece', v_old.canonical_address);
  end if;
  -- a document that stays one changes its collection only, which its own row does not tell
  if v_old.parent_id is not null or p_parent_id is not null then
    perform fn_iu_canonical_writer('fn_iu_structure_op');
    update information_unit
       set parent_or_container_ref = p_parent_id, updated_by = p_actor,
           sibling_rank = case when p_parent_id is null then sibling_rank else p_rank end
     where id = p_unit_id;
    perform fn_iu_canonical_writer('');
  end if;
  if v_old.parent_id is distinct from p_parent_id then
    v_prefix := coalesce((select path_ids from iu_tree_path where unit_id = p_parent_id), '{}');
    update iu_tree_path
       set root_unit_id = coalesce(v_prefix[1], p_unit_id), path_ids = v_prefix || path_ids[v_old.depth + 1:],
           depth = cardinality(v_prefix) + depth - v_old.depth
     where root_unit_id = v_old.root_unit_id and path_ids >= v_old.path_ids and path_ids < v_old.path_ids || c_last;
    get diagnostics v_rows = row_count;
  end if;
  if p_collection_id is null then
    delete from iu_collection_path where document_id = p_unit_id;
  else
    v_prefix := coalesce((select path_ids from iu_collection_path where document_id = p_collection_id), array[p_collection_id]);
    insert into iu_collection_path (document_id, collection_id, sibling_rank, path_ids)
    values (p_unit_id, p_collection_id, p_rank, v_prefix || p_unit_id)
    on conflict (document_id) do update set collection_id = excluded.collection_id, sibling_rank = excluded.sibling_rank, path_ids = excluded.path_ids;
  end if;
  if v_old.collection_id is distinct from p_collection_id then
    -- what stands in the moved collection follows; its paths begin with the old path of the collection, or with its bare id
    update iu_collection_path
       set path_ids = (case when p_collection_id is null then array[p_unit_id] else v_prefix || p_unit_id end)
                      || path_ids[cardinality(coalesce(v_old.collection_path, array[p_unit_id])) + 1:]
     where document_id <> p_unit_id and path_ids >= coalesce(v_old.collection_path, array[p_unit_id])
       and path_ids < coalesce(v_old.collection_path, array[p_unit_id]) || c_last;
  end if;
  update iu_relation set relation_status = 'retired', valid_to = greatest(valid_from, fn_iu_stamp())
   where to_unit_id = p_unit_id and relation_type = 'contains' and relation_status = 'active';
  if coalesce(p_parent_id, p_collection_id) is not null then
    insert into iu_relation (relation_type, from_unit_id, to_unit_id, sibling_rank, attributes, operation_ref, created_by)
    values ('contains', coalesce(p_parent_id, p_collection_id), p_unit_id, p_rank,
            case when p_collection_id is null then '{}' else '{"collection": true}'::jsonb end, p_operation_id, p_actor);
  end if;
  if p_operation_id is not null then
    perform fn_iu_structure_note(p_operation_id, p_step_no, 'placed', p_unit_id,
      jsonb_build_object('parent_id', v_old.parent_id, 'collection_id', v_old.collection_id, 'rank', v_old.rank),
      jsonb_build_object('parent_id', p_parent_id, 'collection_id', p_collection_id, 'rank', p_rank, 'tree_rows', v_rows));
  end if;
exception
  when unique_violation then
    raise exception using errcode = 'IU610',
      message = format('the place of %s is taken by %s', v_old.canonical_address,
                       (select canonical_address from information_unit where parent_or_container_ref = p_parent_id and sibling_rank = p_rank
                        union all
                        select u.canonical_address from iu_collection_path c join information_unit u on u.id = c.document_id
                         where c.collection_id = p_collection_id and c.sibling_rank = p_rank limit 1)),
      hint = 'move that unit first';
  when check_violation then
    raise exception using errcode = 'IU620', message = format('%s would stand deeper than 128 levels', v_old.canonical_address),
      hint = 'hang it higher up';
end
$$;
-- <<<

-- >>> functions/structure/fn_iu_structure_mint.sql
-- fn_iu_structure_mint(bigint, integer, jsonb, text, uuid, text, uuid, text) returns uuid
--
-- Contract:  makes one new piece through fn_iu_create_many and writes it down.
-- Arguments: p_operation_id, p_step_no; p_piece: canonical_address, and optionally title, unit_kind, section_type, section_code, owner_ref,
--            identity_profile, content_profile; p_body: its text; p_parent_id; p_rank; p_template_id: a unit whose kind, section type and
--            owner it takes where the piece says nothing; p_actor
-- Returns:   its id
-- Raises:    as fn_iu_create_many; IU603 the piece is no object with an address
-- Writes:    information_unit, unit_version, iu_tree_path, iu_relation, event_outbox, iu_structure_change
-- May call:  internal
create or replace function fn_iu_structure_mint(p_operation_id bigint, p_step_no integer, p_piece jsonb, p_body text, p_parent_id uuid, p_rank text,
                                                p_template_id uuid, p_actor text) returns uuid
language plpgsql
set search_path from current
as $$
declare
  v_template information_unit;
  v_id uuid;
begin
  if jsonb_typeof(p_piece) is distinct from 'object' or coalesce(p_piece ->> 'canonical_address', '') !~ E'\\S' then
    raise exception using errcode = 'IU603', message = format('step %s: a new piece has a canonical_address', p_step_no);
  end if;
  select * into v_template from information_unit where id = p_template_id;
  select m.unit_id into strict v_id
    from fn_iu_create_many(jsonb_build_array(jsonb_strip_nulls(jsonb_build_object(
           'unit_kind', v_template.unit_kind, 'section_type', v_template.section_type, 'owner_ref', v_template.owner_ref,
           'title', p_piece ->> 'canonical_address')
         || jsonb_strip_nulls(p_piece) - 'body'
         || jsonb_build_object('parent_address', (select canonical_address from information_unit where id = p_parent_id),
                               'sibling_rank', case when p_parent_id is not null then p_rank end, 'sort_order', null, 'body', p_body))),
           -- the rank's collation is that of everything here; handed on, the index of addresses would be of no use
           p_actor collate "default") m;
  perform fn_iu_structure_note(p_operation_id, p_step_no, 'born', v_id, null,
    jsonb_build_object('canonical_address', p_piece ->> 'canonical_address', 'parent_id', p_parent_id, 'rank', p_rank,
                       'version_id', (select version_anchor_ref from information_unit where id = v_id)));
  return v_id;
end
$$;
-- <<<

-- >>> functions/structure/fn_iu_structure_end.sql
-- fn_iu_structure_end(bigint, integer, uuid, text, text, text) returns void
--
-- Contract:  ends the life of a unit inside an operation: lifecycle and log, no text and no place changes.
-- Arguments: p_operation_id, p_step_no; p_unit_id; p_status: superseded | deprecated; p_actor; p_reference: approval reference
-- Returns:   nothing
-- Raises:    nothing
-- Writes:    information_unit, iu_lifecycle_log, iu_structure_change
-- May call:  internal
create or replace function fn_iu_structure_end(p_operation_id bigint, p_step_no integer, p_unit_id uuid, p_status text, p_actor text, p_reference text)
returns void
language plpgsql
set search_path from current
as $$
declare
  v_unit information_unit;
begin
  select * into strict v_unit from information_unit where id = p_unit_id for no key update;
  perform fn_iu_stamp(v_unit.updated_at);
  insert into iu_lifecycle_log (unit_id, canonical_address, version_id, from_status, to_status, actor, review_decision_id, reason)
  values (v_unit.id, v_unit.canonical_address, v_unit.version_anchor_ref, v_unit.lifecycle_status, p_status, p_actor, p_reference,
          format('structure operation %s', p_operation_id));
  perform fn_iu_canonical_writer('fn_iu_structure_op');
  update information_unit set lifecycle_status = p_status, updated_by = p_actor where id = p_unit_id;
  perform fn_iu_canonical_writer('');
  perform fn_iu_structure_note(p_operation_id, p_step_no, 'lifecycle', p_unit_id,
    jsonb_build_object('lifecycle_status', v_unit.lifecycle_status, 'version_id', v_unit.version_anchor_ref),
    jsonb_build_object('lifecycle_status', p_status));
end
$$;
-- <<<

-- >>> functions/structure/fn_iu_structure_links.sql
-- fn_iu_structure_links(bigint, integer, uuid, uuid[], text, text) returns void
--
-- Contract:  decides about the living SQL links of a unit whose life ends: they are never inherited silently. The row of the unit is locked
--            first, so that a link that is being made is seen.
-- Arguments: p_operation_id, p_step_no; p_unit_id: the unit; p_targets: the units that take its place; p_policy: block (also null) refuses,
--            copy gives each target a copy, move retires them here and gives the first target a copy, manual_review leaves them and notes
--            it; p_actor
-- Returns:   nothing
-- Raises:    IU603 unknown policy or no target, IU611 living links in the way
-- Writes:    iu_sql_link, iu_structure_change (row lock)
-- May call:  internal
create or replace function fn_iu_structure_links(p_operation_id bigint, p_step_no integer, p_unit_id uuid, p_targets uuid[], p_policy text, p_actor text)
returns void
language plpgsql
set search_path from current
as $$
declare
  v_link iu_sql_link;
  v_target uuid;
  v_copy uuid;
  v_policy text := coalesce(p_policy, 'block');
begin
  if v_policy not in ('block', 'copy', 'move', 'manual_review') or (v_policy in ('copy', 'move') and cardinality(p_targets) = 0) then
    raise exception using errcode = 'IU603', message = format('step %s: link_policy %s is not possible here', p_step_no, left(v_policy, 40)),
      hint = 'block, copy, move, manual_review; without a successor only block and manual_review';
  end if;
  perform from information_unit where id = p_unit_id for no key update;
  for v_link in select * from iu_sql_link where unit_id = p_unit_id and lifecycle_status in ('draft', 'enacted') order by id for update loop
    if v_policy = 'block' then
      raise exception using errcode = 'IU611',
        message = format('unit %s has living SQL links', (select canonical_address from information_unit where id = p_unit_id)),
        hint = 'say link_policy copy, move or manual_review, or retire the links first: iu link retire';
    end if;
    if v_policy = 'manual_review' then
      perform fn_iu_structure_note(p_operation_id, p_step_no, 'review', p_unit_id, null, jsonb_build_object('what', 'sql_link', 'link_id', v_link.id));
      continue;
    end if;
    foreach v_target in array case v_policy when 'copy' then p_targets else p_targets[1:1] end loop
      v_copy := gen_random_uuid();
      insert into iu_sql_link
      select (jsonb_populate_record(v_link, jsonb_build_object('id', v_copy, 'unit_id', v_target, 'created_at', clock_timestamp(), 'created_by', p_actor,
                'idempotency_key', format('iu_op:%s:%s:%s', p_operation_id, v_target, v_link.id)))).*;
      perform fn_iu_structure_note(p_operation_id, p_step_no, 'link_copied', v_target, null,
                                   jsonb_build_object('link_id', v_copy, 'from_link_id', v_link.id));
    end loop;
    if v_policy = 'move' then
      update iu_sql_link set lifecycle_status = 'retired', enabled = false where id = v_link.id;
      perform fn_iu_structure_note(p_operation_id, p_step_no, 'link_moved', p_unit_id,
        jsonb_build_object('link_id', v_link.id, 'lifecycle_status', v_link.lifecycle_status, 'enabled', v_link.enabled),
        jsonb_build_object('lifecycle_status', 'retired', 'enabled', false));
    end if;
  end loop;
end
$$;
-- <<<

-- >>> functions/structure/fn_iu_structure_dependants.sql
-- fn_iu_structure_dependants(bigint, integer, uuid, uuid, text, text, text, text) returns void
--
-- Contract:  decides about the living units directly below a unit whose life ends.
-- Arguments: p_operation_id, p_step_no; p_unit_id: the unit; p_heir_id: the unit that takes its place, or null; p_policy: block (also null)
--            refuses, move hangs them below the heir, lift puts them after the unit (those of a document of a collection become documents
--            of that collection), deprecate ends their life and that of everything below; p_link_policy: the step's; manual_review also
--            leaves the links of what deprecate ends, any other refuses them; p_actor; p_reference: approval reference
-- Returns:   nothing
-- Raises:    IU603 unknown policy or no heir, IU604 living children in the way, as fn_iu_structure_place
-- Writes:    as fn_iu_structure_place and fn_iu_structure_end
-- May call:  internal
create or replace function fn_iu_structure_dependants(p_operation_id bigint, p_step_no integer, p_unit_id uuid, p_heir_id uuid, p_policy text,
                                                      p_link_policy text, p_actor text, p_reference text) returns void
language plpgsql
set search_path from current
as $$
declare
  v_child record;
  v_unit record;
  v_after uuid := p_unit_id;
  v_policy text := coalesce(p_policy, 'block');
begin
  if v_policy not in ('block', 'move', 'lift', 'deprecate') or (v_policy = 'move' and p_heir_id is null) then
    raise exception using errcode = 'IU603', message = format('step %s: dependants %s is not possible here', p_step_no, left(v_policy, 40)),
      hint = 'block, lift, deprecate, and move where a unit takes the place';
  end if;
  select u.parent_or_container_ref as parent_id, c.collection_id, u.canonical_address into v_unit
    from information_unit u left join iu_collection_path c on c.document_id = u.id where u.id = p_unit_id;
  select u.canonical_address into v_child from iu_collection_path c join information_unit u on u.id = c.document_id
   where c.collection_id = p_unit_id and u.deleted_at is null and u.lifecycle_status in ('draft', 'enacted') limit 1;
  if found then
    raise exception using errcode = 'IU604', message = format('collection %s has living documents, such as %s', v_unit.canonical_address, v_child.canonical_address),
      hint = 'move its documents first';
  end if;
  for v_child in
    select c.id, c.canonical_address from information_unit c
     where c.parent_or_container_ref = p_unit_id and c.deleted_at is null and c.lifecycle_status in ('draft', 'enacted')
       and c.id is distinct from p_heir_id
     order by c.sibling_rank
  loop
    case v_policy
    when 'block' then
      raise exception using errcode = 'IU604', message = format('unit %s has living pieces below it, such as %s', v_unit.canonical_address, v_child.canonical_address),
        hint = 'say what becomes of them: dependants lift, deprecate, or move where a unit takes the place';
    when 'move' then
      perform fn_iu_structure_place(p_operation_id, p_step_no, v_child.id, p_heir_id, null,
                                    fn_iu_structure_rank(p_heir_id, null, 'last', v_child.id), p_actor);
    when 'lift' then
      perform fn_iu_structure_place(p_operation_id, p_step_no, v_child.id, v_unit.parent_id, v_unit.collection_id,
                                    fn_iu_structure_rank(coalesce(v_unit.parent_id, v_unit.collection_id), v_after, 'last', v_child.id), p_actor);
      v_after := v_child.id;
    else
      perform fn_iu_structure_links(p_operation_id, p_step_no, v_child.id, '{}',
                                    case when p_link_policy = 'manual_review' then p_link_policy else 'block' end, p_actor);
      perform fn_iu_structure_dependants(p_operation_id, p_step_no, v_child.id, null, 'deprecate', p_link_policy, p_actor, p_reference);
      perform fn_iu_structure_end(p_operation_id, p_step_no, v_child.id, 'deprecated', p_actor, p_reference);
    end case;
  end loop;
end
$$;
-- <<<

-- >>> functions/structure/fn_iu_structure_living.sql
-- fn_iu_structure_living(text) returns information_unit
--
-- Contract:  the living unit that a step names, its row locked so that revisions and enactments wait.
-- Arguments: p_ref: address or id
-- Returns:   the row
-- Raises:    IU206 not alive, IU601 no such unit
-- Writes:    nothing (row lock)
-- May call:  internal
create or replace function fn_iu_structure_living(p_ref text) returns information_unit
language plpgsql
set search_path from current
as $$
declare
  v_unit information_unit;
  -- not in the condition below: a volatile function there would be called for every unit
  v_id uuid := fn_iu_unit_ref(p_ref);
begin
  select * into v_unit from fn_iu_living_unit((select canonical_address from information_unit where id = v_id));
  return v_unit;
end
$$;
-- <<<

-- >>> functions/structure/fn_iu_structure_join.sql
-- fn_iu_structure_join(bigint, integer, uuid, uuid, text) returns void
--
-- Contract:  puts a new document into the collection of the document that it takes the place of, right after it. Nothing for pieces, and for
--            documents outside of collections.
-- Arguments: p_operation_id, p_step_no; p_unit_id: the new one; p_beside_id: what it stands after, or null; p_actor
-- Returns:   nothing
-- Raises:    as fn_iu_structure_place
-- Writes:    as fn_iu_structure_place
-- May call:  internal
create or replace function fn_iu_structure_join(p_operation_id bigint, p_step_no integer, p_unit_id uuid, p_beside_id uuid, p_actor text) returns void
language plpgsql
set search_path from current
as $$
declare
  v_collection uuid := (select collection_id from iu_collection_path where document_id = p_beside_id);
begin
  if v_collection is not null and (select parent_or_container_ref from information_unit where id = p_unit_id) is null then
    perform fn_iu_structure_place(p_operation_id, p_step_no, p_unit_id, null, v_collection,
                                  fn_iu_structure_rank(v_collection, p_beside_id, 'last', p_unit_id), p_actor);
  end if;
end
$$;
-- <<<

-- >>> functions/structure/fn_iu_structure_add.sql
-- fn_iu_structure_add(bigint, integer, jsonb, text, text) returns jsonb
--
-- Contract:  step add_new_piece: {parent?, after?, position?: first|last, derived_from?, piece: {canonical_address, body, ...}}. Without
--            parent the piece is a new document.
-- Arguments: p_operation_id, p_step_no; p_step; p_actor; p_reference: approval reference
-- Returns:   {event_type, unit_id}
-- Raises:    IU206 the parent is not alive, IU601, IU603, IU605, as fn_iu_create_many
-- Writes:    as fn_iu_structure_mint
-- May call:  internal
create or replace function fn_iu_structure_add(p_operation_id bigint, p_step_no integer, p_step jsonb, p_actor text, p_reference text) returns jsonb
language plpgsql
set search_path from current
as $$
declare
  v_parent information_unit;
  v_id uuid;
begin
  if jsonb_typeof(p_step #> '{piece,body}') is distinct from 'string' then
    raise exception using errcode = 'IU603', message = format('step %s: a new piece has a body', p_step_no);
  end if;
  if p_step ->> 'parent' is not null then
    v_parent := fn_iu_structure_living(p_step ->> 'parent');
    perform fn_iu_structure_note(p_operation_id, p_step_no, 'context', v_parent.id, null, null);
  end if;
  v_id := fn_iu_structure_mint(p_operation_id, p_step_no, p_step -> 'piece', p_step #>> '{piece,body}', v_parent.id,
    fn_iu_structure_rank(v_parent.id, case when p_step ->> 'after' is not null then fn_iu_unit_ref(p_step ->> 'after') end,
                         coalesce(p_step ->> 'position', 'last'), null), null, p_actor);
  if p_step ->> 'derived_from' is not null then
    perform fn_iu_structure_relate(p_operation_id, p_step_no, 'derived_from', v_id, fn_iu_unit_ref(p_step ->> 'derived_from'), '{}', p_actor);
  end if;
  return jsonb_build_object('event_type', 'structure_child_added', 'unit_id', v_id);
end
$$;
-- <<<

-- >>> functions/structure/fn_iu_structure_split.sql
-- fn_iu_structure_split(bigint, integer, jsonb, text, text) returns jsonb
--
-- Contract:  step split_large_piece: {unit, offsets: [byte offsets, ascending], pieces: [one more than offsets], mode?: replacement_set |
--            children, link_policy?, dependants?}. The text of the current version is cut at the offsets, so that the pieces joined are the
--            original. replacement_set: the pieces stand after the unit (of a document of a collection in the collection), which is
--            superseded. children: they stand below it, and it stays with its text as the record of the whole.
-- Arguments: p_operation_id, p_step_no; p_step; p_actor; p_reference: approval reference
-- Returns:   {event_type, unit_id}
-- Raises:    IU206, IU601, IU603 malformed step, IU604, IU608 an offset outside of the text or inside a character, IU611
-- Writes:    as fn_iu_structure_mint, fn_iu_structure_relate, fn_iu_structure_end, fn_iu_structure_links, fn_iu_structure_dependants
-- May call:  internal
create or replace function fn_iu_structure_split(p_operation_id bigint, p_step_no integer, p_step jsonb, p_actor text, p_reference text) returns jsonb
language plpgsql
set search_path from current
as $$
declare
  v_unit information_unit;
  v_bytes bytea;
  v_cuts integer[];
  v_mode text := coalesce(p_step ->> 'mode', 'replacement_set');
  v_parent uuid;
  v_after uuid;
  v_id uuid;
  v_ids uuid[] := '{}';
  v_joined text;
begin
  if jsonb_typeof(p_step -> 'offsets') is distinct from 'array' or jsonb_typeof(p_step -> 'pieces') is distinct from 'array'
     or jsonb_array_length(p_step -> 'pieces') <> jsonb_array_length(p_step -> 'offsets') + 1 or jsonb_array_length(p_step -> 'pieces') < 2
     or v_mode not in ('replacement_set', 'children')
     or exists (select from jsonb_array_elements(p_step -> 'offsets') o where o::text !~ '^[0-9]{1,9}$') then
    raise exception using errcode = 'IU603', message = format('step %s: a split has offsets, one more piece than offsets, and a mode', p_step_no),
      hint = 'mode is replacement_set or children';
  end if;
  v_unit := fn_iu_structure_living(p_step ->> 'unit');
  select convert_to(body, 'UTF8') into strict v_bytes from unit_version where id = v_unit.version_anchor_ref;
  select array[0] || array_agg(o::text::integer order by place) || length(v_bytes) into v_cuts
    from jsonb_array_elements(p_step -> 'offsets') with ordinality as x (o, place);
  for i in 2 .. cardinality(v_cuts) loop
    if v_cuts[i] <= v_cuts[i - 1] or v_cuts[i] > length(v_bytes)
       or (v_cuts[i] < length(v_bytes) and get_byte(v_bytes, v_cuts[i]) & 192 = 128) then
      raise exception using errcode = 'IU608', message = format('step %s: byte offset %s is not a cut of a text of %s bytes', p_step_no,
          v_cuts[least(i, cardinality(v_cuts) - 1)], length(v_bytes)),
        hint = 'offsets ascend, lie inside of the text and never inside a character';
    end if;
  end loop;
  v_parent := case v_mode when 'children' then v_unit.id else v_unit.parent_or_container_ref end;
  v_after := case v_mode when 'children' then null else v_unit.id end;
  for i in 1 .. cardinality(v_cuts) - 1 loop
    v_id := fn_iu_structure_mint(p_operation_id, p_step_no, p_step -> 'pieces' -> (i - 1),
      convert_from(substring(v_bytes from v_cuts[i] + 1 for v_cuts[i + 1] - v_cuts[i]), 'UTF8'), v_parent,
      fn_iu_structure_rank(v_parent, v_after, 'last', null), v_unit.id, p_actor);
    perform fn_iu_structure_join(p_operation_id, p_step_no, v_id, v_after, p_actor);
    perform fn_iu_structure_relate(p_operation_id, p_step_no, 'split_from', v_id, v_unit.id,
      jsonb_build_object('byte_start', v_cuts[i], 'byte_end', v_cuts[i + 1], 'version_id', v_unit.version_anchor_ref, 'mode', v_mode), p_actor);
    v_ids := v_ids || v_id;
    v_after := v_id;
  end loop;
  select string_agg(v.body, '' order by x.place) into v_joined
    from unnest(v_ids) with ordinality as x (id, place) join information_unit u on u.id = x.id join unit_version v on v.id = u.version_anchor_ref;
  if convert_to(v_joined, 'UTF8') <> v_bytes then
    raise exception using errcode = 'IU608', message = format('step %s: the pieces joined are not the original', p_step_no);
  end if;
  if v_mode = 'children' then
    -- a split that only records the whole: touched all the same, so that a later change of it is seen
    perform fn_iu_structure_note(p_operation_id, p_step_no, 'lifecycle', v_unit.id,
      jsonb_build_object('lifecycle_status', v_unit.lifecycle_status, 'version_id', v_unit.version_anchor_ref),
      jsonb_build_object('lifecycle_status', v_unit.lifecycle_status));
  else
    perform fn_iu_structure_links(p_operation_id, p_step_no, v_unit.id, v_ids, p_step ->> 'link_policy', p_actor);
    perform fn_iu_structure_dependants(p_operation_id, p_step_no, v_unit.id, v_ids[cardinality(v_ids)], p_step ->> 'dependants', p_step ->> 'link_policy', p_actor, p_reference);
    perform fn_iu_structure_end(p_operation_id, p_step_no, v_unit.id, 'superseded', p_actor, p_reference);
  end if;
  return jsonb_build_object('event_type', 'structure_piece_split', 'unit_id', v_unit.id);
end
$$;
-- <<<

-- >>> functions/structure/fn_iu_structure_merge.sql
-- fn_iu_structure_merge(bigint, integer, jsonb, text, text) returns jsonb
--
-- Contract:  step merge_small_pieces: {units: [two or more siblings], piece: {canonical_address, ...}, separator?, conflict_policy?: block |
--            prefer_target | manual_review, link_policy?, dependants?}. Their texts joined in the order in which they stand (the order
--            of the list does not matter) become a new piece after the last of them; they are superseded. Kinds, section types or owners
--            that differ are a conflict: refused, or what the piece says, or the first unit's and a note for review.
-- Arguments: p_operation_id, p_step_no; p_step; p_actor; p_reference: approval reference
-- Returns:   {event_type, unit_id}
-- Raises:    IU206, IU601, IU603 malformed step, IU604, IU611, IU612 conflict
-- Writes:    as fn_iu_structure_split
-- May call:  internal
create or replace function fn_iu_structure_merge(p_operation_id bigint, p_step_no integer, p_step jsonb, p_actor text, p_reference text) returns jsonb
language plpgsql
set search_path from current
as $$
declare
  v_ids uuid[];
  v_id uuid;
  v_source uuid;
  v_parent uuid;
  v_facts record;
  v_policy text := coalesce(p_step ->> 'conflict_policy', 'block');
begin
  if jsonb_typeof(p_step -> 'units') is distinct from 'array' or jsonb_array_length(p_step -> 'units') < 2
     or v_policy not in ('block', 'prefer_target', 'manual_review') then
    raise exception using errcode = 'IU603', message = format('step %s: a merge has two or more units and a conflict policy', p_step_no),
      hint = 'conflict_policy is block, prefer_target or manual_review';
  end if;
  perform fn_iu_structure_living(r.id::text)
     from (select distinct fn_iu_unit_ref(r) as id from jsonb_array_elements_text(p_step -> 'units') r order by 1) r;
  select array_agg(u.id order by u.sibling_rank) as ids, count(distinct u.parent_or_container_ref) as parents,
         bool_or(u.parent_or_container_ref is null) as has_document, count(distinct (u.unit_kind, u.section_type, u.owner_ref)) as makes,
         string_agg(v.body, coalesce(p_step ->> 'separator', '') order by u.sibling_rank) as body
    into v_facts
    from information_unit u join unit_version v on v.id = u.version_anchor_ref
   where u.id in (select fn_iu_unit_ref(r) from jsonb_array_elements_text(p_step -> 'units') r);
  v_ids := v_facts.ids;
  if cardinality(v_ids) < 2 or v_facts.has_document or v_facts.parents <> 1 then
    raise exception using errcode = 'IU603', message = format('step %s: only different pieces below one parent are merged', p_step_no),
      hint = 'move them together first (reparent_piece)';
  end if;
  if v_facts.makes > 1 and v_policy = 'block' then
    raise exception using errcode = 'IU612', message = format('step %s: kind, section type or owner of the pieces differ', p_step_no),
      hint = 'say conflict_policy prefer_target or manual_review';
  end if;
  select parent_or_container_ref into strict v_parent from information_unit where id = v_ids[1];
  v_id := fn_iu_structure_mint(p_operation_id, p_step_no, p_step -> 'piece', v_facts.body, v_parent,
    fn_iu_structure_rank(v_parent, v_ids[cardinality(v_ids)], 'last', null), v_ids[1], p_actor);
  foreach v_source in array v_ids loop
    perform fn_iu_structure_relate(p_operation_id, p_step_no, 'merged_from', v_id, v_source,
      jsonb_build_object('place', array_position(v_ids, v_source),
                         'version_id', (select version_anchor_ref from information_unit where id = v_source)), p_actor);
    perform fn_iu_structure_links(p_operation_id, p_step_no, v_source, array[v_id], p_step ->> 'link_policy', p_actor);
    perform fn_iu_structure_dependants(p_operation_id, p_step_no, v_source, v_id, p_step ->> 'dependants', p_step ->> 'link_policy', p_actor, p_reference);
    perform fn_iu_structure_end(p_operation_id, p_step_no, v_source, 'superseded', p_actor, p_reference);
  end loop;
  if v_facts.makes > 1 and v_policy = 'manual_review' then
    perform fn_iu_structure_note(p_operation_id, p_step_no, 'review', v_id, null, jsonb_build_object('what', 'merge_conflict', 'units', v_ids));
  end if;
  return jsonb_build_object('event_type', 'structure_pieces_merged', 'unit_id', v_id);
end
$$;
-- <<<

-- >>> functions/structure/fn_iu_structure_deprecate.sql
-- fn_iu_structure_deprecate(bigint, integer, jsonb, text, text) returns jsonb
--
-- Contract:  step deprecate_piece: {unit, dependants?: block | lift | deprecate, link_policy?: block | manual_review}. Text, versions and
--            place stay.
-- Arguments: p_operation_id, p_step_no; p_step; p_actor; p_reference: approval reference
-- Returns:   {event_type, unit_id}
-- Raises:    IU206, IU601, IU603, IU604 living pieces below, IU611 living links
-- Writes:    as fn_iu_structure_end, fn_iu_structure_dependants
-- May call:  internal
create or replace function fn_iu_structure_deprecate(p_operation_id bigint, p_step_no integer, p_step jsonb, p_actor text, p_reference text) returns jsonb
language plpgsql
set search_path from current
as $$
declare
  v_unit information_unit := fn_iu_structure_living(p_step ->> 'unit');
begin
  perform fn_iu_structure_links(p_operation_id, p_step_no, v_unit.id, '{}', p_step ->> 'link_policy', p_actor);
  perform fn_iu_structure_dependants(p_operation_id, p_step_no, v_unit.id, null, p_step ->> 'dependants', p_step ->> 'link_policy', p_actor, p_reference);
  perform fn_iu_structure_end(p_operation_id, p_step_no, v_unit.id, 'deprecated', p_actor, p_reference);
  return jsonb_build_object('event_type', 'structure_piece_deprecated', 'unit_id', v_unit.id);
end
$$;
-- <<<

-- >>> functions/structure/fn_iu_structure_replace.sql
-- fn_iu_structure_replace(bigint, integer, jsonb, text, text) returns jsonb
--
-- Contract:  step replace_piece: {unit, piece: {canonical_address, body, ...}, link_policy?, dependants?: move (also when left out) | block |
--            lift | deprecate}. The new piece stands right after the old one, which is superseded; that of a document of a collection in
--            the collection.
-- Arguments: p_operation_id, p_step_no; p_step; p_actor; p_reference: approval reference
-- Returns:   {event_type, unit_id}
-- Raises:    IU206, IU601, IU603, IU604, IU611, as fn_iu_create_many
-- Writes:    as fn_iu_structure_split
-- May call:  internal
create or replace function fn_iu_structure_replace(p_operation_id bigint, p_step_no integer, p_step jsonb, p_actor text, p_reference text) returns jsonb
language plpgsql
set search_path from current
as $$
declare
  v_unit information_unit := fn_iu_structure_living(p_step ->> 'unit');
  v_id uuid;
begin
  if jsonb_typeof(p_step #> '{piece,body}') is distinct from 'string' then
    raise exception using errcode = 'IU603', message = format('step %s: a new piece has a body', p_step_no);
  end if;
  -- its number goes to the new piece, unless that says another
  v_id := fn_iu_structure_mint(p_operation_id, p_step_no, jsonb_strip_nulls(jsonb_build_object('section_code', v_unit.section_code)) || (p_step -> 'piece'),
    p_step #>> '{piece,body}', v_unit.parent_or_container_ref,
    fn_iu_structure_rank(v_unit.parent_or_container_ref, v_unit.id, 'last', null), v_unit.id, p_actor);
  perform fn_iu_structure_join(p_operation_id, p_step_no, v_id, v_unit.id, p_actor);
  perform fn_iu_structure_relate(p_operation_id, p_step_no, 'supersedes', v_id, v_unit.id, '{}', p_actor);
  perform fn_iu_structure_relate(p_operation_id, p_step_no, 'replaced_by', v_unit.id, v_id, '{}', p_actor);
  perform fn_iu_structure_links(p_operation_id, p_step_no, v_unit.id, array[v_id], p_step ->> 'link_policy', p_actor);
  perform fn_iu_structure_dependants(p_operation_id, p_step_no, v_unit.id, v_id, coalesce(p_step ->> 'dependants', 'move'), p_step ->> 'link_policy',
                                     p_actor, p_reference);
  perform fn_iu_structure_end(p_operation_id, p_step_no, v_unit.id, 'superseded', p_actor, p_reference);
  return jsonb_build_object('event_type', 'structure_piece_replaced', 'unit_id', v_unit.id);
end
$$;
-- <<<

-- >>> functions/structure/fn_iu_structure_reparent.sql
-- fn_iu_structure_reparent(bigint, integer, jsonb, text, text) returns jsonb
--
-- Contract:  step reparent_piece: {unit, parent: address or null, after?, position?: first|last}. Below an ordinary parent, also in another
--            document, everything below the unit goes along. A collection (a document of kind collection) as parent puts the document
--            into it, except a piece of its own, which only changes its place; null makes the unit a document of its own, outside of
--            collections.
-- Arguments: p_operation_id, p_step_no; p_step; p_actor; p_reference: approval reference
-- Returns:   {event_type, unit_id}
-- Raises:    IU206, IU601, IU602 cycle, IU603, IU605, IU606 it stands there already, IU609, IU610, IU620
-- Writes:    as fn_iu_structure_place
-- May call:  internal
create or replace function fn_iu_structure_reparent(p_operation_id bigint, p_step_no integer, p_step jsonb, p_actor text, p_reference text) returns jsonb
language plpgsql
set search_path from current
as $$
declare
  v_unit information_unit := fn_iu_structure_living(p_step ->> 'unit');
  v_parent information_unit;
  v_in_collection boolean := false;
  v_now uuid;
  v_rank text;
begin
  if not p_step ? 'parent' then
    raise exception using errcode = 'IU603', message = format('step %s: a move names its parent, null for a document of its own', p_step_no);
  end if;
  if p_step ->> 'parent' is not null then
    v_parent := fn_iu_structure_living(p_step ->> 'parent');
    v_in_collection := v_parent.unit_kind = 'collection' and v_parent.parent_or_container_ref is null
                       and v_unit.parent_or_container_ref is distinct from v_parent.id;
    perform fn_iu_tree_assert_acyclic(v_unit.id, v_parent.id);
    perform fn_iu_structure_note(p_operation_id, p_step_no, 'context', v_parent.id, null, null);
  end if;
  v_now := coalesce(v_unit.parent_or_container_ref, (select collection_id from iu_collection_path where document_id = v_unit.id));
  v_rank := fn_iu_structure_rank(v_parent.id, case when p_step ->> 'after' is not null then fn_iu_unit_ref(p_step ->> 'after') end,
                                 coalesce(p_step ->> 'position', 'last'), v_unit.id);
  if v_now is not distinct from v_parent.id and (v_now is null or (not p_step ? 'after' and not p_step ? 'position')) then
    raise exception using errcode = 'IU606', message = format('%s stands there already', v_unit.canonical_address),
      hint = 'say after or position to change its place among the siblings';
  end if;
  perform fn_iu_structure_place(p_operation_id, p_step_no, v_unit.id, case when not v_in_collection then v_parent.id end,
                                case when v_in_collection then v_parent.id end, v_rank, p_actor);
  return jsonb_build_object('event_type', 'structure_op_applied', 'unit_id', v_unit.id);
end
$$;
-- <<<

-- >>> functions/structure/fn_iu_structure_renumber.sql
-- fn_iu_structure_renumber(bigint, integer, jsonb, text, text) returns jsonb
--
-- Contract:  step renumber_piece: {unit, section_code, after?, position?}. The unit gets another number, and with after or position another
--            place among its siblings. Its canonical address never changes; the relation renumbered_from keeps the number it had, so
--            that old citations are found (fn_iu_unit_at).
-- Arguments: p_operation_id, p_step_no; p_step; p_actor; p_reference: approval reference
-- Returns:   {event_type, unit_id}
-- Raises:    IU206, IU601, IU603, IU605, IU606 it has that number already
-- Writes:    information_unit, iu_relation, iu_structure_change, as fn_iu_structure_place
-- May call:  internal
create or replace function fn_iu_structure_renumber(p_operation_id bigint, p_step_no integer, p_step jsonb, p_actor text, p_reference text) returns jsonb
language plpgsql
set search_path from current
as $$
declare
  v_unit information_unit := fn_iu_structure_living(p_step ->> 'unit');
  v_code text := p_step ->> 'section_code';
  v_moves boolean := p_step ? 'after' or p_step ? 'position';
begin
  if coalesce(v_code, '') !~ E'\\S' or length(v_code) > 200 then
    raise exception using errcode = 'IU603', message = format('step %s: a renumbering has a section_code', p_step_no);
  end if;
  if v_code = v_unit.section_code and not v_moves then
    raise exception using errcode = 'IU606', message = format('%s has that number already', v_unit.canonical_address);
  end if;
  perform fn_iu_canonical_writer('fn_iu_structure_op');
  update information_unit set section_code = v_code, updated_by = p_actor where id = v_unit.id;
  perform fn_iu_canonical_writer('');
  insert into iu_relation (relation_type, from_unit_id, to_unit_id, attributes, operation_ref, created_by)
  values ('renumbered_from', v_unit.id, v_unit.id, jsonb_build_object('from', v_unit.section_code, 'to', v_code), p_operation_id, p_actor);
  perform fn_iu_structure_note(p_operation_id, p_step_no, 'numbered', v_unit.id,
                               jsonb_build_object('section_code', v_unit.section_code), jsonb_build_object('section_code', v_code));
  if v_moves then
    perform fn_iu_structure_reparent(p_operation_id, p_step_no,
      p_step || jsonb_build_object('parent', coalesce(v_unit.parent_or_container_ref,
                                   (select collection_id from iu_collection_path where document_id = v_unit.id))), p_actor, p_reference);
  end if;
  return jsonb_build_object('event_type', 'structure_piece_renumbered', 'unit_id', v_unit.id);
end
$$;
-- <<<

-- >>> functions/structure/fn_iu_structure_step.sql
-- fn_iu_structure_step(bigint, integer, jsonb, text, text) returns jsonb
--
-- Contract:  does one step of an operation by its operation_type.
-- Arguments: p_operation_id, p_step_no; p_step; p_actor; p_reference: approval reference
-- Returns:   {event_type, unit_id}
-- Raises:    IU603 unknown operation type, as the functions of the steps
-- Writes:    as the functions of the steps
-- May call:  internal
create or replace function fn_iu_structure_step(p_operation_id bigint, p_step_no integer, p_step jsonb, p_actor text, p_reference text) returns jsonb
language plpgsql
set search_path from current
as $$
begin
  return case p_step ->> 'operation_type'
    when 'add_new_piece' then fn_iu_structure_add(p_operation_id, p_step_no, p_step, p_actor, p_reference)
    when 'split_large_piece' then fn_iu_structure_split(p_operation_id, p_step_no, p_step, p_actor, p_reference)
    when 'merge_small_pieces' then fn_iu_structure_merge(p_operation_id, p_step_no, p_step, p_actor, p_reference)
    when 'deprecate_piece' then fn_iu_structure_deprecate(p_operation_id, p_step_no, p_step, p_actor, p_reference)
    when 'replace_piece' then fn_iu_structure_replace(p_operation_id, p_step_no, p_step, p_actor, p_reference)
    when 'reparent_piece' then fn_iu_structure_reparent(p_operation_id, p_step_no, p_step, p_actor, p_reference)
    when 'renumber_piece' then fn_iu_structure_renumber(p_operation_id, p_step_no, p_step, p_actor, p_reference)
  end;
end
$$;
-- <<<

-- >>> functions/structure/fn_iu_structure_lock.sql
-- fn_iu_structure_lock(uuid[], boolean) returns uuid[]
--
-- Contract:  locks what an operation touches before anything is judged: the tree of collections (one lock) when a document or a collection
--            moves, then the rows of all documents by id (fn_iu_lock_documents, which looks again and starts over when a unit has moved
--            meanwhile).
-- Arguments: p_units: units that the operation names or changed; p_moves_documents: whether the tree of collections is touched
-- Returns:   ids of the locked documents
-- Raises:    IU217 the units kept moving, IU301 not READ COMMITTED, IU302 read-only
-- Writes:    nothing (locks)
-- May call:  internal
create or replace function fn_iu_structure_lock(p_units uuid[], p_moves_documents boolean) returns uuid[]
language plpgsql
set search_path from current
as $$
begin
  -- a snapshot that is kept for the whole transaction would not see where a unit has moved
  perform fn_iu_require_read_committed();
  if p_moves_documents then
    perform pg_advisory_xact_lock(hashtextextended('iu collection tree ' || current_schema(), 0));
  end if;
  return fn_iu_lock_documents(p_units);
end
$$;
-- <<<

-- >>> functions/structure/fn_iu_tree_verify_part.sql
-- fn_iu_tree_verify_part(uuid[]) returns text
--
-- Contract:  proves the part of the trees that an operation wrote: these units and everything below them. Every child by adjacency has its
--            row with path(child) = path(parent) || child, there is no other row (none was left behind), and the active contains relations
--            and the collection paths of the units say the same. A tree that was whole before is whole when this holds; fn_iu_tree_verify
--            proves a whole document without that assumption. Costs what moved, not what the document holds.
-- Arguments: p_unit_ids: units whose place was written, each once; one whose birth was undone has no row left
-- Returns:   the first problem as a sentence, or null
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_tree_verify_part(p_unit_ids uuid[]) returns text
language plpgsql
set search_path from current
-- rows by key: a kept plan that reads the small tree of collections whole does so once a document (7 ms for 100)
set enable_seqscan = off
as $$
declare
  v_problem text;
  v_found record;
begin
  -- what each unit says of itself
  select format('%s: its path or its active contains relation says another place', u.canonical_address) into v_problem
    from unnest(p_unit_ids) x (id)
   cross join lateral (select i.* from information_unit i where i.id = x.id offset 0) u
    left join lateral (select p.* from iu_tree_path p where p.unit_id = x.id offset 0) t on true
    left join lateral (select k.* from iu_relation k
                        where k.to_unit_id = x.id and k.relation_type = 'contains' and k.relation_status = 'active' offset 0) r on true
    left join lateral (select d.* from iu_collection_path d where d.document_id = x.id offset 0) c on true
   where case when u.deleted_at is not null then t.unit_id is not null or r.relation_id is not null or c.document_id is not null
              else t.path_ids is distinct from
                     case when u.parent_or_container_ref is null then array[u.id]
                          else (select a.path_ids || u.id from iu_tree_path a where a.unit_id = u.parent_or_container_ref) end
                or r.from_unit_id is distinct from coalesce(u.parent_or_container_ref, c.collection_id)
                or r.sibling_rank <> coalesce(c.sibling_rank, u.sibling_rank)
                or (u.parent_or_container_ref is not null and c.document_id is not null) end
   limit 1;
  if v_problem is not null then
    return v_problem;
  end if;
  with outermost as materialized (
    select t.* from unnest(p_unit_ids) x (id)
     cross join lateral (select p.* from iu_tree_path p where p.unit_id = x.id offset 0) t
     where not t.path_ids[1:t.depth] && p_unit_ids
  ), part as materialized (
    select t.unit_id, t.path_ids
      from outermost o
     cross join lateral (
       select r.unit_id, r.path_ids from iu_tree_path r
        where r.root_unit_id = o.root_unit_id and r.path_ids >= o.path_ids
          and r.path_ids < o.path_ids || 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid
       offset 0) t
  ), parent as materialized (
    select coalesce(array_agg(unit_id), '{}') as ids from part
  ), child as materialized (
    -- one scan of the index of places for all of them; one for each was two thirds of the proof
    select c.id, c.parent_id
      from parent
     cross join lateral (
       select u.id, u.parent_or_container_ref as parent_id from information_unit u
        where u.parent_or_container_ref = any (parent.ids) and u.deleted_at is null offset 0) c
  )
  -- Set operations are hashed; as a join of two sets of unknown size they were planned as a loop in a loop (100 ms for 1,000 units). A path
  -- ends with its unit (a check of the table), so that the row whose path is all of it but the end is the row of the parent.
  select (select count(*) from child) as edges, (select count(*) from part) - (select count(*) from outermost) as below,
         coalesce(
           (select id from (select id, parent_id from child
                            except select unit_id, path_ids[cardinality(path_ids) - 1] from part) e limit 1),
           (select p.unit_id from part p
             where p.path_ids[1:cardinality(p.path_ids) - 1] = (
               select m.path_ids from (select path_ids[1:cardinality(path_ids) - 1] as path_ids from part
                                        where unit_id not in (select unit_id from outermost)
                                       except select path_ids from part) m limit 1) limit 1)) as unit_id
    into v_found;
  if v_found.unit_id is not null then
    return format('%s: its path is not that of its parent and itself', (select canonical_address from information_unit where id = v_found.unit_id));
  elsif v_found.edges <> v_found.below then
    return format('%s units stand below the moved ones, %s rows tell so', v_found.edges, v_found.below);
  end if;
  -- documents in collections: those that were placed, and everything in a collection that was
  with inside as materialized (
    select d.document_id as id
      from unnest(p_unit_ids) x (id)
      left join lateral (select o.* from iu_collection_path o where o.document_id = x.id offset 0) own on true
     cross join lateral (
       select c.document_id from iu_collection_path c
        where c.path_ids >= coalesce(own.path_ids, array[x.id])
          and c.path_ids < coalesce(own.path_ids, array[x.id]) || 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid
       offset 0) d
    union select unnest(p_unit_ids)
  )
  select format('%s: its collection path is not that of its collection and itself', c.document_id) into v_problem
    from inside i
   cross join lateral (
     select e.* from iu_collection_path e where e.document_id = i.id
     union all
     select e.* from iu_collection_path e where e.collection_id = i.id
     offset 0) c
   where c.path_ids <> coalesce((select p.path_ids from iu_collection_path p where p.document_id = c.collection_id), array[c.collection_id])
                       || c.document_id
   limit 1;
  return v_problem;
end
$$;
-- <<<

-- >>> functions/structure/fn_iu_structure_digest.sql
-- fn_iu_structure_digest(bigint, boolean) returns text
--
-- Contract:  one hash over the units that an operation placed, numbered, ended or made: place, rank, number and lifecycle of each, as in the
--            lines of fn_iu_tree_hash. Costs what the operation touched, not what its documents hold. An operation and its rollback write no
--            other line, so equal digests before and after both mean equal tree hashes.
-- Arguments: p_operation_id; p_before: true = as they stood before the operation, from what it wrote down; false = as they stand now
-- Returns:   sha256 in hexadecimal; null when none of them stands in a tree
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_structure_digest(p_operation_id bigint, p_before boolean) returns text
language plpgsql
set search_path from current
as $$
begin
  -- plpgsql, which keeps its plan: as an SQL function it is planned again in every call (0.7 ms)
  return (
    with touched as materialized (
      select c.unit_id, bool_or(c.change_kind = 'born') as is_born,
             (array_agg(c.before order by c.change_no) filter (where c.change_kind = 'placed'))[1] as place,
             (array_agg(c.before order by c.change_no) filter (where c.change_kind = 'lifecycle'))[1] as life,
             (array_agg(c.before order by c.change_no) filter (where c.change_kind = 'numbered'))[1] as number
        from iu_structure_change c
       where c.operation_id = p_operation_id and c.change_kind in ('born', 'placed', 'lifecycle', 'numbered')
       group by c.unit_id
    ), standing as (
      select x.unit_id,
             case when p_before and x.place is not null then coalesce(x.place ->> 'parent_id', x.place ->> 'collection_id')
                  else coalesce(u.parent_or_container_ref, p.collection_id)::text end as container,
             case when p_before and x.place is not null then x.place ->> 'rank' else coalesce(p.sibling_rank, u.sibling_rank) end as rank,
             case when p_before and x.life is not null then x.life ->> 'lifecycle_status' else u.lifecycle_status end as status,
             case when p_before and x.number is not null then x.number ->> 'section_code' else u.section_code end as code
        from touched x
        join information_unit u on u.id = x.unit_id
        left join iu_collection_path p on p.document_id = x.unit_id
       where case when p_before then not x.is_born else (select t.unit_id from iu_tree_path t where t.unit_id = x.unit_id) is not null end
    )
    select encode(sha256(convert_to(string_agg(
             concat_ws(' ', s.unit_id, coalesce(s.container, '-'), case when s.container is null then '-' else s.rank end, s.status,
                       coalesce(quote_ident(s.code), '-')), E'\n' order by s.unit_id), 'UTF8')), 'hex')
      from standing s
  );
end
$$;
-- <<<

-- >>> functions/structure/fn_iu_structure_run.sql
-- fn_iu_structure_run(bigint, jsonb, text, text, boolean) returns jsonb
--
-- Contract:  does the steps of an operation under its locks, and proves what it wrote. A plan calls it too and undoes everything.
-- Arguments: p_operation_id; p_steps: normalized; p_actor; p_reference: approval reference; p_whole: true also proves and hashes the whole
--            documents (a plan), false only the part that was written (an apply, which costs what moves and not what the documents hold)
-- Returns:   {steps: [{step_no, event_type, unit_id}], before_hash, after_hash (fn_iu_structure_digest), documents: {id: {before_hash,
--            after_hash}} (fn_iu_tree_hash; empty unless p_whole)}
-- Raises:    as the steps; IU613 a tree is broken afterwards
-- Writes:    as the steps
-- May call:  internal
create or replace function fn_iu_structure_run(p_operation_id bigint, p_steps jsonb, p_actor text, p_reference text, p_whole boolean) returns jsonb
language plpgsql
set search_path from current
as $$
declare
  v_units uuid[];
  v_documents uuid[];
  v_document uuid;
  v_before jsonb := '{}';
  v_result jsonb := '[]';
  v_hashes jsonb := '{}';
  v_problem text;
  v_step jsonb;
  v_no integer := 0;
begin
  v_units := fn_iu_structure_named(p_steps);
  -- and the collections that named documents stand in
  v_units := v_units || array(select c.collection_id from iu_collection_path c where c.document_id = any (v_units));
  v_documents := fn_iu_structure_lock(v_units, exists (
    select from jsonb_array_elements(p_steps) s
     where (s ->> 'operation_type' in ('reparent_piece', 'renumber_piece', 'replace_piece', 'split_large_piece') or s ->> 'dependants' = 'lift')
       and (s ->> 'operation_type' = 'reparent_piece' and s ->> 'parent' is null
            or (select u.parent_or_container_ref is not null and u.unit_kind <> 'collection'
                  from information_unit u where u.canonical_address = s ->> 'unit') is not true
            or (select p.unit_kind from information_unit p where p.canonical_address = s ->> 'parent') = 'collection')));
  if p_whole then
    foreach v_document in array v_documents loop
      v_before := v_before || jsonb_build_object(v_document, fn_iu_tree_hash(v_document));
    end loop;
  end if;
  for v_step in select jsonb_array_elements(p_steps) loop
    v_no := v_no + 1;
    v_result := v_result || jsonb_build_array(fn_iu_structure_step(p_operation_id, v_no, v_step, p_actor, p_reference) || jsonb_build_object('step_no', v_no));
  end loop;
  v_problem := fn_iu_tree_verify_part(array(select distinct unit_id from iu_structure_change
                                             where operation_id = p_operation_id and change_kind in ('born', 'placed')));
  if p_whole then
    for v_document in
      select d.id from (select unnest(v_documents) as id union select unnest(fn_iu_document_of(array(
                        select unit_id from iu_structure_change where operation_id = p_operation_id)))) d
    loop
      if v_problem is null and exists (select from iu_tree_path where unit_id = v_document and depth = 0) then
        v_problem := (fn_iu_tree_verify_document(v_document))[1];
      end if;
      v_hashes := v_hashes || jsonb_build_object(v_document, jsonb_build_object('before_hash', v_before -> v_document::text,
                                                                               'after_hash', fn_iu_tree_hash(v_document)));
    end loop;
  end if;
  if v_problem is not null then
    raise exception using errcode = 'IU613', message = format('the operation would leave a broken tree: %s', v_problem),
      hint = 'nothing was changed; fn_iu_tree_verify() tells what was broken before';
  end if;
  return jsonb_build_object('steps', v_result, 'before_hash', fn_iu_structure_digest(p_operation_id, true),
                            'after_hash', fn_iu_structure_digest(p_operation_id, false), 'documents', v_hashes);
end
$$;
-- <<<

-- >>> functions/structure/fn_iu_structure_normalize.sql
-- fn_iu_structure_normalize(jsonb) returns jsonb
--
-- Contract:  the steps of an operation in one form: always an array, units by address, lists of units sorted, so that the same request
--            gives the same key in whatever order its ids and keys stand.
-- Arguments: p_operation: one step, or an array of steps, or {operations: [steps]}
-- Returns:   array of steps
-- Raises:    IU603 no steps, too many (1,000), a step of unknown type, or with a key or position that nothing reads
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_structure_normalize(p_operation jsonb) returns jsonb
language plpgsql
set search_path from current
as $$
declare
  c_keys constant text[] := array['operation_type', 'unit', 'units', 'parent', 'after', 'position', 'derived_from', 'piece', 'pieces', 'offsets', 'mode',
                                  'section_code', 'separator', 'conflict_policy', 'link_policy', 'dependants'];
  c_id constant text := '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$';
  v_steps jsonb := case when jsonb_typeof(p_operation) = 'array' then p_operation
                        when jsonb_typeof(p_operation -> 'operations') = 'array' then p_operation -> 'operations'
                        else jsonb_build_array(p_operation) end;
  v_step jsonb;
  v_key text;
  v_result jsonb := '[]';
begin
  if jsonb_array_length(v_steps) not between 1 and 1000 then
    raise exception using errcode = 'IU603', message = 'an operation has 1 to 1,000 steps';
  end if;
  for v_step in select jsonb_array_elements(v_steps) loop
    if jsonb_typeof(v_step) <> 'object' or coalesce(v_step ->> 'operation_type', '') not in ('add_new_piece', 'split_large_piece',
         'merge_small_pieces', 'deprecate_piece', 'replace_piece', 'reparent_piece', 'renumber_piece') then
      raise exception using errcode = 'IU603', message = format('step %s has no known operation_type', jsonb_array_length(v_result) + 1),
        hint = 'add_new_piece, split_large_piece, merge_small_pieces, deprecate_piece, replace_piece, reparent_piece, renumber_piece';
    end if;
    -- a misspelt wish is not one that was not made
    select k into v_key from jsonb_object_keys(v_step) k where k <> all (c_keys) limit 1;
    if found or v_step ->> 'position' not in ('first', 'last') then
      raise exception using errcode = 'IU603', message = format('step %s has %s, which nothing reads', jsonb_array_length(v_result) + 1,
          coalesce('the key ' || quote_ident(v_key), 'the position ' || quote_nullable(v_step ->> 'position'))),
        hint = 'keys: ' || array_to_string(c_keys, ', ') || '; position is first or last';
    end if;
    foreach v_key in array array['unit', 'parent', 'after', 'derived_from'] loop
      v_step := v_step || coalesce((select jsonb_build_object(v_key, u.canonical_address) from information_unit u where u.id = case when v_step ->> v_key ~ c_id then (v_step ->> v_key)::uuid end), '{}');
    end loop;
    if jsonb_typeof(v_step -> 'units') = 'array' then
      v_step := v_step || jsonb_build_object('units', (select jsonb_agg(ref order by ref collate "C") from (
        select distinct coalesce((select u.canonical_address from information_unit u where u.id = case when r ~ c_id then r::uuid end), r) as ref
          from jsonb_array_elements_text(v_step -> 'units') r) refs));
    end if;
    v_result := v_result || jsonb_build_array(v_step);
  end loop;
  return v_result;
end
$$;
-- <<<

-- >>> functions/structure/fn_iu_structure_preview.sql
-- fn_iu_structure_preview(uuid[], uuid[], integer) returns jsonb
--
-- Contract:  the trees of some documents as lines to show, in reading order, dead pieces included. A document of more units than p_limit is
--            shown in part: the touched units, what stands above them and beside them.
-- Arguments: p_document_ids; p_unit_ids: the touched units; p_limit: lines of a document
-- Returns:   [{document: address, units: how many it has, collection: address of the one it stands in, place: from 1 in it, lines: [{address,
--            depth, number, status}]}], by address
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_structure_preview(p_document_ids uuid[], p_unit_ids uuid[], p_limit integer) returns jsonb
language plpgsql
set search_path from current
as $$
declare
  v_document record;
  v_lines jsonb;
  v_result jsonb := '[]';
begin
  for v_document in
    select t.root_unit_id as id, (select canonical_address from information_unit where id = t.root_unit_id) as address, count(*) as units,
           (select k.canonical_address from iu_collection_path c join information_unit k on k.id = c.collection_id
             where c.document_id = t.root_unit_id) as collection,
           (select count(*) from iu_collection_path c join iu_collection_path d on d.collection_id = c.collection_id and d.sibling_rank <= c.sibling_rank
             where c.document_id = t.root_unit_id) as place
      from iu_tree_path t where t.root_unit_id = any (p_document_ids) group by t.root_unit_id order by 2
  loop
    if v_document.units <= p_limit then
      select jsonb_agg(jsonb_build_object('address', s.canonical_address, 'depth', s.depth, 'number', s.section_code, 'status', s.lifecycle_status)
                       order by s.place) into v_lines
        from (select x.*, row_number() over () as place from fn_iu_tree_subtree(v_document.id) x) s;
    else
      select jsonb_agg(jsonb_build_object('address', s.canonical_address, 'depth', s.depth, 'number', s.section_code, 'status', s.lifecycle_status)
                       order by s.rank_path) into v_lines
        from (select v.* from v_iu_tree v
               where v.unit_id in (
                 select unnest(t.path_ids) from iu_tree_path t where t.unit_id = any (p_unit_ids)
                 union
                 (select b.id from information_unit u join information_unit b on b.parent_or_container_ref = u.parent_or_container_ref
                   where u.id = any (p_unit_ids) and b.deleted_at is null limit p_limit))
                 and v.root_unit_id = v_document.id
               order by v.rank_path limit p_limit) s;
    end if;
    v_result := v_result || jsonb_build_array(jsonb_build_object('document', v_document.address, 'units', v_document.units,
      'collection', v_document.collection, 'place', nullif(v_document.place, 0), 'lines', coalesce(v_lines, '[]')));
  end loop;
  return v_result;
end
$$;
-- <<<

-- >>> functions/structure/fn_iu_structure_claim.sql
-- fn_iu_structure_claim(bigint, text, text) returns iu_structure_operation
--
-- Contract:  what apply and rollback have in common before they look at the operation: actor, approval, gate, and the row locked.
-- Arguments: p_operation_id, p_actor, p_approval_ref: as fn_iu_structure_op_apply
-- Returns:   the row
-- Raises:    IU216, IU614, IU615, IU616
-- Writes:    nothing (row lock)
-- May call:  internal
create or replace function fn_iu_structure_claim(p_operation_id bigint, p_actor text, p_approval_ref text) returns iu_structure_operation
language plpgsql
set search_path from current
as $$
declare
  v_operation iu_structure_operation;
begin
  if coalesce(btrim(p_actor), '') = '' then
    raise exception using errcode = 'IU216', message = 'a structure operation names its actor';
  end if;
  if coalesce(btrim(p_approval_ref), '') = '' then
    raise exception using errcode = 'IU616', message = 'a structure operation names the approval that allows it';
  end if;
  perform pg_advisory_xact_lock_shared(fn_iu_gate_lock_key('structure_ops_enabled'));
  if not fn_iu_structure_ops_enabled() then
    raise exception using errcode = 'IU615', message = 'the gate iu_core.structure_ops_enabled is closed',
      hint = 'iu gate open structure_ops_enabled --reason TEXT';
  end if;
  select * into v_operation from iu_structure_operation where operation_id = p_operation_id for update;
  if not found then
    raise exception using errcode = 'IU614', message = format('there is no structure operation %s', p_operation_id);
  end if;
  return v_operation;
end
$$;
-- <<<

-- >>> functions/structure/fn_iu_structure_named.sql
-- fn_iu_structure_named(jsonb) returns uuid[]
--
-- Contract:  the units that steps name and that exist: unit, parent, after, derived_from and units.
-- Arguments: p_steps: normalized steps
-- Returns:   ids, each once
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_structure_named(p_steps jsonb) returns uuid[]
language plpgsql
set search_path from current
as $$
begin
  -- plpgsql, which keeps its plan: as an SQL function it is planned again in every call
  return (
    -- one look-up a name: as a join the planner would now and then read all units
    select coalesce(array_agg(f.id), '{}')
      from (select (select u.id from information_unit u where u.canonical_address = named.ref) as id
              from (select n.ref from jsonb_array_elements(p_steps) s
                     cross join lateral (values (s ->> 'unit'), (s ->> 'parent'), (s ->> 'after'), (s ->> 'derived_from')) as n (ref)
                    union
                    select r from jsonb_array_elements(p_steps) s
                     cross join lateral jsonb_array_elements_text(case when jsonb_typeof(s -> 'units') = 'array' then s -> 'units' else '[]' end) r) named
             where named.ref is not null) f
     where f.id is not null
  );
end
$$;
-- <<<

-- >>> functions/structure/fn_iu_structure_events.sql
-- fn_iu_structure_events(bigint, text) returns jsonb
--
-- Contract:  the events of an operation.
-- Arguments: p_operation_id; p_phase: apply | rollback
-- Returns:   {event_emitted, events: [{step_no, event_type, event_id}]}
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_structure_events(p_operation_id bigint, p_phase text) returns jsonb
language plpgsql
set search_path from current
as $$
begin
  -- plpgsql, which keeps its plan: as an SQL function it is planned again in every call
  return (
    select jsonb_build_object('event_emitted', bool_and(event_id is not null),
                              'events', jsonb_agg(jsonb_build_object('step_no', step_no, 'event_type', event_type, 'event_id', event_id) order by step_no))
      from iu_structure_event where operation_id = p_operation_id and phase = p_phase
  );
end
$$;
-- <<<

-- >>> functions/structure/fn_iu_structure_said.sql
-- fn_iu_structure_said(iu_structure_operation, boolean) returns jsonb
--
-- Contract:  an operation as the functions of this room answer it.
-- Arguments: p_operation: the row; p_replayed: whether it was there before the call
-- Returns:   {operation_id, operation_type, status, idempotency_key, replayed, step_count, impact}
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_structure_said(p_operation iu_structure_operation, p_replayed boolean) returns jsonb
language plpgsql
set search_path from current
as $$
begin
  return jsonb_build_object('operation_id', p_operation.operation_id::text, 'operation_type', p_operation.operation_type,
                            'status', p_operation.operation_status, 'idempotency_key', p_operation.idempotency_key,
                            'replayed', p_replayed, 'step_count', p_operation.step_count,
                            'impact', p_operation.impact_summary);
end
$$;
-- <<<

-- >>> functions/structure/fn_iu_structure_op_plan.sql
-- fn_iu_structure_op_plan(jsonb, text, text, text) returns jsonb
--
-- Contract:  records an operation and says what it would do: the steps are really done under the real locks and then undone, so impact and
--            preview are what apply does. The same request is one plan: a known key gives the recorded operation back, also
--            when it was rolled back or withdrawn: p_request makes the steps a new one.
-- Arguments: p_operation: one step, an array of steps or {operations: [...]}; p_actor: who; p_reason: why; p_request: part of the key,
--            for a request that is meant to be done once more
-- Returns:   {operation_id, operation_type, status, idempotency_key, replayed, step_count, impact, preview: {before, after} as
--            fn_iu_structure_preview}; impact = {units, units_born, tree_rows, sql_links, relations, lineage (relations that are no place),
--            events, before_hash and after_hash (of the touched units), reviews, documents: {id: {before_hash, after_hash}} (whole trees)}
-- Raises:    IU216 actor missing, IU603 malformed, and whatever apply would raise now
-- Writes:    iu_structure_operation
-- May call:  iu_emitter, iu_operator
create or replace function fn_iu_structure_op_plan(p_operation jsonb, p_actor text, p_reason text default null, p_request text default '') returns jsonb
language plpgsql
security definer
set search_path from current
-- the statements of this room look rows up by key: planning each for its values cost more than doing it
set plan_cache_mode = force_generic_plan
as $$
declare
  v_steps jsonb := fn_iu_structure_normalize(p_operation);
  v_type text := case when jsonb_array_length(v_steps) = 1 then v_steps -> 0 ->> 'operation_type' else 'batch' end;
  v_key text := format('iu_op:%s:%s', v_type, encode(sha256(convert_to(v_steps::text || coalesce(p_request, ''), 'UTF8')), 'hex'));
  v_operation iu_structure_operation;
  v_before jsonb;
  v_after jsonb;
  v_found jsonb;
  v_touched uuid[];
  v_documents uuid[];
  v_impact jsonb;
  v_run jsonb;
begin
  if coalesce(btrim(p_actor), '') = '' then
    raise exception using errcode = 'IU216', message = 'a structure operation names its actor';
  end if;
  insert into iu_structure_operation (operation_type, step_count, actor_ref, reason, idempotency_key, payload)
  values (v_type, jsonb_array_length(v_steps), p_actor, p_reason, v_key, v_steps)
  on conflict (idempotency_key) do nothing
  returning * into v_operation;
  if not found then
    select * into strict v_operation from iu_structure_operation where idempotency_key = v_key;
    return fn_iu_structure_said(v_operation, true) || jsonb_build_object('preview', v_operation.preview);
  end if;
  begin
    -- everything in this block is undone; variables keep what it found
    v_run := fn_iu_structure_run(v_operation.operation_id, v_steps, p_actor, format('plan %s', v_operation.operation_id), true);
    select jsonb_build_object(
             'units', count(distinct c.unit_id) filter (where c.change_kind not in ('context', 'review')),
             'units_born', count(*) filter (where c.change_kind = 'born'),
             'tree_rows', coalesce(sum((c.after ->> 'tree_rows')::bigint) filter (where c.change_kind = 'placed'), 0) + count(*) filter (where c.change_kind = 'born'),
             'sql_links', count(*) filter (where c.change_kind in ('link_copied', 'link_moved')),
             'relations', (select count(*) from iu_relation r where r.operation_ref = v_operation.operation_id),
             'lineage', (select count(*) from iu_relation r where r.operation_ref = v_operation.operation_id and r.relation_type <> 'contains'),
             'events', v_operation.step_count, 'before_hash', v_run -> 'before_hash', 'after_hash', v_run -> 'after_hash',
             'reviews', coalesce(jsonb_agg(c.after) filter (where c.change_kind = 'review'), '[]'), 'documents', v_run -> 'documents'),
           coalesce(array_agg(distinct c.unit_id) filter (where c.change_kind not in ('context', 'review')), '{}')
      into v_impact, v_touched from iu_structure_change c where c.operation_id = v_operation.operation_id;
    select coalesce(jsonb_object_agg(f.unit_id || ' ' || f.change_kind, f.before), '{}') into v_found
      from (select distinct on (x.unit_id, x.change_kind) x.* from iu_structure_change x
             where x.operation_id = v_operation.operation_id and x.change_kind in ('placed', 'lifecycle', 'numbered')
               and not exists (select from iu_structure_change b where b.operation_id = x.operation_id and b.unit_id = x.unit_id
                                                                   and b.change_kind = 'born')
             order by x.unit_id, x.change_kind, x.change_no) f;
    v_documents := array(select k::uuid from jsonb_object_keys(v_run -> 'documents') k);
    v_after := fn_iu_structure_preview(v_documents, v_touched, 500);
    raise exception using errcode = 'ZZ600', message = 'planned';
  exception when sqlstate 'ZZ600' then
    null;
  end;
  -- undoing the block released its locks, so this is a picture a moment later; what apply compares with is in found
  v_before := fn_iu_structure_preview(v_documents, v_touched, 500);
  update iu_structure_operation
     set impact_summary = v_impact, found = v_found, preview = jsonb_build_object('before', v_before, 'after', v_after)
   where operation_id = v_operation.operation_id returning * into v_operation;
  return fn_iu_structure_said(v_operation, false) || jsonb_build_object('preview', v_operation.preview);
end
$$;
-- <<<

-- >>> functions/structure/fn_iu_structure_emit.sql
-- fn_iu_structure_emit(bigint, integer, text, text, uuid, text) returns void
--
-- Contract:  emits the one event of an applied or rolled back step and keeps its id. Recording that is switched off never fails the
--            operation: the log counts what it suppressed, and the row here has no event_id. A unit that the operation made has the address
--            it was born with, after the rollback too. The payload counts the touched units and names at most 50, so that a step of any size
--            has room in it; iu_structure_change has all of them.
-- Arguments: p_operation_id, p_step_no; p_phase: apply | rollback; p_event_type; p_unit_id: the subject; p_actor
-- Returns:   nothing
-- Raises:    as fn_iu_emit
-- Writes:    event_outbox, iu_suppressed_event, iu_structure_event
-- May call:  internal
create or replace function fn_iu_structure_emit(p_operation_id bigint, p_step_no integer, p_phase text, p_event_type text, p_unit_id uuid, p_actor text)
returns void
language plpgsql
set search_path from current
as $$
declare
  v_event uuid;
begin
  with touched as materialized (
    select distinct c.unit_id from iu_structure_change c
     where c.operation_id = p_operation_id and c.step_no = p_step_no and c.change_kind not in ('context', 'review')
  )
  select fn_iu_emit_event(p_event_type, coalesce((select c.after ->> 'canonical_address' from iu_structure_change c
                                                   where c.unit_id = u.id and c.operation_id = o.operation_id and c.change_kind = 'born'),
                                                 u.canonical_address), u.id, p_actor, jsonb_build_object(
           'operation_id', o.operation_id::text, 'operation_type', o.payload -> (p_step_no - 1) ->> 'operation_type', 'step_no', p_step_no,
           'step_count', o.step_count, 'approval_ref', case p_phase when 'apply' then o.approval_ref else o.rollback_approval_ref end,
           'unit_count', (select count(*) from touched),
           'unit_ids', (select coalesce(jsonb_agg(f.unit_id), '[]') from (select unit_id from touched order by unit_id limit 50) f)))
    into v_event
    from iu_structure_operation o, information_unit u
   where o.operation_id = p_operation_id and u.id = p_unit_id;
  insert into iu_structure_event (operation_id, step_no, phase, event_type, unit_id, event_id)
  values (p_operation_id, p_step_no, p_phase, p_event_type, p_unit_id, v_event);
end
$$;
-- <<<

-- >>> functions/structure/fn_iu_structure_op_apply.sql
-- fn_iu_structure_op_apply(bigint, text, text) returns jsonb
--
-- Contract:  does what was planned, in the caller's transaction: all steps or none, one event a step, what was written proven. Applied
--            twice is applied once. Refused when a place, number or life that it changes is no longer as the plan found it, or when it would change
--            other units than the plan said.
-- Arguments: p_operation_id; p_actor: who applies; p_approval_ref: the approval that allows it, mandatory
-- Returns:   as the plan without its preview, and event_emitted, events: [{step_no, event_type, event_id}]
-- Raises:    IU216 actor missing, IU607 the plan is stale, IU614 no such operation, IU615 gate closed, IU616 approval missing,
--            IU617 rolled back or withdrawn, as the steps
-- Writes:    as the steps; iu_structure_operation, iu_structure_event, event_outbox
-- May call:  iu_operator
create or replace function fn_iu_structure_op_apply(p_operation_id bigint, p_actor text, p_approval_ref text) returns jsonb
language plpgsql
security definer
set search_path from current
-- the statements of this room look rows up by key: planning each for its values cost more than doing it
set plan_cache_mode = force_generic_plan
as $$
declare
  v_operation iu_structure_operation := fn_iu_structure_claim(p_operation_id, p_actor, p_approval_ref);
  v_run jsonb;
  v_step jsonb;
  v_stale text;
begin
  if v_operation.operation_status = 'enacted' then
    return fn_iu_structure_said(v_operation, true) || fn_iu_structure_events(p_operation_id, 'apply');
  end if;
  if v_operation.operation_status <> 'planned' then
    raise exception using errcode = 'IU617', message = format('operation %s is %s', p_operation_id, v_operation.operation_status),
      hint = 'plan it again with another request name';
  end if;
  v_run := fn_iu_structure_run(p_operation_id, v_operation.payload, p_actor, p_approval_ref, false);
  -- as sets: looking each unit up in what was found reads all of it again each time (five minutes for 28,000 units)
  with now as materialized (
    select distinct on (c.unit_id, c.change_kind) c.unit_id || ' ' || c.change_kind as key, c.before from iu_structure_change c
     where c.operation_id = p_operation_id and c.change_kind in ('placed', 'lifecycle', 'numbered')
       and not exists (select from iu_structure_change b where b.operation_id = c.operation_id and b.unit_id = c.unit_id and b.change_kind = 'born')
     order by c.unit_id, c.change_kind, c.change_no
  )
  select u.canonical_address into v_stale
    from ((select key, before from now except select f.key, f.value from jsonb_each(v_operation.found) f)
          union all
          -- and what the plan would have changed and is not there to be changed any more
          (select f.key, f.value from jsonb_each(v_operation.found) f except select key, before from now) limit 1) changed
    join information_unit u on u.id = split_part(changed.key, ' ', 1)::uuid;
  if found then
    raise exception using errcode = 'IU607', message = format('%s has changed since operation %s was planned', v_stale, p_operation_id),
      hint = 'plan it again with another request name and look at the new impact';
  end if;
  update iu_structure_operation
     set operation_status = 'enacted', approval_ref = p_approval_ref, applied_by = p_actor, applied_login = session_user, enacted_at = fn_iu_stamp(),
         updated_at = clock_timestamp(), applied_seq = nextval('iu_structure_applied_seq'),
         impact_summary = impact_summary || jsonb_build_object('before_hash', v_run -> 'before_hash', 'after_hash', v_run -> 'after_hash'),
         target_unit_ids = array(select unit_id from iu_structure_change where operation_id = p_operation_id and change_kind = 'born' order by change_no),
         source_unit_ids = array(select distinct unit_id from iu_structure_change where operation_id = p_operation_id
                                    and change_kind in ('lifecycle', 'placed', 'numbered')),
         parent_unit_id = (select unit_id from iu_structure_change where operation_id = p_operation_id and change_kind = 'context'
                            order by change_no limit 1)
   where operation_id = p_operation_id returning * into v_operation;
  for v_step in select jsonb_array_elements(v_run -> 'steps') loop
    perform fn_iu_structure_emit(p_operation_id, (v_step ->> 'step_no')::integer, 'apply', v_step ->> 'event_type', (v_step ->> 'unit_id')::uuid, p_actor);
  end loop;
  return fn_iu_structure_said(v_operation, false) || fn_iu_structure_events(p_operation_id, 'apply');
end
$$;
-- <<<

-- >>> functions/structure/fn_iu_structure_undo.sql
-- fn_iu_structure_undo(iu_structure_change, text, text) returns void
--
-- Contract:  undoes one change of an operation. A birth becomes a soft delete that frees address and place, so that the same can be done
--            again; history, versions and relations stay.
-- Arguments: p_change: the row; p_actor; p_reference: approval of the rollback
-- Returns:   nothing
-- Raises:    IU610 its former place is taken, as fn_iu_structure_place
-- Writes:    information_unit, iu_tree_path, iu_collection_path, iu_relation, iu_lifecycle_log, iu_sql_link
-- May call:  internal
create or replace function fn_iu_structure_undo(p_change iu_structure_change, p_actor text, p_reference text) returns void
language plpgsql
set search_path from current
as $$
declare
  v_unit information_unit;
  v_other text;
begin
  select * into strict v_unit from information_unit where id = p_change.unit_id for no key update;
  perform fn_iu_stamp(v_unit.updated_at);
  case p_change.change_kind
  when 'placed' then
    if exists (select from iu_structure_change e where e.operation_id = p_change.operation_id and e.unit_id = p_change.unit_id
                  and e.change_no < p_change.change_no and e.change_kind in ('born', 'placed')) then
      -- it only passed there: out of the way until its own place comes, whatever stands at this one now
      perform fn_iu_structure_place(null, null, p_change.unit_id, null, null, 'a0', p_actor);
      return;
    end if;
    -- pieces and documents of a collection stand in one order, and no index sees both
    select x.canonical_address into v_other
      from (select document_id as id from iu_collection_path
             where collection_id = (p_change.before ->> 'parent_id')::uuid and sibling_rank = p_change.before ->> 'rank'
            union all
            select id from information_unit
             where parent_or_container_ref = (p_change.before ->> 'collection_id')::uuid and sibling_rank = p_change.before ->> 'rank') t
      join information_unit x on x.id = t.id
      join iu_relation r on r.to_unit_id = t.id and r.relation_type = 'contains' and r.relation_status = 'active'
      join iu_structure_operation o on o.operation_id = p_change.operation_id and r.valid_from > o.enacted_at
     where not exists (select from iu_structure_change c where c.operation_id = o.operation_id and c.unit_id = t.id and c.change_kind = 'placed');
    if found then
      raise exception using errcode = 'IU610', message = format('the place of %s is taken by %s', v_unit.canonical_address, v_other),
        hint = 'move that unit first';
    end if;
    perform fn_iu_structure_place(null, null, p_change.unit_id, (p_change.before ->> 'parent_id')::uuid,
                                  (p_change.before ->> 'collection_id')::uuid, p_change.before ->> 'rank', p_actor);
  when 'born' then
    update iu_relation set relation_status = 'retired', valid_to = greatest(valid_from, fn_iu_stamp())
     where to_unit_id = p_change.unit_id and relation_type = 'contains' and relation_status = 'active';
    delete from iu_tree_path where unit_id = p_change.unit_id;
    perform fn_iu_canonical_writer('fn_iu_structure_op');
    update information_unit
       set deleted_at = fn_iu_stamp(), updated_by = p_actor, sort_order = null,
           canonical_address = left(canonical_address, 240) || '~undone-' || p_change.operation_id || '-' || p_change.change_no,
           sibling_rank = sibling_rank || replace(id::text, '-', '') || 'V'
     where id = p_change.unit_id;
    perform fn_iu_canonical_writer('');
  when 'lifecycle' then
    if p_change.before ->> 'lifecycle_status' <> v_unit.lifecycle_status then
      insert into iu_lifecycle_log (unit_id, canonical_address, version_id, from_status, to_status, actor, review_decision_id, reason)
      values (v_unit.id, v_unit.canonical_address, v_unit.version_anchor_ref, v_unit.lifecycle_status, p_change.before ->> 'lifecycle_status',
              p_actor, p_reference, format('rollback of structure operation %s', p_change.operation_id));
      perform fn_iu_canonical_writer('fn_iu_structure_op');
      update information_unit set lifecycle_status = p_change.before ->> 'lifecycle_status', updated_by = p_actor where id = p_change.unit_id;
      perform fn_iu_canonical_writer('');
    end if;
  when 'numbered' then
    perform fn_iu_canonical_writer('fn_iu_structure_op');
    update information_unit set section_code = p_change.before ->> 'section_code', updated_by = p_actor where id = p_change.unit_id;
    perform fn_iu_canonical_writer('');
    update iu_relation set relation_status = 'retired', valid_to = greatest(valid_from, fn_iu_stamp())
     where operation_ref = p_change.operation_id and from_unit_id = p_change.unit_id and relation_type = 'renumbered_from' and relation_status = 'active';
    -- the way back is a change of number too: what stood at an address in between stays answerable
    insert into iu_relation (relation_type, from_unit_id, to_unit_id, relation_status, attributes, operation_ref, valid_to, valid_from, created_by)
    select 'renumbered_from', v_unit.id, v_unit.id, 'retired',
           jsonb_build_object('from', p_change.after -> 'section_code', 'to', p_change.before -> 'section_code', 'rollback', true),
           p_change.operation_id, fn_iu_stamp(), fn_iu_stamp(), p_actor;
  when 'link_copied' then
    update iu_sql_link set lifecycle_status = 'retired', enabled = false where id = (p_change.after ->> 'link_id')::uuid;
  when 'link_moved' then
    update iu_sql_link set lifecycle_status = p_change.before ->> 'lifecycle_status', enabled = (p_change.before ->> 'enabled')::boolean
     where id = (p_change.before ->> 'link_id')::uuid;
  when 'relation' then
    update iu_relation set relation_status = 'retired', valid_to = greatest(valid_from, fn_iu_stamp())
     where relation_id = (p_change.after ->> 'relation_id')::bigint and relation_status = 'active';
  else
    null; -- context and review changed nothing
  end case;
end
$$;
-- <<<

-- >>> functions/structure/fn_iu_structure_conflict.sql
-- fn_iu_structure_conflict(bigint) returns text
--
-- Contract:  says by name what stands in the way of a rollback: a later operation on the same units, a unit that is no longer as the
--            operation left it, a place that would be filled again and is gone (its unit was deleted or has died since, or is no collection
--            any more), and what came of the units that the operation made: pieces below them, links of their own, texts derived from them.
-- Arguments: p_operation_id: an applied operation, its documents locked
-- Returns:   a sentence, or null
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_structure_conflict(p_operation_id bigint) returns text
language plpgsql
set search_path from current
as $$
declare
  v_applied_seq bigint;
  v_applied_at timestamptz;
  v_conflict text;
begin
  select applied_seq, enacted_at into v_applied_seq, v_applied_at from iu_structure_operation where operation_id = p_operation_id;
  select format('operation %s (%s) touched %s later', later.operation_id, later.operation_type,
                (select canonical_address from information_unit where id = c.unit_id)) into v_conflict
    from (select distinct unit_id from iu_structure_change where operation_id = p_operation_id and change_kind not in ('context', 'review')) own
    join iu_structure_change c on c.unit_id = own.unit_id
    join iu_structure_operation later on later.operation_id = c.operation_id
   where later.applied_seq > v_applied_seq and later.operation_status = 'enacted'
   order by later.applied_seq desc limit 1;
  if v_conflict is not null then
    return v_conflict;
  end if;
  with own as materialized (
    select * from iu_structure_change where operation_id = p_operation_id and change_kind not in ('context', 'review')
  ), last as materialized (
    select distinct on (unit_id, change_kind) *, first_value(before) over (partition by unit_id, change_kind order by change_no) as first_before
      from own where change_kind in ('born', 'placed', 'lifecycle', 'numbered')
     order by unit_id, change_kind, change_no desc
  )
  select coalesce(
  (select format('%s has changed since: %s', u.canonical_address,
                 case when u.deleted_at is not null then 'it was deleted' else
                 case l.change_kind when 'placed' then 'its place' when 'numbered' then 'its number' when 'lifecycle' then 'its lifecycle or version'
                                    else 'its lifecycle, version or place' end end)
     from last l
     join information_unit u on u.id = l.unit_id
     left join iu_collection_path p on p.document_id = u.id
    where u.deleted_at is not null or case l.change_kind
            when 'placed' then u.parent_or_container_ref is distinct from (l.after ->> 'parent_id')::uuid
              or p.collection_id is distinct from (l.after ->> 'collection_id')::uuid
              or (coalesce(u.parent_or_container_ref, p.collection_id) is not null and coalesce(p.sibling_rank, u.sibling_rank) <> l.after ->> 'rank')
            when 'numbered' then u.section_code is distinct from l.after ->> 'section_code'
            when 'lifecycle' then u.lifecycle_status <> l.after ->> 'lifecycle_status'
              or u.version_anchor_ref is distinct from (l.first_before ->> 'version_id')::uuid
            else u.version_anchor_ref is distinct from (l.after ->> 'version_id')::uuid
              or u.lifecycle_status <> coalesce((select x.after ->> 'lifecycle_status' from last x where x.unit_id = l.unit_id and x.change_kind = 'lifecycle'), 'draft')
              or (not exists (select from last x where x.unit_id = l.unit_id and x.change_kind = 'placed')
                  and u.parent_or_container_ref is distinct from (l.after ->> 'parent_id')::uuid)
          end
    order by l.change_no limit 1),
  (select format('%s would stand in %s, which %s', u.canonical_address, k.canonical_address,
                 case when k.deleted_at is not null then 'was deleted' when k.lifecycle_status not in ('draft', 'enacted') then 'is ' || k.lifecycle_status
                      else 'is no collection any more' end)
     from (select p.unit_id, p.change_no, coalesce(p.before ->> 'parent_id', p.before ->> 'collection_id')::uuid as container_id,
                  p.before ->> 'parent_id' is null as in_collection
             -- where it stood before the operation; not where it only passed
             from (select distinct on (unit_id) * from own where change_kind in ('born', 'placed') order by unit_id, change_no) p
            where p.change_kind = 'placed'
           union all
           -- what comes to life again where it stands
           select e.unit_id, e.change_no, coalesce(d.parent_or_container_ref, (select collection_id from iu_collection_path where document_id = d.id)), false
             from own e join information_unit d on d.id = e.unit_id
            where e.change_kind = 'lifecycle' and e.before ->> 'lifecycle_status' <> e.after ->> 'lifecycle_status'
              and e.unit_id not in (select unit_id from own where change_kind = 'placed')) o
     join information_unit u on u.id = o.unit_id
     join information_unit k on k.id = o.container_id
    where k.id not in (select unit_id from own where change_kind in ('born', 'lifecycle'))
      and (k.deleted_at is not null
           -- an adopted tree may have had living pieces below dead ones before
           or (k.lifecycle_status not in ('draft', 'enacted')
               and exists (select from iu_lifecycle_log l where l.unit_id = k.id and l.recorded_at >= v_applied_at))
           -- one that the operation itself made a piece is a collection again by the time
           or (o.in_collection and k.parent_or_container_ref is not null
               and k.id not in (select unit_id from own where change_kind = 'placed')))
    order by o.change_no limit 1),
  (select format('%s stands below %s, which the operation made', c.canonical_address, u.canonical_address)
     from own b
     join information_unit u on u.id = b.unit_id
    cross join lateral (
      select d.id, d.canonical_address from information_unit d where d.parent_or_container_ref = u.id and d.deleted_at is null
      union all
      select d.id, d.canonical_address from iu_collection_path p join information_unit d on d.id = p.document_id
       where p.collection_id = u.id and d.deleted_at is null) c
    where b.change_kind = 'born' and c.id not in (select unit_id from own where change_kind in ('born', 'placed'))
    limit 1),
  (select format('%s, which the operation made, has SQL links of its own', u.canonical_address)
     from own b join information_unit u on u.id = b.unit_id
     join iu_sql_link k on k.unit_id = u.id and k.lifecycle_status in ('draft', 'enacted')
    where b.change_kind = 'born' and k.id not in (select (x.after ->> 'link_id')::uuid from own x where x.change_kind = 'link_copied')
    limit 1),
  (select format('the SQL link of %s, which the operation moved there, was retired since', u.canonical_address)
     from own m
     join own c on c.change_kind = 'link_copied' and c.after ->> 'from_link_id' = m.before ->> 'link_id'
     join iu_sql_link k on k.id = (c.after ->> 'link_id')::uuid and k.lifecycle_status not in ('draft', 'enacted')
     join information_unit u on u.id = k.unit_id
    where m.change_kind = 'link_moved'
      and not exists (select from own x where x.change_kind = 'link_moved' and x.before ->> 'link_id' = k.id::text)
    limit 1),
  (select format('%s was derived from %s, which the operation made', f.canonical_address, u.canonical_address)
     from own b
     join information_unit u on u.id = b.unit_id
     join iu_relation r on r.to_unit_id = b.unit_id and r.relation_type = 'derived_from' and r.relation_status = 'active'
     join information_unit f on f.id = r.from_unit_id
    where b.change_kind = 'born' and r.operation_ref is distinct from p_operation_id
    limit 1)) into v_conflict;
  return v_conflict;
end
$$;
-- <<<

-- >>> functions/structure/fn_iu_structure_op_rollback.sql
-- fn_iu_structure_op_rollback(bigint, text, text, text) returns jsonb
--
-- Contract:  undoes an applied operation from what it wrote down, in the caller's transaction, and emits one event a step, with the
--            subject that the event of the step had. Where nothing else has changed since, each document has the identical tree hash as
--            before the operation. The operation stays, rolled back; a second rollback changes nothing.
-- Arguments: p_operation_id; p_actor: who; p_approval_ref: the approval that allows it; p_reason: why
-- Returns:   {operation_id, ..., event_emitted, events, expected_hash, hash} (fn_iu_structure_digest)
-- Raises:    IU216, IU613 a tree would be broken or differ, IU614, IU615 gate closed, IU616, IU618 not applied, IU619 a later operation or
--            change is in the way (named), IU610 its former place is taken (named)
-- Writes:    as fn_iu_structure_undo; iu_structure_operation, iu_structure_event, event_outbox
-- May call:  iu_operator
create or replace function fn_iu_structure_op_rollback(p_operation_id bigint, p_actor text, p_approval_ref text, p_reason text default null) returns jsonb
language plpgsql
security definer
set search_path from current
-- the statements of this room look rows up by key: planning each for its values cost more than doing it
set plan_cache_mode = force_generic_plan
as $$
declare
  v_operation iu_structure_operation := fn_iu_structure_claim(p_operation_id, p_actor, p_approval_ref);
  v_change iu_structure_change;
  v_untouched boolean;
  v_hash text;
  v_conflict text;
  v_problem text;
begin
  if v_operation.operation_status = 'rolled_back' then
    return fn_iu_structure_said(v_operation, true) || fn_iu_structure_events(p_operation_id, 'rollback');
  end if;
  if v_operation.operation_status <> 'enacted' then
    raise exception using errcode = 'IU618', message = format('operation %s is %s: there is nothing to roll back', p_operation_id, v_operation.operation_status);
  end if;
  perform fn_iu_structure_lock(
    array(select distinct unit_id from iu_structure_change where operation_id = p_operation_id
          union select coalesce(before ->> 'parent_id', before ->> 'collection_id')::uuid from iu_structure_change
                 where operation_id = p_operation_id and change_kind = 'placed' and before ->> 'parent_id' is distinct from before ->> 'collection_id'),
    exists (select from iu_structure_change where operation_id = p_operation_id and change_kind = 'placed'
               and (before ->> 'parent_id' is null or after ->> 'parent_id' is null)));
  -- a revision, an enactment and a link lock their unit only: what is being made is waited for and judged
  perform from information_unit where id = any (array(select distinct unit_id from iu_structure_change where operation_id = p_operation_id
                                                         and change_kind not in ('context', 'review'))) order by id for no key update;
  v_conflict := fn_iu_structure_conflict(p_operation_id);
  if v_conflict is not null then
    raise exception using errcode = 'IU619', message = format('operation %s cannot be rolled back: %s', p_operation_id, v_conflict),
      hint = 'roll the later one back first, or make a new operation that does what you want';
  end if;
  v_untouched := fn_iu_structure_digest(p_operation_id, false) is not distinct from v_operation.impact_summary ->> 'after_hash';
  begin
    for v_change in select * from iu_structure_change where operation_id = p_operation_id order by change_no desc loop
      perform fn_iu_structure_undo(v_change, p_actor, p_approval_ref);
    end loop;
  exception when sqlstate 'IU602' or sqlstate 'IU609' or sqlstate 'IU620' then
    -- the former place is no place for it any more: below itself, or too deep
    raise exception using errcode = 'IU619', message = format('operation %s cannot be rolled back: %s', p_operation_id, sqlerrm),
      hint = 'roll the later one back first, or make a new operation that does what you want';
  end;
  v_hash := fn_iu_structure_digest(p_operation_id, false);
  v_problem := fn_iu_tree_verify_part(array(select distinct unit_id from iu_structure_change
                                             where operation_id = p_operation_id and change_kind in ('born', 'placed')));
  if v_problem is not null or (v_untouched and v_hash is distinct from v_operation.impact_summary ->> 'before_hash') then
    raise exception using errcode = 'IU613', message = format('the rollback would not give the tree back: %s', coalesce(v_problem, 'another hash')),
      hint = 'nothing was changed; fn_iu_tree_verify() tells what was broken before';
  end if;
  update iu_structure_operation
     set operation_status = 'rolled_back', rolled_back_at = fn_iu_stamp(), rolled_back_by = p_actor, rolled_back_login = session_user,
         rollback_reason = p_reason, rollback_approval_ref = p_approval_ref, updated_at = clock_timestamp()
   where operation_id = p_operation_id returning * into v_operation;
  perform fn_iu_structure_emit(p_operation_id, e.step_no, 'rollback', 'structure_op_rolled_back', e.unit_id, p_actor)
     from (select x.step_no, x.unit_id from iu_structure_event x
            where x.operation_id = p_operation_id and x.phase = 'apply' order by x.step_no desc offset 0) e;
  return fn_iu_structure_said(v_operation, false) || fn_iu_structure_events(p_operation_id, 'rollback')
    || jsonb_build_object('expected_hash', v_operation.impact_summary -> 'before_hash', 'hash', v_hash);
end
$$;
-- <<<

-- >>> functions/units/fn_iu_deprecate.sql
-- fn_iu_deprecate(text, text, text, boolean, text) returns jsonb
--
-- Contract:  ends the life of a unit: lifecycle deprecated, one row of iu_lifecycle_log and one event unit_deprecated a unit. Text,
--            versions and place stay, the address stays taken. Refused while a child lives, unless told to deprecate them too, children
--            first, while a living document stands in a collection, and while a living SQL link stands on any of them. What is in force
--            ends by a login that is iu_operator, or with the review that decided it. Locks the document, so that nobody adds a child
--            meanwhile. A deprecated unit stays as it is.
-- Arguments: p_canonical_address: the unit; p_actor: who; p_reason: why, mandatory; p_with_children: true takes all living descendants
--            along; p_review_decision_id: kept in the log, mandatory for a login that is no iu_operator when one of the units is enacted
-- Returns:   {status: deprecated | unchanged, unit_id, units_deprecated}
-- Raises:    IU205 no such unit, IU206 neither alive nor deprecated, IU207 review missing, IU208 living children, IU216 actor or reason missing,
--            IU217 units kept moving, IU611 living SQL links
-- Writes:    information_unit, iu_lifecycle_log, event_outbox
-- May call:  iu_emitter, iu_operator
create or replace function fn_iu_deprecate(
  p_canonical_address text,
  p_actor text,
  p_reason text,
  p_with_children boolean default false,
  p_review_decision_id text default null
) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_unit information_unit;
  v_living uuid[];
  v_found text;
begin
  if coalesce(btrim(p_actor), '') = '' or coalesce(btrim(p_reason), '') = '' then
    raise exception using errcode = 'IU216', message = 'a deprecation names its actor and its reason';
  end if;
  perform fn_iu_lock_documents(array(select id from information_unit where canonical_address = p_canonical_address));
  select * into v_unit from information_unit where canonical_address = p_canonical_address;
  if v_unit.lifecycle_status = 'deprecated' then
    return jsonb_build_object('status', 'unchanged', 'unit_id', v_unit.id, 'units_deprecated', 0);
  end if;
  v_unit := fn_iu_living_unit(p_canonical_address);
  with recursive down as (
    select v_unit.id as id, 0 as depth, ''::text collate "C" as rank
    union all
    select c.id, d.depth + 1, c.sibling_rank from down d
      join information_unit c on c.parent_or_container_ref = d.id
     where c.lifecycle_status in ('draft', 'enacted') and c.deleted_at is null
  ) cycle id set is_cycle using path
  select array_agg(id order by depth desc, rank, id) into v_living from down where not is_cycle;
  if cardinality(v_living) > 1 and not coalesce(p_with_children, false) then
    raise exception using errcode = 'IU208',
      message = format('unit %s has %s living units below it', v_unit.canonical_address, cardinality(v_living) - 1),
      hint = 'deprecate them first, or say p_with_children => true';
  end if;
  -- a document ends of its own, not along with its collection
  select min(u.canonical_address) into v_found
    from iu_collection_path c join information_unit u on u.id = c.document_id
   where c.collection_id = any (v_living) and u.lifecycle_status in ('draft', 'enacted') and u.deleted_at is null;
  if v_found is not null then
    raise exception using errcode = 'IU208', message = format('collection %s has living documents, such as %s', v_unit.canonical_address, v_found),
      hint = 'move its documents first';
  end if;
  perform from information_unit where id = any (v_living) order by id for no key update;
  perform fn_iu_stamp((select max(updated_at) from information_unit where id = any (v_living)));
  if coalesce(btrim(p_review_decision_id), '') = '' and not pg_has_role(session_user, 'iu_operator', 'usage') then
    select min(canonical_address) into v_found from information_unit where id = any (v_living) and lifecycle_status = 'enacted';
    if v_found is not null then
      raise exception using errcode = 'IU207', message = format('unit %s is in force: its end names the review decision that allows it', v_found),
        hint = 'pass p_review_decision_id, or let a login that is iu_operator do it';
    end if;
  end if;
  perform fn_iu_sql_link_refuse(v_living);
  insert into iu_lifecycle_log (unit_id, canonical_address, version_id, from_status, to_status, actor, review_decision_id, reason)
  select u.id, u.canonical_address, u.version_anchor_ref, u.lifecycle_status, 'deprecated', p_actor, p_review_decision_id, p_reason
    from unnest(v_living) with ordinality as l (id, place) join information_unit u on u.id = l.id order by l.place;
  perform fn_iu_canonical_writer('fn_iu_deprecate');
  update information_unit set lifecycle_status = 'deprecated', updated_by = p_actor where id = any (v_living);
  perform fn_iu_canonical_writer('');
  perform fn_iu_emit_event('unit_deprecated', u.canonical_address, u.id, p_actor, jsonb_build_object('version_id', u.version_anchor_ref))
     from (select l.place, u.* from unnest(v_living) with ordinality as l (id, place) join information_unit u on u.id = l.id
            order by l.place offset 0) u;
  return jsonb_build_object('status', 'deprecated', 'unit_id', v_unit.id, 'units_deprecated', cardinality(v_living));
end
$$;
-- <<<

-- >>> functions/structure/fn_iu_soft_delete.sql
-- fn_iu_soft_delete(text, text, text) returns jsonb
--
-- Contract:  takes a draft that was never enacted out of its tree: deleted_at is set, place and contains relation end, one event unit_deleted.
--            Row, versions and address stay. Refused for anything that was in force (that ends by fn_iu_deprecate), has something below it
--            or has a living SQL link.
-- Arguments: p_canonical_address: the unit; p_actor: who; p_reason: why, mandatory
-- Returns:   {status: deleted | unchanged, unit_id}
-- Raises:    IU205 no such unit, IU206 not alive, IU208 it has units below it, IU216 actor or reason missing, IU217, IU611 living SQL
--            links, IU622 it was in force
-- Writes:    information_unit, iu_tree_path, iu_collection_path, iu_relation, iu_lifecycle_log, event_outbox
-- May call:  iu_operator
create or replace function fn_iu_soft_delete(p_canonical_address text, p_actor text, p_reason text) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_unit information_unit;
begin
  if coalesce(btrim(p_actor), '') = '' or coalesce(btrim(p_reason), '') = '' then
    raise exception using errcode = 'IU216', message = 'a deletion names its actor and its reason';
  end if;
  select * into v_unit from information_unit where canonical_address = p_canonical_address;
  if v_unit.deleted_at is not null then
    return jsonb_build_object('status', 'unchanged', 'unit_id', v_unit.id);
  end if;
  perform fn_iu_structure_lock(array[v_unit.id], v_unit.parent_or_container_ref is null);
  v_unit := fn_iu_living_unit(p_canonical_address);
  if v_unit.lifecycle_status <> 'draft' or exists (select from unit_version where unit_id = v_unit.id and enacted_at is not null) then
    raise exception using errcode = 'IU622', message = format('unit %s was in force', v_unit.canonical_address),
      hint = 'fn_iu_deprecate ends the life of a unit';
  end if;
  if exists (select from information_unit where parent_or_container_ref = v_unit.id and deleted_at is null)
     or exists (select from iu_collection_path where collection_id = v_unit.id) then
    raise exception using errcode = 'IU208', message = format('unit %s has units below it', v_unit.canonical_address),
      hint = 'move or delete them first';
  end if;
  perform fn_iu_sql_link_refuse(array[v_unit.id]);
  update iu_relation set relation_status = 'retired', valid_to = greatest(valid_from, fn_iu_stamp())
   where to_unit_id = v_unit.id and relation_type = 'contains' and relation_status = 'active';
  delete from iu_collection_path where document_id = v_unit.id;
  delete from iu_tree_path where unit_id = v_unit.id;
  perform fn_iu_canonical_writer('fn_iu_structure_op');
  update information_unit set deleted_at = fn_iu_stamp(), updated_by = p_actor where id = v_unit.id;
  perform fn_iu_canonical_writer('');
  insert into iu_lifecycle_log (unit_id, canonical_address, version_id, from_status, to_status, actor, reason)
  values (v_unit.id, v_unit.canonical_address, v_unit.version_anchor_ref, v_unit.lifecycle_status, v_unit.lifecycle_status, p_actor,
          'deleted: ' || p_reason);
  perform fn_iu_emit_event('unit_deleted', v_unit.canonical_address, v_unit.id, p_actor, jsonb_build_object('version_id', v_unit.version_anchor_ref));
  return jsonb_build_object('status', 'deleted', 'unit_id', v_unit.id);
end
$$;
-- <<<

-- >>> functions/structure/fn_iu_structure_op_withdraw.sql
-- fn_iu_structure_op_withdraw(bigint, text, text) returns jsonb
--
-- Contract:  takes back a plan that was never applied: it stays as a row with who, when and why, and is never applied. Its steps are planned
--            again under another p_request. A second withdrawal changes nothing. Needs no gate and no approval: nothing happens.
-- Arguments: p_operation_id; p_actor: who; p_reason: why, mandatory
-- Returns:   {operation_id, ...} as the plan without its preview
-- Raises:    IU216 actor or reason missing, IU614 no such operation, IU623 it was applied, or another login planned it and this one is no iu_operator
-- Writes:    iu_structure_operation
-- May call:  iu_emitter, iu_operator
create or replace function fn_iu_structure_op_withdraw(p_operation_id bigint, p_actor text, p_reason text) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_operation iu_structure_operation;
begin
  if coalesce(btrim(p_actor), '') = '' or coalesce(btrim(p_reason), '') = '' then
    raise exception using errcode = 'IU216', message = 'who withdraws a plan names himself and the reason';
  end if;
  select * into v_operation from iu_structure_operation where operation_id = p_operation_id for update;
  if not found then
    raise exception using errcode = 'IU614', message = format('there is no structure operation %s', p_operation_id);
  end if;
  if v_operation.operation_status = 'withdrawn' then
    return fn_iu_structure_said(v_operation, true);
  end if;
  if v_operation.operation_status <> 'planned' then
    raise exception using errcode = 'IU623', message = format('operation %s is %s', p_operation_id, v_operation.operation_status),
      hint = 'what was applied is rolled back: iu structure rollback';
  end if;
  if v_operation.created_by <> session_user and not pg_has_role(session_user, 'iu_operator', 'usage') then
    raise exception using errcode = 'IU623', message = format('operation %s was planned by another login', p_operation_id),
      hint = 'that login withdraws it, or one that is iu_operator';
  end if;
  update iu_structure_operation
     set operation_status = 'withdrawn', withdrawn_at = clock_timestamp(), withdrawn_by = p_actor, withdrawn_login = session_user,
         withdraw_reason = p_reason, updated_at = clock_timestamp()
   where operation_id = p_operation_id returning * into v_operation;
  return fn_iu_structure_said(v_operation, false);
end
$$;
-- <<<

-- >>> functions/structure/fn_iu_structure_op_verify.sql
-- fn_iu_structure_op_verify(bigint) returns jsonb
--
-- Contract:  looks, without a lock and without writing, whether what an operation did still stands and is whole. What a later operation
--            changed is named in later_change and is no failure of the trees.
-- Arguments: p_operation_id: the operation
-- Returns:   {operation_id, status, ok, tree_path_ok, tree_acyclic, relation_ok, lifecycle_ok, link_ok, text_ok, event_ok, problems,
--            later_change, documents: {id: tree hash of today}}
-- Raises:    IU614 no such operation
-- Writes:    nothing
-- May call:  iu_emitter, iu_operator, iu_approver, iu_reader
create or replace function fn_iu_structure_op_verify(p_operation_id bigint) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_operation iu_structure_operation;
  v_result jsonb;
  v_problems jsonb := '[]';
  v_later text;
  v_document uuid;
  v_documents jsonb := '{}';
  v_applied boolean;
begin
  select * into v_operation from iu_structure_operation where operation_id = p_operation_id;
  if not found then
    raise exception using errcode = 'IU614', message = format('there is no structure operation %s', p_operation_id);
  end if;
  v_applied := v_operation.operation_status = 'enacted';
  foreach v_document in array fn_iu_document_of(array(select unit_id from iu_structure_change where operation_id = p_operation_id)) loop
    v_problems := v_problems || to_jsonb(coalesce(fn_iu_tree_verify_document(v_document), '{}'));
    v_documents := v_documents || jsonb_build_object(v_document, fn_iu_tree_hash(v_document));
  end loop;
  v_later := case when v_applied then fn_iu_structure_conflict(p_operation_id) end;
  select jsonb_build_object(
    'tree_path_ok', v_problems = '[]',
    'tree_acyclic', not exists (select from iu_structure_change c join iu_tree_path t on t.unit_id = c.unit_id
                                 where c.operation_id = p_operation_id
                                   and cardinality(t.path_ids) <> (select count(distinct x) from unnest(t.path_ids) x)),
    'relation_ok', not exists (select from iu_relation r where r.operation_ref = p_operation_id and r.relation_type not in ('contains', 'renumbered_from')
                                  and (r.relation_status = 'active') <> v_applied)
      and not exists (select from iu_relation r join iu_structure_change c on c.unit_id = r.to_unit_id and c.operation_id = p_operation_id
                       where r.relation_type = 'contains' and r.relation_status = 'active' group by r.to_unit_id having count(distinct r.relation_id) > 1),
    'lifecycle_ok', not exists (select from iu_structure_change c join information_unit u on u.id = c.unit_id
                                 where c.operation_id = p_operation_id and c.change_kind = 'born' and (u.deleted_at is null) <> v_applied
                                   and v_operation.operation_status <> 'planned')
      and (v_later is not null or not v_applied or not exists (
            select from iu_structure_change c join information_unit u on u.id = c.unit_id
             where c.operation_id = p_operation_id and c.change_kind = 'lifecycle' and u.lifecycle_status <> c.after ->> 'lifecycle_status')),
    'link_ok', not v_applied or not exists (select from iu_structure_change c left join iu_sql_link k on k.id = (c.after ->> 'link_id')::uuid
                            where c.operation_id = p_operation_id and c.change_kind = 'link_copied' and k.id is null),
    'text_ok', not exists (
      select from iu_relation r join unit_version whole on whole.id = (r.attributes ->> 'version_id')::uuid
       where r.operation_ref = p_operation_id and r.relation_type = 'split_from'
         -- a text that a redaction overwrote is proven by nothing but its hash
         and whole.redaction_id is null
       group by r.to_unit_id, whole.body
      having bool_and((select p.redaction_id from unit_version p where p.unit_id = r.from_unit_id and p.version_seq = 1) is null)
         and string_agg((select p.body from unit_version p where p.unit_id = r.from_unit_id and p.version_seq = 1), ''
                        order by (r.attributes ->> 'byte_start')::integer) <> whole.body),
    'event_ok', (select count(*) filter (where phase = 'apply') = case when v_operation.operation_status in ('enacted', 'rolled_back') then v_operation.step_count else 0 end
                    and count(*) filter (where phase = 'rollback') = case v_operation.operation_status when 'rolled_back' then v_operation.step_count else 0 end
                   from iu_structure_event where operation_id = p_operation_id))
    into v_result;
  return jsonb_build_object('operation_id', p_operation_id::text, 'status', v_operation.operation_status,
                            'ok', not exists (select from jsonb_each(v_result) x where x.value = 'false'))
         || v_result || jsonb_build_object('problems', v_problems, 'later_change', v_later, 'documents', v_documents);
end
$$;
-- <<<

-- >>> functions/structure/fn_iu_sql_link_exists.sql
-- fn_iu_sql_link_exists(iu_sql_link) returns boolean
--
-- Contract:  says whether the catalog has the object of a link. Of a row it looks for the table only; fn_iu_sql_link_validate looks for the row.
-- Arguments: p_link: the link; object_schema null = the schema of the installation
-- Returns:   true when it is there; false also for a function identity that cannot be read
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_emitter, iu_operator, iu_reader (through v_iu_sql_link_resolved, whose functions run as its reader)
create or replace function fn_iu_sql_link_exists(p_link iu_sql_link) returns boolean
language plpgsql
stable
set search_path from current
as $$
declare
  v_relation oid := (
    select c.oid from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where n.nspname = coalesce(p_link.object_schema, current_schema()) and c.relname = coalesce(p_link.object_name, p_link.collection_name)
       and case p_link.object_kind when 'view' then c.relkind in ('v', 'm') when 'table' then c.relkind in ('r', 'p', 'f')
                                   when 'row' then c.relkind in ('r', 'p', 'f') else c.relkind in ('r', 'p', 'f', 'v', 'm') end);
begin
  return case p_link.object_kind
    when 'schema' then exists (select from pg_catalog.pg_namespace where nspname = p_link.object_schema)
    when 'function' then exists (select from pg_catalog.pg_proc p where p.oid = to_regprocedure(p_link.function_identity) and p.prokind in ('f', 'p'))
    when 'trigger' then exists (select from pg_catalog.pg_trigger t
                                 where t.tgrelid = v_relation and t.tgname = p_link.trigger_name and not t.tgisinternal)
    when 'column' then exists (select from pg_catalog.pg_attribute a
                                where a.attrelid = v_relation and a.attname = p_link.metadata ->> 'column_name' and a.attnum > 0 and not a.attisdropped)
    else v_relation is not null end;
exception when undefined_function or undefined_object or invalid_schema_name or invalid_text_representation or syntax_error or invalid_name then
  -- servers before 16 raise for an identity that they cannot read
  return false;
end
$$;
-- <<<

-- >>> functions/structure/fn_iu_sql_link_fingerprint.sql
-- fn_iu_sql_link_fingerprint(iu_sql_link) returns text
--
-- Contract:  what the linked object looks like in the live catalog, as one hash: columns and constraints of a table, columns and definition of a
--            view, definition of a function or trigger, content of a row. A Directus collection is its table and its row of
--            directus_collections. Nothing that an owner of the object wrote is ever run: a row is read from tables only, without row security
--            (its policies would run as the reader), and its values through output functions, which nobody but a superuser makes.
-- Arguments: p_link: the link; object_schema null = the schema of the installation
-- Returns:   sha256 in hexadecimal; null when there is no such object, or it cannot be read with the rights of iu_owner
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_sql_link_fingerprint(p_link iu_sql_link) returns text
language plpgsql
set search_path from current
-- a table with policies is refused instead
set row_security = off
as $$
declare
  v_schema text := coalesce(p_link.object_schema, current_schema());
  v_name text := coalesce(p_link.object_name, p_link.collection_name);
  v_relation oid;
  v_text text;
begin
  if p_link.object_kind = 'row' then
    -- from here on the name cannot become a view
    execute format('lock table only %I.%I in access share mode', v_schema, v_name);
  elsif p_link.object_kind = 'directus_collection' and to_regclass(format('%I.directus_collections', v_schema)) is not null then
    execute format('lock table only %I.directus_collections in access share mode', v_schema);
  end if;
  select c.oid into v_relation from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where n.nspname = v_schema and c.relname = v_name
     and (c.relkind in ('v', 'm') or p_link.object_kind <> 'view') and (c.relkind in ('r', 'p', 'f') or p_link.object_kind not in ('table', 'row'))
     and c.relkind in ('r', 'p', 'f', 'v', 'm');
  case p_link.object_kind
  when 'schema' then
    select nspname into v_text from pg_catalog.pg_namespace where nspname = v_schema;
  when 'function' then
    select pg_catalog.pg_get_functiondef(p.oid) into v_text from pg_catalog.pg_proc p
     where p.oid = to_regprocedure(p_link.function_identity) and p.prokind in ('f', 'p');
  when 'trigger' then
    select pg_catalog.pg_get_triggerdef(t.oid) || t.tgenabled::text into v_text from pg_catalog.pg_trigger t
     where t.tgrelid = v_relation and t.tgname = p_link.trigger_name and not t.tgisinternal;
  when 'row' then
    if v_relation is not null and p_link.row_pk <> '{}' and not exists (
         select from jsonb_object_keys(p_link.row_pk) k where not exists (
           select from pg_catalog.pg_attribute a where a.attrelid = v_relation and a.attname = k and a.attnum > 0 and not a.attisdropped)) then
      -- keys of plain types by their index; a cast of another type could be somebody's function
      execute format('select textin(record_out(t)) from %I.%I t where %s limit 1', v_schema, v_name,
                     (select string_agg(case when y.typnamespace = 'pg_catalog'::regnamespace
                                              and y.typname in ('int2', 'int4', 'int8', 'uuid', 'text', 'varchar', 'bpchar')
                                             then format('t.%I = ($1 ->> %L)::pg_catalog.%I', a.attname, a.attname, y.typname)
                                             else format('format(''%%s'', t.%I) = $1 ->> %L', a.attname, a.attname) end, ' and ')
                        from jsonb_object_keys(p_link.row_pk) k
                        join pg_catalog.pg_attribute a on a.attrelid = v_relation and a.attname = k
                        join pg_catalog.pg_type y on y.oid = a.atttypid))
        into v_text using p_link.row_pk;
    end if;
  else
    select string_agg(format('%s %s %s', a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull), E'\n' order by a.attname)
      into v_text from pg_catalog.pg_attribute a
     where a.attrelid = v_relation and a.attnum > 0 and not a.attisdropped
       and (p_link.object_kind <> 'column' or a.attname = coalesce(p_link.metadata ->> 'column_name', ''));
    if p_link.object_kind = 'view' then
      v_text := v_text || pg_catalog.pg_get_viewdef(v_relation);
    elsif p_link.object_kind in ('table', 'directus_collection') then
      v_text := v_text || coalesce((select E'\n' || string_agg(pg_catalog.pg_get_constraintdef(c.oid), E'\n' order by pg_catalog.pg_get_constraintdef(c.oid) collate "C")
                                      from pg_catalog.pg_constraint c where c.conrelid = v_relation and c.contype in ('c', 'f', 'p', 'u', 'x')), '');
    end if;
    if p_link.object_kind = 'directus_collection' and exists (
         select from pg_catalog.pg_class c where c.oid = to_regclass(format('%I.directus_collections', v_schema)) and c.relkind in ('r', 'p')) then
      execute format('select %L || textin(record_out(c)) from %I.directus_collections c where format(''%%s'', c.collection) = $1 limit 1',
                     coalesce(v_text, ''), v_schema)
        into v_text using p_link.collection_name;
    end if;
  end case;
  return encode(sha256(convert_to(v_text, 'UTF8')), 'hex');
exception when insufficient_privilege or undefined_function or undefined_table or undefined_column or undefined_object or invalid_schema_name
            or invalid_text_representation or numeric_value_out_of_range or syntax_error or invalid_name or wrong_object_type then
  return null;
end
$$;
-- <<<

-- >>> functions/structure/fn_iu_sql_link_add.sql
-- fn_iu_sql_link_add(jsonb, text) returns jsonb
--
-- Contract:  links a living unit to an object of the database. The same link (unit, role, object, direction) is made once while it lives: a
--            known one is given back. Its fingerprint is not taken: fn_iu_sql_link_validate with p_accept does that.
-- Arguments: p_link: {unit: address or id, link_role, object_kind, object_schema?, object_name?, collection_name?, row_pk?,
--            function_identity?, trigger_name?, column_name?, direction?, lifecycle_status?: draft | enacted, enabled?}, as the columns of
--            iu_sql_link; p_actor: who
-- Returns:   {status: created | known, link_id, unit_id, object_exists}
-- Raises:    IU206 not alive, IU216 actor missing, IU601 no such unit, IU624 malformed
-- Writes:    iu_sql_link (row lock on the unit)
-- May call:  iu_emitter, iu_operator
create or replace function fn_iu_sql_link_add(p_link jsonb, p_actor text) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  c_keys constant text[] := array['unit', 'link_role', 'object_kind', 'object_schema', 'object_name', 'collection_name', 'row_pk', 'function_identity',
                                  'trigger_name', 'column_name', 'direction', 'lifecycle_status', 'enabled'];
  v_unit information_unit;
  v_link iu_sql_link;
  v_known iu_sql_link;
  v_key text;
begin
  if coalesce(btrim(p_actor), '') = '' then
    raise exception using errcode = 'IU216', message = 'a new link names its actor';
  end if;
  if jsonb_typeof(p_link) is distinct from 'object' then
    raise exception using errcode = 'IU624', message = 'a link is one JSON object';
  end if;
  select k into v_key from jsonb_object_keys(p_link) k where k <> all (c_keys) limit 1;
  if found or coalesce(p_link ->> 'lifecycle_status', 'draft') not in ('draft', 'enacted') then
    raise exception using errcode = 'IU624', message = format('a link has no %s', coalesce('key ' || quote_ident(v_key), 'lifecycle_status ' ||
        quote_literal(left(p_link ->> 'lifecycle_status', 40)))),
      hint = 'keys: ' || array_to_string(c_keys, ', ') || '; a new link is draft or enacted';
  end if;
  v_unit := fn_iu_structure_living(p_link ->> 'unit');
  v_link := jsonb_populate_record(null::iu_sql_link, jsonb_build_object('direction', 'outbound', 'lifecycle_status', 'draft', 'enabled', false)
    || jsonb_strip_nulls(p_link) || jsonb_build_object('id', gen_random_uuid(), 'unit_id', v_unit.id, 'created_at', clock_timestamp(), 'created_by', p_actor,
         'metadata', jsonb_strip_nulls(jsonb_build_object('created_login', session_user, 'column_name', p_link -> 'column_name'))));
  v_link.idempotency_key := 'iu_link:' || v_link.id;
  select k.* into v_known from iu_sql_link k
   where k.unit_id = v_unit.id and k.lifecycle_status in ('draft', 'enacted') and k.link_role = v_link.link_role
     and (k.object_kind, k.direction) = (v_link.object_kind, v_link.direction)
     and row (k.object_schema, k.object_name, k.collection_name, k.row_pk, k.function_identity, k.trigger_name, k.metadata ->> 'column_name')
         is not distinct from
         row (v_link.object_schema, v_link.object_name, v_link.collection_name, v_link.row_pk, v_link.function_identity, v_link.trigger_name,
              v_link.metadata ->> 'column_name')
   order by k.id limit 1;
  if not found then
    insert into iu_sql_link values (v_link.*);
    v_known := v_link;
  end if;
  return jsonb_build_object('status', case when v_known.id = v_link.id then 'created' else 'known' end, 'link_id', v_known.id, 'unit_id', v_unit.id,
                            'object_exists', fn_iu_sql_link_exists(v_known));
exception
  when check_violation or not_null_violation or invalid_text_representation then
    raise exception using errcode = 'IU624', message = 'the link is malformed',
      hint = 'link_role is snake_case; a schema has object_schema, a function function_identity, a trigger object_name and trigger_name, a row '
             'object_name and row_pk, a directus_collection collection_name, what else object_name';
end
$$;
-- <<<

-- >>> functions/structure/fn_iu_sql_link_retire.sql
-- fn_iu_sql_link_retire(uuid, text, text) returns jsonb
--
-- Contract:  ends a link: retired and disabled, who and why in its metadata. The row stays; a retired link stays as it is. It is no longer in the
--            way of an operation on its unit.
-- Arguments: p_link_id: the link; p_actor: who; p_reason: why, mandatory
-- Returns:   {status: retired | unchanged, link_id, unit_id}
-- Raises:    IU216 actor or reason missing, IU621 no such link
-- Writes:    iu_sql_link
-- May call:  iu_operator
create or replace function fn_iu_sql_link_retire(p_link_id uuid, p_actor text, p_reason text) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_link iu_sql_link;
begin
  if coalesce(btrim(p_actor), '') = '' or coalesce(btrim(p_reason), '') = '' then
    raise exception using errcode = 'IU216', message = 'who retires a link names himself and the reason';
  end if;
  select * into v_link from iu_sql_link where id = p_link_id for update;
  if not found then
    raise exception using errcode = 'IU621', message = format('there is no SQL link %s', p_link_id);
  end if;
  if v_link.lifecycle_status in ('draft', 'enacted') then
    update iu_sql_link
       set lifecycle_status = 'retired', enabled = false,
           metadata = metadata || jsonb_build_object('retired_by', p_actor, 'retired_reason', p_reason, 'retired_at', clock_timestamp())
     where id = p_link_id;
  end if;
  return jsonb_build_object('status', case when v_link.lifecycle_status in ('draft', 'enacted') then 'retired' else 'unchanged' end,
                            'link_id', v_link.id, 'unit_id', v_link.unit_id);
end
$$;
-- <<<

-- >>> functions/structure/fn_iu_sql_link_validate.sql
-- fn_iu_sql_link_validate(uuid, boolean) returns jsonb
--
-- Contract:  compares a link with the live catalog: is the object there, and is it as it was when the link was last accepted? With
--            p_accept the fingerprint of today is kept as the accepted one.
-- Arguments: p_link_id: the link; p_accept: true keeps today's fingerprint
-- Returns:   {link_id, object_kind, object_exists, status: valid | drifted | missing | unfingerprinted, fingerprint, accepted_fingerprint}
-- Raises:    IU621 no such link
-- Writes:    iu_sql_link (with p_accept)
-- May call:  iu_operator
create or replace function fn_iu_sql_link_validate(p_link_id uuid, p_accept boolean default false) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_link iu_sql_link;
  v_now text;
begin
  select * into v_link from iu_sql_link where id = p_link_id;
  if not found then
    raise exception using errcode = 'IU621', message = format('there is no SQL link %s', p_link_id);
  end if;
  v_now := fn_iu_sql_link_fingerprint(v_link);
  if coalesce(p_accept, false) and v_now is not null then
    update iu_sql_link set object_fingerprint = v_now where id = p_link_id returning * into v_link;
  end if;
  return jsonb_build_object('link_id', v_link.id, 'object_kind', v_link.object_kind, 'object_exists', v_now is not null, 'fingerprint', v_now,
    'accepted_fingerprint', v_link.object_fingerprint,
    'status', case when v_now is null then 'missing' when v_link.object_fingerprint is null then 'unfingerprinted'
                   when v_now = v_link.object_fingerprint then 'valid' else 'drifted' end);
end
$$;
-- <<<

-- >>> views/v_iu_tree.sql
-- v_iu_tree: every unit that stands in a tree, with its document, place and address path. Reading order: document_id, rank_path.
create or replace view v_iu_tree as
select t.unit_id, t.root_unit_id, u.parent_or_container_ref as parent_id, t.depth, t.path_ids, u.canonical_address, u.section_code,
       u.identity_profile ->> 'title' as title, u.unit_kind, u.lifecycle_status, u.version_anchor_ref as version_id, u.sibling_rank,
       array(select a.canonical_address from unnest(t.path_ids) with ordinality as p (id, place)
               join information_unit a on a.id = p.id order by p.place) as path_addresses,
       array(select case when p.place = 1 then '' else a.sibling_rank end collate "C" from unnest(t.path_ids) with ordinality as p (id, place)
               join information_unit a on a.id = p.id order by p.place) as rank_path,
       (select string_agg(case when p.place = 1 then a.canonical_address else a.section_code end, '/' order by p.place)
          from unnest(t.path_ids) with ordinality as p (id, place) join information_unit a on a.id = p.id) as number_path,
       c.collection_id, c.path_ids as collection_path_ids
  from iu_tree_path t
  join information_unit u on u.id = t.unit_id
  left join iu_collection_path c on c.document_id = t.root_unit_id;
comment on view v_iu_tree is 'Every unit that stands in a tree, with its document, place and address path.';
-- <<<

-- >>> views/v_iu_lineage.sql
-- v_iu_lineage: one row a unit and a unit it is related to, seen from both sides: earlier = where its text came from, later = where it went;
-- actor_ref = who did it.
create or replace view v_iu_lineage as
select r.relation_id, side.unit_id, mine.canonical_address, side.direction, r.relation_type, side.other_id as related_unit_id,
       other.canonical_address as related_address, r.relation_status, r.attributes, r.operation_ref as operation_id, r.created_by as actor_ref, r.valid_from, r.valid_to
  -- two halves, each with its index: the sides of one row as a list were read from all relations of the corpus
  from (select f.relation_id, f.from_unit_id as unit_id, f.to_unit_id as other_id,
               case f.relation_type when 'replaced_by' then 'later' else 'earlier' end as direction
          from iu_relation f where f.relation_type <> 'contains'
        union all
        select t.relation_id, t.to_unit_id, t.from_unit_id, case t.relation_type when 'replaced_by' then 'earlier' else 'later' end
          from iu_relation t where t.relation_type <> 'contains' and t.from_unit_id <> t.to_unit_id) side
  join iu_relation r on r.relation_id = side.relation_id
  join information_unit mine on mine.id = side.unit_id
  join information_unit other on other.id = side.other_id;
comment on view v_iu_lineage is 'Where a text came from (earlier) and where it went (later), one row a relation and side.';
-- <<<

-- >>> views/v_iu_structure_operation_log.sql
-- v_iu_structure_operation_log: every structure operation with what it touched, who approved it and how many events it gave.
create or replace view v_iu_structure_operation_log as
select o.operation_id, o.operation_type, o.operation_status, o.step_count, o.actor_ref, o.reason, o.approval_ref, o.applied_by, o.applied_seq,
       o.source_unit_ids, o.target_unit_ids, o.parent_unit_id, o.created_at, o.enacted_at, o.rolled_back_at, o.rolled_back_by, o.rollback_reason,
       o.rollback_approval_ref, o.withdrawn_at, o.withdrawn_by, o.withdraw_reason, o.created_by, o.applied_login, o.rolled_back_login, o.withdrawn_login,
       (o.impact_summary ->> 'units')::bigint as units, (o.impact_summary ->> 'tree_rows')::bigint as tree_rows,
       (select count(*) from iu_structure_event e where e.operation_id = o.operation_id and e.event_id is not null) as events,
       (select count(*) from iu_structure_event e where e.operation_id = o.operation_id and e.event_id is null) as suppressed_events,
       (select count(*) from iu_structure_change c where c.operation_id = o.operation_id and c.change_kind = 'review') as reviews
  from iu_structure_operation o;
comment on view v_iu_structure_operation_log is 'Every structure operation: what it touched, who approved it, how many events it gave.';
-- <<<

-- >>> views/v_iu_sql_link_resolved.sql
-- v_iu_sql_link_resolved: every SQL link with the unit it belongs to, what replaced that unit, and whether the object is there (of a row: its table).
create or replace view v_iu_sql_link_resolved as
select k.id as link_id, k.unit_id, u.canonical_address, u.lifecycle_status as unit_status, k.link_role, k.object_kind,
       coalesce(k.object_schema, current_schema()::text) as object_schema, coalesce(k.object_name, k.collection_name) as object_name,
       k.function_identity, k.trigger_name, k.metadata ->> 'column_name' as column_name, k.row_pk, k.direction, k.lifecycle_status, k.enabled, k.object_fingerprint, k.created_at, k.created_by,
       fn_iu_sql_link_exists(k) as object_exists,
       (select array_agg(r.to_unit_id order by r.relation_id) from iu_relation r
         where r.from_unit_id = k.unit_id and r.relation_type = 'replaced_by' and r.relation_status = 'active') as replaced_by_unit_ids
  from iu_sql_link k
  join information_unit u on u.id = k.unit_id;
comment on view v_iu_sql_link_resolved is 'Every SQL link with its unit, what replaced that unit, and whether the object is there.';
-- <<<

create trigger trg_iu_tree_birth after insert on information_unit referencing new table as new_units
  for each statement execute function fn_iu_tree_birth();
create trigger trg_iu_structure_operation_keep before delete or truncate on iu_structure_operation
  for each statement execute function fn_iu_refuse_change();
create trigger trg_iu_structure_change_append_only before update or delete or truncate on iu_structure_change
  for each statement execute function fn_iu_refuse_change();
create trigger trg_iu_structure_event_append_only before update or delete or truncate on iu_structure_event
  for each statement execute function fn_iu_refuse_change();
create trigger trg_iu_relation_keep before delete or truncate on iu_relation
  for each statement execute function fn_iu_refuse_change();
alter table iu_structure_operation enable always trigger trg_iu_structure_operation_keep;
alter table iu_structure_change enable always trigger trg_iu_structure_change_append_only;
alter table iu_structure_event enable always trigger trg_iu_structure_event_append_only;
alter table iu_relation enable always trigger trg_iu_relation_keep;

-- units that were there before this change
with recursive down as (
  select u.id, u.id as root, array[u.id] as path from information_unit u where u.parent_or_container_ref is null and u.deleted_at is null
  union all
  select c.id, d.root, d.path || c.id from down d join information_unit c on c.parent_or_container_ref = d.id where c.deleted_at is null
)
insert into iu_tree_path (unit_id, root_unit_id, path_ids, depth) select id, root, path, cardinality(path) - 1 from down;
insert into iu_relation (relation_type, from_unit_id, to_unit_id, sibling_rank, valid_from, created_by)
select 'contains', u.parent_or_container_ref, u.id, u.sibling_rank, u.created_at, u.created_by
  from information_unit u where u.parent_or_container_ref is not null and u.deleted_at is null;

-- one route an event type of operations, as iu.version_applied.workflow: there, and sending nothing. A rollback of this change leaves the rows
-- (routes are never deleted), so they may be here already.
insert into iu_outbound_route (route_code, event_domain, event_type, event_stream, target_kind, target_ref, note)
select format('iu.%s.workflow', r.event_type), 'iu', r.event_type, r.event_stream, 'workflow', 'event_outbox', 'installed disabled and in dry-run'
  from event_type_registry r
 where r.event_domain = 'iu'
   and r.event_type in ('structure_op_applied', 'structure_child_added', 'structure_piece_split', 'structure_pieces_merged',
                        'structure_piece_deprecated', 'structure_piece_replaced', 'structure_piece_renumbered', 'structure_op_rolled_back')
 order by r.event_type
on conflict (route_code) do nothing;
