-- Of what is parked, the API counts; whose it is and why is for the command line: the rows are of every workspace, and no row-level
-- security holds in this schema.
REVOKE SELECT ON control.parked FROM teampulse_reader;
GRANT SELECT (build_id, state) ON control.parked TO teampulse_reader;
