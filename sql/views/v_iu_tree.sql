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
