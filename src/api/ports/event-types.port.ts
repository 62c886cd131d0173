/** The names of all event types, so that a misspelt one is refused instead of waited for. */
export class EventTypes {
  constructor(readonly names: readonly string[]) {}

  /**
   * The types that a pattern stands for: `sales.SaleRecorded` itself, `sales.*` and `work.Task*` all that begin so.
   * None when there is no such type.
   */
  matching(pattern: string): readonly string[] {
    if (!pattern.endsWith('*')) return this.names.includes(pattern) ? [pattern] : [];
    return this.names.filter((name) => name.startsWith(pattern.slice(0, -1)));
  }
}
