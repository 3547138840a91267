-- In the database of pg_cron, as superuser. app is the database that IU Core is installed in, public its schema, iu_cron a login with iu_worker.
-- One pass a call, at most 10,000 events; pg_cron before 1.5 knows no seconds: '* * * * *'.
-- Silence: no pass for 120 s turns iu health red, whoever asks; run deploy/systemd/iu-core-watch.timer somewhere to be told.
select cron.schedule_in_database(
  'iu-pass', '5 seconds',
  $$ select public.fn_iu_route_worker_run('iu_outbound_default', 10000) $$,
  'app', 'iu_cron');

select cron.schedule_in_database(
  'iu-reconcile', '*/10 * * * *',
  $$ select public.fn_iu_route_worker_reconcile('iu_outbound_default') $$,
  'app', 'iu_cron');

select cron.schedule_in_database(
  'iu-deliver', '5 seconds',
  $$ call public.pr_iu_deliver_local(10000) $$,
  'app', 'iu_cron');

select cron.schedule('iu-cron-history', '0 3 * * *', $$ delete from cron.job_run_details where end_time < now() - interval '1 day' $$);
