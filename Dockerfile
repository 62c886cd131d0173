# One image for every process: `docker run teampulse api`, `worker`, `migrate`, `import` …
FROM node:22-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --include=dev --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json nest-cli.json ./
COPY scripts ./scripts
COPY src ./src
RUN npm run build
# What runs needs neither the compilers nor the Postgres binaries of `teampulse up`, which are optional packages.
RUN npm ci --omit=dev --omit=optional --no-audit --no-fund && npm cache clean --force

FROM node:22-bookworm-slim
# Young objects get 32 MiB: see src/cli/up/subcommand.ts.
ENV NODE_ENV=production NODE_OPTIONS=--max-semi-space-size=32 TEAMPULSE_DATA=/data
WORKDIR /app
# The folder of the token key, owned by the user that runs: a new named volume takes over owner and mode.
RUN mkdir /data && chown node:node /data
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json ./
COPY migrations ./migrations
COPY schemas ./schemas
USER node
VOLUME /data
EXPOSE 4000
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "dist/cli/main.js"]
CMD ["api"]
