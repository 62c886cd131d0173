/** The one way to what the control schema keeps for operators' eyes: see the policies of its migrations. */
import type { WriteDatabase, WriteSession } from '../ports/write-database.port.js';

/**
 * A transaction that sees what operators may. Whoever calls it for somebody has made sure that he is one. The API's role sees
 * nothing without it; for the owner of the tables it makes no difference.
 */
export const asOperator = async <T>(
  database: Pick<WriteDatabase, 'transaction'>,
  work: (session: WriteSession) => Promise<T>,
): Promise<T> =>
  database.transaction(async (session) => {
    await session.query({ text: "SET LOCAL app.operator = 'on'" });
    return work(session);
  });
