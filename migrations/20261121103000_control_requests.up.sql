-- What operators ask for (rebuild, rollback, pause …): the command line and the API write a row, a worker carries it out and
-- says what came of it. At the same time the lasting record of who did what.
CREATE TABLE control.requests (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind text NOT NULL,
  projection text NOT NULL,
  arguments jsonb NOT NULL DEFAULT '{}',
  requested_by text NOT NULL,
  requested_at timestamptz NOT NULL DEFAULT now(),
  done_at timestamptz,
  -- {"accepted": boolean, "message": text, …}
  outcome jsonb
);
-- Workers look for what is open often; of millions that are done, none is looked at.
CREATE INDEX requests_open ON control.requests (id) WHERE done_at IS NULL;

-- A row is enough: whoever writes one need not know whom to tell.
CREATE FUNCTION control.tell_workers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('projection_control', 'request');
  RETURN NULL;
END $$;
CREATE TRIGGER requests_tell AFTER INSERT ON control.requests
  FOR EACH STATEMENT EXECUTE FUNCTION control.tell_workers();

-- Projections that no worker may move on.
CREATE TABLE control.pauses (
  projection text PRIMARY KEY,
  since timestamptz NOT NULL DEFAULT now(),
  paused_by text NOT NULL
);

ALTER TABLE control.builds
  -- Gone back from: the same version does not take over by itself again.
  ADD COLUMN refused boolean NOT NULL DEFAULT false,
  -- When this one takes over, builds that are kept already stay.
  ADD COLUMN keeps_others boolean NOT NULL DEFAULT false;

-- The API asks for things and sees what came of it; it changes and deletes nothing.
GRANT INSERT (kind, projection, arguments, requested_by) ON control.requests TO teampulse_reader;
GRANT SELECT (id, kind, projection, requested_by, requested_at, done_at, outcome) ON control.requests TO teampulse_reader;
GRANT SELECT ON control.pauses TO teampulse_reader;
-- Not why a build stopped: the reason may quote the event.
GRANT SELECT (indexed, created_at, refused, stopped_at, stopped_position) ON control.builds TO teampulse_reader;
