/**
 * What the API is held against, in the same run: Fastify alone reading the same request and answering `{"ok":true}`, and Apollo
 * Server on Fastify answering `{ ok }`. Says their addresses over IPC.
 */
import { ApolloServer } from '@apollo/server';
import { ApolloServerPluginCacheControlDisabled } from '@apollo/server/plugin/disabled';
import { fastifyApolloHandler } from '@as-integrations/fastify';
import { fastify, type FastifyInstance } from 'fastify';

export interface Peers {
  readonly bare: string;
  readonly apollo: string;
}

const listen = async (app: FastifyInstance): Promise<string> => app.listen({ host: '127.0.0.1', port: 0 });

async function apollo(): Promise<string> {
  const server = new ApolloServer({
    typeDefs: 'type Query { ok: Boolean! }',
    resolvers: { Query: { ok: () => true } },
    plugins: [ApolloServerPluginCacheControlDisabled()],
  });
  await server.start();
  const app = fastify();
  app.post('/graphql', fastifyApolloHandler(server));
  return listen(app);
}

async function bare(): Promise<string> {
  const app = fastify();
  app.post('/graphql', () => ({ ok: true }));
  return listen(app);
}

process.send?.({ bare: await bare(), apollo: await apollo() } satisfies Peers);
process.on('disconnect', () => process.exit());
