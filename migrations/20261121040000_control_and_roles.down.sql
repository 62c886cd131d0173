DO $$
DECLARE build text;
BEGIN
  DROP SCHEMA IF EXISTS read CASCADE;
  FOR build IN SELECT nspname FROM pg_namespace WHERE nspname ~ '^build_[0-9]+$' LOOP
    EXECUTE format('DROP SCHEMA %I CASCADE', build);
  END LOOP;
  DROP SCHEMA IF EXISTS control CASCADE;
  EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO PUBLIC', current_database());
END $$;
GRANT EXECUTE ON FUNCTION pg_catalog.set_config(text, text, boolean) TO PUBLIC;
GRANT EXECUTE ON FUNCTION pg_catalog.lo_create(oid), pg_catalog.lo_creat(integer), pg_catalog.lo_from_bytea(oid, bytea) TO PUBLIC;
-- The role stays: another database of the cluster may use it.
