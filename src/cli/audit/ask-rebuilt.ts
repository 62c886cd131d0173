/** Asks read models that were rebuilt from an export as the API does: the same schema, the same queries, no server and no port. */
import { z } from 'zod';
import type { ExportedLog } from '../../adapters/audit/exported-log.js';
import type { Logger } from '../../adapters/logging/logger.js';
import { PrometheusApiMetrics } from '../../adapters/metrics/prometheus-api-metrics.js';
import { PostgresReadDatabase } from '../../adapters/postgres/read-database.js';
import { TokenVerifier, type Caller } from '../../api/ports/token-verifier.port.js';
import { createApi } from '../../app.module.js';
import { allProjections } from '../../capabilities.js';
import { controlOver } from '../../main.js';
import { ControlRoom } from '../../projections/engine/control-room.js';
import type { Answer } from '../gql.command.js';

const answerSchema = z.looseObject({ data: z.unknown().optional(), errors: z.array(z.unknown()).optional() });

export interface Question {
  readonly log: ExportedLog;
  /** Of the rebuilt read models. */
  readonly apiUrl: string;
  readonly query: string;
  readonly workspaceId: string;
  readonly logger: Logger;
}

export async function askRebuilt({ log, apiUrl, query, workspaceId, logger }: Question): Promise<Answer> {
  const database = new PostgresReadDatabase(apiUrl);
  const control = controlOver(apiUrl);
  try {
    const room = new ControlRoom({ database: control, log, projections: allProjections });
    const app = await createApi(
      { store: log, log, database, tokens: new Owner(workspaceId), control: room, metrics: new PrometheusApiMetrics() },
      logger,
    );
    try {
      await app.init();
      const server = app.getHttpAdapter().getInstance();
      await server.ready();
      const headers = { authorization: 'Bearer owner' };
      const { body } = await server.inject({ method: 'POST', url: '/graphql', headers, payload: { query } });
      return answerSchema.parse(JSON.parse(body));
    } finally {
      await app.close();
    }
  } finally {
    await Promise.all([database.close(), control.close()]);
  }
}

/** Whoever has the whole export has seen everything in it. */
class Owner extends TokenVerifier {
  constructor(private readonly workspaceId: string) {
    super();
  }

  async verify(): Promise<Caller> {
    const { workspaceId } = this;
    return { workspaceId, subject: 'auditor', role: 'owner', isOperator: false, expiresAt: Number.MAX_SAFE_INTEGER };
  }

  async publicKeys(): Promise<{ readonly keys: readonly object[] }> {
    return { keys: [] };
  }
}
