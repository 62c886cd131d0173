/** A secure event store through the real client over TLS: who may do what, and what those who may not are told. */
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID, X509Certificate } from 'node:crypto';
import { Metadata, credentials as grpcCredentials, type ServiceError } from '@grpc/grpc-js';
import {
  AccessDeniedError,
  ANY,
  BACKWARDS,
  END,
  EventStoreDBClient,
  START,
  jsonEvent,
  persistentSubscriptionToStreamSettingsFromDefaults,
} from '@eventstore/db-client';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import streamsService from '@eventstore/db-client/generated/streams_grpc_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { hashPassword } from '../../src/adapters/embedded-eventstore/security/passwords.js';
import { ownCertificate } from '../../src/adapters/embedded-eventstore/security/certificates.js';
import {
  startEmbeddedEventStore,
  type EmbeddedEventStore,
  type TlsIdentity,
} from '../../src/adapters/embedded-eventstore/embedded-eventstore.js';
import { EventStoreDbAdapter } from '../../src/adapters/eventstore/eventstore-db.adapter.js';
import { defineEvent } from '../../src/domain/shared/event.js';
import { createStoreDatabase } from '../support/event-store.js';
import { metadataOf } from '../support/recorded-event.js';

const ADMIN = { username: 'admin', password: 'the admin’s: p@ss/word?' };
const OPS = { username: 'ops', password: 'the-password-of-ops' };
const ANN = { username: 'ann', password: 'the-password-of-ann' };

let folder: string;
let tls: TlsIdentity;
let database: Awaited<ReturnType<typeof createStoreDatabase>>;
let server: EmbeddedEventStore;
let admin: EventStoreDBClient;
let ann: EventStoreDBClient;
let anonymous: EventStoreDBClient;
const clients: EventStoreDBClient[] = [];

const urlFor = ({ username, password }: typeof ADMIN): string =>
  server.connectionString.replace('esdb://', `esdb://${username}:${encodeURIComponent(password)}@`);

