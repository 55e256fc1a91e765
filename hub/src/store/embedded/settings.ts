/**
 * postgresql.conf of the embedded server: two cores shared with the hub, a few GB of memory, one writer.
 * What each line gains was measured; see the room's README.
 */
export const SETTINGS: Readonly<Record<string, string>> = {
  // acknowledged = stored: these two are the promise
  fsync: "on",
  synchronous_commit: "on",
  full_page_writes: "on",

  listen_addresses: "''",
  unix_socket_permissions: "0700",
  max_connections: "40",
  shared_buffers: "256MB",
  work_mem: "16MB",
  maintenance_work_mem: "128MB",
  effective_cache_size: "1GB",
  temp_buffers: "8MB",
  huge_pages: "try",

  wal_level: "minimal",
  max_wal_senders: "0",
  wal_buffers: "16MB",
  wal_compression: "off",
  min_wal_size: "128MB",
  max_wal_size: "1GB",
  checkpoint_timeout: "15min",
  checkpoint_completion_target: "0.9",

  jit: "off",
  max_worker_processes: "4",
  max_parallel_workers: "2",
  max_parallel_workers_per_gather: "1",
  max_parallel_maintenance_workers: "1",
  io_method: "sync",
  random_page_cost: "1.1",

  autovacuum_max_workers: "2",
  autovacuum_naptime: "30s",
  // insert-only partitions: vacuum them once for the visibility map, not all the time
  autovacuum_vacuum_insert_threshold: "500000",
  autovacuum_vacuum_insert_scale_factor: "0.5",
  track_io_timing: "off",

  timezone: "'UTC'",
  log_timezone: "'UTC'",
  lc_messages: "'C'",
  log_destination: "'stderr'",
  logging_collector: "off",
  log_line_prefix: "'%m [%p] '",
  log_checkpoints: "off",
  log_autovacuum_min_duration: "-1",
  log_min_messages: "warning",
  log_error_verbosity: "terse",
};

/** @param extra lines that win over ours */
export function configText(socketDir: string, extra: Readonly<Record<string, string>>, include: string | null): string {
  const all: Record<string, string> = { ...SETTINGS, unix_socket_directories: `'${socketDir}'`, ...extra };
  return [
    "# Written by the hub at every start. Your own settings belong into ../postgresql.local.conf.",
    ...Object.entries(all).map(([key, value]) => `${key} = ${value}`),
    ...(include === null ? [] : [`include = '${include}'`]),
    "",
  ].join("\n");
}

/** Only who can reach the socket's folder (mode 0700) gets in. */
export const HBA = "# Written by the hub at every start.\nlocal all all trust\n";
