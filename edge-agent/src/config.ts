import { readFileSync } from "node:fs";
import { dirname, isAbsolute, resolve } from "node:path";
import { LANE_LIMIT } from "@gridhub/device-profiles/envelope.ts";
import { DEFAULT_ROOT, NAME_PATTERN } from "@gridhub/device-profiles/topic.ts";
import Type, { type Static } from "typebox";
import { Value } from "typebox/value";
import { parse } from "yaml";
import { AisFileSource, AisSerialSource, AisServerSource } from "./sources/ais-config.ts";
import {
  CAMERA_KINDS,
  FolderSource,
  OnvifSource,
  RtspSource,
  SnapshotSource,
  VideoSource,
} from "./sources/camera-config.ts";
import { Gb26875Source, Jt808Source, Sl651Source } from "./sources/station-config.ts";

const Name = Type.String({ pattern: NAME_PATTERN.source, description: "letters, digits, _ . : - , at most 64" });
const Port = Type.Integer({ minimum: 0, maximum: 65535 });
const Loopback = Type.String({
  default: "127.0.0.1",
  description: "address to listen on; loopback unless you say otherwise",
});
const LEVELS = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const;
const NAME_SEGMENT = NAME_PATTERN.source.slice(1, -1);
const closed = { additionalProperties: false };

const Device = Type.Object(
  {
    id: Name,
    profile: Type.String({
      pattern: "^[^/@\\s]+/[^/@\\s]+(@[^/@\\s]+)?$",
      description: "maker/model@version, or maker/model for the newest that the hub has",
    }),
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
const Evidence = Type.Object(
  {
    host: Loopback,
    port: Port,
    token: Type.String({ minLength: 16, description: "bearer token of those who fetch clips; it signs links too" }),
    seconds: Type.Integer({ minimum: 10, default: 600, description: "how long pictures are kept" }),
    bytes: Type.Integer({ minimum: 1_048_576, default: 1_073_741_824, description: "of all cameras together" }),
    upload_bytes: Type.Integer({
      minimum: 0,
      default: 134_217_728,
      description: "so much an hour may go to the hub when it asks for a clip; 0 = it gets none",
    }),
    url: Type.Optional(
      Type.String({ pattern: "^https?://", description: "address of this server as people reach it, told to the hub" }),
    ),
  },
  { ...closed, description: "the last pictures of every camera, on this machine's disk" },
);

export const AgentConfigSchema = Type.Object(
  {
    hub: Type.Object(
      {
        url: Type.String({
          pattern: "^mqtts?://",
          description: "mqtt:// or mqtts:// address of the hub or of its broker",
        }),
        username: Type.String({
          pattern: `^${NAME_SEGMENT}/${NAME_SEGMENT}$`,
          description: "<site>/<edge>, as the hub issued it",
        }),
        token: Type.String({ minLength: 1, description: "as the hub issued it; better by GRIDHUB_EDGE_TOKEN" }),
        root: Type.String({
          default: DEFAULT_ROOT,
          pattern: "^[^/+#]+(/[^/+#]+)*$",
          description: "first levels of every topic",
        }),
        ca_file: Type.Optional(
          Type.String({ description: "certificate authority of the hub (PEM), where the system does not know it" }),
        ),
      },
      closed,
    ),
    data_dir: Type.String({ default: ".gridhub/edge" }),
    spool_bytes: Type.Integer({
      minimum: 65_536,
      default: 536_870_912,
      description: "bytes of records kept while the hub is away",
    }),
    disk_reserve_bytes: Type.Integer({
      minimum: 0,
      default: 33_554_432,
      description: "bytes of the disk that stay free; records are refused rather than stored into them",
    }),
    heartbeat_ms: Type.Integer({ minimum: 100, default: 30_000 }),
    window: Type.Integer({ minimum: 1, maximum: 1000, default: 100, description: "envelopes on their way at once" }),
    lateness_ms: Type.Integer({
      minimum: 1000,
      default: 120_000,
      description: "older records go by the backfill lane",
    }),
    evidence: Type.Optional(Evidence),
    devices: Type.Array(Device, { minItems: 1, maxItems: 5000 }),
    sources: Type.Array(
      Type.Union([
        HttpSource,
        UdpSource,
        AisUdpSource,
        AisTcpSource,
        AisServerSource,
        AisSerialSource,
        AisFileSource,
        SnapshotSource,
        OnvifSource,
        RtspSource,
        VideoSource,
        FolderSource,
        Sl651Source,
        Jt808Source,
        Gb26875Source,
      ]),
      {
        minItems: 1,
        maxItems: 1000,
      },
    ),
    log_level: Type.Enum(LEVELS, { default: "info", description: LEVELS.join(" | ") }),
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
  "ais-server": AisServerSource,
  "ais-serial": AisSerialSource,
  "ais-file": AisFileSource,
  snapshot: SnapshotSource,
  onvif: OnvifSource,
  rtsp: RtspSource,
  video: VideoSource,
  folder: FolderSource,
  sl651: Sl651Source,
  jt808: Jt808Source,
  gb26875: Gb26875Source,
};

const MAX_TOLD = 20;

export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/**
 * Reads the agent's YAML file; `GRIDHUB_EDGE_TOKEN` wins over `hub.token`, and a value that is exactly `${NAME}` is taken from the
 * environment: secrets need not stand in the file. Relative paths count from the file's folder.
 * @throws ConfigError naming the file, the field and what was expected
 */
export function loadAgentConfig(file: string, env: Readonly<Record<string, string | undefined>>): AgentConfig {
  const problems: string[] = [];
  const config = readTree(file, env, problems);
  if (env.GRIDHUB_EDGE_TOKEN !== undefined) config.hub = { ...config.hub, token: env.GRIDHUB_EDGE_TOKEN };
  problems.push(...sourceProblems(config));
  const value = Value.Default(AgentConfigSchema, config) as AgentConfig;
  problems.push(...schemaProblems(AgentConfigSchema, value, "").filter((problem) => !/^sources\./.test(problem)));
  if (problems.length === 0) problems.push(...crossProblems(value));
  if (problems.length > 0) {
    const told = problems.slice(0, MAX_TOLD).map((problem) => `${file}: ${problem}`);
    if (problems.length > MAX_TOLD) told.push(`${file}: and ${problems.length - MAX_TOLD} more`);
    throw new ConfigError(told.join("\n"));
  }
  const absolute = (path: string) => (isAbsolute(path) ? path : resolve(dirname(resolve(file)), path));
  value.data_dir = absolute(value.data_dir);
  for (const source of value.sources) if ("path" in source) source.path = absolute(source.path);
  if (value.hub.ca_file !== undefined) value.hub.ca_file = absolute(value.hub.ca_file);
  return value;
}

interface Tree {
  hub?: Record<string, unknown>;
  sources?: unknown;
}

function readTree(file: string, env: Readonly<Record<string, string | undefined>>, problems: string[]): Tree {
  let tree: unknown;
  try {
    tree = parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new ConfigError(`${file}: ${(error as Error).message}`);
  }
  if (typeof tree !== "object" || tree === null || Array.isArray(tree))
    throw new ConfigError(`${file}: expected a map of settings`);
  return fromEnvironment(tree, "", env, problems) as Tree;
}

function fromEnvironment(
  value: unknown,
  path: string,
  env: Readonly<Record<string, string | undefined>>,
  problems: string[],
): unknown {
  const at = (key: string | number) => (path === "" ? String(key) : `${path}.${key}`);
  if (Array.isArray(value)) return value.map((item, i) => fromEnvironment(item, at(i), env, problems));
  if (typeof value === "object" && value !== null)
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, fromEnvironment(item, at(key), env, problems)]),
    );
  const name = typeof value === "string" ? /^\$\{([A-Za-z_][A-Za-z0-9_]*)\}$/.exec(value)?.[1] : undefined;
  if (name === undefined) return value;
  const found = env[name];
  if (found === undefined) problems.push(`${path}: the environment has no ${name}`);
  return found ?? "";
}

