-- v_iu_lineage: one row a unit and a unit it is related to, seen from both sides: earlier = where its text came from, later = where it went;
-- actor_ref = who did it.
create or replace view v_iu_lineage as
select r.relation_id, side.unit_id, mine.canonical_address, side.direction, r.relation_type, side.other_id as related_unit_id,
       other.canonical_address as related_address, r.relation_status, r.attributes, r.operation_ref as operation_id, r.created_by as actor_ref, r.valid_from, r.valid_to
  from iu_relation r
 cross join lateral (values
   (r.from_unit_id, r.to_unit_id, case r.relation_type when 'replaced_by' then 'later' else 'earlier' end),
   (r.to_unit_id, r.from_unit_id, case r.relation_type when 'replaced_by' then 'earlier' else 'later' end)) as side (unit_id, other_id, direction)
  join information_unit mine on mine.id = side.unit_id
  join information_unit other on other.id = side.other_id
 where r.relation_type <> 'contains' and (r.from_unit_id <> r.to_unit_id or side.direction = 'earlier');
comment on view v_iu_lineage is 'Where a text came from (earlier) and where it went (later), one row a relation and side.';
