/** What an auditor's command can't do, with what to do about it. */
export class AuditFailure extends Error {
  override readonly name = 'AuditFailure';
  constructor(
    message: string,
    readonly hint: string,
    readonly code: 'NO_EVENTS' | 'CHAIN_BROKEN' | 'LOG_ALTERED' | 'OTHER_EXPORT' | 'NOT_AN_EXPORT' | 'NO_SUCH_EVENT',
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
