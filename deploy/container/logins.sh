#!/bin/sh
# Runs once, when PostgreSQL makes its data: a login for the worker that may do nothing but decide and deliver.
set -eu
psql --no-psqlrc --set ON_ERROR_STOP=1 --username postgres --dbname app --set password="$(cat /run/secrets/worker)" <<'SQL'
create role iu_worker nologin;
create role iu_worker_login login password :'password';
grant iu_worker to iu_worker_login;
SQL
