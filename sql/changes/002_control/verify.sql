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
    ('function', 'fn_iu_config_guard()', '84771409242de262ecfe42be3880b1c7'),
    ('function', 'fn_iu_config_log()', 'b5cbe06b2af465af4c031bface41d2c9'),
    ('function', 'fn_iu_gate_drain(integer, text)', 'ebe6381d8f5b75bd7b704c04a6981920'),
    ('function', 'fn_iu_gate_lock_key(text)', 'fa9f7a2f368e569d47e58f428c00a6b6'),
    ('function', 'fn_iu_gate_open(text)', '995bacac0d8c5d327bb8e60950cda688'),
    ('function', 'fn_iu_gate_reason_check(text)', '33e4e1ede804b723dcaebcb88b11bfd6'),
    ('function', 'fn_iu_gate_set(text, boolean, text, integer)', 'b1f0cf343880c1771f75a5cc49e9a9dc'),
    ('function', 'fn_iu_in_probe()', 'e8cc46a37d7a9318d6c93d8ee1c4f322'),
    ('function', 'fn_iu_probe_begin(text)', '9c107bfad397aa7c77b1bbee267220cb'),
    ('function', 'fn_iu_probe_commit_guard()', 'f89c36155cd05ecc6aa86184cb9377fb'),
    ('function', 'fn_iu_refuse_change()', '9eaf795c40fd0d5fc4f722bf89e07980'),
    ('function', 'fn_iu_setting(text, text)', '89975887e6bc4242be14702e30a9466f'),
    ('function', 'fn_iu_setting_number(text, numeric, numeric, numeric)', 'ae2e25cc9e0ba30aa6cc5771a09fa0ef'),
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
    ('trigger', 'dot_config.trg_iu_config_said', '69a8c50cfe480fb777ef969ba2fd6625'),
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
