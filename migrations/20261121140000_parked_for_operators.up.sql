-- Operators see through the API what is parked. The rows are of every workspace, so the API's role finds them only in a transaction
-- that says it is an operator's: as with app.workspace_id, no SELECT can say so itself, because set_config is not its to call.
-- Everybody else's find no row, to count neither. Whoever owns the table (workers, the command line) sees it all.
ALTER TABLE control.parked ENABLE ROW LEVEL SECURITY;
CREATE POLICY parked_for_operators ON control.parked FOR SELECT TO teampulse_reader
  USING (current_setting('app.operator', true) = 'on');
GRANT SELECT ON control.parked TO teampulse_reader;
