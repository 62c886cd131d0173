/** Runs of an integration: the till's export comes in once a month, with a few rows that nobody could read. */
import { CompleteRun } from '../../commands/sync/complete-run.command.js';
import { FailRun } from '../../commands/sync/fail-run.command.js';
import { RegisterIntegration } from '../../commands/sync/register-integration.command.js';
import { RejectRecords } from '../../commands/sync/reject-records.command.js';
import { StartRun } from '../../commands/sync/start-run.command.js';
import { addDays, fromLocal } from '../../domain/shared/time.js';
import { OWNER, TIME_ZONE, YEAR } from './company.js';
import { randomOf } from './random.js';
import { createdId, type Step, type Story } from './story.js';

const INTEGRATION = 'integration/till';
const FAILED_MONTH = 5;

export const integrationStory: Story = {
  key: INTEGRATION,
  steps: [
    {
      at: fromLocal('2024-12-10', '15:00', TIME_ZONE),
      by: OWNER,
      make: (context) =>
        new RegisterIntegration({ kind: 'file', name: 'Till export', config: { pattern: 'till-*.csv' } }, context),
    },
  ],
};

const random = randomOf('sync');

/** On the second of the month that follows. */
export const runStories: readonly Story[] = Array.from({ length: 11 }, (_, index) => runStory(index + 1));

function runStory(month: number): Story {
  const name = `till-${YEAR}-${String(month).padStart(2, '0')}.csv`;
  const key = `run/${name}`;
  const day = addDays(`${YEAR}-${String(month + 1).padStart(2, '0')}-01`, 1);
  const runId = createdId('sync-run', key);
  const step = (time: string, make: Step['make']): Step => ({ at: fromLocal(day, time, TIME_ZONE), by: OWNER, make });
  const start = step('06:00', (context) =>
    new StartRun(
      {
        integrationId: createdId('integration', INTEGRATION),
        subject: 'sales',
        sources: [{ name, fingerprint: null }],
      },
      context,
    ),
  ); // prettier-ignore
  if (month === FAILED_MONTH) {
    const reason = 'the file ends in the middle of line 212; export it again';
    const counts = { read: 211, changed: 211, unchanged: 0, rejected: 0 };
    return { key, steps: [start, step('06:01', (context) => new FailRun({ runId, reason, counts }, context))] };
  }
  const read = random.int(280, 620);
  const lines = Array.from({ length: random.int(0, 4) }, () => random.int(2, read)).toSorted((a, b) => a - b);
  const records = lines.map((line) => ({
    source: name,
    line,
    column: 'amount',
    value: random.pick(['1,234.5O', 'n/a', '12.50.-', '']),
    reason: 'is not a plain decimal such as 12.50',
  }));
  const counts = { read, changed: read - records.length, unchanged: 0, rejected: records.length };
  const complete = step('06:02', (context) => new CompleteRun({ runId, counts }, context));
  if (records.length === 0) return { key, steps: [start, complete] };
  const rejects = step('06:01', (context) => new RejectRecords({ runId, offset: 0, records }, context));
  return { key, steps: [start, rejects, complete] };
}
