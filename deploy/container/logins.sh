#!/bin/sh
# Runs once, when PostgreSQL makes its data: a login for the worker that may do nothing but decide and deliver.
set -eu
# On a line of its own: a failure inside the arguments of a command ends nothing, and the login would have no password.
password=$(cat /run/secrets/worker) || password=
if [ -z "$password" ]; then
  echo "logins.sh: /run/secrets/worker is empty or not readable by uid $(id -u); mend it, take the volume of the data away, start again" >&2
  exit 1
fi
psql --no-psqlrc --set ON_ERROR_STOP=1 --username postgres --dbname app --set password="$password" <<'SQL'
create role iu_worker nologin;
create role iu_worker_login login password :'password';
grant iu_worker to iu_worker_login;
SQL
