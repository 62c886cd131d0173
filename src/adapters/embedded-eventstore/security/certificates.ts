/**
 * Certificates that the server makes itself when none are given, kept in a folder:
 *
 *   ca.crt    what clients trust: `tlsCAFile=…/ca.crt`. Made once, so that they need it once.
 *   ca.key    signs the server's certificates
 *   node.crt  the server's own, made anew when it soon ends or the server is reached under another name
 *   node.key
 */
import { X509Certificate, createPrivateKey } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import path from 'node:path';
import { generate } from 'selfsigned';
import type { TlsIdentity } from '../embedded-eventstore.js';

const DAY_MS = 86_400_000;
const CA_DAYS = 3_650;
const NODE_DAYS = 825;
/** A server is not restarted every day: what ends within this is made anew at a start. */
const RENEW_DAYS = 90;
/** Clocks differ. */
const BACKDATE_MS = DAY_MS;
const KEY = { keyType: 'ec', curve: 'P-256', algorithm: 'sha256' } as const;

interface Pair {
  readonly cert: string;
  readonly private: string;
}

/** @param host the address that the server listens on, or is reached under */
export async function ownCertificate(folder: string, host: string): Promise<TlsIdentity> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const ca = (await read(folder, 'ca', RENEW_DAYS)) ?? (await makeAuthority(folder));
  const names = namesOf(host);
  const found = await read(folder, 'node', RENEW_DAYS);
  const node = found && fits(found, ca, names) ? found : await makeNode(folder, ca, names);
  return {
    certificate: Buffer.from(node.cert),
    privateKey: Buffer.from(node.private),
    caFile: path.resolve(folder, 'ca.crt'),
  };
}

/** Every name under which a client of this machine, or of another one, may come. */
function namesOf(host: string): string[] {
  const names = ['localhost', '127.0.0.1', '::1', hostname()];
  if (host !== '0.0.0.0' && host !== '::') names.push(host);
  return [...new Set(names)];
}

function fits(node: Pair, ca: Pair, names: readonly string[]): boolean {
  const certificate = new X509Certificate(node.cert);
  return (
    certificate.verify(new X509Certificate(ca.cert).publicKey) &&
    names.every((name) => (isIP(name) ? certificate.checkIP(name) : certificate.checkHost(name)))
  );
}

async function makeAuthority(folder: string): Promise<Pair> {
  const ca = await generate([{ name: 'commonName', value: `TeamPulse event store on ${hostname()}` }], {
    ...KEY,
    ...validFor(CA_DAYS),
    extensions: [
      { name: 'basicConstraints', cA: true, pathLenConstraint: 0, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  await write(folder, 'ca', ca);
  return ca;
}

async function makeNode(folder: string, ca: Pair, names: readonly string[]): Promise<Pair> {
  const node = await generate([{ name: 'commonName', value: 'TeamPulse event store' }], {
    ...KEY,
    ...validFor(NODE_DAYS),
    ca: { key: ca.private, cert: ca.cert },
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: names.map((name) => (isIP(name) ? { type: 7, ip: name } : { type: 2, value: name })),
      },
    ],
  });
  await write(folder, 'node', node);
  return node;
}

const validFor = (days: number): { notBeforeDate: Date; notAfterDate: Date } => ({
  notBeforeDate: new Date(Date.now() - BACKDATE_MS),
  notAfterDate: new Date(Date.now() + days * DAY_MS),
});

/** Undefined when it is not there, or ends within so many days. */
async function read(folder: string, name: string, days: number): Promise<Pair | undefined> {
  try {
    const pair = {
      cert: await readFile(path.join(folder, `${name}.crt`), 'utf8'),
      private: await readFile(path.join(folder, `${name}.key`), 'utf8'),
    };
    const certificate = new X509Certificate(pair.cert);
    // A server killed between the two files leaves a pair that is none.
    const isPair = certificate.checkPrivateKey(createPrivateKey(pair.private));
    return isPair && Date.parse(certificate.validTo) > Date.now() + days * DAY_MS ? pair : undefined;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The key first: a certificate is never there without its key. */
async function write(folder: string, name: string, pair: Pair): Promise<void> {
  await replace(path.join(folder, `${name}.key`), pair.private, 0o600);
  await replace(path.join(folder, `${name}.crt`), pair.cert, 0o644);
}

async function replace(file: string, text: string, mode: number): Promise<void> {
  await writeFile(`${file}.new`, text, { mode });
  await rename(`${file}.new`, file);
}
