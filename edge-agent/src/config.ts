import { readFileSync } from "node:fs";
import { dirname, isAbsolute, resolve } from "node:path";
import { NAME_PATTERN } from "@gridhub/device-profiles/topic.ts";
import Type, { type Static } from "typebox";
import { Value } from "typebox/value";
import { parse } from "yaml";
import { Gb26875Source, Jt808Source, Sl651Source } from "./sources/station-config.ts";

const Name = Type.String({ pattern: NAME_PATTERN.source, description: "letters, digits, _ . : - , at most 64" });
const Port = Type.Integer({ minimum: 0, maximum: 65535 });
const Loopback = Type.String({
  default: "127.0.0.1",
  description: "address to listen on; loopback unless you say otherwise",
});
const closed = { additionalProperties: false };

const Device = Type.Object(
  {
    id: Name,
    profile: Type.String({ description: "maker/model@version, or maker/model for the newest that the hub has" }),
    title: Type.Optional(Type.String({ maxLength: 200 })),
    lon: Type.Optional(Type.Number({ minimum: -180, maximum: 180 })),
    lat: Type.Optional(Type.Number({ minimum: -90, maximum: 90 })),
    grid: Type.Optional(Type.String({ maxLength: 64 })),
    attributes: Type.Optional(Type.Record(Type.String(), Type.Union([Type.Number(), Type.String(), Type.Boolean()]))),
  },
  closed,
);

const HttpSource = Type.Object(
  {
    kind: Type.Literal("http"),
    host: Loopback,
    port: Port,
    token: Type.Optional(Type.String({ minLength: 8, description: "bearer token that senders must show" })),
  },
  closed,
);
const UdpSource = Type.Object({ kind: Type.Literal("udp"), host: Loopback, port: Port }, closed);
const AisUdpSource = Type.Object({ kind: Type.Literal("ais-udp"), device: Name, host: Loopback, port: Port }, closed);
const AisTcpSource = Type.Object(
  {
    kind: Type.Literal("ais-tcp"),
    device: Name,
    host: Type.String({ description: "receiver or multiplexer to connect to" }),
    port: Port,
  },
  closed,
);
const camera = {
  device: Name,
  username: Type.String({ default: "" }),
  password: Type.String({ default: "" }),
  interval_ms: Type.Integer({ minimum: 100, default: 500, description: "time between looks at the picture" }),
  patrol_ms: Type.Integer({
    minimum: 1000,
    default: 20_000,
    description: "a frame is sent this often even when nothing moves",
  }),
  hold_ms: Type.Integer({ minimum: 0, default: 5000, description: "frames go on for so long after the last motion" }),
  min_gap_ms: Type.Integer({ minimum: 0, default: 1000, description: "least time between two frames" }),
  timeout_ms: Type.Integer({ minimum: 100, default: 5000 }),
  mask: Type.Optional(
    Type.Array(
      Type.Array(Type.Array(Type.Number({ minimum: 0, maximum: 1 }), { minItems: 2, maxItems: 2 }), { minItems: 3 }),
      { description: "polygons (0..1) where motion does not count" },
    ),
  ),
};
const SnapshotSource = Type.Object(
  { kind: Type.Literal("snapshot"), url: Type.String({ pattern: "^https?://" }), ...camera },
  closed,
);
const OnvifSource = Type.Object(
  {
    kind: Type.Literal("onvif"),
    host: Type.String(),
    port: Type.Integer({ minimum: 1, maximum: 65535, default: 80 }),
    ...camera,
  },
  closed,
);

export const AgentConfigSchema = Type.Object(
  {
    hub: Type.Object(
      {
        url: Type.String({
          pattern: "^mqtts?://",
          description: "mqtt:// or mqtts:// address of the hub or of its broker",
        }),
        username: Type.String({ pattern: "^[^/]+/[^/]+$", description: "<site>/<edge>, as the hub issued it" }),
        token: Type.String({ minLength: 1, description: "as the hub issued it; better by GRIDHUB_EDGE_TOKEN" }),
        root: Type.String({ default: "gridhub/v1" }),
      },
      closed,
    ),
    data_dir: Type.String({ default: ".gridhub/edge" }),
    spool_bytes: Type.Integer({
      minimum: 65_536,
      default: 536_870_912,
      description: "bytes of records kept while the hub is away",
    }),
    heartbeat_ms: Type.Integer({ minimum: 100, default: 30_000 }),
    window: Type.Integer({ minimum: 1, maximum: 1000, default: 100, description: "envelopes on their way at once" }),
    lateness_ms: Type.Integer({
      minimum: 1000,
      default: 120_000,
      description: "older records go by the backfill lane",
    }),
    devices: Type.Array(Device, { minItems: 1, maxItems: 5000 }),
    sources: Type.Array(
      Type.Union([
        HttpSource,
        UdpSource,
        AisUdpSource,
        AisTcpSource,
        SnapshotSource,
        OnvifSource,
        Sl651Source,
        Jt808Source,
        Gb26875Source,
      ]),
      {
        minItems: 1,
        maxItems: 1000,
      },
    ),
    log_level: Type.String({ default: "info" }),
  },
  closed,
);

