-- 009_delivery: an ordered delivery has a lane, and a lane that is not held has a delivery.
do $$
declare
  v_orphans bigint := (select count(*) from iu_route_delivery d where d.lane_key is not null
                        and not exists (select from iu_route_lane l where l.route_id = d.route_id and l.lane_key = d.lane_key));
  v_empty bigint := (select count(*) from iu_route_lane l where l.due_at < 'infinity'
                      and not exists (select from iu_route_delivery d where d.route_id = l.route_id and d.lane_key = l.lane_key));
begin
  if v_orphans + v_empty > 0 then
    raise exception using errcode = 'IU821', message = format('009_delivery: %s ordered deliveries without a lane, %s lanes without a delivery', v_orphans, v_empty),
      hint = 'report it: somebody wrote iu_route_lane or iu_route_delivery by hand';
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
    ('column', 'iu_delivery_target.identity', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_delivery_target.reason', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_delivery_target.registered_at', '8e6d52e249bc263457d23899efd9d131'),
    ('column', 'iu_delivery_target.registered_by', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_delivery_target.target_kind', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_delivery_target.target_ref', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_deployment.claim_id', 'a4f59c736a6e89e1058c2833d87051ef'),
    ('column', 'iu_deployment.claimed_at', '8e6d52e249bc263457d23899efd9d131'),
    ('column', 'iu_deployment.claimed_by', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_deployment.database_oid', '11c1e575701b91a3c3087e1a2b31ffb8'),
    ('column', 'iu_deployment.log_oid', '11c1e575701b91a3c3087e1a2b31ffb8'),
    ('column', 'iu_deployment.name', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_deployment.reason', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_deployment.system_identifier', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_deployment.timeline', '3f9165f799b9a9e1373f137f064326bd'),
    ('column', 'iu_event_edit.attempt_no', '3f9165f799b9a9e1373f137f064326bd'),
    ('column', 'iu_event_edit.diff', '750ae6cf6575ef8c270aeb5d20a04284'),
    ('column', 'iu_event_edit.edit_id', 'a4f59c736a6e89e1058c2833d87051ef'),
    ('column', 'iu_event_edit.edited_at', '8e6d52e249bc263457d23899efd9d131'),
    ('column', 'iu_event_edit.edited_by', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_event_edit.event_seq', '9445c8482dbbc1b98629492d09a7e3a8'),
    ('column', 'iu_event_edit.payload', '750ae6cf6575ef8c270aeb5d20a04284'),
    ('column', 'iu_event_edit.reason', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_event_edit.route_id', '9445c8482dbbc1b98629492d09a7e3a8'),
    ('column', 'iu_event_hop.event_seq', '9445c8482dbbc1b98629492d09a7e3a8'),
    ('column', 'iu_event_hop.hop', '3f9165f799b9a9e1373f137f064326bd'),
    ('column', 'iu_log_gap.attempt_no', 'bec111850cf2bcd3a994e42db4199744'),
    ('column', 'iu_log_gap.claimed_timeline', 'bec111850cf2bcd3a994e42db4199744'),
    ('column', 'iu_log_gap.event_id', '03ef15af8f77e8e4421b561eb676ae74'),
    ('column', 'iu_log_gap.event_seq', '9445c8482dbbc1b98629492d09a7e3a8'),
    ('column', 'iu_log_gap.gap_id', 'a4f59c736a6e89e1058c2833d87051ef'),
    ('column', 'iu_log_gap.has_event', 'b6c6cc4ec80538b83c4c20ba0b7c6c62'),
    ('column', 'iu_log_gap.highest_seq', '49a761533c792db1ccd3b7e21b6ef5a5'),
    ('column', 'iu_log_gap.process_id', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_log_gap.reported_at', '8e6d52e249bc263457d23899efd9d131'),
    ('column', 'iu_log_gap.reported_by', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_log_gap.route_id', '49a761533c792db1ccd3b7e21b6ef5a5'),
    ('column', 'iu_log_gap.timeline', '3f9165f799b9a9e1373f137f064326bd'),
    ('column', 'iu_log_gap_acknowledgement.acknowledged_at', '8e6d52e249bc263457d23899efd9d131'),
    ('column', 'iu_log_gap_acknowledgement.acknowledged_by', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_log_gap_acknowledgement.reason', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_log_gap_acknowledgement.until_gap_id', '9445c8482dbbc1b98629492d09a7e3a8'),
    ('constraint', 'iu_delivery_target.iu_delivery_target_pkey', '203b6348255e391adef7d8aaf7cf20c3'),
    ('constraint', 'iu_delivery_target.iu_delivery_target_target_kind_check', 'b04fde16227d1dc351b547f568041ef6'),
    ('constraint', 'iu_deployment.iu_deployment_pkey', '65d11b5775f8025579359a5f2e218771'),
    ('constraint', 'iu_event_edit.iu_event_edit_pkey', '50402077556af32f88f31dc5c2fb70b9'),
    ('constraint', 'iu_event_hop.iu_event_hop_hop_check', '893ad63112905e0c043889868ff83d17'),
    ('constraint', 'iu_event_hop.iu_event_hop_pkey', '180f4d00daca3aa5034ec82e4854213f'),
    ('constraint', 'iu_log_gap.iu_log_gap_pkey', '23520a79811ac0cc0afdcef316fbf6eb'),
    ('constraint', 'iu_log_gap_acknowledgement.iu_log_gap_acknowledgement_pkey', '6aec6b798a517b16e8ee309091d6b303'),
    ('function', 'fn_iu_delivery_allowance(bigint, integer, timestamp with time zone)', '7fd989e51dfb64c003c4895cdfdbca9e'),
    ('function', 'fn_iu_delivery_cancel(uuid, text, text)', '8cc299470b20c94c92590f42e7c756bf'),
    ('function', 'fn_iu_delivery_cancel_many(text, timestamp with time zone, bigint, text, integer)', '41a496d3e4670295a23c32bd4007f3b7'),
    ('function', 'fn_iu_delivery_claim(text, integer, integer, text, boolean, bigint[], integer[], integer, bigint)', '68232ca0436e0985a1093d290b5437be'),
    ('function', 'fn_iu_delivery_closed(timestamp with time zone, timestamp with time zone)', '0258287f05fb3ac7c13922492a842f5f'),
    ('function', 'fn_iu_delivery_dead(iu_route_delivery, text, text, text)', '57a2069f3a093c0c8e6de01c8ac1d831'),
    ('function', 'fn_iu_delivery_delay(jsonb, integer, integer, double precision)', '17880d7897b35a82d12ca2cdd6e6b9af'),
    ('function', 'fn_iu_delivery_disown(text, uuid[])', '81ef0d238b6fc66b61e47acef5b4124c'),
    ('function', 'fn_iu_delivery_execute(text, uuid)', '9adabd3ddc31b3d12f70bb663ac5c561'),
    ('function', 'fn_iu_delivery_health()', 'dd4c9d487d90144b58fde2e9d49bc491'),
    ('function', 'fn_iu_delivery_hold(text)', '6303538f86e63bafd27b85ca9e26529d'),
    ('function', 'fn_iu_delivery_hop(integer)', 'f4f904882e3387c8455063a05504ee0d'),
    ('function', 'fn_iu_delivery_look(bigint)', 'c07445236abdb6c6da7f7a6bbacd7bd6'),
    ('function', 'fn_iu_delivery_pick(bigint, bigint, integer, integer, uuid)', '9f3e9bca1994d12be35d8b0857bc41a0'),
    ('function', 'fn_iu_delivery_queue(integer)', 'ecb6635b542d5aa3b91ab0318902e0ef'),
    ('function', 'fn_iu_delivery_routes(bigint[])', 'a6f717e176328f305fb25093322a7336'),
    ('function', 'fn_iu_delivery_settle(text, uuid[], bigint[], bigint[], text[], integer[], text[], text[], boolean[], integer[], boolean[])', 'f095d1c6e7f278d8166e9bd356ec3b0e'),
    ('function', 'fn_iu_delivery_settle_rest(text, iu_settled[])', '822bf979ea9bf6ac66db15ff4c3c3820'),
    ('function', 'fn_iu_delivery_state(text, bigint[], integer[])', '37ca52058ac37669fc99e632901f306d'),
    ('function', 'fn_iu_delivery_sweep()', '7156e01af25d0d8386779dd3305e74dd'),
    ('function', 'fn_iu_delivery_take(uuid)', '923e936067b6cf1012ac8d68b684babb'),
    ('function', 'fn_iu_delivery_unopened()', '88d3b9bf6a8765738efe05d3b0f5ad0a'),
    ('function', 'fn_iu_deployment_claim(text, text)', 'f21bc7c5b552bfceecb36a84125ca118'),
    ('function', 'fn_iu_gap_acknowledge(bigint, text)', '34bc4c932b29e83563f05109539cc0ce'),
    ('function', 'fn_iu_gap_report(text, bigint[], uuid[], bigint[], integer[])', '8eb7a2fdfd0983c66969763d51f5170b'),
    ('function', 'fn_iu_lane_refresh(bigint[], text[])', '5073cb0d305f8902fd8b9e0b88ee8a06'),
    ('function', 'fn_iu_lane_release()', '08e6f8eb6bfc73d1983a531613adaa6b'),
    ('function', 'fn_iu_route_flow_settle(bigint, integer, integer, integer, integer, boolean, text)', 'c4b05a04d886f2fcba5edbbd25ae1c4a'),
    ('function', 'fn_iu_route_set_paused(text, boolean, text)', 'e50caa91eebe542378f330036c667216'),
    ('function', 'fn_iu_route_to_dry_run(bigint, text, text)', 'c5826fddad6bb77f9da2afb27ce11bab'),
    ('function', 'fn_iu_schema()', 'fb0961c523cc93f518f7c277104137f6'),
    ('function', 'fn_iu_target_object(text, text)', '3713ce8cbd736ab06e617bd767c84ae5'),
    ('function', 'fn_iu_target_register(text, text, text, text)', '628b24b55fdeedd41f5a6dbce10d7fff'),
    ('function', 'fn_iu_target_sha256(text, text)', 'd6a34e872b149ee5f3fa4250c0e9e89c'),
    ('function', 'fn_iu_target_try(text, text, jsonb)', 'a1feb7257c06a31af604049953adc050'),
    ('function', 'pr_iu_deliver_local(integer, text)', '6b3023b6acf26fca43e8d9faea8edd8b'),
    ('index', 'iu_delivery_target_pkey', '571f83d9e7fa9963ad1593b5f16f9b66'),
    ('index', 'iu_deployment_pkey', '44a88a96a4c716abcd8c622e9afdcffb'),
    ('index', 'iu_event_edit_event_idx', 'f05a0682bf82998d8a7bfd69ad27c2be'),
    ('index', 'iu_event_edit_pkey', '30ee8c64b4572f07af5f514ba935d2fe'),
    ('index', 'iu_event_hop_pkey', '6c2373b33b4cafa782893d20699301c6'),
    ('index', 'iu_log_gap_acknowledgement_pkey', '7e274862ac428c8bc3b38d47b86411ad'),
    ('index', 'iu_log_gap_pkey', 'd3b8a6c697f1b88a546469513cecfb1e'),
    ('sequence', 'iu_deployment_claim_id_seq', '3b14ba540db87f356cbc0c0de5b69160'),
    ('sequence', 'iu_event_edit_edit_id_seq', '88d0a0bb1e6956256db531e2ae23104e'),
    ('sequence', 'iu_log_gap_gap_id_seq', '1ec0196915f7a82710cd11205f395492'),
    ('table', 'iu_delivery_target', '253e12f4dc0c012a6c7b828b2e6e07a7'),
    ('table', 'iu_deployment', '253e12f4dc0c012a6c7b828b2e6e07a7'),
    ('table', 'iu_event_edit', '253e12f4dc0c012a6c7b828b2e6e07a7'),
    ('table', 'iu_event_hop', '253e12f4dc0c012a6c7b828b2e6e07a7'),
    ('table', 'iu_log_gap', '253e12f4dc0c012a6c7b828b2e6e07a7'),
    ('table', 'iu_log_gap_acknowledgement', '253e12f4dc0c012a6c7b828b2e6e07a7'),
    ('trigger', 'iu_deployment.trg_iu_deployment_append_only', 'b2a9a2c8a20a27c2de59e1c3727dc7de'),
    ('trigger', 'iu_event_edit.trg_iu_event_edit_append_only', '64b2a5f8bb7db1f3b807c78082d150b6'),
    ('trigger', 'iu_log_gap.trg_iu_log_gap_append_only', '80aadef07886acf50fd31c00a37e91c0'),
    ('trigger', 'iu_log_gap_acknowledgement.trg_iu_log_gap_acknowledgement_append_only', '4e886543254e500bf0c93f94b6af486b'),
    ('trigger', 'iu_route_dead_letter.trg_iu_lane_release', '45b7158c6d7aad6228fe9a7a23b57456'),
    ('type', 'iu_claimed', '42c2db65f161ccbb424c2b770e636fc7'),
    ('type', 'iu_settled', '7d25bdad3fb7a135118883ad0c4e163c'),
    ('view', 'v_iu_log_gap', '804ceb81d38c02da5e8049b1fd73aad5')
  ) as expected (kind, identity, fingerprint)
  left join fn_iu_catalog_fingerprint() as found
    on found.kind = expected.kind and found.identity = expected.identity
  where found.fingerprint is distinct from expected.fingerprint;
  if v_damaged is not null then
    raise exception using errcode = 'IU830',
      message = format('009_delivery is damaged: %s', array_to_string(v_damaged, ', ')),
      detail = array_to_string(v_damaged, E'\n'),
      hint = 'restore each object as the change has it';
  end if;
end
$$;
-- <<<
