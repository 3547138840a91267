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
