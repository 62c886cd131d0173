REVOKE SELECT (indexed) ON control.builds FROM teampulse_reader;
DO $$ DECLARE build record; BEGIN
  FOR build IN SELECT id FROM control.builds WHERE state IN ('shadow', 'as_of') LOOP
    EXECUTE format('DROP SCHEMA IF EXISTS %I CASCADE', 'build_' || build.id);
  END LOOP;
END $$;
UPDATE control.builds SET state = 'dropped' WHERE state IN ('shadow', 'as_of');
ALTER TABLE control.builds DROP as_of_recorded, DROP as_of_commit, DROP as_of_prepare, DROP CONSTRAINT builds_state_check;
ALTER TABLE control.builds ADD CONSTRAINT builds_state_check CHECK (state IN ('building', 'live', 'retired', 'dropped'));
