-- What the state of projections is told from, to operators who ask the API. Not why one stopped: the reason may quote the event.
GRANT SELECT (stopped_at, stopped_position, owner) ON control.checkpoints TO teampulse_reader;
GRANT SELECT (id, lease_until) ON control.workers TO teampulse_reader;
