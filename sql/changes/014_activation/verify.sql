-- 014_activation: an activation that is done has no step whose last word is failed.
do $$
declare
  v_wrong text := (select string_agg(distinct a.activation_id::text, ', ')
                     from iu_activation a
                     join (select distinct on (activation_id, step) activation_id, step, outcome from iu_activation_step
                            order by activation_id, step, step_id desc) s using (activation_id)
                    where a.state = 'done' and s.outcome = 'failed');
begin
  if v_wrong is not null then
    raise exception using errcode = 'IU821', message = format('014_activation: activations are done although a step failed: %s', v_wrong),
      hint = 'report it: somebody wrote iu_activation by hand';
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
    ('column', 'iu_activation.activation_id', 'a4f59c736a6e89e1058c2833d87051ef'),
    ('column', 'iu_activation.began_at', '60019a7f1daa52518d342a444fcc2e60'),
    ('column', 'iu_activation.began_by', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_activation.end_note', 'c478557ec1b62aa7f0960a50f4dc5815'),
    ('column', 'iu_activation.ended_at', 'b93ebeb571bff6c6f277ab7b11627a4b'),
    ('column', 'iu_activation.ended_by', 'c478557ec1b62aa7f0960a50f4dc5815'),
    ('column', 'iu_activation.installation', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_activation.reason', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_activation.settings', '750ae6cf6575ef8c270aeb5d20a04284'),
    ('column', 'iu_activation.state', '5bad1692dc63dd156b4449b75a3a1db2'),
    ('column', 'iu_activation_step.activation_id', '9445c8482dbbc1b98629492d09a7e3a8'),
    ('column', 'iu_activation_step.began_at', '60019a7f1daa52518d342a444fcc2e60'),
    ('column', 'iu_activation_step.ended_at', '60019a7f1daa52518d342a444fcc2e60'),
    ('column', 'iu_activation_step.evidence', '750ae6cf6575ef8c270aeb5d20a04284'),
    ('column', 'iu_activation_step.outcome', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_activation_step.recorded_at', '8e6d52e249bc263457d23899efd9d131'),
    ('column', 'iu_activation_step.recorded_by', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_activation_step.step', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_activation_step.step_id', 'a4f59c736a6e89e1058c2833d87051ef'),
    ('column', 'iu_health_watch.changed_at', '8e6d52e249bc263457d23899efd9d131'),
    ('column', 'iu_health_watch.every_seconds', '3f9165f799b9a9e1373f137f064326bd'),
    ('column', 'iu_health_watch.healthy', 'b6c6cc4ec80538b83c4c20ba0b7c6c62'),
    ('column', 'iu_health_watch.host', 'c478557ec1b62aa7f0960a50f4dc5815'),
    ('column', 'iu_health_watch.looked_at', '8e6d52e249bc263457d23899efd9d131'),
    ('column', 'iu_health_watch.reasons', '0f72118eb38a381eba490cc843cb3b89'),
    ('column', 'iu_health_watch.recorded_by', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_health_watch.watcher', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('constraint', 'iu_activation.iu_activation_ended_chk', 'fdc9c5d0b573de4b203c2920fe9e66f8'),
    ('constraint', 'iu_activation.iu_activation_pkey', 'a8118b211635b93792fa50c33ac117bf'),
    ('constraint', 'iu_activation.iu_activation_settings_check', '35c0157833d29f9f02cfe32f897f5e42'),
    ('constraint', 'iu_activation.iu_activation_state_check', '794cfeebfb90a916faaeb39f8df4065d'),
    ('constraint', 'iu_activation_step.iu_activation_step_activation_id_fkey', '7148d30d7b9a32d5fbd956d92ac504e8'),
    ('constraint', 'iu_activation_step.iu_activation_step_evidence_check', '22043442c6dd72404bb23b8a20da39ee'),
    ('constraint', 'iu_activation_step.iu_activation_step_outcome_check', '1736971d49b3b24c1657bce08725d232'),
    ('constraint', 'iu_activation_step.iu_activation_step_pkey', '08d058f0b8d575d2b397d3521dcf1e4e'),
    ('constraint', 'iu_activation_step.iu_activation_step_step_check', 'bbea3a0af8bc6cba8d3ad76d46939163'),
    ('constraint', 'iu_health_watch.iu_health_watch_every_seconds_check', '883718eb289e4cd5bacfe10072ac817d'),
    ('constraint', 'iu_health_watch.iu_health_watch_pkey', '96da265d2b85f1ab3fcb9ba84c746249'),
    ('function', 'fn_iu_activation_begin(text, jsonb, timestamp with time zone)', 'bd24a7d97595b3ad696ab4e044f43631'),
    ('function', 'fn_iu_activation_end(bigint, text, text)', 'b9a0f390c64cf94a217fc0ac685cf9d9'),
    ('function', 'fn_iu_activation_step(bigint, text, text, jsonb, timestamp with time zone, timestamp with time zone)', '3bd6fb5a3503196b51ccddb185a72fc0'),
    ('function', 'fn_iu_health_watch_beat(text, text, integer, boolean, text[])', '0513f76789451f535cea9018ee5c6a54'),
    ('function', 'fn_iu_health_watch_forget(text)', '047316b51a2f57944d9ad98e77b5f1e9'),
    ('index', 'iu_activation_open_idx', '15479621246322d2008a1efa91ebdb52'),
    ('index', 'iu_activation_pkey', '80f8422a94cc8db8f6e6cbc7eb30d7eb'),
    ('index', 'iu_activation_step_activation_idx', 'f8a707b9fa8c4c273b4cd53be9e7a6a0'),
    ('index', 'iu_activation_step_pkey', 'eb240b66d7c949945c9d3203a720f039'),
    ('index', 'iu_health_watch_pkey', 'd6217b7665f2939efa1ebab89eccafb4'),
    ('sequence', 'iu_activation_activation_id_seq', '01d4f30f2e4b47523b1981aeb59e8b11'),
    ('sequence', 'iu_activation_step_step_id_seq', '04c744d689af2ee1aee5c1ac800654c3'),
    ('table', 'iu_activation', '253e12f4dc0c012a6c7b828b2e6e07a7'),
    ('table', 'iu_activation_step', '253e12f4dc0c012a6c7b828b2e6e07a7'),
    ('table', 'iu_health_watch', '253e12f4dc0c012a6c7b828b2e6e07a7'),
    ('trigger', 'iu_activation_step.trg_iu_activation_step_append_only', '18334593ff19f6da661f720a0158d055')
  ) as expected (kind, identity, fingerprint)
  left join fn_iu_catalog_fingerprint() as found
    on found.kind = expected.kind and found.identity = expected.identity
  where found.fingerprint is distinct from expected.fingerprint;
  if v_damaged is not null then
    raise exception using errcode = 'IU830',
      message = format('014_activation is damaged: %s', array_to_string(v_damaged, ', ')),
      detail = array_to_string(v_damaged, E'\n'),
      hint = 'restore each object as the change has it';
  end if;
end
$$;
-- <<<
