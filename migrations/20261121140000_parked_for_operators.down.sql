REVOKE SELECT ON control.parked FROM teampulse_reader;
GRANT SELECT (build_id, state) ON control.parked TO teampulse_reader;
DROP POLICY parked_for_operators ON control.parked;
ALTER TABLE control.parked DISABLE ROW LEVEL SECURITY;
