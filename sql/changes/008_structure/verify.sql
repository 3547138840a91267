-- 008_structure: the triggers stand in their mode, every tree is proven, and the books of the operations agree.
do $$
declare
  v_problem text;
begin
  select string_agg(problem, '; ') into v_problem from (
    select format('trigger %s on %s is missing or not in its mode', t.name, t.on_table) as problem
      from (values ('trg_iu_tree_birth', 'information_unit'::regclass, 'O'), ('trg_iu_structure_operation_keep', 'iu_structure_operation', 'A'),
                   ('trg_iu_structure_change_append_only', 'iu_structure_change', 'A'),
                   ('trg_iu_structure_event_append_only', 'iu_structure_event', 'A'), ('trg_iu_relation_keep', 'iu_relation', 'A')) as t (name, on_table, mode)
     where not exists (select from pg_trigger g where g.tgrelid = t.on_table and g.tgname = t.name and g.tgenabled::text = t.mode)
    union all
    select format('%s has no route iu.%s.workflow', r.event_type, r.event_type) from event_type_registry r
     where r.event_domain = 'iu' and r.event_type like E'structure\\_%'
       and not exists (select from iu_outbound_route o where o.route_code = format('iu.%s.workflow', r.event_type))
    union all
    select 'the write guard does not know fn_iu_structure_op'
     where fn_iu_setting('iu_create.gateway.allowed_marker_values', '') not like '%fn_iu_structure_op%'
    union all
    select jsonb_array_elements_text(fn_iu_tree_verify() -> 'problems')
    union all
    select format('operation %s has %s events for its steps', o.operation_id, count(e.*))
      from iu_structure_operation o left join iu_structure_event e on e.operation_id = o.operation_id
     group by o.operation_id
    having count(e.*) <> o.step_count * case o.operation_status when 'enacted' then 1 when 'rolled_back' then 2 else 0 end
  ) found;
  if v_problem is not null then
    raise exception using errcode = 'IU820', message = '008_structure: ' || left(v_problem, 2000),
      hint = 'fn_iu_tree_verify() proves the trees one by one; iu migrate verify names a changed object';
  end if;
end
$$;

-- >>> generated: objects
do $$
declare
  v_damaged text[];
