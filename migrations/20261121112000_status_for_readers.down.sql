REVOKE SELECT (id, lease_until) ON control.workers FROM teampulse_reader;
REVOKE SELECT (stopped_at, stopped_position, owner) ON control.checkpoints FROM teampulse_reader;
