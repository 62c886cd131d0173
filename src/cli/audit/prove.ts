/** `teampulse audit prove` and `verify-proof`: that one event is in a signed log, in a file small enough to send. */
import { readFile } from 'node:fs/promises';
import { Command } from 'commander';
import { replaceFile } from '../../adapters/audit/durable-file.js';
import { proveEvent, verifyProof } from '../../adapters/audit/inclusion.js';
import { asEventName } from '../arguments.js';
import { EXIT_ALTERED, EXIT_CODES, loadPublicKey, reportingFailures } from './outcome.js';

export function proveCommand(): Command {
  return new Command('prove')
    .description(
      'Write the proof that one event is in the signed log: the event, its Merkle path and the signed root. Needs no server.',
    )
    .argument('<event>', 'its id, or its place in its stream, such as sale-0190…@0', asEventName)
    .requiredOption('--export <folder>', 'the export that the event is in')
    .option('--out <file>', 'write it there (default: print it)')
    .action(async (event: string, { export: folder, out }: { readonly export: string; readonly out?: string }) =>
      reportingFailures(async () => {
        const proof = await proveEvent(folder, event);
        const text = `${JSON.stringify(proof, null, 2)}\n`;
        if (out === undefined) process.stdout.write(text);
        else {
          await replaceFile(out, text);
          console.error(`${out} proves event ${proof.index + 1} of ${proof.size}.`);
        }
      }),
    );
}

export function verifyProofCommand(): Command {
  return new Command('verify-proof')
    .description(
      `Check what \`audit prove\` has written with nothing but the public key, and show the event. ${EXIT_CODES}`,
    )
    .argument('<file>', 'the proof')
    .requiredOption('--public-key <file>', 'what `audit key` printed, from whom you trust')
    .option('--json', 'print the result as JSON')
    .action(async (file: string, options: { readonly publicKey: string; readonly json?: true }) =>
      reportingFailures(async () => {
        const result = await verifyProof(await readFile(file, 'utf8'), await loadPublicKey(options.publicKey));
        if (options.json) console.log(JSON.stringify(result, null, 2));
        else if (result.verified) {
          const { checkpoint, entry } = result;
          console.log(`The event is in the log that checkpoint ${checkpoint.number} of ${checkpoint.time} signs:`);
          console.log(JSON.stringify(entry, null, 2));
        } else console.log(`${file} proves NOTHING: ${result.problem}.`);
        if (!result.verified) process.exitCode = EXIT_ALTERED;
      }),
    );
}
