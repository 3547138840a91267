-- 007_cut: the last cut of every document is still lossless (P11), and every run that is finished has its pieces.
do $$
declare
  v_broken text;
begin
  select string_agg(run_id::text, ', ') into v_broken
    from (select distinct on (document_address) run_id from iu_cut_run where state = 'closeout_reported'
           order by document_address, run_id desc) latest
   where not (fn_iu_cut_verify(run_id) ->> 'ok')::boolean;
  if v_broken is not null then
    raise exception using errcode = 'IU821', message = format('007_cut: cut runs that do not join to their source: %s', v_broken),
      hint = 'select fn_iu_cut_verify(RUN) names what differs; the pinned bytes are the truth';
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
    ('column', 'iu_cut_piece.address', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_cut_piece.anchor', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_cut_piece.byte_end', '3f9165f799b9a9e1373f137f064326bd'),
    ('column', 'iu_cut_piece.byte_start', '3f9165f799b9a9e1373f137f064326bd'),
    ('column', 'iu_cut_piece.normalized_sha256', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_cut_piece.ordinal', '3f9165f799b9a9e1373f137f064326bd'),
    ('column', 'iu_cut_piece.run_id', '9445c8482dbbc1b98629492d09a7e3a8'),
    ('column', 'iu_cut_piece.sha256', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_cut_piece.unit_id', '03ef15af8f77e8e4421b561eb676ae74'),
    ('column', 'iu_cut_piece.version_id', '03ef15af8f77e8e4421b561eb676ae74'),
    ('column', 'iu_cut_run.actor_ref', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_cut_run.anchors_only', '767a7bf880ea560afac289dd0b5afa1b'),
    ('column', 'iu_cut_run.apply_tx_id', 'af927405dfcfa65d5167bbfc18d967ac'),
    ('column', 'iu_cut_run.base_hash', 'c478557ec1b62aa7f0960a50f4dc5815'),
    ('column', 'iu_cut_run.config', 'b3d0ff6b4d8edbc294b27d78279750ec'),
    ('column', 'iu_cut_run.created_by', 'd26cd51629b9eff88ca67e02bc94d236'),
    ('column', 'iu_cut_run.cut_digest', 'c478557ec1b62aa7f0960a50f4dc5815'),
    ('column', 'iu_cut_run.cutter_name', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_cut_run.cutter_version', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_cut_run.detail', 'b3d0ff6b4d8edbc294b27d78279750ec'),
    ('column', 'iu_cut_run.document_address', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_cut_run.document_id', 'b7cc77e7420a9d3eb5e40cfe3b26371f'),
    ('column', 'iu_cut_run.document_title', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_cut_run.finished_at', 'b93ebeb571bff6c6f277ab7b11627a4b'),
    ('column', 'iu_cut_run.is_birth', '80b27c3bff255b82a0691f6a95439fad'),
    ('column', 'iu_cut_run.manifest', 'b3d0ff6b4d8edbc294b27d78279750ec'),
    ('column', 'iu_cut_run.owner_ref', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_cut_run.piece_count', 'bec111850cf2bcd3a994e42db4199744'),
    ('column', 'iu_cut_run.pin_id', '9445c8482dbbc1b98629492d09a7e3a8'),
    ('column', 'iu_cut_run.plan_digest', 'c478557ec1b62aa7f0960a50f4dc5815'),
    ('column', 'iu_cut_run.revision_label', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_cut_run.run_id', 'a4f59c736a6e89e1058c2833d87051ef'),
    ('column', 'iu_cut_run.run_key', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_cut_run.started_at', '8e6d52e249bc263457d23899efd9d131'),
    ('column', 'iu_cut_run.state', '52769902dbdbb5a25f3f1d714c241573'),
    ('column', 'iu_cut_run.text_hash_before', 'c478557ec1b62aa7f0960a50f4dc5815'),
    ('column', 'iu_cut_run.tree_hash_before', 'c478557ec1b62aa7f0960a50f4dc5815'),
    ('column', 'iu_cut_run.units_created', '767a7bf880ea560afac289dd0b5afa1b'),
    ('column', 'iu_cut_run.units_deprecated', '767a7bf880ea560afac289dd0b5afa1b'),
    ('column', 'iu_cut_run.units_moved', '767a7bf880ea560afac289dd0b5afa1b'),
    ('column', 'iu_cut_run.units_revised', '767a7bf880ea560afac289dd0b5afa1b'),
    ('column', 'iu_source_pin.byte_length', '3f9165f799b9a9e1373f137f064326bd'),
    ('column', 'iu_source_pin.bytes', 'b6912185fec623b4b1713ee8485fc7e6'),
    ('column', 'iu_source_pin.created_at', '8e6d52e249bc263457d23899efd9d131'),
    ('column', 'iu_source_pin.created_by', 'd26cd51629b9eff88ca67e02bc94d236'),
    ('column', 'iu_source_pin.encoding', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_source_pin.has_byte_order_mark', 'b6c6cc4ec80538b83c4c20ba0b7c6c62'),
    ('column', 'iu_source_pin.media_type', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_source_pin.newline_style', 'c478557ec1b62aa7f0960a50f4dc5815'),
    ('column', 'iu_source_pin.pin_id', 'a4f59c736a6e89e1058c2833d87051ef'),
    ('column', 'iu_source_pin.redacted', '79ca8a8b9a89e359ad92f2fb5e083d42'),
    ('column', 'iu_source_pin.sha256', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_source_pin.source_note', 'c478557ec1b62aa7f0960a50f4dc5815'),
    ('column', 'iu_source_pin.title', 'c478557ec1b62aa7f0960a50f4dc5815'),
    ('constraint', 'iu_cut_piece.iu_cut_piece_anchor_check', 'fa8e18c1f06e1d7aa5d77376981b0d76'),
    ('constraint', 'iu_cut_piece.iu_cut_piece_byte_start_check', 'fbc0778c947ac06a082a4ad62cf65994'),
    ('constraint', 'iu_cut_piece.iu_cut_piece_normalized_sha256_check', '3fe3118e1fc85a9e2bafbc1f5ea34373'),
    ('constraint', 'iu_cut_piece.iu_cut_piece_ordinal_check', 'f65d6da19664f337a483ace3366c9fdf'),
    ('constraint', 'iu_cut_piece.iu_cut_piece_pkey', '57e665b4f4af0c4620ac330325972103'),
    ('constraint', 'iu_cut_piece.iu_cut_piece_range_chk', '563238a127ba9298ef71306ed0472f6e'),
    ('constraint', 'iu_cut_piece.iu_cut_piece_sha256_check', 'd393745d95f51b9bae9acab3f0082a83'),
    ('constraint', 'iu_cut_piece.iu_cut_piece_unit_key', '285ca0485a7f669b1ba0f7017a3aae9a'),
    ('constraint', 'iu_cut_run.iu_cut_run_document_id_fkey', '4ae5c3c5410c7aa06c5eac26aefc8f86'),
    ('constraint', 'iu_cut_run.iu_cut_run_piece_count_check', '8a1cc3793c0501c3ac457b11c4876bac'),
    ('constraint', 'iu_cut_run.iu_cut_run_pin_id_fkey', 'a9314063e290535e14b5f89bd52febd7'),
    ('constraint', 'iu_cut_run.iu_cut_run_pkey', '5351cfe277f8a500de5867256793b7cd'),
    ('constraint', 'iu_cut_run.iu_cut_run_run_key_check', '65486eaaa2526ffcfab74da5869c03b3'),
    ('constraint', 'iu_cut_run.iu_cut_run_state_check', '66b34fbfde56dd7f761c533d1fd9177a'),
    ('constraint', 'iu_source_pin.iu_source_pin_encoding_check', '42b85f612839b5cee31e3d88fff4e690'),
    ('constraint', 'iu_source_pin.iu_source_pin_length_chk', 'cda11e838534c91b5ad673bd133c3934'),
    ('constraint', 'iu_source_pin.iu_source_pin_media_type_check', 'e22950723132f5821876c49a647ffa16'),
    ('constraint', 'iu_source_pin.iu_source_pin_newline_style_check', '07ff240fdca1a0f7137e90fc1a071c4e'),
    ('constraint', 'iu_source_pin.iu_source_pin_pkey', '871454a1c42a05ff4e233cc46717b6db'),
    ('constraint', 'iu_source_pin.iu_source_pin_sha256_chk', 'ba529f74fc5838a87ebec2f44724bc38'),
    ('constraint', 'iu_source_pin.iu_source_pin_sha256_key', 'ea18cab8fb7d5579899d34409905aa7c'),
    ('function', 'fn_iu_cut_living(uuid)', 'c01c4448743034a63b6d0447b50d5a6f'),
    ('function', 'fn_iu_cut_living_units(uuid)', 'a8156bd0d64ae26b240382c57e4eea57'),
    ('function', 'fn_iu_cut_piece_check()', '91e037a3d0e928f9d1e11848d53d0c20'),
    ('function', 'fn_iu_cut_run_guard()', '9c3b58ad2916ff22f4b21251c94f1110'),
    ('function', 'fn_iu_cut_verify(bigint)', 'a59ce5eb7241e4ff64aa12e1f9e5b444'),
    ('function', 'fn_iu_source_pin(bytea, text, text, text, text, text)', '144e914b612ddf04861996c03ff467a9'),
    ('index', 'iu_cut_piece_pkey', 'aa5db4d433d4400b8eb17630cf5a87ca'),
    ('index', 'iu_cut_piece_unit_key', '45b12946a95d9ecee0508a4f2ecf5a3a'),
    ('index', 'iu_cut_run_document_idx', 'b69d74dacee508a2ba21aa4d03250c9b'),
    ('index', 'iu_cut_run_key_idx', '54e0c91fb54c79d6b91fcb1837e28393'),
    ('index', 'iu_cut_run_pkey', '17d3b4518bb62d3817165692adb09fab'),
    ('index', 'iu_cut_run_revision_key', '425e1f0dacb57b7e5963a726776a0203'),
    ('index', 'iu_cut_run_unfinished_key', '807a1644ca249ea156b80800b1fcafa2'),
    ('index', 'iu_source_pin_pkey', 'e2b097bbcb01f6c64d222887d9cb836c'),
    ('index', 'iu_source_pin_sha256_key', 'f8c7801ce88b94955402ab41818c2439'),
    ('sequence', 'iu_cut_run_run_id_seq', 'f9080361b135948708c052c2a76e4809'),
    ('sequence', 'iu_source_pin_pin_id_seq', 'b2b136a1961c0ec477463f89466e5de8'),
    ('table', 'iu_cut_piece', '253e12f4dc0c012a6c7b828b2e6e07a7'),
    ('table', 'iu_cut_run', '253e12f4dc0c012a6c7b828b2e6e07a7'),
    ('table', 'iu_source_pin', '253e12f4dc0c012a6c7b828b2e6e07a7'),
    ('trigger', 'iu_cut_piece.trg_iu_cut_piece_append_only', 'ca79b509c2edd90859eaf59418c886ec'),
    ('trigger', 'iu_cut_piece.trg_iu_cut_piece_check', '1bd647f10e61df76a1540b7206f73a75'),
    ('trigger', 'iu_cut_run.trg_iu_cut_run_guard', '147857f909a0369610345f727a218281'),
    ('trigger', 'iu_cut_run.trg_iu_cut_run_keep', 'c04bbddab51877fdf3c152958a16412a'),
    ('trigger', 'iu_source_pin.trg_iu_source_pin_append_only', '70f97afadf2a31a159456aead38ceabe')
  ) as expected (kind, identity, fingerprint)
  left join fn_iu_catalog_fingerprint() as found
    on found.kind = expected.kind and found.identity = expected.identity
  where found.fingerprint is distinct from expected.fingerprint;
  if v_damaged is not null then
    raise exception using errcode = 'IU830',
      message = format('007_cut is damaged: %s', array_to_string(v_damaged, ', ')),
      detail = array_to_string(v_damaged, E'\n'),
      hint = 'restore each object as the change has it';
  end if;
end
$$;
-- <<<
