-- 002_control: every gate has exactly one row, so that "missing" is never the reason why nothing runs.
do $$
declare
  v_missing text;
begin
  select string_agg(expected, ', ') into v_missing
    from unnest(array['iu_core.routes_master_enabled', 'iu_core.route_worker_enabled', 'iu_core.delivery_enabled',
                      'iu_core.structure_ops_enabled', 'iu_core.autocut_enabled', 'iu_core.emission_enabled']) as expected
   where (select count(*) from dot_config where key = expected) <> 1;
  if v_missing is not null then
    raise exception using errcode = 'IU820', message = format('002_control: settings without exactly one row: %s', v_missing),
      hint = 'a missing gate counts as closed; insert the row with value false to see and log it';
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
    ('column', 'dot_config.changed_by', 'c478557ec1b62aa7f0960a50f4dc5815'),
    ('column', 'dot_config.description', 'c478557ec1b62aa7f0960a50f4dc5815'),
    ('column', 'dot_config.key', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'dot_config.open_until', 'b93ebeb571bff6c6f277ab7b11627a4b'),
    ('column', 'dot_config.reason', 'c478557ec1b62aa7f0960a50f4dc5815'),
    ('column', 'dot_config.updated_at', '8e6d52e249bc263457d23899efd9d131'),
    ('column', 'dot_config.value', 'c478557ec1b62aa7f0960a50f4dc5815'),
    ('column', 'iu_gate_log.application_name', 'c478557ec1b62aa7f0960a50f4dc5815'),
    ('column', 'iu_gate_log.changed_at', '60019a7f1daa52518d342a444fcc2e60'),
    ('column', 'iu_gate_log.changed_by', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_gate_log.config_key', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_gate_log.log_id', 'a4f59c736a6e89e1058c2833d87051ef'),
    ('column', 'iu_gate_log.new_value', 'c478557ec1b62aa7f0960a50f4dc5815'),
    ('column', 'iu_gate_log.old_value', 'c478557ec1b62aa7f0960a50f4dc5815'),
    ('column', 'iu_gate_log.open_until', 'b93ebeb571bff6c6f277ab7b11627a4b'),
    ('column', 'iu_gate_log.operation', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_gate_log.reason', 'c478557ec1b62aa7f0960a50f4dc5815'),
    ('column', 'iu_probe_mark.marked_by', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_probe_mark.tx_id', '98b74926bfdf4d99955fceef806b3fea'),
    ('constraint', 'dot_config.dot_config_pkey', '85bf560a46780ab6bc5dcffc05de9c64'),
    ('constraint', 'iu_gate_log.iu_gate_log_operation_check', 'a91d4192d6211f6491813cde50c50fa8'),
    ('constraint', 'iu_gate_log.iu_gate_log_pkey', '9689ce5bc2f46af5be7a05e8fded0799'),
    ('constraint', 'iu_probe_mark.iu_probe_mark_pkey', '7bbdc3472be21b1cd98d8906b604103c'),
    ('constraint', 'iu_probe_mark.trg_iu_probe_commit_guard', '44408daae0b5119a8a62ebf9cbcbadf1'),
    ('function', 'fn_iu_config_guard()', 'cedf3beab451ba3eb431ded0f9dd2f12'),
    ('function', 'fn_iu_config_log()', 'cee838063adcf06b09907a0ff90e53e6'),
    ('function', 'fn_iu_gate_drain(integer, text)', '74c5ff7ba1298ed254c7cc1fe9b1d922'),
    ('function', 'fn_iu_gate_lock_key(text)', 'e9dc3223e04d4a4d3b8569151f8f36ae'),
    ('function', 'fn_iu_gate_open(text)', '0967743613bd8a31f6547900a32fbbb7'),
    ('function', 'fn_iu_gate_reason_check(text)', 'bd251c067dae96eeb34b08398ca65690'),
    ('function', 'fn_iu_gate_set(text, boolean, text, integer)', '5610ba3a3fa42e584cf63d748109b65a'),
    ('function', 'fn_iu_in_probe()', '52bdff6facd1d4322eb71f18f730d2f9'),
    ('function', 'fn_iu_probe_begin(text)', '9c18a70f3bbc32b111679816bf4bc348'),
    ('function', 'fn_iu_probe_commit_guard()', '65dff1b191176c76bf9c8c24ea0b93da'),
    ('function', 'fn_iu_refuse_change()', 'e7a701700ef0bf1b4b9d63ece232e457'),
    ('function', 'fn_iu_setting(text, text)', 'a84ce6cc09c3248d73b55ad87696ea0a'),
    ('function', 'fn_iu_setting_number(text, numeric, numeric, numeric)', 'c0dfbba871d530d35b5ee38d05cec39e'),
    ('index', 'dot_config_pkey', '124bc67b475adf835a0b186fbefc42a5'),
    ('index', 'iu_gate_log_key_idx', 'd8a9edaa7452339588171420a6dcd339'),
    ('index', 'iu_gate_log_pkey', '2909d6b7b7a38c9f55b1278fb3589da6'),
    ('index', 'iu_probe_mark_pkey', '7e132a6ae41bce29585e1a3dc8893ae3'),
    ('sequence', 'iu_gate_log_log_id_seq', '5d57189a9b28f5db98ca55a54287486c'),
    ('table', 'dot_config', '253e12f4dc0c012a6c7b828b2e6e07a7'),
    ('table', 'iu_gate_log', '253e12f4dc0c012a6c7b828b2e6e07a7'),
    ('table', 'iu_probe_mark', '253e12f4dc0c012a6c7b828b2e6e07a7'),
    ('trigger', 'dot_config.trg_iu_config_guard', 'febb2f44859c5da08e23a6088b0c088f'),
    ('trigger', 'dot_config.trg_iu_config_log', '62ffc948809b76f977aac897b4218a52'),
    ('trigger', 'iu_gate_log.trg_iu_gate_log_append_only', 'ae786c6d3796ff92c15f7117fc22c456'),
    ('trigger', 'iu_probe_mark.trg_iu_probe_commit_guard', '7038f87d254ffee5aee466eaa7bcad71')
  ) as expected (kind, identity, fingerprint)
  left join fn_iu_catalog_fingerprint() as found
    on found.kind = expected.kind and found.identity = expected.identity
  where found.fingerprint is distinct from expected.fingerprint;
  if v_damaged is not null then
    raise exception using errcode = 'IU830',
      message = format('002_control is damaged: %s', array_to_string(v_damaged, ', ')),
      detail = array_to_string(v_damaged, E'\n'),
      hint = 'restore each object as the change has it';
  end if;
end
$$;
-- <<<
