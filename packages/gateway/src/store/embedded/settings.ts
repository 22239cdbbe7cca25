import { EMBEDDED_MAX_CONNECTIONS, SERVER_LOG_MAX_KILOBYTES } from '../limits.ts';
import type { Place } from './place.ts';

/**
 * The embedded Postgres's settings, as arguments, so that a data folder of an earlier version gets them too.
 *
 * What makes a commit durable is on. The rest keeps it small beside a gateway of one machine.
 * wal_sync_method: measured with single-row commits on ext4, one client, 2,000 commits in each of three rounds on a
 * busy machine of two cores. Medians: fdatasync 0.39 to 1.0 ms, open_datasync 0.40 to 0.47, fsync 0.34 to 0.48,
 * open_sync 0.48 to 0.92, the ranks changing from round to round. No difference beyond noise, so Postgres's own
 * default on Linux stays.
 */
export function serverSettings(place: Place): Record<string, string> {
  return {
    cluster_name: 'sallyport',
    // No network: the socket's folder is open to the runner alone, and the socket asks for a password all the same.
    listen_addresses: '',
    unix_socket_directories: place.socket,
    unix_socket_permissions: '0700',
    max_connections: String(EMBEDDED_MAX_CONNECTIONS),

    fsync: 'on',
    synchronous_commit: 'on',
    full_page_writes: 'on',
    wal_sync_method: 'fdatasync',

    // Nobody replicates from it.
    wal_level: 'minimal',
    max_wal_senders: '0',
    max_replication_slots: '0',
    max_logical_replication_workers: '0',
    wal_recycle: 'on',
    min_wal_size: '160MB',
    max_wal_size: '1GB',
    checkpoint_timeout: '15min',

    shared_buffers: '64MB',
    jit: 'off',
    // Processes for parallel queries and asynchronous reads cost memory that our short queries do not repay.
    max_parallel_workers_per_gather: '0',
    io_method: 'sync',
    huge_pages: 'off',
    update_process_title: 'off',

    timezone: 'UTC',
    log_timezone: 'UTC',
    logging_collector: 'on',
    log_directory: place.log,
    log_filename: 'postgres-%Y%m%d-%H%M%S.log',
    log_file_mode: '0600',
    log_rotation_size: `${SERVER_LOG_MAX_KILOBYTES}kB`,
    log_rotation_age: '0',
    // Statements may carry what must not be in a log (masked bodies, hashes): an error logs its message alone.
    log_min_error_statement: 'panic',
    log_parameter_max_length: '0',
    log_parameter_max_length_on_error: '0',
  };
}
