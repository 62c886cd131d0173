/** `teampulse audit key`: the public half of the key that signs checkpoints and exports. */
import { Command } from 'commander';
import { loadConfig } from '../../adapters/config/config.js';
import { auditKey } from './log.js';

export function keyCommand(): Command {
  return new Command('key')
    .description(
      'Print the public key that checkpoints and exports are signed with, as JSON Web Key (RFC 8037). Give it to auditors by a way\n' +
        'that they trust, once: with it they verify, and with nothing else. The private key stays in the data folder (TEAMPULSE_DATA)\n' +
        'or AUDIT_PRIVATE_KEY.',
    )
    .action(async () => {
      const { publicJwk } = await auditKey(loadConfig());
      console.log(JSON.stringify(publicJwk));
    });
}
