/** `teampulse audit …`: events with proof that nothing was altered, and the check of that proof, which needs no server. */
import { Command } from 'commander';
import { checkpointCommand } from './audit/checkpoint.js';
import { exportCommand } from './audit/export.js';
import { keyCommand } from './audit/key.js';
import { proveCommand, verifyProofCommand } from './audit/prove.js';
import { verifyCommand } from './audit/verify.js';

export function auditCommand(): Command {
  return new Command('audit')
    .description('Take events out with proof that nothing was altered or lost, and verify them offline.')
    .addCommand(exportCommand())
    .addCommand(verifyCommand())
    .addCommand(proveCommand())
    .addCommand(verifyProofCommand())
    .addCommand(checkpointCommand())
    .addCommand(keyCommand());
}
