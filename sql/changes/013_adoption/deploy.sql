-- 013_adoption: the journal of an adoption. `iu adopt apply` makes this table before everything else, by this very statement, because
-- the way back has to be written down before the first step; a new installation has it empty.

create table if not exists iu_adoption_step (
  step_no     integer generated always as identity constraint iu_adoption_step_pk primary key,
  step        text not null constraint iu_adoption_step_key unique,
  what        text not null,
  state       text not null constraint iu_adoption_step_state_chk check (state in ('started', 'done')),
  back        jsonb not null,
  done_by     text not null default session_user,
  started_at  timestamptz not null default clock_timestamp(),
  finished_at timestamptz not null default clock_timestamp()
);
comment on table iu_adoption_step is 'One row a step by which tables that were there before were taken over, with the statements that give them back.';
comment on column iu_adoption_step.back is 'Transactions of statements; the steps are taken back last first.';
