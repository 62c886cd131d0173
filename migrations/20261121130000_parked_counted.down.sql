REVOKE SELECT (build_id, state) ON control.parked FROM teampulse_reader;
GRANT SELECT ON control.parked TO teampulse_reader;
