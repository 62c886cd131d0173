/** GraphiQL at `/`, from files that the build made (scripts/graphiql): nothing is fetched from anywhere else. */
import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { Controller, Get, NotFoundException, Param, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';

/** The same place from src and from dist. */
const FOLDER = join(import.meta.dirname, '../../../dist/graphiql');

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.ttf': 'font/ttf',
  '.woff2': 'font/woff2',
};

/** The browser refuses whatever does not come from here; the editor styles its lines inline. */
const POLICY = [
  "default-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "worker-src 'self' blob:",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "connect-src 'self' ws: wss:",
  "frame-ancestors 'none'",
].join('; ');

@Controller()
export class GraphiqlController {
  /** Only these are served: no path of a client reaches the file system. */
  private readonly assets = new Set(existsSync(join(FOLDER, 'assets')) ? readdirSync(join(FOLDER, 'assets')) : []);

  @Get()
  async page(@Res() reply: FastifyReply): Promise<void> {
    if (this.assets.size === 0)
      throw new NotFoundException('GraphiQL has not been built: run `npm run build`. GraphQL itself is at /graphql.');
    void reply.header('cache-control', 'no-cache').header('x-content-type-options', 'nosniff');
    await send(reply, 'index.html');
  }

  /** Their names carry a hash of their content. */
  @Get('assets/:name')
  async asset(@Param('name') name: string, @Res() reply: FastifyReply): Promise<void> {
    if (!this.assets.has(name)) throw new NotFoundException();
    void reply.header('cache-control', 'public, max-age=31536000, immutable');
    await send(reply, join('assets', name));
  }
}

async function send(reply: FastifyReply, file: string): Promise<void> {
  void reply.header('content-security-policy', POLICY);
  void reply.type(TYPES[extname(file)] ?? 'application/octet-stream');
  await reply.send(await readFile(join(FOLDER, file)));
}
