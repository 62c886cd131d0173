/** The limit that the API is held against: Fastify reading the same request and answering `{"ok":true}`. Says its address over IPC. */
import { fastify } from 'fastify';

const app = fastify();
app.post('/graphql', () => ({ ok: true }));
process.send?.(await app.listen({ host: '127.0.0.1', port: 0 }));
process.on('disconnect', () => process.exit());
