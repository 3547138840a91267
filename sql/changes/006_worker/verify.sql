-- 006_worker: scopes are disjoint by constraint; here: the default worker is registered, and no cursor belongs to another cluster.
do $$
declare
  v_foreign text;
begin
  if not exists (select from iu_route_worker_cursor where worker_name = 'iu_outbound_default') then
    raise exception using errcode = 'IU820', message = '006_worker: the worker iu_outbound_default is not registered',
      hint = 'iu cursor register iu_outbound_default --domain iu --from beginning';
  end if;
  select string_agg(c.worker_name, ', ') into v_foreign
    from iu_route_worker_cursor c
   cross join fn_iu_cluster_identity() i
   where (c.system_identifier, c.database_oid, c.log_oid) is distinct from (i.system_identifier, i.database_oid, i.log_oid);
  if v_foreign is not null then
    raise exception using errcode = 'IU822', message = format('006_worker: cursors of another cluster: %s', v_foreign),
      hint = 'after a restore or upgrade: iu cursor rebase WORKER --reason TEXT';
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
    ('column', 'iu_route_run.attempts_written', '3f9165f799b9a9e1373f137f064326bd'),
    ('column', 'iu_route_run.dead_lettered', '3f9165f799b9a9e1373f137f064326bd'),
    ('column', 'iu_route_run.deliveries_queued', '3f9165f799b9a9e1373f137f064326bd'),
    ('column', 'iu_route_run.finished_at', '60019a7f1daa52518d342a444fcc2e60'),
    ('column', 'iu_route_run.first_seq', '49a761533c792db1ccd3b7e21b6ef5a5'),
    ('column', 'iu_route_run.kind', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_route_run.last_seq', '49a761533c792db1ccd3b7e21b6ef5a5'),
    ('column', 'iu_route_run.route_history_id', '9445c8482dbbc1b98629492d09a7e3a8'),
    ('column', 'iu_route_run.route_snapshot', 'f70c4137ebd6c1c65a9ad021b55e8c6c'),
    ('column', 'iu_route_run.route_tx_id', '98b74926bfdf4d99955fceef806b3fea'),
    ('column', 'iu_route_run.run_id', 'a4f59c736a6e89e1058c2833d87051ef'),
    ('column', 'iu_route_run.seen', '3f9165f799b9a9e1373f137f064326bd'),
    ('column', 'iu_route_run.skipped', '3f9165f799b9a9e1373f137f064326bd'),
    ('column', 'iu_route_run.started_at', '60019a7f1daa52518d342a444fcc2e60'),
    ('column', 'iu_route_run.tool', 'c478557ec1b62aa7f0960a50f4dc5815'),
    ('column', 'iu_route_run.window_complete', 'b6c6cc4ec80538b83c4c20ba0b7c6c62'),
    ('column', 'iu_route_run.worker_name', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_route_worker_cursor.attempts_written', 'c4ca48d13f3e846e02e38e29809dccf5'),
    ('column', 'iu_route_worker_cursor.base_floor_seq', 'c4ca48d13f3e846e02e38e29809dccf5'),
    ('column', 'iu_route_worker_cursor.base_history_id', 'c4ca48d13f3e846e02e38e29809dccf5'),
    ('column', 'iu_route_worker_cursor.base_kind', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_route_worker_cursor.base_seq', 'c4ca48d13f3e846e02e38e29809dccf5'),
    ('column', 'iu_route_worker_cursor.base_snapshot', 'f70c4137ebd6c1c65a9ad021b55e8c6c'),
    ('column', 'iu_route_worker_cursor.database_oid', '11c1e575701b91a3c3087e1a2b31ffb8'),
    ('column', 'iu_route_worker_cursor.dead_lettered', 'c4ca48d13f3e846e02e38e29809dccf5'),
    ('column', 'iu_route_worker_cursor.done_floor_seq', '9445c8482dbbc1b98629492d09a7e3a8'),
    ('column', 'iu_route_worker_cursor.done_snapshot', 'f70c4137ebd6c1c65a9ad021b55e8c6c'),
    ('column', 'iu_route_worker_cursor.event_domain', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_route_worker_cursor.events_seen', 'c4ca48d13f3e846e02e38e29809dccf5'),
    ('column', 'iu_route_worker_cursor.last_created_at', 'b93ebeb571bff6c6f277ab7b11627a4b'),
    ('column', 'iu_route_worker_cursor.last_event_id', 'b7cc77e7420a9d3eb5e40cfe3b26371f'),
    ('column', 'iu_route_worker_cursor.last_event_seq', '49a761533c792db1ccd3b7e21b6ef5a5'),
    ('column', 'iu_route_worker_cursor.last_run_at', 'b93ebeb571bff6c6f277ab7b11627a4b'),
    ('column', 'iu_route_worker_cursor.last_run_summary', '24ef2499b20de0bceef96d76d609579e'),
    ('column', 'iu_route_worker_cursor.log_oid', '11c1e575701b91a3c3087e1a2b31ffb8'),
    ('column', 'iu_route_worker_cursor.lost_pairs', 'c4ca48d13f3e846e02e38e29809dccf5'),
    ('column', 'iu_route_worker_cursor.open_ceil_seq', '49a761533c792db1ccd3b7e21b6ef5a5'),
    ('column', 'iu_route_worker_cursor.open_floor_seq', '49a761533c792db1ccd3b7e21b6ef5a5'),
    ('column', 'iu_route_worker_cursor.open_snapshot', '78556f4d637dfdbd72fceb9bad6230f4'),
    ('column', 'iu_route_worker_cursor.passes', 'c4ca48d13f3e846e02e38e29809dccf5'),
    ('column', 'iu_route_worker_cursor.phase', '105f9baa99110c52f637e094b15d6f92'),
    ('column', 'iu_route_worker_cursor.position_seq', 'c4ca48d13f3e846e02e38e29809dccf5'),
    ('column', 'iu_route_worker_cursor.reconciled_at', 'b93ebeb571bff6c6f277ab7b11627a4b'),
    ('column', 'iu_route_worker_cursor.reconciled_floor_seq', '9445c8482dbbc1b98629492d09a7e3a8'),
    ('column', 'iu_route_worker_cursor.reconciled_snapshot', 'f70c4137ebd6c1c65a9ad021b55e8c6c'),
    ('column', 'iu_route_worker_cursor.registered_at', '8e6d52e249bc263457d23899efd9d131'),
    ('column', 'iu_route_worker_cursor.registered_by', 'd26cd51629b9eff88ca67e02bc94d236'),
    ('column', 'iu_route_worker_cursor.rewound_seq', 'c4ca48d13f3e846e02e38e29809dccf5'),
    ('column', 'iu_route_worker_cursor.system_identifier', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_route_worker_cursor.timeline', '3f9165f799b9a9e1373f137f064326bd'),
    ('column', 'iu_route_worker_cursor.worker_name', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_route_worker_heartbeat.detail', 'c478557ec1b62aa7f0960a50f4dc5815'),
    ('column', 'iu_route_worker_heartbeat.host', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_route_worker_heartbeat.last_beat_at', '60019a7f1daa52518d342a444fcc2e60'),
    ('column', 'iu_route_worker_heartbeat.pid', '3f9165f799b9a9e1373f137f064326bd'),
    ('column', 'iu_route_worker_heartbeat.process_id', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_route_worker_heartbeat.started_at', '60019a7f1daa52518d342a444fcc2e60'),
    ('column', 'iu_route_worker_heartbeat.state', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_route_worker_heartbeat.unopened_routes', '24ef2499b20de0bceef96d76d609579e'),
    ('column', 'iu_route_worker_heartbeat.version', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_route_worker_heartbeat.worker_names', '5566fa80b9a9dbb12bdac4afb7a6ad04'),
    ('constraint', 'iu_route_run.iu_route_run_kind_check', 'a9049e27aa8830cb2f080f4b2db57146'),
    ('constraint', 'iu_route_run.iu_route_run_pkey', '5351cfe277f8a500de5867256793b7cd'),
    ('constraint', 'iu_route_worker_cursor.iu_route_worker_cursor_base_kind_check', '54f49d70a8f3d99082bbcdce90b9737a'),
    ('constraint', 'iu_route_worker_cursor.iu_route_worker_cursor_event_domain_check', 'ae563a391cd37359424e54eba9879e28'),
    ('constraint', 'iu_route_worker_cursor.iu_route_worker_cursor_event_domain_key', '59aa6edfa5e15b5660afcad40592f488'),
    ('constraint', 'iu_route_worker_cursor.iu_route_worker_cursor_phase_check', '69781d9cb872c72d5b4f1b3476eb8633'),
    ('constraint', 'iu_route_worker_cursor.iu_route_worker_cursor_pkey', '61ff13c4af51fc6e64db0f66f6e86b7b'),
    ('constraint', 'iu_route_worker_cursor.iu_route_worker_cursor_window_chk', 'f243190a13fc087865d50a82afda12cf'),
    ('constraint', 'iu_route_worker_cursor.iu_route_worker_cursor_worker_name_check', '51aa2d450562a4d8d6ea6f2181ad43d3'),
    ('constraint', 'iu_route_worker_heartbeat.iu_route_worker_heartbeat_pkey', '867fd678d15e2483cf8bb8787e05561e'),
    ('constraint', 'iu_route_worker_heartbeat.iu_route_worker_heartbeat_state_check', '215f2efb647e4e41e77600f9995d841c'),
    ('constraint', 'iu_route_worker_heartbeat.iu_route_worker_heartbeat_unopened_routes_check', '2be811b0b7cea319fc375543f0138aa0'),
    ('function', 'fn_iu_blockers(integer)', '130bbbbeb1685b645c3c606552b38b4b'),
    ('function', 'fn_iu_closed_gate()', 'a01d46d1a96ee7ea43889cd6dab4f188'),
    ('function', 'fn_iu_cluster_identity()', 'ea76895303c8e328744265bf8f74b0c0'),
    ('function', 'fn_iu_cursor_change(text)', '97a5dab722eba03e272be6a687d5aa65'),
    ('function', 'fn_iu_cursor_lock_key()', '1c2d93d117da3a2a779d801fed36111a'),
    ('function', 'fn_iu_event_story(uuid)', '70ac02db35cb0bc304167dabcf64d4e2'),
    ('function', 'fn_iu_ladder_capture(boolean, text)', 'a951932f188a38061b9ec45ba5d0b5b1'),
    ('function', 'fn_iu_ladder_disable(integer, text)', '59efbfc546ecd8e81b395f98bd451e6c'),
    ('function', 'fn_iu_ladder_enable(integer, text)', '4770ba4d326dc26eea47d8ff5ac3136f'),
    ('function', 'fn_iu_ladder_log(integer, text, text)', '9e03ace99bfcd916f8e1df6c2be684b2'),
    ('function', 'fn_iu_log_mark()', '3054fbf8790754103c617abf9438b7a9'),
    ('function', 'fn_iu_owned_domains(text)', 'dfc7cf5e31c897ec55bafd5dbf3b2b6e'),
    ('function', 'fn_iu_require_read_committed()', '09b361309336a9bcf94e3db055b82449'),
    ('function', 'fn_iu_route_dead_letter_replay(bigint, boolean)', '45465340798150fdaebb99f6e047f25b'),
    ('function', 'fn_iu_route_dead_letter_resolve(bigint, text)', '0c44a1afa391c1b1190c8beb03ff04e7'),
    ('function', 'fn_iu_route_decide(iu_event_key[], iu_judged_route[], bigint)', '94de517e2fa71e046b88f8c397bd5201'),
    ('function', 'fn_iu_route_decide_isolated(iu_event_key[], iu_judged_route[], bigint)', 'bc3f7798ddbce10ac761c502989fc1f1'),
    ('function', 'fn_iu_route_decide_missing(iu_route_worker_cursor, text, bigint, text)', 'f9e4e039fc7d3328197df544249e4228'),
    ('function', 'fn_iu_route_fail(bigint, iu_judged_route, integer, bigint, text, text)', 'cb1febc90bddda3ef4a440eab37c4b2e'),
    ('function', 'fn_iu_route_missing(iu_route_worker_cursor, boolean)', '0625489d90a496bdd537ae2dd6e33b75'),
    ('function', 'fn_iu_route_outcome(event_outbox, iu_judged_route)', '3a076efaa84b464f2490e2a7f9b9a862'),
    ('function', 'fn_iu_route_redecide(bigint, bigint, boolean)', 'b9a4e86652fd55f9991e2dde38250945'),
    ('function', 'fn_iu_route_worker_enabled()', 'd26cdbc36f0a044f50edffba1b88c612'),
    ('function', 'fn_iu_route_worker_health(text)', '2746f5e6f11ff389ccc4b36ce6731d47'),
    ('function', 'fn_iu_route_worker_heartbeat(text, text[], text, integer, text, text, text, jsonb)', '1fc506c2e687e88034c9a7a3cfee95e4'),
    ('function', 'fn_iu_route_worker_rebase(text, text)', '970b6ec6d22f013e981142a39e54794a'),
    ('function', 'fn_iu_route_worker_reconcile(text, boolean)', '9c144f581e61fd46ecd810479c998f98'),
    ('function', 'fn_iu_route_worker_register(text, text, text)', '10b47d28dbee43f35704a603619b41bb'),
    ('function', 'fn_iu_route_worker_rewind(text, text)', '3e7f0f26759a497f1b680cb38c835961'),
    ('function', 'fn_iu_route_worker_run(text, integer)', '4d3d1ed70602b164109449ee408bf877'),
    ('function', 'fn_iu_route_worker_transfer(text, text, text, text)', '14b0b613eb5ec10e1bf9ead4e0a1f046'),
    ('function', 'fn_iu_route_worker_unregister(text, text)', 'f78609d6a7775f66feea567add6cd971'),
    ('function', 'fn_iu_snapshot_without_self(xid8)', '8f043630575a82be9d92fa351188959e'),
    ('function', 'fn_iu_window_batch(iu_route_worker_cursor, integer, text[])', 'a11c296f5dda9ed8c9844c22d15bed5d'),
    ('function', 'fn_iu_window_open(iu_route_worker_cursor, bigint, xid8)', 'd4be718f32f845a7e2767f041ba492a5'),
    ('index', 'iu_route_run_pkey', 'c7cdbf850e957cf0b62af1c2e2de16f8'),
    ('index', 'iu_route_run_worker_idx', '682da545c711d62d3345a4deb397346c'),
    ('index', 'iu_route_worker_cursor_event_domain_key', 'cee03bc498daf4e60e805c61764a5f16'),
    ('index', 'iu_route_worker_cursor_pkey', '5920a262dd6c309ce9e6c89d2fd0c8f7'),
    ('index', 'iu_route_worker_heartbeat_pkey', 'd98ac4e416e72981982d3e80d728728f'),
    ('sequence', 'iu_route_run_run_id_seq', '9280c6c65d00e5e07c35719020a8f5cd'),
    ('table', 'iu_route_run', '253e12f4dc0c012a6c7b828b2e6e07a7'),
    ('table', 'iu_route_worker_cursor', '253e12f4dc0c012a6c7b828b2e6e07a7'),
    ('table', 'iu_route_worker_heartbeat', '253e12f4dc0c012a6c7b828b2e6e07a7'),
    ('trigger', 'iu_route_run.trg_iu_route_run_append_only', '6ac2ead46aac98b79103ff8ba27f118b'),
    ('view', 'v_iu_event_backlog', '5fce1e128240d080fcc63a995586e087'),
    ('view', 'v_iu_event_undecided', 'a62e4999e7c43627cf03a80ee9e07b99'),
    ('view', 'v_iu_route_dead_letter_open', '5566c1ce1dbbedb558aead8d0fbeb9c2')
  ) as expected (kind, identity, fingerprint)
  left join fn_iu_catalog_fingerprint() as found
    on found.kind = expected.kind and found.identity = expected.identity
  where found.fingerprint is distinct from expected.fingerprint;
  if v_damaged is not null then
    raise exception using errcode = 'IU830',
      message = format('006_worker is damaged: %s', array_to_string(v_damaged, ', ')),
      detail = array_to_string(v_damaged, E'\n'),
      hint = 'restore each object as the change has it';
  end if;
end
$$;
-- <<<
