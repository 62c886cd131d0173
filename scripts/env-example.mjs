/** Prints `.env.example` from the configuration schema: `npm run env:example`. Needs a build. */
import { writeFileSync } from 'node:fs';
import { envExample } from '../dist/adapters/config/schema.js';

writeFileSync(new URL('../.env.example', import.meta.url), envExample());
