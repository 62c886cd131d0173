/** The contract with integrators, as it is committed: the AsyncAPI document and the JSON Schema of every version of every event. */
import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Controller, Get, Header, NotFoundException, Param } from '@nestjs/common';

/** The same place from src and from dist. */
const FOLDER = join(import.meta.dirname, '../../../schemas');
const EVENTS = join(FOLDER, 'events');

@Controller('events')
export class EventContractController {
  /** Only these are served: no path of a client reaches the file system. */
  private readonly files = new Set(existsSync(EVENTS) ? readdirSync(EVENTS) : []);

  @Get('asyncapi.json')
  @Header('content-type', 'application/json; charset=utf-8')
  async asyncApi(): Promise<string> {
    return readFile(join(FOLDER, 'asyncapi.json'), 'utf8');
  }

  /** `/events/schemas/work.TaskCreated/1.json` */
  @Get('schemas/:type/:version')
  @Header('content-type', 'application/schema+json; charset=utf-8')
  async schema(@Param('type') type: string, @Param('version') version: string): Promise<string> {
    const file = `${type}.v${version}`;
    if (!this.files.has(file)) throw new NotFoundException('There is no such version of such an event.');
    return readFile(join(EVENTS, file), 'utf8');
  }
}
