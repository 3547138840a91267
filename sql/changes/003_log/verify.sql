-- 003_log: the guards of the log fire always; seq is an identity from an unbuffered sequence, and tx_id is taken before it.
do $$
declare
  v_problem text;
begin
  select string_agg(problem, '; ') into v_problem from (
    select format('trigger %s on %s is missing or not ENABLE ALWAYS', t.name, t.on_table) as problem
      from (values ('trg_event_outbox_type_validate', 'event_outbox'::regclass), ('trg_event_outbox_append_only', 'event_outbox'),
                   ('trg_event_outbox_recording', 'event_outbox'), ('trg_event_outbox_check', 'event_outbox'),
                   ('trg_iu_suppressed_event_append_only', 'iu_suppressed_event')) as t (name, on_table)
     where not exists (select from pg_trigger g where g.tgrelid = t.on_table and g.tgname = t.name and g.tgenabled = 'A')
    union all
    select 'sequence event_outbox_seq_seq is missing, cached, cycling or not owned by event_outbox.seq'
     where not exists (select from pg_sequence s join pg_depend d on d.objid = s.seqrelid and d.deptype = 'i'
                        where s.seqrelid = 'event_outbox_seq_seq'::regclass and s.seqcache = 1 and s.seqincrement = 1 and not s.seqcycle
                          and d.refobjid = 'event_outbox'::regclass)
    union all
    select 'event_outbox.seq is no identity always, or tx_id does not stand before it with its default'
     where not exists (select from pg_attribute t join pg_attribute q on q.attrelid = t.attrelid
                        where t.attrelid = 'event_outbox'::regclass and t.attname = 'tx_id' and q.attname = 'seq' and t.attnum < q.attnum
                          and t.atthasdef and q.attidentity = 'a')
    union all
    select format('event_outbox.%s is missing or nullable', c) from unnest(array['seq', 'tx_id']) c
     where not exists (select from pg_attribute where attrelid = 'event_outbox'::regclass and attname = c and attnotnull)
    union all
    select 'event types of domain iu are missing from event_type_registry'
     where (select count(*) from event_type_registry where event_domain = 'iu') < 12
    union all
    select fn_iu_log_partition_faults()
  ) found;
  if v_problem is not null then
    raise exception using errcode = 'IU820', message = '003_log: ' || v_problem,
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
    ('column', 'event_outbox.actor_ref', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'event_outbox.canonical_address', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'event_outbox.correlation_id', 'c478557ec1b62aa7f0960a50f4dc5815'),
    ('column', 'event_outbox.created_at', '1b279d7afa799a730e7b43823cbae6ba'),
    ('column', 'event_outbox.delivery_lane', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'event_outbox.event_domain', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'event_outbox.event_severity', 'c478557ec1b62aa7f0960a50f4dc5815'),
    ('column', 'event_outbox.event_stream', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'event_outbox.event_subject_ref', 'c478557ec1b62aa7f0960a50f4dc5815'),
    ('column', 'event_outbox.event_subject_table', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'event_outbox.event_type', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'event_outbox.id', '6c8285252b1c6be367150baaac338b57'),
    ('column', 'event_outbox.occurred_at', '1b279d7afa799a730e7b43823cbae6ba'),
    ('column', 'event_outbox.payload_classification', 'd77567fa64101bb6b2a6e3884514d13c'),
    ('column', 'event_outbox.safe_payload', 'b3d0ff6b4d8edbc294b27d78279750ec'),
    ('column', 'event_outbox.seq', 'a4f59c736a6e89e1058c2833d87051ef'),
    ('column', 'event_outbox.source_system', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'event_outbox.tx_id', 'bff74eb36c92f7ef4dab68eee86d33f4'),
    ('column', 'event_type_registry.active', 'd972d2dee62dbb895da9f5b79c34d8b6'),
    ('column', 'event_type_registry.changed_by', 'd26cd51629b9eff88ca67e02bc94d236'),
    ('column', 'event_type_registry.created_at', '8e6d52e249bc263457d23899efd9d131'),
    ('column', 'event_type_registry.default_severity', 'c478557ec1b62aa7f0960a50f4dc5815'),
    ('column', 'event_type_registry.delivery_lane', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'event_type_registry.description', 'c478557ec1b62aa7f0960a50f4dc5815'),
    ('column', 'event_type_registry.event_domain', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'event_type_registry.event_stream', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'event_type_registry.event_type', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'event_type_registry.updated_at', '8e6d52e249bc263457d23899efd9d131'),
    ('column', 'iu_event_dedupe.created_at', '1b279d7afa799a730e7b43823cbae6ba'),
    ('column', 'iu_event_dedupe.dedupe_key', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_event_dedupe.event_domain', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_event_dedupe.event_id', '03ef15af8f77e8e4421b561eb676ae74'),
    ('column', 'iu_event_dedupe.event_subject_ref', 'c478557ec1b62aa7f0960a50f4dc5815'),
    ('column', 'iu_event_dedupe.event_subject_table', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_event_dedupe.event_type', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_log_partition.from_seq', '49a761533c792db1ccd3b7e21b6ef5a5'),
    ('column', 'iu_log_partition.gone_at', 'b93ebeb571bff6c6f277ab7b11627a4b'),
    ('column', 'iu_log_partition.gone_by', 'c478557ec1b62aa7f0960a50f4dc5815'),
    ('column', 'iu_log_partition.gone_reason', 'c478557ec1b62aa7f0960a50f4dc5815'),
    ('column', 'iu_log_partition.made_at', '8e6d52e249bc263457d23899efd9d131'),
    ('column', 'iu_log_partition.made_by', 'd26cd51629b9eff88ca67e02bc94d236'),
    ('column', 'iu_log_partition.partition_name', '200809db0119c27a17acea7f0a685406'),
    ('column', 'iu_log_partition.partition_no', '80be1f8e8a42af62870e6cb084503a50'),
    ('column', 'iu_log_partition.to_seq', '9445c8482dbbc1b98629492d09a7e3a8'),
    ('column', 'iu_suppressed_event.actor_ref', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_suppressed_event.canonical_address', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_suppressed_event.event_domain', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_suppressed_event.event_subject_ref', 'c478557ec1b62aa7f0960a50f4dc5815'),
    ('column', 'iu_suppressed_event.event_subject_table', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_suppressed_event.event_type', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_suppressed_event.suppressed_at', '8e6d52e249bc263457d23899efd9d131'),
    ('column', 'iu_suppressed_event.suppressed_by', 'd26cd51629b9eff88ca67e02bc94d236'),
    ('column', 'iu_suppressed_event.suppressed_id', 'a4f59c736a6e89e1058c2833d87051ef'),
    ('constraint', 'event_outbox.event_outbox_id_key', '045fdd31039d4f7d73104329976dd9c4'),
    ('constraint', 'event_outbox.event_outbox_pkey', '4861cf50518fed6f402ddab128fc0539'),
    ('constraint', 'event_type_registry.event_type_registry_delivery_lane_check', '7b5b5b7d2a722605b8322217a55d291d'),
    ('constraint', 'event_type_registry.event_type_registry_event_domain_check', '6377d1bb171ac1a286a709235437fa74'),
    ('constraint', 'event_type_registry.event_type_registry_event_stream_check', 'b0991b9760b0a33e64de0387efc79cf4'),
    ('constraint', 'event_type_registry.event_type_registry_event_type_check', '4727046d895223e0da2122b72c7e8475'),
    ('constraint', 'event_type_registry.event_type_registry_pkey', 'fd29b3347a1ceffaea9fdf3cd6a433c2'),
    ('constraint', 'iu_event_dedupe.iu_event_dedupe_dedupe_key_check', '3702f82013d8b8ed534134f941c3ed15'),
    ('constraint', 'iu_event_dedupe.iu_event_dedupe_pkey', '455dcb5613e3b9ce8c8f4f6ac8acd32d'),
    ('constraint', 'iu_log_partition.iu_log_partition_check', 'f42483619a77755e0b5c20192b37734c'),
    ('constraint', 'iu_log_partition.iu_log_partition_check1', '9dca89fb40ae678f4eeb4b639e867ce6'),
    ('constraint', 'iu_log_partition.iu_log_partition_partition_name_key', 'bf192de93540f74c11a92e961221fe11'),
    ('constraint', 'iu_log_partition.iu_log_partition_pkey', 'c0e7c1ed2d0f44691353fcec645e21f8'),
    ('constraint', 'iu_suppressed_event.iu_suppressed_event_pkey', '0c2e09486a43398229a00c369ff27a6e'),
    ('function', 'fn_event_outbox_append_only()', '6baed2b5b7dcd4fe11d3db12d5a42980'),
    ('function', 'fn_event_type_validate()', '65bb4acb062e23434312c552fe2b4dca'),
    ('function', 'fn_iu_emit(text, text, text, text, jsonb, text, text, text, text, text, text, timestamp with time zone, text)', '765d403f45b599a718542c6bc365f6c7'),
    ('function', 'fn_iu_emit_event(text, text, uuid, text, jsonb)', '0e180d13304b8c98f79ffdfa9e6750d7'),
    ('function', 'fn_iu_event_check()', '7ca53dbb8e6a1e3b4d69613c84c74b18'),
    ('function', 'fn_iu_event_recording()', 'afe2320c71a4443d9179c784b84e7108'),
    ('function', 'fn_iu_event_settle(event_outbox, text, boolean)', 'da8a70f7538657460841cb8224454581'),
    ('function', 'fn_iu_event_type_add(text, text, text, text, text, text)', 'cc103f7d658015f31f062e26d146b32e'),
    ('function', 'fn_iu_event_type_disable(text, text)', '3d373b80de79c43020f677a33f692541'),
    ('function', 'fn_iu_event_type_refuse(text, text)', '1ea4cf1fbda1087cc80a11be740ad90e'),
    ('function', 'fn_iu_forbidden_key(text)', '04a4f6a17d8e48a7562476e21580705e'),
    ('function', 'fn_iu_forbidden_key_pattern()', 'afdee3f82bc1f0e047ceff9bcb12b6c4'),
    ('function', 'fn_iu_log_let_go()', '75e5fd55979f963bd7322100b913e471'),
    ('function', 'fn_iu_log_partition_ahead(boolean)', '665d1dc2fb1c52a156b59d6b8f9ebfc9'),
    ('function', 'fn_iu_log_partition_attached()', 'd18928eb8f00398d458a23c2ac20028d'),
    ('function', 'fn_iu_log_partition_back(text, bigint)', '5cbd765b9e07d3416e263e84521ee1ae'),
    ('function', 'fn_iu_log_partition_direct()', '47a8bd390290d0be097836344a9b4794'),
    ('function', 'fn_iu_log_partition_faults()', '4a913304e73283429568d87f0cd7c924'),
    ('function', 'fn_iu_log_partition_guard(text)', '0117d623c8603898ea8e88b360546e52'),
    ('function', 'fn_iu_log_partition_hold(text)', '1165484d813cd1c968bee7f128a1cc17'),
    ('function', 'fn_iu_log_partition_kept(bigint)', '78e3f514ff8c670c7c79b1674dab59fb'),
    ('function', 'fn_iu_log_partition_make(bigint, bigint)', '8fe305a6117558228d302e02087d1b42'),
    ('function', 'fn_iu_log_partition_missing()', '4f8aca2c6af56f71b1ff0c682a38d5ba'),
    ('function', 'fn_iu_log_partition_plan()', '101728ca399f6f5b3ab9d8633fc8dbbf'),
    ('function', 'fn_iu_log_partition_refusals()', '8d2eabfc7fd87d52505107de38279a8a'),
    ('function', 'fn_iu_log_partition_refuse()', 'e28cdb9fc4bc969d159f9ce239f82a5e'),
    ('function', 'fn_iu_log_partition_state()', '9c24e04afa0c58c967219c8fd48e7abb'),
    ('function', 'fn_iu_log_partition_step(text)', 'd3bb4e61d19c442bfc79f8f94017033c'),
    ('function', 'fn_iu_log_partition_swap(text)', '5ccc7eff59b50523a0fd189155327bc9'),
    ('function', 'fn_iu_log_partition_tend()', '22710b4d0c2d2326e999c8489531ce6c'),
    ('function', 'fn_iu_log_partition_unseen()', 'ad0e1072c42f05fb19cc0964a2fbfbbd'),
    ('function', 'fn_iu_log_rebind(oid, text[], text)', 'fdc15cd865c3936a33fad2506d3685c0'),
    ('function', 'fn_iu_wakeup()', '420eae838602c64076cdc624c82c1de5'),
    ('function', 'fn_iu_wakeup_enable(boolean)', 'fb076276b7ad6c0274fa1cd7a21a203a'),
    ('index', 'event_outbox_id_key', 'deb631a9c8f80b35782d4e9ea318ec49'),
    ('index', 'event_outbox_pkey', '02b80b98a609db66fc435ecce45e9c89'),
    ('index', 'event_outbox_tx_idx', '61cf2826d0d606a44e78bf76fe798de4'),
    ('index', 'event_type_registry_pkey', '456efec4be9e883ff54f1703b9530703'),
    ('index', 'iu_event_dedupe_pkey', 'b64573ed1d60e65a7fb7102a83e5f6cf'),
    ('index', 'iu_log_partition_partition_name_key', '3910f7de70e03e5ea1794a4f8f7c0f25'),
    ('index', 'iu_log_partition_pkey', '676014752eae221c396769b85c1dad43'),
    ('index', 'iu_log_partition_to_key', '39bf2978769bdc145f8a02ae51683a99'),
    ('index', 'iu_suppressed_event_pkey', '61663a82c2766e4ddc8829bf7b4a9201'),
    ('sequence', 'event_outbox_seq_seq', '7e09ca4285fb94f6d4ad5c868c1715b2'),
    ('sequence', 'iu_log_partition_partition_no_seq', '5d96660d3138010645da920cef5c19c4'),
    ('sequence', 'iu_suppressed_event_suppressed_id_seq', '02c20d1197ad94be0c3f2320918ea94f'),
    ('table', 'event_outbox', '253e12f4dc0c012a6c7b828b2e6e07a7'),
    ('table', 'event_type_registry', '253e12f4dc0c012a6c7b828b2e6e07a7'),
    ('table', 'iu_event_dedupe', '253e12f4dc0c012a6c7b828b2e6e07a7'),
    ('table', 'iu_log_partition', '253e12f4dc0c012a6c7b828b2e6e07a7'),
    ('table', 'iu_suppressed_event', '253e12f4dc0c012a6c7b828b2e6e07a7'),
    ('trigger', 'event_outbox.trg_event_outbox_append_only', '8054ecef74690faa5324edd818852cc4'),
    ('trigger', 'event_outbox.trg_event_outbox_check', 'af754b8a19967b4b9942efcd6cd5d7ad'),
    ('trigger', 'event_outbox.trg_event_outbox_recording', '65916b513834239ea4206b6f3237aa92'),
    ('trigger', 'event_outbox.trg_event_outbox_type_validate', '782ae91def4c995a51555d3c3c214eae'),
    ('trigger', 'iu_suppressed_event.trg_iu_suppressed_event_append_only', '5e60839be33bdb054b6ef9b11590b7b2'),
    ('view', 'v_iu_suppressed_event', '81cb02511a34c598f507e4805607b688')
  ) as expected (kind, identity, fingerprint)
  left join fn_iu_catalog_fingerprint() as found
    on found.kind = expected.kind and found.identity = expected.identity
  where found.fingerprint is distinct from expected.fingerprint;
  if v_damaged is not null then
    raise exception using errcode = 'IU830',
      message = format('003_log is damaged: %s', array_to_string(v_damaged, ', ')),
      detail = array_to_string(v_damaged, E'\n'),
      hint = 'restore each object as the change has it';
  end if;
end
$$;
-- <<<
