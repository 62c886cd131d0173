-- Builds that never serve in place of the live one: shadow, which verify compares it with and drops; as_of, which shows a past
-- state to those who ask for it, and is kept until somebody drops it.
ALTER TABLE control.builds DROP CONSTRAINT builds_state_check;
ALTER TABLE control.builds
  ADD CONSTRAINT builds_state_check CHECK (state IN ('building', 'live', 'retired', 'dropped', 'shadow', 'as_of')),
  -- Of an as_of build, what it was asked for: the instant up to which events had been recorded, or the position. Done when indexed.
  ADD as_of_recorded timestamptz,
  ADD as_of_commit bigint,
  ADD as_of_prepare bigint;
CREATE UNIQUE INDEX builds_one_as_of ON control.builds (projection, as_of_recorded, as_of_commit, as_of_prepare) NULLS NOT DISTINCT
  WHERE state = 'as_of';
-- Queries as of then look for theirs.
GRANT SELECT (indexed, as_of_recorded, as_of_commit, as_of_prepare) ON control.builds TO teampulse_reader;
