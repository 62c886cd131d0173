/** The machine's own clock, and ids that sort by the time they were made. */
import { v7 } from 'uuid';
import { Clock } from '../../commands/ports/clock.port.js';

export class SystemClock extends Clock {
  override now(): string {
    return new Date().toISOString();
  }

  override newId(): string {
    return v7();
  }
}