/** Field and expectation of each error: `hub.username: must match pattern ... (<site>/<edge>, as the hub issued it)`. */
function schemaProblems(schema: Type.TSchema, value: unknown, prefix: string): string[] {
  const problems: string[] = [];
  for (const error of Value.Errors(schema, value)) {
    if (error.keyword === "boolean") continue; // the key itself; `unknown setting` says it already
    const path = prefix + error.instancePath.replaceAll("/", ".");
    const { additionalProperties: extra } = error.params as { additionalProperties?: string[] };
    const told = extra ? `unknown setting ${extra.join(", ")}` : error.message;
    const hint = descriptionOf(schema, error.instancePath);
    problems.push(`${path.replace(/^\./, "") || "(root)"}: ${told}${hint === "" ? "" : ` (${hint})`}`);
  }
  // A union reports each of its members and itself; once is enough.
  return [...new Set(problems)];
}

function descriptionOf(schema: Type.TSchema, instancePath: string): string {
  type Node = { properties?: Record<string, Node>; items?: Node; description?: string };
  let node: Node | undefined = schema as Node;
  for (const key of instancePath.split("/").slice(1)) node = node?.properties?.[key] ?? node?.items;
  return node?.description ?? "";
}

/** Each source against the schema of its own kind: the errors of a union would name all kinds at once. */
function sourceProblems(config: Tree): string[] {
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
    problems.push(...schemaProblems(schema, value, `sources.${i}`));
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
  problems.push(...portProblems(config));
  // The birth message names every device; a larger one would be refused by the hub, and with it all of them.
  const birth = Buffer.byteLength(JSON.stringify(config.devices)) + 1024;
  if (birth > LANE_LIMIT.meta)
    problems.push(`devices: together ${birth} bytes, a birth message takes ${LANE_LIMIT.meta}; use a second edge`);
  return problems;
}

function portProblems({ sources, evidence }: AgentConfig): string[] {
  const problems: string[] = [];
  const taken = new Map<string, string>();
  if (evidence !== undefined && evidence.port !== 0) taken.set(`TCP ${evidence.host}:${evidence.port}`, "evidence");
  for (const [i, source] of sources.entries()) {
    if (!("port" in source) || source.kind === "ais-tcp" || CAMERA_KINDS.has(source.kind) || source.port === 0)
      continue;
    const wire = source.kind === "udp" || source.kind === "ais-udp" ? "UDP" : "TCP";
    const address = `${wire} ${source.host}:${source.port}`;
    const other = taken.get(address);
    if (other !== undefined) problems.push(`sources.${i}.port: ${address} is used by ${other} already`);
    else taken.set(address, `sources.${i}`);
  }
  return problems;
}
