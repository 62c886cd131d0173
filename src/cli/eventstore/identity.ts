/** Who the server is to its clients over TLS: given certificates, or its own. */
import { X509Certificate, createPrivateKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TlsIdentity } from '../../adapters/embedded-eventstore/embedded-eventstore.js';
import { CliError } from '../failure.js';

export interface IdentityOptions {
  readonly host: string;
  readonly certificate?: string;
  readonly privateKey?: string;
}

/** @param folder where certificates that are made here are kept. @throws CliError when the given ones can't be used */
export async function findIdentity(options: IdentityOptions, folder: string): Promise<TlsIdentity> {
  const { host, certificate, privateKey } = options;
  if (certificate !== undefined && privateKey !== undefined) return readGiven(certificate, privateKey);
  const { ownCertificate } = await import('../../adapters/embedded-eventstore/security/certificates.js');
  return ownCertificate(join(folder, 'eventstore-tls'), host);
}

async function readGiven(certificateFile: string, privateKeyFile: string): Promise<TlsIdentity> {
  const [certificate, privateKey] = await Promise.all([readFile(certificateFile), readFile(privateKeyFile)]);
  try {
    if (new X509Certificate(certificate).checkPrivateKey(createPrivateKey(privateKey)))
      return { certificate, privateKey };
  } catch (cause) {
    throw new CliError('the certificate or its private key can’t be read', 'give both as PEM, the key without a passphrase', { cause }); // prettier-ignore
  }
  throw new CliError('the private key is not that of the certificate', 'give the two that belong together');
}
