#!/bin/sh
# Runs once, when the database is made: the API's login. It owns nothing; migrations give the role it belongs to its rights.
set -eu
psql --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" --set ON_ERROR_STOP=1 \
  --set password="$TEAMPULSE_DB_API_PASSWORD" <<'SQL'
CREATE ROLE teampulse_reader NOLOGIN;
CREATE ROLE teampulse_api LOGIN PASSWORD :'password' NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS;
GRANT teampulse_reader TO teampulse_api;
SQL
