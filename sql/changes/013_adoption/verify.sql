-- 013_adoption: every step of an adoption came to its end.
do $$
declare
  v_open text := (select string_agg(step, ', ' order by step_no) from iu_adoption_step where state <> 'done');
begin
  if v_open is not null then
    raise exception using errcode = 'IU820', message = format('013_adoption: not finished: %s', v_open),
      hint = 'iu adopt apply goes on where it stopped';
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
    ('column', 'iu_adoption_step.back', '750ae6cf6575ef8c270aeb5d20a04284'),
    ('column', 'iu_adoption_step.done_by', 'd26cd51629b9eff88ca67e02bc94d236'),
    ('column', 'iu_adoption_step.finished_at', '8e6d52e249bc263457d23899efd9d131'),
    ('column', 'iu_adoption_step.started_at', '8e6d52e249bc263457d23899efd9d131'),
    ('column', 'iu_adoption_step.state', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_adoption_step.step', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_adoption_step.step_no', '80be1f8e8a42af62870e6cb084503a50'),
    ('column', 'iu_adoption_step.what', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('constraint', 'iu_adoption_step.iu_adoption_step_key', '3a55f51abdb10c4825847bd230ccde3a'),
    ('constraint', 'iu_adoption_step.iu_adoption_step_pk', '76ecbb36768667c0e450895b6a14a7a7'),
    ('constraint', 'iu_adoption_step.iu_adoption_step_state_chk', 'ddfcf616e32a17bfc30a3190abdf8a14'),
    ('index', 'iu_adoption_step_key', '16f17abc86ea3f6dc45bd498544ee410'),
    ('index', 'iu_adoption_step_pk', '75aed6a321867bb17280376885caee71'),
    ('sequence', 'iu_adoption_step_step_no_seq', 'fbb76e9a90b5d944acd979c80179ab67'),
    ('table', 'iu_adoption_step', '253e12f4dc0c012a6c7b828b2e6e07a7')
  ) as expected (kind, identity, fingerprint)
  left join fn_iu_catalog_fingerprint() as found
    on found.kind = expected.kind and found.identity = expected.identity
  where found.fingerprint is distinct from expected.fingerprint;
  if v_damaged is not null then
    raise exception using errcode = 'IU830',
      message = format('013_adoption is damaged: %s', array_to_string(v_damaged, ', ')),
      detail = array_to_string(v_damaged, E'\n'),
      hint = 'restore each object as the change has it';
  end if;
end
$$;
-- <<<
