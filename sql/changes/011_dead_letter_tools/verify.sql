-- 011_dead_letter_tools: the books of a replay add up, and what was reconciled as sent has its attempt.
do $$
declare
  v_runs text := (select string_agg(run_id::text, ', ' order by run_id) from iu_replay_run where replayed + delivery_waiting + unchanged <> pairs);
  v_missing bigint := (select count(*) from iu_attempt_reconciliation c where c.outcome = 'sent'
                        and not exists (select from iu_route_attempt a where a.event_seq = c.event_seq and a.route_id = c.route_id
                                           and a.attempt_no > c.attempt_no and a.status = 'sent'));
begin
  if v_runs is not null or v_missing > 0 then
    raise exception using errcode = 'IU821', message = format('011_dead_letter_tools: replays whose counts do not add up: %s; %s reconciled attempts without their attempt sent',
        coalesce(v_runs, 'none'), v_missing),
      hint = 'report it: somebody wrote iu_replay_run or iu_route_attempt by hand';
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
    ('column', 'iu_attempt_reconciliation.attempt_no', '3f9165f799b9a9e1373f137f064326bd'),
    ('column', 'iu_attempt_reconciliation.event_seq', '9445c8482dbbc1b98629492d09a7e3a8'),
    ('column', 'iu_attempt_reconciliation.note', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_attempt_reconciliation.outcome', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_attempt_reconciliation.reconciled_at', '8e6d52e249bc263457d23899efd9d131'),
    ('column', 'iu_attempt_reconciliation.reconciled_by', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_attempt_reconciliation.reconciliation_id', 'a4f59c736a6e89e1058c2833d87051ef'),
    ('column', 'iu_attempt_reconciliation.route_id', '9445c8482dbbc1b98629492d09a7e3a8'),
    ('column', 'iu_replay_run.by_decision', 'b3d0ff6b4d8edbc294b27d78279750ec'),
    ('column', 'iu_replay_run.delivery_waiting', 'c4ca48d13f3e846e02e38e29809dccf5'),
    ('column', 'iu_replay_run.end_reason', 'c478557ec1b62aa7f0960a50f4dc5815'),
    ('column', 'iu_replay_run.ended_at', 'b93ebeb571bff6c6f277ab7b11627a4b'),
    ('column', 'iu_replay_run.ended_by', 'c478557ec1b62aa7f0960a50f4dc5815'),
    ('column', 'iu_replay_run.filter', '750ae6cf6575ef8c270aeb5d20a04284'),
    ('column', 'iu_replay_run.pairs', 'c4ca48d13f3e846e02e38e29809dccf5'),
    ('column', 'iu_replay_run.position_route_id', 'c4ca48d13f3e846e02e38e29809dccf5'),
    ('column', 'iu_replay_run.position_seq', 'c4ca48d13f3e846e02e38e29809dccf5'),
    ('column', 'iu_replay_run.preview', '750ae6cf6575ef8c270aeb5d20a04284'),
    ('column', 'iu_replay_run.rate_per_second', 'bec111850cf2bcd3a994e42db4199744'),
    ('column', 'iu_replay_run.reason', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_replay_run.replayed', 'c4ca48d13f3e846e02e38e29809dccf5'),
    ('column', 'iu_replay_run.run_id', 'a4f59c736a6e89e1058c2833d87051ef'),
    ('column', 'iu_replay_run.started_at', '8e6d52e249bc263457d23899efd9d131'),
    ('column', 'iu_replay_run.started_by', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_replay_run.state', '16ad0d4e23804d609c822bdcf601b4ed'),
    ('column', 'iu_replay_run.tokens', '2a7b7e22ee8085613d0f2f7369e0a465'),
    ('column', 'iu_replay_run.tokens_at', 'b93ebeb571bff6c6f277ab7b11627a4b'),
    ('column', 'iu_replay_run.unchanged', 'c4ca48d13f3e846e02e38e29809dccf5'),
    ('column', 'iu_replay_run.until_attempt_id', '9445c8482dbbc1b98629492d09a7e3a8'),
    ('column', 'iu_replay_run.worked_at', 'b93ebeb571bff6c6f277ab7b11627a4b'),
    ('column', 'iu_replay_run.worked_by', '0f72118eb38a381eba490cc843cb3b89'),
    ('constraint', 'iu_attempt_reconciliation.iu_attempt_reconciliation_outcome_check', '920606b06270a69a1d86be05fe39451c'),
    ('constraint', 'iu_attempt_reconciliation.iu_attempt_reconciliation_pkey', '763e23d629243ebbfb4c40b78abe7fd7'),
    ('constraint', 'iu_replay_run.iu_replay_run_ended_chk', 'ba200ff6bc07e7734e449054bd6f72e0'),
    ('constraint', 'iu_replay_run.iu_replay_run_pkey', '5351cfe277f8a500de5867256793b7cd'),
    ('constraint', 'iu_replay_run.iu_replay_run_rate_per_second_check', '638d21ebe0577baeee2b09f98cb83a6d'),
    ('constraint', 'iu_replay_run.iu_replay_run_state_check', '04bb204e75a903c83742605949cf0421'),
    ('function', 'fn_iu_attempt_reconcile(uuid, text, integer, text, text)', '8e74f8b68d97de18f19d3a742bc8c302'),
    ('function', 'fn_iu_dead_letter_edit_retry(bigint, jsonb, text, boolean)', 'a6a9a83f390e0f8fc2d2b7a8d9284390'),
    ('function', 'fn_iu_dead_letter_preview(bigint)', 'c7a469e55af1f64c6a4d217bb53cd078'),
    ('function', 'fn_iu_dead_letter_resolve_many(jsonb, text, integer)', '58bb4765bc6d2ef13c19ded476a1e14b'),
    ('function', 'fn_iu_delivery_holds(text)', '8ce0afbfe74905b01ad10a3d036a4931'),
    ('function', 'fn_iu_metrics(text, bigint, bigint)', 'a9f1efd549365f54ae84460969dd74a2'),
    ('function', 'fn_iu_payload_diff(jsonb, jsonb)', 'a6977a8ab27ec53510551da289bee971'),
    ('function', 'fn_iu_replay_cancel(bigint, text)', '6c99c37d7aee449cc639b26f95de819c'),
    ('function', 'fn_iu_replay_candidates(jsonb, bigint, bigint, bigint)', '51c06e958936d7d6aff639e02da3029d'),
    ('function', 'fn_iu_replay_preview(jsonb, integer)', 'cca6b9e892cff961c6fec15b9ebd010f'),
    ('function', 'fn_iu_replay_run_guard()', '8d8831400b819130b0e73db882124e29'),
    ('function', 'fn_iu_replay_said(iu_replay_run, text, integer)', 'a39d86d25670ebaf974b17c67c6c73af'),
    ('function', 'fn_iu_replay_start(jsonb, text, integer)', '64c8ba5fd240cc2bc2eed14da1ff1e2f'),
    ('function', 'fn_iu_replay_step(bigint, integer)', '52a518efe98c40ffc7ed094727e70032'),
    ('function', 'fn_iu_target_unregister(text, text, text)', '44480ac698c032ccba6806b71a6751f7'),
    ('index', 'iu_attempt_reconciliation_attempt_idx', '610495d62f586cabae1ffa5affe628e4'),
    ('index', 'iu_attempt_reconciliation_pkey', '7c07ffc3c94e334262a7a38db1c6424a'),
    ('index', 'iu_replay_run_pkey', 'a7afafad1f38217ba1aa1f0a54b59b84'),
    ('index', 'iu_route_dead_letter_route_idx', '9f91347f3fe85034eafac257a37aff1e'),
    ('sequence', 'iu_attempt_reconciliation_reconciliation_id_seq', '4ad4f8418c7cc5c9dc52b5cefc79bb21'),
    ('sequence', 'iu_replay_run_run_id_seq', 'e4db6f843dadc017f4d9c4fba70d702b'),
    ('table', 'iu_attempt_reconciliation', '253e12f4dc0c012a6c7b828b2e6e07a7'),
    ('table', 'iu_replay_run', '253e12f4dc0c012a6c7b828b2e6e07a7'),
    ('trigger', 'iu_attempt_reconciliation.trg_iu_attempt_reconciliation_append_only', 'ef3f0b7f934d19441055e44b29d899bc'),
    ('trigger', 'iu_replay_run.trg_iu_replay_run_guard', 'c019e85dd0d10137d5f48123781e9322'),
    ('trigger', 'iu_replay_run.trg_iu_replay_run_keep', '480771f94b05d7e66469dd285c5ca8c2'),
    ('view', 'v_iu_delivery', '5c469461f294b17052b2f7c7425fe14d')
  ) as expected (kind, identity, fingerprint)
  left join fn_iu_catalog_fingerprint() as found
    on found.kind = expected.kind and found.identity = expected.identity
  where found.fingerprint is distinct from expected.fingerprint;
  if v_damaged is not null then
    raise exception using errcode = 'IU830',
      message = format('011_dead_letter_tools is damaged: %s', array_to_string(v_damaged, ', ')),
      detail = array_to_string(v_damaged, E'\n'),
      hint = 'restore each object as the change has it';
  end if;
end
$$;
-- <<<
