/** The data of one event, for integrators whose message was too small for it: what `dataref` of a CloudEvent points at. */
import {
  Controller,
  ForbiddenException,
  Get,
  Headers,
  NotFoundException,
  Param,
  UnauthorizedException,
} from '@nestjs/common';
import { GraphQLError } from 'graphql';
import { EventLog } from '../../projections/ports/event-log.port.js';
import { TokenVerifier, type Caller } from '../ports/token-verifier.port.js';
import { ROLES } from '../shared/request-context.js';
import { authenticate } from './authentication.js';

const STREAM = /^[a-z][a-z-]{0,40}-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** Streams are short; longer numbers are none of theirs. */
const REVISION = /^\d{1,9}$/;

@Controller('events')
export class EventDataController {
  constructor(
    private readonly log: EventLog,
    private readonly tokens: TokenVerifier,
  ) {}

  /** As its type's newest version. Needs the role manager or above, as in `eventHistory`: it holds what people entered. */
  @Get(':stream/:revision/data')
  async data(
    @Param('stream') stream: string,
    @Param('revision') revision: string,
    @Headers('authorization') authorization: unknown,
  ): Promise<unknown> {
    const caller = await this.callerOf(authorization);
    if (ROLES.indexOf(caller.role) < ROLES.indexOf('manager'))
      throw new ForbiddenException(`This needs the role manager or above; yours is ${caller.role}.`);
    if (!STREAM.test(stream) || !REVISION.test(revision)) throw notFound();
    const [item] = await this.log.readAgain(stream, Number(revision), 1);
    if (item?.kind === 'malformed') throw item.error;
    // Another workspace's event does not exist, whoever knows its name; and where a stream was cut off, the first that is left
    // is not the one that was asked for.
    if (item?.event.metadata.workspaceId !== caller.workspaceId || item.event.revision !== Number(revision))
      throw notFound();
    return item.event.data;
  }

  private async callerOf(authorization: unknown): Promise<Caller> {
    try {
      return await authenticate(this.tokens, authorization);
    } catch (error) {
      if (error instanceof GraphQLError) throw new UnauthorizedException(error.message);
      throw error;
    }
  }
}

const notFound = (): NotFoundException => new NotFoundException('There is no such event.');
