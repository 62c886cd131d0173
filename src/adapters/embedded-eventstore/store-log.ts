/** What the embedded store asks of a logger: pino's shape, so that pino fits as it is. */
export interface StoreLog {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

export const silentLog: StoreLog = {
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
