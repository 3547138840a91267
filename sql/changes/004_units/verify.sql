-- 004_units: the guards fire always, the birth gate is deferred, and every unit has an anchor of its own.
do $$
declare
  v_problem text;
begin
  select string_agg(problem, '; ') into v_problem from (
    select format('trigger %s on %s is missing or not in its mode', t.name, t.on_table) as problem
      from (values ('trg_aa_iu_gateway_write_guard', 'information_unit'::regclass, 'A'), ('trg_aa_uv_gateway_write_guard', 'unit_version', 'A'),
                   ('trg_iu_enacted_immut', 'information_unit', 'A'), ('trg_uv_enacted_immut', 'unit_version', 'A'),
                   ('trg_iu_birth_gate_layer1', 'information_unit', 'O'), ('trg_iu_birth_gate_layer1_update', 'information_unit', 'O'),
                   ('trg_iu_birth_gate_layer2', 'information_unit', 'O'), ('trg_iu_out_version', 'unit_version', 'O'),
                   ('trg_iu_lifecycle_log_append_only', 'iu_lifecycle_log', 'A')) as t (name, on_table, mode)
     where not exists (select from pg_trigger g where g.tgrelid = t.on_table and g.tgname = t.name and g.tgenabled::text = t.mode)
    union all
    select 'trg_iu_birth_gate_layer2 is not initially deferred'
     where exists (select from pg_trigger where tgrelid = 'information_unit'::regclass and tgname = 'trg_iu_birth_gate_layer2' and not tginitdeferred)
    union all
    select format('dot_config has no value for %s', k) from unnest(array['iu_create.gateway.marker_key', 'iu_create.gateway.allowed_marker_values']) k
     where fn_iu_setting(k, null) is null
    union all
    select 'the vocabulary of unit kinds is empty'
     where not exists (select from dot_config where key like E'vocab.unit\\_kind.%' and value = 'true')
    union all
    (select format('unit %s has no version of its own as anchor', u.canonical_address)
       from information_unit u left join unit_version v on v.id = u.version_anchor_ref and v.unit_id = u.id
      where v.id is null or u.content_anchor_ref is distinct from v.id::text limit 1)
  ) found;
  if v_problem is not null then
    raise exception using errcode = 'IU820', message = '004_units: ' || v_problem,
      hint = 'iu migrate verify names the object; restore it from the change that installs it';
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
    ('column', 'information_unit.canonical_address', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'information_unit.conformance_status', '5bad1692dc63dd156b4449b75a3a1db2'),
    ('column', 'information_unit.content_anchor_ref', 'c478557ec1b62aa7f0960a50f4dc5815'),
    ('column', 'information_unit.created_at', '1b279d7afa799a730e7b43823cbae6ba'),
    ('column', 'information_unit.created_by', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'information_unit.deleted_at', 'b93ebeb571bff6c6f277ab7b11627a4b'),
    ('column', 'information_unit.doc_code', 'c478557ec1b62aa7f0960a50f4dc5815'),
    ('column', 'information_unit.id', '6c8285252b1c6be367150baaac338b57'),
    ('column', 'information_unit.identity_profile', 'b3d0ff6b4d8edbc294b27d78279750ec'),
    ('column', 'information_unit.lifecycle_status', 'c27a8aac5c36e6bc4639a26dcab483d6'),
    ('column', 'information_unit.owner_ref', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'information_unit.parent_or_container_ref', 'b7cc77e7420a9d3eb5e40cfe3b26371f'),
    ('column', 'information_unit.recorded_by', 'd26cd51629b9eff88ca67e02bc94d236'),
    ('column', 'information_unit.section_code', 'c478557ec1b62aa7f0960a50f4dc5815'),
    ('column', 'information_unit.section_type', 'c478557ec1b62aa7f0960a50f4dc5815'),
    ('column', 'information_unit.sibling_rank', '05ba0e483d6e45a01e6a80f87051e0fe'),
    ('column', 'information_unit.sort_order', 'bec111850cf2bcd3a994e42db4199744'),
    ('column', 'information_unit.unit_kind', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'information_unit.updated_at', '1b279d7afa799a730e7b43823cbae6ba'),
    ('column', 'information_unit.updated_by', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'information_unit.version_anchor_ref', 'b7cc77e7420a9d3eb5e40cfe3b26371f'),
    ('column', 'iu_lifecycle_log.actor', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_lifecycle_log.canonical_address', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_lifecycle_log.change_set_id', 'c478557ec1b62aa7f0960a50f4dc5815'),
    ('column', 'iu_lifecycle_log.from_status', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_lifecycle_log.log_id', 'a4f59c736a6e89e1058c2833d87051ef'),
    ('column', 'iu_lifecycle_log.reason', 'c478557ec1b62aa7f0960a50f4dc5815'),
    ('column', 'iu_lifecycle_log.recorded_at', '02e180491042e81e167953d43a9fa994'),
    ('column', 'iu_lifecycle_log.recorded_by', 'd26cd51629b9eff88ca67e02bc94d236'),
    ('column', 'iu_lifecycle_log.review_decision_id', 'c478557ec1b62aa7f0960a50f4dc5815'),
    ('column', 'iu_lifecycle_log.to_status', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_lifecycle_log.tool_revision', 'c478557ec1b62aa7f0960a50f4dc5815'),
    ('column', 'iu_lifecycle_log.unit_id', '03ef15af8f77e8e4421b561eb676ae74'),
    ('column', 'iu_lifecycle_log.version_id', 'b7cc77e7420a9d3eb5e40cfe3b26371f'),
    ('column', 'iu_lifecycle_vocab.description', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_lifecycle_vocab.lifecycle_status', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_lifecycle_vocab.living', 'b6c6cc4ec80538b83c4c20ba0b7c6c62'),
    ('column', 'iu_sql_link.collection_name', 'c478557ec1b62aa7f0960a50f4dc5815'),
    ('column', 'iu_sql_link.created_at', '8e6d52e249bc263457d23899efd9d131'),
    ('column', 'iu_sql_link.created_by', 'd26cd51629b9eff88ca67e02bc94d236'),
    ('column', 'iu_sql_link.direction', '6ec87fab3629acf30303274abd077fe9'),
    ('column', 'iu_sql_link.enabled', 'ba9b67b2048ecad06071d829dc64c7a8'),
    ('column', 'iu_sql_link.function_identity', 'c478557ec1b62aa7f0960a50f4dc5815'),
    ('column', 'iu_sql_link.id', '6c8285252b1c6be367150baaac338b57'),
    ('column', 'iu_sql_link.idempotency_key', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_sql_link.lifecycle_status', 'c27a8aac5c36e6bc4639a26dcab483d6'),
    ('column', 'iu_sql_link.link_role', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_sql_link.metadata', 'b3d0ff6b4d8edbc294b27d78279750ec'),
    ('column', 'iu_sql_link.object_fingerprint', 'c478557ec1b62aa7f0960a50f4dc5815'),
    ('column', 'iu_sql_link.object_kind', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_sql_link.object_name', 'c478557ec1b62aa7f0960a50f4dc5815'),
    ('column', 'iu_sql_link.object_schema', 'c478557ec1b62aa7f0960a50f4dc5815'),
    ('column', 'iu_sql_link.row_pk', '24ef2499b20de0bceef96d76d609579e'),
    ('column', 'iu_sql_link.trigger_name', 'c478557ec1b62aa7f0960a50f4dc5815'),
    ('column', 'iu_sql_link.unit_id', '03ef15af8f77e8e4421b561eb676ae74'),
    ('column', 'unit_version.body', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'unit_version.content_hash', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'unit_version.content_profile', 'b3d0ff6b4d8edbc294b27d78279750ec'),
    ('column', 'unit_version.created_at', '1b279d7afa799a730e7b43823cbae6ba'),
    ('column', 'unit_version.created_by', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'unit_version.enacted_at', 'b93ebeb571bff6c6f277ab7b11627a4b'),
    ('column', 'unit_version.id', '6c8285252b1c6be367150baaac338b57'),
    ('column', 'unit_version.lifecycle_status', 'c27a8aac5c36e6bc4639a26dcab483d6'),
    ('column', 'unit_version.recorded_by', 'd26cd51629b9eff88ca67e02bc94d236'),
    ('column', 'unit_version.redaction_id', '49a761533c792db1ccd3b7e21b6ef5a5'),
    ('column', 'unit_version.unit_id', '03ef15af8f77e8e4421b561eb676ae74'),
    ('column', 'unit_version.version_seq', '3f9165f799b9a9e1373f137f064326bd'),
    ('constraint', 'information_unit.information_unit_canonical_address_check', 'ce5718b4c726deeede219493604493f3'),
    ('constraint', 'information_unit.information_unit_canonical_address_key', '82716713f87e142eca63f827ceb2645e'),
    ('constraint', 'information_unit.information_unit_identity_profile_check', 'c4a9ca84f29bffd0bd476208e8acd417'),
    ('constraint', 'information_unit.information_unit_lifecycle_status_check', '515241ee7beb476612e1cb422edce9c4'),
    ('constraint', 'information_unit.information_unit_not_own_parent_chk', '74b0c58eaead784e26c8e35f39dc22cf'),
    ('constraint', 'information_unit.information_unit_parent_or_container_ref_fkey', '749e320145bc5030cfada3a25159905b'),
    ('constraint', 'information_unit.information_unit_pkey', '59f9762ceca4ce4ac2c2960596f9e8ed'),
    ('constraint', 'information_unit.information_unit_place_key', '79430168e0bd9d3930fba98c7b0ff787'),
    ('constraint', 'information_unit.information_unit_sibling_rank_check', '51e469b121617a15627ba26ac3cd4676'),
    ('constraint', 'information_unit.information_unit_sort_order_key', 'fcdc9f24b1bd95becb0ea1d2bb0e30b2'),
    ('constraint', 'information_unit.trg_iu_birth_gate_layer2', '44408daae0b5119a8a62ebf9cbcbadf1'),
    ('constraint', 'iu_lifecycle_log.iu_lifecycle_log_from_status_check', 'db1e2634dedf8c8ed53277a15409d1af'),
    ('constraint', 'iu_lifecycle_log.iu_lifecycle_log_pkey', '9689ce5bc2f46af5be7a05e8fded0799'),
    ('constraint', 'iu_lifecycle_log.iu_lifecycle_log_review_chk', 'e350f012dafe3212903b980fba63a4e7'),
    ('constraint', 'iu_lifecycle_log.iu_lifecycle_log_to_status_check', '8dd8b97880963702143c32c218cc68b9'),
    ('constraint', 'iu_lifecycle_log.iu_lifecycle_log_unit_id_fkey', '57794ab25dd0c3144aced68df78ead31'),
    ('constraint', 'iu_lifecycle_log.iu_lifecycle_log_version_id_fkey', 'dd1086e0bc7ff02be055a6fdefe4c1f8'),
    ('constraint', 'iu_lifecycle_vocab.iu_lifecycle_vocab_pkey', '662806ccd691a542abd2551d3d85b6e8'),
    ('constraint', 'iu_sql_link.iu_sql_link_direction_check', '60143df163801f4c043685bb6c04224e'),
    ('constraint', 'iu_sql_link.iu_sql_link_idempotency_key_key', '9068d09da3b3f81b990f6fa96ba04b4e'),
    ('constraint', 'iu_sql_link.iu_sql_link_lifecycle_status_fkey', '2c4e7d99188a728ed53baf36c3a540c3'),
    ('constraint', 'iu_sql_link.iu_sql_link_link_role_check', 'dad338e723a0a368e7f566c760ad7aaf'),
    ('constraint', 'iu_sql_link.iu_sql_link_metadata_check', '729eb1051d7251dd05e1270a90f8adf0'),
    ('constraint', 'iu_sql_link.iu_sql_link_object_kind_check', 'e80aa14948f84b61f8de9403a4429ee9'),
    ('constraint', 'iu_sql_link.iu_sql_link_pkey', '59f9762ceca4ce4ac2c2960596f9e8ed'),
    ('constraint', 'iu_sql_link.iu_sql_link_shape_chk', '3f1ba11c37880795fec7f33532f16feb'),
    ('constraint', 'iu_sql_link.iu_sql_link_unit_id_fkey', '57794ab25dd0c3144aced68df78ead31'),
    ('constraint', 'unit_version.unit_version_content_hash_check', 'd9cf069323e35017d05e5ada03a6bc4d'),
    ('constraint', 'unit_version.unit_version_content_profile_check', 'c6281957f4c238381262ffc76ec91d83'),
    ('constraint', 'unit_version.unit_version_enacted_chk', '25f8eca7d06f8cbbf23cd4f5e6ac325a'),
    ('constraint', 'unit_version.unit_version_lifecycle_status_check', '515241ee7beb476612e1cb422edce9c4'),
    ('constraint', 'unit_version.unit_version_pkey', '59f9762ceca4ce4ac2c2960596f9e8ed'),
    ('constraint', 'unit_version.unit_version_unit_id_fkey', '57794ab25dd0c3144aced68df78ead31'),
    ('constraint', 'unit_version.unit_version_unit_seq_key', 'f6c3a89a89f9ebab3b20589ebfa71ab6'),
    ('constraint', 'unit_version.unit_version_version_seq_check', '5c67ef48a7ff84c703d3749dd684f8c9'),
    ('function', 'fn_iu_birth_gate_layer1()', '91daa6150b332f4f82b3f50f08f23253'),
    ('function', 'fn_iu_birth_gate_layer2()', '460f98478ac2fc89293bc16ef2e037a9'),
    ('function', 'fn_iu_canonical_writer(text)', 'd55b57bd95bfffc978fe8dea8f3c91be'),
    ('function', 'fn_iu_create(text, text, text, text, text, text, text, text, text, text, text, integer, jsonb, jsonb)', '26800978640d814216f6d6358bcdbed4'),
    ('function', 'fn_iu_create_check(jsonb, text)', '03d252867ee41fd025d6ff325e9a0236'),
    ('function', 'fn_iu_create_many(jsonb, text)', 'aed074e75f49aa4ebdb4f3ea54fa3bca'),
    ('function', 'fn_iu_document_of(uuid[])', 'fefba389456a9456a7049d3d39b186b7'),
    ('function', 'fn_iu_enact(text, text, text, text, text, text, text, boolean)', 'badba71e5349218917fa1235b549fb23'),
    ('function', 'fn_iu_enacted_immut()', 'b67f6e6f11166d6fcf27d5ea062dde35'),
    ('function', 'fn_iu_gateway_write_guard()', 'f4b3c1859ab71bfd9d17c6db911ade48'),
    ('function', 'fn_iu_ids(integer)', 'bc2e03a09ab8cb9b8ae7f6532f2e1500'),
    ('function', 'fn_iu_living_unit(text)', 'd18e0bab5a51b1e7cab39573ebee3484'),
    ('function', 'fn_iu_lock_documents(uuid[])', '9b970d95b30366ec7782a94563d196cb'),
    ('function', 'fn_iu_outbound_on_version()', '5bd87a5d6ebd0b41fc442e01e6d06c93'),
    ('function', 'fn_iu_rank_between(text, text)', '8e6923e6466f520498a02dcb0607bf55'),
    ('function', 'fn_iu_rank_from_integer(bigint)', '386c9d2089c5e3e710beee8edbcd9116'),
    ('function', 'fn_iu_rank_to_integer(text)', '95232be78417700e7e6e3a76d378d9da'),
    ('function', 'fn_iu_revise(text, text, text, text, text, jsonb, integer)', '7357a66028ab0af519006a9cf98d9e52'),
    ('function', 'fn_iu_set_updated_at()', '3d1e6213145dfd9cfc1a1e09807f2e3a'),
    ('function', 'fn_iu_sql_link_living()', 'f140d2430459fe4d2a43bd2a57c85470'),
    ('function', 'fn_iu_sql_link_refuse(uuid[])', 'f0d6c17f66e7411cc34d658918be9eb5'),
    ('function', 'fn_iu_stamp(timestamp with time zone, uuid[])', '2d9bf902b5de4f48e5ecb43b50deaf7b'),
    ('function', 'fn_uv_enacted_immut()', '7d9562448864294866dfd1b262df4668'),
    ('index', 'information_unit_canonical_address_key', '86bcfd9d227931979955c8394035bc87'),
    ('index', 'information_unit_pkey', 'b1aaa8e072e644bea04cdce799388547'),
    ('index', 'information_unit_place_key', 'b7c86aaaa1b5cadc0eb9b9fd91f062ec'),
    ('index', 'information_unit_profile_idx', 'c86ef5b09088c025512699d40cce0305'),
    ('index', 'information_unit_sort_order_key', 'ff000bbbe993906877db67d6f08b634f'),
    ('index', 'iu_lifecycle_log_pkey', '9c558907e7b42520ce75361f4ebe9b93'),
    ('index', 'iu_lifecycle_log_unit_idx', '847130147b3028f496cdfa8b12e1bad8'),
    ('index', 'iu_lifecycle_vocab_pkey', 'd0f9d2a5395225ce6e9bb964c1a3d597'),
    ('index', 'iu_sql_link_collection_idx', '88ee8614a63680ddc9f56ff234fd6a39'),
    ('index', 'iu_sql_link_idempotency_key_key', '8fccb6c849c6114e011dee18a71ea7b3'),
    ('index', 'iu_sql_link_object_idx', '6618ca7ce8b0e36e19b24fbc764642fa'),
    ('index', 'iu_sql_link_pkey', '33252532747308d6316fec171ca1e970'),
    ('index', 'iu_sql_link_unit_idx', 'ce0d6145af2acb9f30fe6ee85364b6b5'),
    ('index', 'unit_version_one_enacted_idx', '6d9a9cce198cd95e6c98a1ece8123d64'),
    ('index', 'unit_version_pkey', '334c3a21c5a8aa6c38761875962e072f'),
    ('index', 'unit_version_unit_seq_key', '4fec6ca72fb31bcffc791c74475fc977'),
    ('sequence', 'iu_lifecycle_log_log_id_seq', '41a28e768f4b8df650ed08a91e82b26c'),
    ('table', 'information_unit', '253e12f4dc0c012a6c7b828b2e6e07a7'),
    ('table', 'iu_lifecycle_log', '253e12f4dc0c012a6c7b828b2e6e07a7'),
    ('table', 'iu_lifecycle_vocab', '253e12f4dc0c012a6c7b828b2e6e07a7'),
    ('table', 'iu_sql_link', '253e12f4dc0c012a6c7b828b2e6e07a7'),
    ('table', 'unit_version', '253e12f4dc0c012a6c7b828b2e6e07a7'),
    ('trigger', 'information_unit.trg_aa_iu_gateway_write_guard', 'cbb80b7568e17ed6acedba33232fa5a1'),
    ('trigger', 'information_unit.trg_iu_birth_gate_layer1', '68448bfca036d661c9333bda96f9fa0a'),
    ('trigger', 'information_unit.trg_iu_birth_gate_layer1_update', '461bb94c7a8419f60cd336d61162e610'),
    ('trigger', 'information_unit.trg_iu_birth_gate_layer2', '0570bcd2f477f4369acb0d26041e470c'),
    ('trigger', 'information_unit.trg_iu_enacted_immut', '8c8430404418bc36ca32b29f2733dc02'),
    ('trigger', 'information_unit.trg_iu_updated_at', '71f8f38b9d9cd7b22c8760cc5ab2ccc9'),
    ('trigger', 'iu_lifecycle_log.trg_iu_lifecycle_log_append_only', '57e871ca4f69d835cdc5c3caceaa9fa7'),
    ('trigger', 'iu_sql_link.trg_iu_sql_link_living', 'eaeca5a3a39c249084ecb27f9569452e'),
    ('trigger', 'unit_version.trg_aa_uv_gateway_write_guard', '953d046bb7c087c203d8bd1ab5b40f55'),
    ('trigger', 'unit_version.trg_iu_out_version', '97052eeeee9ad132440b89a3f7a3cdd3'),
    ('trigger', 'unit_version.trg_uv_enacted_immut', '76ebc1fe824b36e3a7f86437b91282a4')
  ) as expected (kind, identity, fingerprint)
  left join fn_iu_catalog_fingerprint() as found
    on found.kind = expected.kind and found.identity = expected.identity
  where found.fingerprint is distinct from expected.fingerprint;
  if v_damaged is not null then
    raise exception using errcode = 'IU830',
      message = format('004_units is damaged: %s', array_to_string(v_damaged, ', ')),
      detail = array_to_string(v_damaged, E'\n'),
      hint = 'restore each object as the change has it';
  end if;
end
$$;
-- <<<
