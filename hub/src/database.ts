import type { Config } from "./config.ts";
import type { Log } from "./log.ts";
import { startEmbedded } from "./store/embedded.ts";
import { openStore, type PostgresStore } from "./store/postgres.ts";

/**
 * The database that the configuration names, or the embedded one; both end with the stack, the server after its clients.
 * @throws HubError
 */
export async function openDatabase(config: Config, log: Log, stack: AsyncDisposableStack): Promise<PostgresStore> {
  const { retention } = config;
  const embedded = config.database_url === "" ? await startEmbedded({ dataDir: config.data_dir, log }) : null;
  if (embedded !== null) stack.defer(() => embedded.stop());
  const store = await openStore({
    ...(embedded === null ? { url: config.database_url } : { connection: embedded.connection }),
    log,
    retention: {
      telemetryDays: retention.telemetry_days,
      rawDays: retention.raw_days,
      positionDays: retention.position_days,
      positionFullDays: retention.position_full_days,
      deadLetterDays: retention.dead_letter_days,
      healthDays: retention.health_days,
    },
  });
  stack.defer(() => store.close());
  return store;
}