function connect(who?: typeof ADMIN): EventStoreDBClient {
  const client = EventStoreDBClient.connectionString(who ? urlFor(who) : server.connectionString);
  clients.push(client);
  return client;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'teampulse-tls-'));
  tls = await ownCertificate(folder, '127.0.0.1');
  database = await createStoreDatabase();
  server = await startEmbeddedEventStore({
    postgresUrl: database.url,
    tls,
    users: { admin: ADMIN.password, ops: OPS.password },
  });
  admin = connect(ADMIN);
  anonymous = connect();
  // Another user, as an administrator makes one.
  const user = { loginName: 'ann', fullName: 'Ann', groups: ['accounting'], disabled: false };
  const password = await hashPassword(ANN.password);
  await admin.appendToStream('$user-ann', jsonEvent({ type: '$UserCreated', data: { ...user, ...password } }));
  ann = connect(ANN);
});
afterAll(async () => {
  await Promise.all(clients.map((client) => client.dispose()));
  await server.stop();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

const newStream = (): string => `secure-${randomUUID()}`;
const event = (n = 0) => jsonEvent({ type: 'happened', data: { n } });

async function count(reading: AsyncIterable<unknown>): Promise<number> {
  let events = 0;
  for await (const _ of reading) events++;
  return events;
}
const expectDenied = (work: Promise<unknown>): Promise<void> => expect(work).rejects.toBeInstanceOf(AccessDeniedError);

describe('a user', () => {
  it('writes, reads and deletes streams, over one call for many appends and over one call each', async () => {
    const stream = newStream();
    await ann.appendToStream(stream, event());
    await admin.appendToStream(stream, event(), { credentials: ANN });
    expect(await count(ann.readStream(stream))).toBe(2);
    await ann.deleteStream(stream, { expectedRevision: ANY });
  });

  it('with a wrong password, or who is not there, may do nothing', async () => {
    const stream = newStream();
    const wrong = connect({ ...ANN, password: 'guessed' });
    const nobody = connect({ username: 'nobody', password: 'guessed' });
    for (const client of [wrong, nobody]) {
      await expectDenied(client.appendToStream(stream, event()));
      await expectDenied(count(client.readStream(stream)));
      await expectDenied(client.deleteStream(stream));
    }
    await expectDenied(
      admin.appendToStream(stream, event(), { credentials: { username: 'ann', password: 'guessed' } }),
    );
  });

  it('who is disabled, or has another password now, is refused at once', async () => {
    const bob = { username: 'bob', password: 'first-password' };
    const data = { loginName: 'bob', fullName: 'Bob', groups: [], disabled: false };
    const write = async (change: object) =>
      admin.appendToStream('$user-bob', jsonEvent({ type: '$UserUpdated', data: { ...data, ...change } }));
    await write(await hashPassword(bob.password));
    const stream = newStream();
    await ann.appendToStream(stream, event());
    expect(await count(connect(bob).readStream(stream))).toBe(1);
    const second = await hashPassword('second-password');
    await write(second);
    await expect.poll(() => count(connect(bob).readStream(stream)).catch((error: unknown) => error)).toBeInstanceOf(AccessDeniedError); // prettier-ignore
    expect(await count(connect({ ...bob, password: 'second-password' }).readStream(stream))).toBe(1);
    await write({ ...second, disabled: true });
    await expect.poll(() => count(connect({ ...bob, password: 'second-password' }).readStream(stream)).catch((error: unknown) => error)).toBeInstanceOf(AccessDeniedError); // prettier-ignore
  });
});

describe('without credentials', () => {
  it('no stream can be touched', async () => {
    const stream = newStream();
    await ann.appendToStream(stream, event());
    await expectDenied(anonymous.appendToStream(stream, event()));
    await expectDenied(count(anonymous.readStream(stream)));
    await expectDenied(count(anonymous.readAll()));
    await expectDenied(anonymous.tombstoneStream(stream));
    await expectDenied(new Promise((_, reject) => anonymous.subscribeToStream(stream).once('error', reject)));
  });

  it('the server still says what it can do and where it is, as discovery needs', async () => {
    const query = server.connectionString.split('?')[1] ?? '';
    const hosts = `127.0.0.1:${server.port},localhost:${server.port}`;
    const discovering = EventStoreDBClient.connectionString(`esdb://ann:${ANN.password}@${hosts}?${query}`);
    clients.push(discovering);
    const stream = newStream();
    await discovering.appendToStream(stream, event());
    expect(await count(discovering.readStream(stream))).toBe(1);
  });
});

describe('system streams', () => {
  it('are the administrators’: $all, users, settings and their metadata', async () => {
    expect(await count(admin.readAll({ maxCount: 10 }))).toBe(10);
    const ops = connect(OPS);
    for (const client of [ann, ops]) {
      await expectDenied(count(client.readAll({ maxCount: 1 })));
      await expectDenied(count(client.readAll({ direction: BACKWARDS, fromPosition: END, maxCount: 1 })));
      await expectDenied(count(client.readStream('$user-admin')));
      await expectDenied(client.appendToStream('$settings', event()));
      await expectDenied(client.setStreamMetadata('$user-admin', {}));
      await expectDenied(client.appendToStream(`$user-${client === ann ? 'ann' : 'ops'}`, event()));
      await expectDenied(
        new Promise((_, reject) => client.subscribeToAll({ fromPosition: START }).once('error', reject)),
      );
    }
  });

  it('keep a hash of a password, and never the password', async () => {
    const seen: string[] = [];
    for await (const { event: recorded } of admin.readAll()) seen.push(JSON.stringify(recorded?.data));
    const text = seen.join('\n');
    expect(text).toContain('scrypt:');
    for (const { password } of [ADMIN, OPS, ANN]) expect(text).not.toContain(password);
  });

  it('of no name can be written to: $all is denied to administrators as well', async () => {
    await expectDenied(admin.appendToStream('$all', event()));
    await expectDenied(admin.deleteStream('$$some', { expectedRevision: ANY }));
  });
});

describe('an access list', () => {
  it('says who reads, writes, deletes, and who reads and writes the list itself', async () => {
    const stream = newStream();
    await admin.appendToStream(stream, event());
    await admin.setStreamMetadata(stream, {
      acl: { readRoles: ['accounting'], writeRoles: ['ops'], deleteRoles: ['$admins'], metaReadRoles: ['ann'], metaWriteRoles: ['$admins'] },
    }); // prettier-ignore
    const ops = connect(OPS);
    expect(await count(ann.readStream(stream))).toBe(1);
    await expectDenied(count(ops.readStream(stream)));
    await expectDenied(ann.appendToStream(stream, event()));
    await expectDenied(admin.appendToStream(stream, event(), { credentials: ANN }));
    await ops.appendToStream(stream, event());
    await expectDenied(ops.deleteStream(stream));
    await expectDenied(ops.tombstoneStream(stream));
    expect((await ann.getStreamMetadata(stream)).metadata).toMatchObject({ acl: { readRoles: ['accounting'] } });
    await expectDenied(ops.getStreamMetadata(stream));
    await expectDenied(ann.setStreamMetadata(stream, {}));
    // Administrators may, whatever the list says.
    expect(await count(admin.readStream(stream))).toBe(2);
  });

  it('can let a user read $all', async () => {
    await admin.setStreamMetadata('$all', { acl: { readRoles: ['accounting', '$admins'] } });
    expect(await count(ann.readAll({ maxCount: 3 }))).toBe(3);
    await admin.setStreamMetadata('$all', {});
    await expectDenied(count(ann.readAll({ maxCount: 3 })));
  });

  it('that is changed ends the subscription of somebody who may no longer read, and nobody else’s', async () => {
    const stream = newStream();
    await admin.appendToStream(stream, event());
    const [annSees, adminSees] = [ann, admin].map((client) => client.subscribeToStream(stream, { fromRevision: END }));
    const ended = new Promise((resolve) => annSees?.once('error', resolve));
    await Promise.all([annSees, adminSees].map((s) => new Promise((resolve) => s?.once('caughtUp', resolve)))); // prettier-ignore
    await admin.setStreamMetadata(stream, { acl: { readRoles: ['$admins'] } });
    expect(await ended).toBeInstanceOf(AccessDeniedError);
    const next = new Promise((resolve) => adminSees?.once('data', resolve));
    await admin.appendToStream(stream, event(1));
    expect(await next).toMatchObject({ event: { data: { n: 1 } } });
    await adminSees?.unsubscribe();
  });

  it('has defaults in $settings, which count at once', async () => {
    const stream = newStream();
    await admin.appendToStream(
      '$settings',
      jsonEvent({ type: '$settings', data: { $userStreamAcl: { $w: ['$ops'] } } }),
    );
    await expect.poll(() => ann.appendToStream(stream, event()).catch((error: unknown) => error)).toBeInstanceOf(AccessDeniedError); // prettier-ignore
    await connect(OPS).appendToStream(stream, event());
    await admin.appendToStream('$settings', jsonEvent({ type: '$settings', data: {} }));
    await expect.poll(() => ann.appendToStream(stream, event()).then(() => 'written', () => 'denied')).toBe('written'); // prettier-ignore
  });
});

describe('persistent subscriptions', () => {
  it('are made, changed and deleted by administrators and operators, and read by whoever may read the stream', async () => {
    const [stream, group] = [newStream(), 'readers'];
    const ops = connect(OPS);
    const settings = persistentSubscriptionToStreamSettingsFromDefaults({ startFrom: START });
    await expectDenied(ann.createPersistentSubscriptionToStream(stream, group, settings));
    await ops.createPersistentSubscriptionToStream(stream, group, settings);
    await ann.appendToStream(stream, event(3));
    await expectDenied(ann.updatePersistentSubscriptionToStream(stream, group, settings));
    await expectDenied(ann.deletePersistentSubscriptionToStream(stream, group));
    expect(await ann.getPersistentSubscriptionToStreamInfo(stream, group)).toMatchObject({ groupName: group });
    await expectDenied(anonymous.getPersistentSubscriptionToStreamInfo(stream, group));

    const reading = ann.subscribeToPersistentSubscriptionToStream(stream, group);
    const [got] = (await once(reading, 'data')) as [{ event?: { data: unknown } }];
    expect(got.event?.data).toEqual({ n: 3 });
    await reading.unsubscribe();
    await admin.setStreamMetadata(stream, { acl: { readRoles: ['$admins'] } });
    const refused = ann.subscribeToPersistentSubscriptionToStream(stream, group);
    const [error] = (await once(refused, 'error')) as [unknown];
    expect(error).toBeInstanceOf(AccessDeniedError);
    await ops.deletePersistentSubscriptionToStream(stream, group);
  });
});

describe('a refusal on the wire', () => {
  const unary = (metadata: Metadata): Promise<ServiceError> =>
    new Promise((resolve, reject) => {
      const channel = grpcCredentials.createSsl(readCa());
      const client = new streamsService.StreamsClient(`127.0.0.1:${server.port}`, channel);
      const identifier = new shared.StreamIdentifier();
      identifier.setStreamName(Buffer.from('secure-wire'));
      const options = new streams.DeleteReq.Options();
      options.setStreamIdentifier(identifier);
      options.setAny(new shared.Empty());
      const request = new streams.DeleteReq();
      request.setOptions(options);
      client.delete(request, metadata, (error: ServiceError | null) => {
        client.close();
        if (error) resolve(error);
        else reject(new Error('it was not refused'));
      });
    });
  let ca: Buffer;
  const readCa = (): Buffer => ca;
  beforeAll(async () => {
    ca = await readFile(tls.caFile ?? '');
  });

  it('is PERMISSION_DENIED with the trailer that the client looks at, for somebody unknown', async () => {
    const error = await unary(new Metadata());
    expect([error.code, error.details, error.metadata.get('exception')]).toEqual([
      7,
      'Access Denied',
      ['access-denied'],
    ]);
  });

  it('is UNAUTHENTICATED for wrong credentials, also for those that are none', async () => {
    for (const value of ['Basic YW5uOndyb25n', 'Basic !', 'Bearer abcdefgh', `Basic ${'A'.repeat(5_000)}`]) {
      const metadata = new Metadata();
      metadata.set('authorization', value);
      expect((await unary(metadata)).code).toBe(16);
    }
  });
});

describe('TLS', () => {
  it('is the only way in', async () => {
    const plain = EventStoreDBClient.connectionString(`esdb://127.0.0.1:${server.port}?tls=false`);
    clients.push(plain);
    await expect(plain.appendToStream(newStream(), event())).rejects.toMatchObject({ code: 14 });
  });

  it('keeps its authority, and makes the server’s certificate anew for another name', async () => {
    const again = await ownCertificate(folder, '127.0.0.1');
    expect(again.certificate).toEqual(tls.certificate);
    const other = await ownCertificate(folder, 'events.example.org');
    expect(other.certificate).not.toEqual(tls.certificate);
    const [certificate, ca] = [
      new X509Certificate(other.certificate),
      new X509Certificate(await readFile(other.caFile ?? '')),
    ];
    expect(certificate.verify(ca.publicKey)).toBe(true);
    expect(certificate.checkHost('events.example.org')).toBe('events.example.org');
    expect(certificate.checkIP('127.0.0.1')).toBe('127.0.0.1');
    expect(() => createSecureContext({ cert: other.certificate, key: other.privateKey })).not.toThrow();
    for (const key of ['ca.key', 'node.key']) expect((await stat(join(folder, key))).mode & 0o777).toBe(0o600);
  });
});

describe('the adapter', () => {
  it('works with a user over TLS, and follows the log as an administrator', async () => {
    const happened = defineEvent('secure.Happened', z.object({ n: z.int() }));
    const adapter = new EventStoreDbAdapter(urlFor(ADMIN), [happened]);
    const stream = newStream();
    const metadata = metadataOf(randomUUID());
    const written = { id: randomUUID(), type: happened.type, data: { n: 7 }, metadata };
    expect(await adapter.append(stream, [written], 'no_stream')).toMatchObject({ outcome: 'appended' });
    expect((await adapter.readStream(stream))?.events).toMatchObject([{ data: { n: 7 } }]);
    const leave = new AbortController();
    for await (const items of adapter.subscribe({ typePrefixes: [happened.type], signal: leave.signal })) {
      if (items.some((item) => item.kind === 'event')) leave.abort();
    }
    await adapter.dispose();
  });
});

describe('a store that gets users later', () => {
  it('makes their passwords once, and keeps them', async () => {
    const own = await createStoreDatabase();
    const start = (options: object) => startEmbeddedEventStore({ postgresUrl: own.url, ...options });
    const open = await start({});
    expect(open.madePasswords).toEqual({});
    await open.stop();
    const first = await start({ users: { ops: 'given-password' } });
    expect(Object.keys(first.madePasswords)).toEqual(['admin']);
    await first.stop();
    const second = await start({ tls, users: { admin: 'ignored-password' } });
    expect(second.madePasswords).toEqual({});
    const client = EventStoreDBClient.connectionString(
      second.connectionString.replace('esdb://', `esdb://admin:${first.madePasswords['admin']}@`),
    );
    expect(await count(client.readAll({ maxCount: 1 }))).toBe(1);
    await client.dispose();
    await second.stop();
    await own.drop();
  });

  it('makes a new one for an administrator who has lost his, as the docs say', async () => {
    const own = await createStoreDatabase();
    const lost = await startEmbeddedEventStore({ postgresUrl: own.url, users: { admin: 'lost', ops: 'kept' } });
    await lost.stop();
    const open = await startEmbeddedEventStore({ postgresUrl: own.url });
    const anybody = EventStoreDBClient.connectionString(open.connectionString);
    const data = { loginName: 'admin', fullName: 'Event Store Administrator', groups: ['$admins'], disabled: false, salt: '', hash: '' }; // prettier-ignore
    await anybody.appendToStream('$user-admin', jsonEvent({ type: '$UserUpdated', data }));
    await anybody.dispose();
    await open.stop();
    const secure = await startEmbeddedEventStore({ postgresUrl: own.url, tls, users: {} });
    expect(Object.keys(secure.madePasswords)).toEqual(['admin']);
    const as = (password: string | undefined): EventStoreDBClient =>
      EventStoreDBClient.connectionString(secure.connectionString.replace('esdb://', `esdb://admin:${password}@`));
    const [again, before] = [as(secure.madePasswords['admin']), as('lost')];
    expect(await count(again.readAll({ maxCount: 1 }))).toBe(1);
    await expect(count(before.readAll({ maxCount: 1 }))).rejects.toBeInstanceOf(AccessDeniedError);
    await Promise.all([again.dispose(), before.dispose()]);
    await secure.stop();
    await own.drop();
  });
});