export type AgentConfig = Static<typeof AgentConfigSchema>;
export type SourceConfig = AgentConfig["sources"][number];
export type SourceOf<K extends SourceConfig["kind"]> = Extract<SourceConfig, { kind: K }>;

const SOURCE_BY_KIND: Readonly<Record<string, Type.TSchema>> = {
  http: HttpSource,
  udp: UdpSource,
  "ais-udp": AisUdpSource,
  "ais-tcp": AisTcpSource,
  snapshot: SnapshotSource,
  onvif: OnvifSource,
  sl651: Sl651Source,
  jt808: Jt808Source,
  gb26875: Gb26875Source,
};

export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/**
 * Reads the agent's YAML file; `GRIDHUB_EDGE_TOKEN` wins over `hub.token`. Relative `data_dir` counts from the file's folder.
 * @throws ConfigError naming the file, the field and what was expected
 */
export function loadAgentConfig(file: string, env: Readonly<Record<string, string | undefined>>): AgentConfig {
  let tree: unknown;
  try {
    tree = parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new ConfigError(`${file}: ${(error as Error).message}`);
  }
  if (typeof tree !== "object" || tree === null) throw new ConfigError(`${file}: expected a map of settings`);
  const config = tree as { hub?: Record<string, unknown>; data_dir?: unknown; sources?: unknown };
  if (env.GRIDHUB_EDGE_TOKEN !== undefined) config.hub = { ...config.hub, token: env.GRIDHUB_EDGE_TOKEN };
  const problems = sourceProblems(config);
  const value = Value.Default(AgentConfigSchema, config) as AgentConfig;
  for (const error of Value.Errors(AgentConfigSchema, value)) {
    const path = error.instancePath.slice(1).replaceAll("/", ".");
    if (error.keyword === "boolean" || path.startsWith("sources.")) continue;
    const extra = (error.params as { additionalProperties?: string[] }).additionalProperties;
    problems.push(`${path || "(root)"}: ${extra ? `unknown setting ${extra.join(", ")}` : error.message}`);
  }
  if (problems.length === 0) problems.push(...crossProblems(value));
  if (problems.length > 0)
    throw new ConfigError(
      problems
        .slice(0, 20)
        .map((p) => `${file}: ${p}`)
        .join("\n"),
    );
  if (!isAbsolute(value.data_dir)) value.data_dir = resolve(dirname(resolve(file)), value.data_dir);
  return value;
}

/** Each source against the schema of its own kind: the errors of a union would name all kinds at once. */
function sourceProblems(config: { sources?: unknown }): string[] {
  const problems: string[] = [];
  if (!Array.isArray(config.sources)) return problems;
  config.sources = config.sources.map((source: unknown, i) => {
    const kind = String((source as { kind?: unknown } | null)?.kind);
    const schema = Object.hasOwn(SOURCE_BY_KIND, kind) ? SOURCE_BY_KIND[kind] : undefined;
    if (schema === undefined) {
      problems.push(`sources.${i}.kind: expected ${Object.keys(SOURCE_BY_KIND).join(" | ")}, found ${kind}`);
      return source;
    }
    const value = Value.Default(schema, source);
    for (const error of Value.Errors(schema, value)) {
      if (error.keyword === "boolean") continue;
      const extra = (error.params as { additionalProperties?: string[] }).additionalProperties;
      const path = `sources.${i}${error.instancePath.replaceAll("/", ".")}`;
      problems.push(`${path}: ${extra ? `unknown setting ${extra.join(", ")}` : error.message}`);
    }
    return value;
  });
  return problems;
}

function crossProblems(config: AgentConfig): string[] {
  const problems: string[] = [];
  const ids = new Set<string>();
  for (const [i, device] of config.devices.entries()) {
    if (ids.has(device.id)) problems.push(`devices.${i}.id: ${device.id} appears twice`);
    ids.add(device.id);
    if ((device.lon === undefined) !== (device.lat === undefined))
      problems.push(`devices.${i}: lon and lat come together`);
  }
  for (const [i, source] of config.sources.entries()) {
    if ("device" in source && !ids.has(source.device))
      problems.push(`sources.${i}.device: no device ${source.device} in devices`);
    const stations = "stations" in source ? Object.entries(source.stations) : [];
    for (const [station, device] of stations)
      if (!ids.has(device)) problems.push(`sources.${i}.stations.${station}: no device ${device} in devices`);
  }
  return problems;
}
