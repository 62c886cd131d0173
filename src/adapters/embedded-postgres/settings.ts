/** How the embedded Postgres is set up: one machine, shared with an editor and a browser, and never a replica. */
import os from 'node:os';

const MB = 1024 * 1024;

export function laptopSettings(): Record<string, string> {
  // A sixteenth of the memory: two clusters' worth of hot pages on a small machine, and no more than it needs on a big one.
  const sharedBuffers = Math.min(512, Math.max(64, Math.floor(os.totalmem() / 16 / MB)));
  return {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '120',
    shared_buffers: `${sharedBuffers}MB`,
    work_mem: '16MB',
    maintenance_work_mem: '128MB',
    // Nobody replicates from it, so the log carries only what a crash needs.
    wal_level: 'minimal',
    max_wal_senders: '0',
    wal_compression: 'on',
    // Fewer checkpoints, so fewer full pages in the log after each.
    max_wal_size: '2GB',
    checkpoint_timeout: '15min',
    random_page_cost: '1.1',
    // Compiling a query costs more than any of ours runs.
    jit: 'off',
    log_min_messages: 'warning',
    log_min_error_statement: 'panic',
    timezone: 'UTC',
    log_timezone: 'UTC',
    // Read models gain rows all the time; their statistics should follow within a minute.
    autovacuum_naptime: '15s',
  };
}
