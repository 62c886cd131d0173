REVOKE SELECT (indexed, created_at, stopped_at, stopped_position) ON control.builds FROM teampulse_reader;
ALTER TABLE control.builds DROP COLUMN keeps_others, DROP COLUMN refused;
DROP TABLE control.pauses;
DROP TABLE control.requests;
DROP FUNCTION control.tell_workers();
