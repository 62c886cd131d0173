/** `teampulse migrate`: brings the database schema up to date, or takes the last step back. */
import { Command } from 'commander';
import { ownConfig } from '../adapters/config/config.js';
import { migrate } from '../adapters/postgres/migrate.js';
import { CliError } from './failure.js';

export function migrateCommand(): Command {
  return new Command('migrate')
    .description(
      'Bring the schema of the database (DATABASE_URL) up to date. Safe to run again and from several places.',
    )
    .option('--down', 'take the last migration back; the read models go, and can be rebuilt from the log')
    .action(async (options: { down?: true }) => {
      const { databaseUrl } = ownConfig();
      if (databaseUrl === undefined)
        throw new CliError(
          'DATABASE_URL is not set',
          'name the database; that of `teampulse up` is kept up to date by itself',
        );
      const { ran, current } = await migrate(databaseUrl, options.down ? 'down' : 'up');
      for (const name of ran) console.log(`${options.down ? 'took back' : 'ran'} ${name}`);
      if (ran.length === 0) console.log(options.down ? 'there is nothing to take back' : 'nothing to do');
      console.log(`the schema is at ${current ?? 'the beginning: empty'}`);
    });
}
