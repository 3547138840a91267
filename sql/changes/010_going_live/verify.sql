-- 010_going_live: the guards of approvals stand, and every approval was made by a second person through fn_iu_route_approve: one without
-- its step in iu_evidence was put in by somebody who took the triggers off.
do $$
declare
  v_problem text;
begin
  select string_agg(problem, '; ') into v_problem from (
    select format('trigger %s on %s is missing or not in its mode', t.name, t.on_table) as problem
      from (values ('trg_iu_evidence_append_only', 'iu_evidence'::regclass), ('trg_iu_route_approval_guard', 'iu_route_approval'),
                   ('trg_iu_route_approval_journal', 'iu_route_approval'), ('trg_iu_route_approval_keep', 'iu_route_approval')) as t (name, on_table)
     where not exists (select from pg_trigger g where g.tgrelid = t.on_table and g.tgname = t.name and g.tgenabled = 'A')
    union all
    select format('approval %s of %s was not made by fn_iu_route_approve', a.approval_id, a.route_code)
      from v_iu_route_approval a
     where a.approved_by is not null
       and not exists (select from iu_evidence e where e.kind = 'approval' and e.detail ->> 'step' = 'approved'
                          and e.detail ->> 'approval_id' = a.approval_id::text and e.recorded_by = a.approved_by)
  ) found;
  if v_problem is not null then
    raise exception using errcode = 'IU821', message = '010_going_live: ' || left(v_problem, 2000),
      hint = 'revoke it: iu route back-to-dry-run CODE; iu_route_history and the log of the server tell who it was';
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
    ('column', 'iu_evidence.catalog', 'c478557ec1b62aa7f0960a50f4dc5815'),
    ('column', 'iu_evidence.detail', 'b3d0ff6b4d8edbc294b27d78279750ec'),
    ('column', 'iu_evidence.evidence_id', 'a4f59c736a6e89e1058c2833d87051ef'),
    ('column', 'iu_evidence.installation', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_evidence.kind', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_evidence.passed', 'b6c6cc4ec80538b83c4c20ba0b7c6c62'),
    ('column', 'iu_evidence.recorded_at', '8e6d52e249bc263457d23899efd9d131'),
    ('column', 'iu_evidence.recorded_by', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_evidence.route_id', '49a761533c792db1ccd3b7e21b6ef5a5'),
    ('column', 'iu_evidence.route_version', 'bec111850cf2bcd3a994e42db4199744'),
    ('constraint', 'iu_evidence.iu_evidence_catalog_chk', 'b09ab1a13036ed4dc03a4a8ae10ec6ba'),
    ('constraint', 'iu_evidence.iu_evidence_detail_check', '8f3e24344e06814aa309b5266d2f3c10'),
    ('constraint', 'iu_evidence.iu_evidence_kind_check', '1aaaac61054ed9d3fb57ff288b0a9368'),
    ('constraint', 'iu_evidence.iu_evidence_pkey', 'ba2c1f3c0631c3fdbb23926c896d4644'),
    ('constraint', 'iu_evidence.iu_evidence_route_chk', 'ea2649a7d4a4efff085ff68972e398d1'),
    ('constraint', 'iu_evidence.iu_evidence_route_id_fkey', '08a434672b4093f2fabc92145eab8d52'),
    ('function', 'fn_iu_catalog_digest()', '7b32d8e05438cd4c9c4179c0b9d61690'),
    ('function', 'fn_iu_evidence_judge(text, iu_outbound_route, numeric, text)', '35f8007a918ccb39bed6cfa5b2ad50db'),
    ('function', 'fn_iu_evidence_record(text, boolean, jsonb, text, integer)', 'f7ba689e2147f6b994e83f8b318b1a09'),
    ('function', 'fn_iu_going_live_reason(text)', '9c9119e156ccefd64ab66fe93569c646'),
    ('function', 'fn_iu_installation_mark()', '0fa3b25b9296a21eeee043139dbdff69'),
    ('function', 'fn_iu_readiness_item(text, iu_outbound_route, text)', '0ed5b251a13dfb83c6ff8aad4ec0691b'),
    ('function', 'fn_iu_route_approval_guard()', '5a49aa4d13ec92f78de29fac8d2bfc3e'),
    ('function', 'fn_iu_route_approval_journal()', '583d90d56801fe16966d7fcef4ee0c69'),
    ('function', 'fn_iu_route_approval_open(bigint)', 'f23120a304f6d3a6faf65db181cec929'),
    ('function', 'fn_iu_route_approval_said(iu_route_approval)', 'd5c0f1d2461494f9f8424357f3118f49'),
    ('function', 'fn_iu_route_approve(bigint, text, bigint, timestamp with time zone, numeric, integer)', '309cae1c423423dee275518f8bb90a65'),
    ('function', 'fn_iu_route_back_to_dry_run(text, text)', 'c955db0e6719ad2cda050f66711dde10'),
    ('function', 'fn_iu_route_change(text, jsonb, text)', '23f51ef10183a4282f72c4af664a10df'),
    ('function', 'fn_iu_route_changed(iu_outbound_route, jsonb)', 'ca63e50a6c15c2730c44c0be4f028eaa'),
    ('function', 'fn_iu_route_diff(text, jsonb, timestamp with time zone, integer)', '5241635a298e60ea6344a0408e3043c1'),
    ('function', 'fn_iu_route_go_live(text, text)', '696f47d2f662c5d9a5e5a44fffac44d3'),
    ('function', 'fn_iu_route_must_be_ready(jsonb)', '175288e731012f82582ea2b8cba25387'),
    ('function', 'fn_iu_route_observed(bigint, integer, integer)', '2e9e2f6234816b072648481809490e2a'),
    ('function', 'fn_iu_route_of(text, boolean)', '9a1d7608fc22ae268e1bb0857ad27963'),
    ('function', 'fn_iu_route_readiness(text)', '9156f69a90f22568fb2821c8b91216c2'),
    ('function', 'fn_iu_route_reject(bigint, text)', 'f5cbc3bfe3116fcff4a235d1d9022327'),
    ('function', 'fn_iu_route_request_live(text, text, bigint, timestamp with time zone, numeric, integer)', 'ce2830c5545a98af2301b2d788134941'),
    ('function', 'fn_iu_route_shadow(event_outbox, iu_judged_route)', 'b0abe13a3ac09a7ee5c1b57b52eef031'),
    ('function', 'fn_iu_routes_readiness(text[])', 'd37439b65da11c7dc40c8f9b14ca1217'),
    ('index', 'iu_evidence_kind_idx', '7015f078e855435e3f7477a6a9498caf'),
    ('index', 'iu_evidence_pkey', '325dcc6471fca5e9cbc0c8fb7b0e52a0'),
    ('sequence', 'iu_evidence_evidence_id_seq', '19c5fcbcc60c94c39868fb21993fe720'),
    ('table', 'iu_evidence', '253e12f4dc0c012a6c7b828b2e6e07a7'),
    ('trigger', 'iu_evidence.trg_iu_evidence_append_only', 'c4f786b8e1ac9963639e90100224a1cb'),
    ('trigger', 'iu_route_approval.trg_iu_route_approval_guard', '4a1d685f391278fc201252491e0b906e'),
    ('trigger', 'iu_route_approval.trg_iu_route_approval_journal', '8ddf39bbfb358dbfee93d98cf6fc42be'),
    ('trigger', 'iu_route_approval.trg_iu_route_approval_keep', '89b52d9176e64147c6c9278a6f52dc32'),
    ('view', 'v_iu_route_approval', 'd11430bb955eac7ee8ee4fa3af629186')
  ) as expected (kind, identity, fingerprint)
  left join fn_iu_catalog_fingerprint() as found
    on found.kind = expected.kind and found.identity = expected.identity
  where found.fingerprint is distinct from expected.fingerprint;
  if v_damaged is not null then
    raise exception using errcode = 'IU830',
      message = format('010_going_live is damaged: %s', array_to_string(v_damaged, ', ')),
      detail = array_to_string(v_damaged, E'\n'),
      hint = 'restore each object as the change has it';
  end if;
end
$$;
-- <<<