begin
  select array_agg(format(case when found.kind is null then '%s %s is missing' else '%s %s was changed' end,
                          expected.kind, expected.identity) order by expected.kind, expected.identity)
    into v_damaged
  from (values
    ('column', 'iu_collection_path.collection_id', '03ef15af8f77e8e4421b561eb676ae74'),
    ('column', 'iu_collection_path.document_id', '03ef15af8f77e8e4421b561eb676ae74'),
    ('column', 'iu_collection_path.path_ids', '90c566ed7998f7ec3aa6c2f1bb61052f'),
    ('column', 'iu_collection_path.sibling_rank', 'f62282c1b67d5848fa3014e2eda9b4f0'),
    ('column', 'iu_relation.attributes', 'b3d0ff6b4d8edbc294b27d78279750ec'),
    ('column', 'iu_relation.created_by', 'd26cd51629b9eff88ca67e02bc94d236'),
    ('column', 'iu_relation.from_unit_id', '03ef15af8f77e8e4421b561eb676ae74'),
    ('column', 'iu_relation.operation_ref', '49a761533c792db1ccd3b7e21b6ef5a5'),
    ('column', 'iu_relation.relation_id', 'a4f59c736a6e89e1058c2833d87051ef'),
    ('column', 'iu_relation.relation_status', '4a6e57a1fbd25fe542ce3a4103a88cec'),
    ('column', 'iu_relation.relation_type', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_relation.sibling_rank', 'dbe5a5dcd84b0ecf6c155f0ad7131f30'),
    ('column', 'iu_relation.to_unit_id', '03ef15af8f77e8e4421b561eb676ae74'),
    ('column', 'iu_relation.valid_from', '02e180491042e81e167953d43a9fa994'),
    ('column', 'iu_relation.valid_to', 'b93ebeb571bff6c6f277ab7b11627a4b'),
    ('column', 'iu_structure_change.after', '24ef2499b20de0bceef96d76d609579e'),
    ('column', 'iu_structure_change.before', '24ef2499b20de0bceef96d76d609579e'),
    ('column', 'iu_structure_change.change_kind', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_structure_change.change_no', '3f9165f799b9a9e1373f137f064326bd'),
    ('column', 'iu_structure_change.operation_id', '9445c8482dbbc1b98629492d09a7e3a8'),
    ('column', 'iu_structure_change.step_no', '3f9165f799b9a9e1373f137f064326bd'),
    ('column', 'iu_structure_change.unit_id', '03ef15af8f77e8e4421b561eb676ae74'),
    ('column', 'iu_structure_event.event_id', 'b7cc77e7420a9d3eb5e40cfe3b26371f'),
    ('column', 'iu_structure_event.event_type', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_structure_event.operation_id', '9445c8482dbbc1b98629492d09a7e3a8'),
    ('column', 'iu_structure_event.phase', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_structure_event.recorded_at', '8e6d52e249bc263457d23899efd9d131'),
    ('column', 'iu_structure_event.step_no', '3f9165f799b9a9e1373f137f064326bd'),
    ('column', 'iu_structure_event.unit_id', '03ef15af8f77e8e4421b561eb676ae74'),
    ('column', 'iu_structure_operation.actor_ref', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_structure_operation.applied_by', 'c478557ec1b62aa7f0960a50f4dc5815'),
    ('column', 'iu_structure_operation.applied_login', 'c478557ec1b62aa7f0960a50f4dc5815'),
    ('column', 'iu_structure_operation.applied_seq', '49a761533c792db1ccd3b7e21b6ef5a5'),
    ('column', 'iu_structure_operation.approval_ref', 'c478557ec1b62aa7f0960a50f4dc5815'),
    ('column', 'iu_structure_operation.created_at', '8e6d52e249bc263457d23899efd9d131'),
    ('column', 'iu_structure_operation.created_by', 'd26cd51629b9eff88ca67e02bc94d236'),
    ('column', 'iu_structure_operation.enacted_at', 'b93ebeb571bff6c6f277ab7b11627a4b'),
    ('column', 'iu_structure_operation.found', 'b3d0ff6b4d8edbc294b27d78279750ec'),
    ('column', 'iu_structure_operation.idempotency_key', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_structure_operation.impact_summary', 'b3d0ff6b4d8edbc294b27d78279750ec'),
    ('column', 'iu_structure_operation.operation_id', 'a4f59c736a6e89e1058c2833d87051ef'),
    ('column', 'iu_structure_operation.operation_status', 'b7a3ac3a79b80244319815c75c9e7d3c'),
    ('column', 'iu_structure_operation.operation_type', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_structure_operation.parent_unit_id', 'b7cc77e7420a9d3eb5e40cfe3b26371f'),
    ('column', 'iu_structure_operation.payload', '750ae6cf6575ef8c270aeb5d20a04284'),
    ('column', 'iu_structure_operation.preview', 'b3d0ff6b4d8edbc294b27d78279750ec'),
    ('column', 'iu_structure_operation.reason', 'c478557ec1b62aa7f0960a50f4dc5815'),
    ('column', 'iu_structure_operation.rollback_approval_ref', 'c478557ec1b62aa7f0960a50f4dc5815'),
    ('column', 'iu_structure_operation.rollback_reason', 'c478557ec1b62aa7f0960a50f4dc5815'),
    ('column', 'iu_structure_operation.rolled_back_at', 'b93ebeb571bff6c6f277ab7b11627a4b'),
    ('column', 'iu_structure_operation.rolled_back_by', 'c478557ec1b62aa7f0960a50f4dc5815'),
    ('column', 'iu_structure_operation.rolled_back_login', 'c478557ec1b62aa7f0960a50f4dc5815'),
    ('column', 'iu_structure_operation.source_unit_ids', '23c2425d32b8486bb4a08951a0577770'),
    ('column', 'iu_structure_operation.step_count', '3f9165f799b9a9e1373f137f064326bd'),
    ('column', 'iu_structure_operation.target_unit_ids', '23c2425d32b8486bb4a08951a0577770'),
    ('column', 'iu_structure_operation.updated_at', '8e6d52e249bc263457d23899efd9d131'),
    ('column', 'iu_structure_operation.withdraw_reason', 'c478557ec1b62aa7f0960a50f4dc5815'),
    ('column', 'iu_structure_operation.withdrawn_at', 'b93ebeb571bff6c6f277ab7b11627a4b'),
    ('column', 'iu_structure_operation.withdrawn_by', 'c478557ec1b62aa7f0960a50f4dc5815'),
    ('column', 'iu_structure_operation.withdrawn_login', 'c478557ec1b62aa7f0960a50f4dc5815'),
    ('column', 'iu_tree_path.depth', '3f9165f799b9a9e1373f137f064326bd'),
    ('column', 'iu_tree_path.path_ids', '90c566ed7998f7ec3aa6c2f1bb61052f'),
    ('column', 'iu_tree_path.root_unit_id', '03ef15af8f77e8e4421b561eb676ae74'),
    ('column', 'iu_tree_path.unit_id', '03ef15af8f77e8e4421b561eb676ae74'),
    ('constraint', 'iu_collection_path.iu_collection_path_collection_id_fkey', '4ef53af5bd40723ba14b000d2dbcf4f2'),
    ('constraint', 'iu_collection_path.iu_collection_path_document_id_fkey', '4ae5c3c5410c7aa06c5eac26aefc8f86'),
    ('constraint', 'iu_collection_path.iu_collection_path_pkey', '9adebf56c59dd3634fcaf559babe988d'),
    ('constraint', 'iu_collection_path.iu_collection_path_rank_key', '6bc576c6c83615b850d4dfe81f1d88dd'),
    ('constraint', 'iu_collection_path.iu_collection_path_shape_chk', '1442e4c99f168961b5e4ac5e4fe4e559'),
    ('constraint', 'iu_collection_path.iu_collection_path_sibling_rank_check', '51e469b121617a15627ba26ac3cd4676'),
    ('constraint', 'iu_relation.iu_relation_attributes_check', '68b866fced2b6615dc5dc0119228acd1'),
    ('constraint', 'iu_relation.iu_relation_from_unit_id_fkey', 'b71413373dfc506c8c766c7036f353d1'),
    ('constraint', 'iu_relation.iu_relation_operation_ref_fkey', 'e6428b51585e5ded6da9ed688eed4265'),
    ('constraint', 'iu_relation.iu_relation_pkey', '26c84772e9492e28819e52bee06d53fa'),
    ('constraint', 'iu_relation.iu_relation_rank_chk', 'cd09f1d763dafded400065d50cdcc8e8'),
    ('constraint', 'iu_relation.iu_relation_relation_status_check', 'cb5b45141ff9c065216edc1ad895975a'),
    ('constraint', 'iu_relation.iu_relation_relation_type_check', 'e917fb6a57b752a8da6623e7e6ec5fcb'),
    ('constraint', 'iu_relation.iu_relation_self_chk', '285d1ee274b105da3604599987d39e04'),
    ('constraint', 'iu_relation.iu_relation_to_unit_id_fkey', 'c9bb22611294d86b92082611f09449ff'),
    ('constraint', 'iu_relation.iu_relation_validity_chk', '5948b2d935a18689f444c6a33a75c6a3'),
    ('constraint', 'iu_structure_change.iu_structure_change_change_kind_check', 'd0ef47421aaa28c9481ffaf62ba2ea09'),
    ('constraint', 'iu_structure_change.iu_structure_change_operation_id_fkey', 'caecd1ec9a93da393f59a00433e45e97'),
    ('constraint', 'iu_structure_change.iu_structure_change_pkey', '3e4737002b27081899427d3cb02ec10c'),
    ('constraint', 'iu_structure_change.iu_structure_change_unit_id_fkey', '57794ab25dd0c3144aced68df78ead31'),
    ('constraint', 'iu_structure_event.iu_structure_event_operation_id_fkey', 'caecd1ec9a93da393f59a00433e45e97'),
    ('constraint', 'iu_structure_event.iu_structure_event_phase_check', '161c74185ed0c7a4c73dd87a34e46c1a'),
    ('constraint', 'iu_structure_event.iu_structure_event_pkey', 'd3a63a0de2b0b7a54ac3a5517964759b'),
    ('constraint', 'iu_structure_event.iu_structure_event_unit_id_fkey', '57794ab25dd0c3144aced68df78ead31'),
    ('constraint', 'iu_structure_operation.iu_structure_operation_applied_chk', '996e9b35cab04f8e5856c5391205638b'),
    ('constraint', 'iu_structure_operation.iu_structure_operation_applied_seq_key', 'e5683f281adb6843b59d9cf148c584c8'),
    ('constraint', 'iu_structure_operation.iu_structure_operation_enacted_chk', 'd9f1cfd2f0718a680a8bcc57e4e07436'),
    ('constraint', 'iu_structure_operation.iu_structure_operation_idempotency_key_key', '9068d09da3b3f81b990f6fa96ba04b4e'),
    ('constraint', 'iu_structure_operation.iu_structure_operation_operation_status_check', '56ff06068fde7a3041dbda106474d719'),
    ('constraint', 'iu_structure_operation.iu_structure_operation_operation_type_check', '7bb8263a475965367dc97154b4765e0c'),
    ('constraint', 'iu_structure_operation.iu_structure_operation_parent_unit_id_fkey', 'ab544266339f2cb1e869638d35818c92'),
    ('constraint', 'iu_structure_operation.iu_structure_operation_payload_check', '32a3730346d9da55b6c42b23413f57e4'),
    ('constraint', 'iu_structure_operation.iu_structure_operation_pkey', '7bf64adfc36383d071dcc18c014e10be'),
    ('constraint', 'iu_structure_operation.iu_structure_operation_rolled_back_chk', '8037f5d46c9ae67120f2dcd281d5215f'),
    ('constraint', 'iu_structure_operation.iu_structure_operation_step_count_check', '98f4f326010a665cf7727fb267f33fad'),
    ('constraint', 'iu_structure_operation.iu_structure_operation_withdrawn_chk', '83b16e65af7a5240f7bfbfb2a3ccfbb4'),
    ('constraint', 'iu_tree_path.iu_tree_path_pkey', 'de2118cdb0d809e6f536710320a1d732'),
    ('constraint', 'iu_tree_path.iu_tree_path_shape_chk', '55a39eb687b7e7b189f534501ae6f857'),
    ('function', 'fn_iu_deprecate(text, text, text, boolean, text)', '852678188560b49c6f86410f0ede8ad7'),
    ('function', 'fn_iu_soft_delete(text, text, text)', '766d609ba866370cf0ee4e90160ec5ac'),
    ('function', 'fn_iu_sql_link_add(jsonb, text)', 'd940f4321c584d75eb95cbfe085a566b'),
    ('function', 'fn_iu_sql_link_exists(iu_sql_link)', 'adace24948ccc8584b4fc0fb992218ca'),
    ('function', 'fn_iu_sql_link_fingerprint(iu_sql_link)', 'bef023297c490e713552d44717fcdb12'),
    ('function', 'fn_iu_sql_link_retire(uuid, text, text)', '57b968d6ca68f09231488f7caa8c88dc'),
    ('function', 'fn_iu_sql_link_validate(uuid, boolean)', '5f07e2e0858525383acd06a92d9f29f8'),
    ('function', 'fn_iu_structure_add(bigint, integer, jsonb, text, text)', 'fc4f2d27ef50fc45617ad2944c477651'),
    ('function', 'fn_iu_structure_claim(bigint, text, text)', 'f5070a83296c72a14e74adf1ed9e82bb'),
    ('function', 'fn_iu_structure_conflict(bigint)', '573b0655bba7b20ef6a2c48cda09b19c'),
    ('function', 'fn_iu_structure_dependants(bigint, integer, uuid, uuid, text, text, text, text)', '7d1e98075526419ff17e2d73d2dcae1d'),
    ('function', 'fn_iu_structure_deprecate(bigint, integer, jsonb, text, text)', 'fadcab9968ba990344609d95ee57b6b9'),
    ('function', 'fn_iu_structure_digest(bigint, boolean)', '9055dafe9b23f94c9f4bd1ea51ee292c'),
    ('function', 'fn_iu_structure_emit(bigint, integer, text, text, uuid, text)', '039ef964a5de707501955c994eb3c5cb'),
    ('function', 'fn_iu_structure_end(bigint, integer, uuid, text, text, text)', 'f3b4b947288ffd1f5db235517db55f7e'),
    ('function', 'fn_iu_structure_events(bigint, text)', 'ca875e25e6766f5069d177e4001d304c'),
    ('function', 'fn_iu_structure_join(bigint, integer, uuid, uuid, text)', '04fb488baf928b024d95e17607524dfd'),
    ('function', 'fn_iu_structure_links(bigint, integer, uuid, uuid[], text, text)', '5c1de7c99c7a208dd2f9b88145684165'),
    ('function', 'fn_iu_structure_living(text)', '6d4234f5502b62494d0721c5487912ff'),
    ('function', 'fn_iu_structure_lock(uuid[], boolean)', 'ec16898831076e0a4231e1e2e4ed02e5'),
    ('function', 'fn_iu_structure_merge(bigint, integer, jsonb, text, text)', 'ef65b6ce23bfd10a0553c1fb46babfc1'),
    ('function', 'fn_iu_structure_mint(bigint, integer, jsonb, text, uuid, text, uuid, text)', '997b9b9108082ee1f04d619d235c1c48'),
    ('function', 'fn_iu_structure_named(jsonb)', '4a1013a2f6352beeedd8ecaa3a1b6bc9'),
    ('function', 'fn_iu_structure_normalize(jsonb)', '6782d1cc0343fd706901dbcf717b964b'),
    ('function', 'fn_iu_structure_note(bigint, integer, text, uuid, jsonb, jsonb)', '3242833111e3926a13188261757409a5'),
    ('function', 'fn_iu_structure_op_apply(bigint, text, text)', '8f089828cd647ef90a065af001755cf8'),
    ('function', 'fn_iu_structure_op_plan(jsonb, text, text, text)', 'a1efb75b96c0997067a161b818af6b41'),
    ('function', 'fn_iu_structure_op_rollback(bigint, text, text, text)', '4842831ad6834fde96fc6e73c5d9e540'),
    ('function', 'fn_iu_structure_op_verify(bigint)', '0b064bae1704395aeb2cb34e2797b97f'),
    ('function', 'fn_iu_structure_op_withdraw(bigint, text, text)', '3baff3c6ce44a435dfd40cded51539b6'),
    ('function', 'fn_iu_structure_ops_enabled()', '73cbec64fc368dfeed03bfafe87fa775'),
    ('function', 'fn_iu_structure_place(bigint, integer, uuid, uuid, uuid, text, text)', '7e9c3308704294fde9c2fe725c0f31c4'),
    ('function', 'fn_iu_structure_preview(uuid[], uuid[], integer)', 'af80a9318f8523ac0a33b85dc99b2877'),
    ('function', 'fn_iu_structure_rank(uuid, uuid, text, uuid)', '2e4906c85caa7eccb3c2ec1fe09a70f9'),
    ('function', 'fn_iu_structure_relate(bigint, integer, text, uuid, uuid, jsonb, text)', '215195e00a82fa9bbd9dbde357db4534'),
    ('function', 'fn_iu_structure_renumber(bigint, integer, jsonb, text, text)', '7999b0e4b01060dc232575b2602dabb8'),
    ('function', 'fn_iu_structure_reparent(bigint, integer, jsonb, text, text)', '0a8678542cdef407807e0c052cb2238c'),
    ('function', 'fn_iu_structure_replace(bigint, integer, jsonb, text, text)', 'b95afafc050204ca6fe70a3326f5ad6e'),
    ('function', 'fn_iu_structure_run(bigint, jsonb, text, text, boolean)', '3489fd753ccee912eb445efaa278841a'),
    ('function', 'fn_iu_structure_said(iu_structure_operation, boolean)', '6a01256195369bf0e1a8fc90b1dd8851'),
    ('function', 'fn_iu_structure_split(bigint, integer, jsonb, text, text)', '93207a851d2cedf0956d9ba42c58220e'),
    ('function', 'fn_iu_structure_step(bigint, integer, jsonb, text, text)', 'fc8fc733e4d410e640c0858492dc66f2'),
    ('function', 'fn_iu_structure_undo(iu_structure_change, text, text)', '9d91c51e8e20689c0104ff971972397e'),
    ('function', 'fn_iu_tree_ancestors(uuid)', '695c20b4b146dde086ee49e68ac21fff'),
    ('function', 'fn_iu_tree_assert_acyclic(uuid, uuid)', 'c8dd209a36875ec5a9bc3df182e9c4d9'),
    ('function', 'fn_iu_tree_at(uuid, timestamp with time zone)', '85f3b9223cf7f4eb4dce9535494be4d2'),
    ('function', 'fn_iu_tree_at_version(uuid, integer)', '5f9170d06bb4da469d5f94e5d4becd45'),
    ('function', 'fn_iu_tree_birth()', 'f06f7a4ad9313dfc44025763dc1d4c92'),
    ('function', 'fn_iu_tree_hash(uuid)', '4c783367a2f06beb5730090ce6a1de57'),
    ('function', 'fn_iu_tree_is_descendant(uuid, uuid)', 'bd551e4e3e0effa3afebd78e4563e07c'),
    ('function', 'fn_iu_tree_siblings(uuid)', '80b62f74967a5e405202beed78182734'),
    ('function', 'fn_iu_tree_subtree(uuid, integer)', '754fc7ec29bedcead74cf97a0667c76a'),
    ('function', 'fn_iu_tree_verify(uuid)', '569b51ed97cb78e9ab5436e3554eafbb'),
    ('function', 'fn_iu_tree_verify_document(uuid)', '66c4d4e8ac581dba1829a0eb42eaf81a'),
    ('function', 'fn_iu_tree_verify_part(uuid[])', '9797cd8d35f60cad43d1e3effbe3ccf3'),
    ('function', 'fn_iu_unit_at(text, timestamp with time zone)', '9225dc0f37dba416cfe8f6d77451166d'),
    ('function', 'fn_iu_unit_ref(text)', 'cf0d7c651a12a5b2aa36ef09badc20b3'),
    ('index', 'iu_collection_path_path_idx', '73813d00dfd55246f8508a6511819995'),
    ('index', 'iu_collection_path_pkey', 'a80a9e7f965eb7373505fc2d3ef5f3a9'),
    ('index', 'iu_collection_path_rank_key', '74f6931dc11f861ca54d43ff8d730c03'),
    ('index', 'iu_relation_from_idx', 'aae33eaf30288611ba3748dcab7ef25f'),
    ('index', 'iu_relation_operation_idx', '553f0517a6cbd8b5fe6a93267db9d698'),
    ('index', 'iu_relation_pkey', 'c53d41549950adac938e2f16fbbf8d7b'),
    ('index', 'iu_relation_to_idx', 'ef78837dec07954e77217ec101df84df'),
    ('index', 'iu_structure_change_pkey', 'cad0b4f4e78cb6ee91507ff834b6d2de'),
    ('index', 'iu_structure_change_unit_idx', '70e8bae7e8d974ea300507a63e41cc75'),
    ('index', 'iu_structure_event_pkey', 'ba6e965e89407a55447026688e32e33a'),
    ('index', 'iu_structure_operation_applied_seq_key', 'bde5da697b08d92be219731b4ec5bf06'),
    ('index', 'iu_structure_operation_idempotency_key_key', '434feec783daa1a20141c87ccc6e19c4'),
    ('index', 'iu_structure_operation_pkey', '879fec049774e03e47a2ae15faf945b8'),
    ('index', 'iu_structure_operation_status_idx', 'bb21a289670fb7839d32ba145b780661'),
    ('index', 'iu_tree_path_document_idx', '1f82616ffd6a10f54e949deedd2b4162'),
    ('index', 'iu_tree_path_pkey', '5ab9ea83d220b2e6f1bf5c3f48cb03ca'),
    ('index', 'uq_iu_relation_one_active_parent', '46ce324b79082837368e47f2c61aad84'),
    ('sequence', 'iu_relation_relation_id_seq', '53a0e35f608c23bd522ae646d2905074'),
    ('sequence', 'iu_structure_applied_seq', '08331b690d8fda9e14adabbfbde5aaa2'),
    ('sequence', 'iu_structure_operation_operation_id_seq', 'cda349aa76029fee2da97272f02fc5f9'),
    ('table', 'iu_collection_path', '253e12f4dc0c012a6c7b828b2e6e07a7'),
    ('table', 'iu_relation', '253e12f4dc0c012a6c7b828b2e6e07a7'),
    ('table', 'iu_structure_change', '253e12f4dc0c012a6c7b828b2e6e07a7'),
    ('table', 'iu_structure_event', '253e12f4dc0c012a6c7b828b2e6e07a7'),
    ('table', 'iu_structure_operation', '253e12f4dc0c012a6c7b828b2e6e07a7'),
    ('table', 'iu_tree_path', '253e12f4dc0c012a6c7b828b2e6e07a7'),
    ('trigger', 'information_unit.trg_iu_tree_birth', 'fcc7acf93d9e3c5c38d4ce57c09c6533'),
    ('trigger', 'iu_relation.trg_iu_relation_keep', '3468a9b8c95d8ce89e16a6bf747a422d'),
    ('trigger', 'iu_structure_change.trg_iu_structure_change_append_only', '44db427d97573d32e120df5af2a59bac'),
    ('trigger', 'iu_structure_event.trg_iu_structure_event_append_only', 'f8585e263a56315c65ec0e72efb3c0c5'),
    ('trigger', 'iu_structure_operation.trg_iu_structure_operation_keep', 'dbab2ad2a9b5b83158518f03fc30645a'),
    ('view', 'v_iu_lineage', '0aeca5c47bf4a6dcbbf72d7b85024dc4'),
    ('view', 'v_iu_sql_link_resolved', '7d502c21080d93d8c85745ae5cb74525'),
    ('view', 'v_iu_structure_operation_log', '8df2922251e8c19e24f8efe21958122c'),
    ('view', 'v_iu_tree', '1903bc0a0e07a4509af054f0be09de83')
  ) as expected (kind, identity, fingerprint)
  left join fn_iu_catalog_fingerprint() as found
    on found.kind = expected.kind and found.identity = expected.identity
  where found.fingerprint is distinct from expected.fingerprint;
  if v_damaged is not null then
    raise exception using errcode = 'IU830',
      message = format('008_structure is damaged: %s', array_to_string(v_damaged, ', ')),
      detail = array_to_string(v_damaged, E'\n'),
      hint = 'restore each object as the change has it';
  end if;
end
$$;
-- <<<
