import type { AdapterGate } from "./adapters/gate.ts";
import type { Broker } from "./broker/broker.ts";
import { EmbeddedBroker } from "./broker/embedded.ts";
import { ExternalBroker } from "./broker/external.ts";
import type { Clock } from "./clock.ts";
import type { Config } from "./config.ts";
import type { Log } from "./log.ts";
import type { Registry } from "./registry/registry.ts";
import { readerAccess } from "./broker/readers.ts";

/** Our own broker, or an existing one that the hub connects to. */
export function chooseBroker(config: Config, registry: Registry, gate: AdapterGate, clock: Clock, log: Log): Broker {
  const { mqtt } = config;
  if (mqtt.external_url !== "") {
    return new ExternalBroker({
      url: mqtt.external_url,
      username: mqtt.external_username,
      password: mqtt.external_password,
      clientId: mqtt.external_client_id,
      root: mqtt.root,
      clock,
      log,
      foreign: gate.filters.length > 0 ? gate : undefined,
    });
  }
  const readers = readerAccess(mqtt.readers);
  return new EmbeddedBroker({
    host: mqtt.host,
    port: mqtt.port,
    root: mqtt.root,
    maxConnections: mqtt.max_connections,
    connectTimeoutMs: mqtt.connect_timeout_ms,
    authenticate: (username, token) =>
      readers(username, token) ?? gate.authenticate(username, token) ?? registry.authenticate(username, token),
    clock,
    foreign: gate.filters.length > 0 ? gate : undefined,
  });
}
