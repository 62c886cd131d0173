/** Counts what comes of commands, whoever sends them: every one goes over the bus. */
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { Rejection } from '../../domain/shared/rejection.js';
import { ApiMetrics } from '../ports/api-metrics.port.js';

@Injectable()
export class CommandMeter implements OnModuleInit {
  constructor(
    private readonly bus: CommandBus,
    private readonly metrics: ApiMetrics,
  ) {}

  /** The bus has no place for it: it tells of commands before they are handled, and of no outcome. */
  onModuleInit(): void {
    const execute: (command: object, ...rest: never[]) => Promise<unknown> = this.bus.execute.bind(this.bus);
    const metered = async (command: object, ...rest: never[]): Promise<unknown> => {
      const { name } = command.constructor;
      try {
        const result = await execute(command, ...rest);
        this.metrics.decided(name, result instanceof Rejection ? result.code : 'ACCEPTED');
        return result;
      } catch (error) {
        this.metrics.decided(name, 'FAILED');
        throw error;
      }
    };
    Object.defineProperty(this.bus, 'execute', { value: metered });
  }
}
