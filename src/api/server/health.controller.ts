/** What container runtimes and load balancers ask: does this process live, and can it serve? */
import { Controller, Get, HttpCode, HttpException } from '@nestjs/common';
import { EventLog } from '../../projections/ports/event-log.port.js';
import { ReadDatabase } from '../../projections/ports/read-database.port.js';
import { TokenVerifier } from '../ports/token-verifier.port.js';

export type Check = { readonly ok: true; readonly ms: number } | { readonly ok: false; readonly reason: string };

/** A part that needs longer can't serve requests in time. */
const CHECK_TIMEOUT_MS = 2_000;
/** No workspace has it: row-level security shows nothing. */
const NO_WORKSPACE = '00000000-0000-0000-0000-000000000000';

@Controller()
export class HealthController {
  constructor(
    private readonly log: EventLog,
    private readonly database: ReadDatabase,
    private readonly tokens: TokenVerifier,
  ) {}

  /** The process answers. Restarting it would not mend anything else. */
  @Get('health')
  health(): { readonly status: 'ok' } {
    return { status: 'ok' };
  }

  /** 200 when everything it depends on answers, otherwise 503 and which does not. */
  @Get('ready')
  @HttpCode(200)
  async ready(): Promise<object> {
    const checks = await this.checks();
    if (checks.postgres.ok && checks.eventStore.ok) return { status: 'ready', checks };
    throw new HttpException({ status: 'not ready', checks }, 503);
  }

  /** Of each part that it depends on. */
  async checks(): Promise<Readonly<Record<'postgres' | 'eventStore', Check>>> {
    const [postgres, eventStore] = await Promise.all([
      check(() => this.database.query(NO_WORKSPACE, 'SELECT 1 AS one')),
      check(() => this.log.head()),
    ]);
    return { postgres, eventStore };
  }

  /** The public keys that check our tokens (RFC 7517). */
  @Get('.well-known/jwks.json')
  async keys(): Promise<object> {
    return this.tokens.publicKeys();
  }
}

async function check(ask: () => Promise<unknown>): Promise<Check> {
  const started = performance.now();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Check>((resolve) => {
    const reason = `no answer within ${CHECK_TIMEOUT_MS} ms`;
    timer = setTimeout(() => resolve({ ok: false, reason }), CHECK_TIMEOUT_MS);
  });
  try {
    const asked = ask().then((): Check => ({ ok: true, ms: Math.round(performance.now() - started) }));
    return await Promise.race([asked, late]);
  } catch {
    // The error may name hosts and users; it is in the log of the part that failed.
    return { ok: false, reason: 'can not be reached' };
  } finally {
    clearTimeout(timer);
  }
}
