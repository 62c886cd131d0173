/** Sets up a Postgres that is ours alone: its databases, and the login with which the API reads. */
import { Client, escapeIdentifier, escapeLiteral } from 'pg';

/** Makes the databases that do not exist yet. `adminUrl` is a superuser's, to any database of the server. */
export async function ensureDatabases(adminUrl: string, names: readonly string[]): Promise<void> {
  await withClient(adminUrl, async (client) => {
    const { rows } = await client.query<{ datname: string }>(
      'SELECT datname FROM pg_database WHERE datname = ANY($1::text[])',
      [names],
    );
    for (const name of names) {
      // CREATE DATABASE takes no parameters and can't run in a transaction.
      if (!rows.some((row) => row.datname === name)) await client.query(`CREATE DATABASE ${escapeIdentifier(name)}`);
    }
  });
}

/**
 * Makes the API's login, a member of `teampulse_reader` that owns nothing, or gives it this password. After migrations: they make the role.
 * @returns the database's URL with this login
 */
export async function ensureApiLogin(databaseUrl: string, login: string, password: string): Promise<string> {
  const user = escapeIdentifier(login);
  await withClient(databaseUrl, async (client) => {
    const { rowCount } = await client.query('SELECT FROM pg_roles WHERE rolname = $1', [login]);
    await client.query(
      `${rowCount === 0 ? 'CREATE' : 'ALTER'} ROLE ${user} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD ${escapeLiteral(password)}`,
    );
    await client.query(`GRANT teampulse_reader TO ${user}`);
  });
  const url = new URL(databaseUrl);
  url.username = encodeURIComponent(login);
  url.password = encodeURIComponent(password);
  return url.href;
}

async function withClient<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 10_000, query_timeout: 60_000 });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
