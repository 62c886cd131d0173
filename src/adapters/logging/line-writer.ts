/** The output of child processes, each line with the name of who said it, in the form this process logs in. */
import process from 'node:process';
import { isatty } from 'node:tty';
import pretty from 'pino-pretty';
import { redact } from './redact.js';

/**
 * Returns a function that writes one line to standard error. Lines of our own logger carry the name already; on a terminal they
 * are shown as text. Anything else (a crash's last words) is marked with the name.
 */
export function createLineWriter(): (name: string, line: string) => void {
  const terminal = isatty(2);
  const human = terminal
    ? pretty({ destination: 2, sync: true, ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss.l' })
    : undefined;
  return (name, line) => {
    if (line.trim() === '') return;
    if (!line.startsWith('{')) process.stderr.write(`${name}: ${redact(line)}\n`);
    else if (human) human.write(`${line}\n`);
    else process.stderr.write(`${line}\n`);
  };
}
