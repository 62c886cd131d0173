/** Keeps Nest from logging what resolvers throw: refusals are no failures, and failures are logged where they are masked. */
import { Catch, type ArgumentsHost } from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';

@Catch()
export class ErrorFilter extends BaseExceptionFilter {
  override catch(exception: unknown, host: ArgumentsHost): void {
    if (host.getType<string>() === 'graphql') throw exception;
    // oxlint-disable-next-line promise/valid-params -- a filter's catch, not a promise's
    super.catch(exception, host);
  }
}
