import { readFileSync } from "node:fs";
import { dirname, isAbsolute, resolve } from "node:path";
import Type, { type Static } from "typebox";
import { Value } from "typebox/value";
import { parse } from "yaml";
import { AdapterSchema } from "./adapters/adapter-config.ts";
import { TargetSchema } from "./dispatch/target-schema.ts";
import { HubError } from "./errors.ts";
import { HealthConfigSchema } from "./health/health-config.ts";
import { PostureSchema } from "./posture/posture-level.ts";
import { SeaConfigSchema } from "./sea-config.ts";

const Port = (fallback: number, description: string) =>
  Type.Integer({ minimum: 0, maximum: 65535, default: fallback, description });
const Text = (fallback: string, description: string) => Type.String({ default: fallback, description });
const strict = { additionalProperties: false, default: {} };

const ReaderSchema = Type.Object(
  {
    username: Type.String({
      pattern: "^[A-Za-z0-9_.-]{3,64}$",
      description: "User name; without a slash, unlike an edge's.",
    }),
    password: Type.String({ minLength: 16, maxLength: 200, description: "Password, at least 16 characters." }),
    sites: Type.Optional(
      Type.Array(Type.String({ pattern: "^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$" }), {
        minItems: 1,
        maxItems: 1000,
        description: "Sites whose out/ topics it may read; absent = all.",
      }),
    ),
  },
  { additionalProperties: false },
);

/** Every setting of the hub: defaults, validation, documentation and the example file come from here. */
export const ConfigSchema = Type.Object(
  {
    data_dir: Text(".gridhub/data", "Database (embedded mode), evidence pictures, first-start password."),
    database_url: Text("", "PostgreSQL 17/18 with or without TimescaleDB; empty = embedded PostgreSQL in data_dir."),
    http: Type.Object(
      {
        host: Text("127.0.0.1", "Address of console and API; loopback unless you say otherwise."),
        port: Port(8080, "Port of console and API; 0 = any free port."),
      },
      strict,
    ),
    mqtt: Type.Object(
      {
        host: Text("127.0.0.1", "Address of the embedded broker; loopback unless you say otherwise."),
        port: Port(1883, "Port of the embedded broker; 0 = any free port."),
        root: Type.String({
          pattern: "^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$",
          default: "gridhub/v1",
          description: "Topic root.",
        }),
        max_connections: Type.Integer({ minimum: 1, maximum: 100_000, default: 20_000, description: "Open sockets." }),
        connect_timeout_ms: Type.Integer({ minimum: 500, default: 10_000, description: "Time for CONNECT to arrive." }),
        readers: Type.Array(ReaderSchema, {
          default: [],
          maxItems: 1000,
          description:
            "Who may read events and health at the embedded broker: out/ topics of their sites, nothing else.",
        }),
        publish_health: Type.Boolean({
          default: true,
          description: "Tell the health of every device, retained, at <root>/<site>/out/health/<device>.",
        }),
        external_url: Text("", "mqtt:// or mqtts:// URL of an existing broker; empty = the embedded broker."),
        external_username: Text("", "User name at the external broker."),
        external_password: Text("", "Password at the external broker (better: GRIDHUB_MQTT_EXTERNAL_PASSWORD)."),
        external_client_id: Text("gridhub-hub", "Stable client id at the external broker; one a hub."),
      },
      strict,
    ),
    grids: Type.Array(Type.String(), { default: [], description: "GeoJSON files of grids and formations." }),
    coast: Text("", "GeoJSON file of land for the console's map."),
    profiles: Type.Array(Type.String(), { default: [], description: "Further folders of device profiles (YAML)." }),
    rules: Type.Array(Type.String(), {
      default: [],
      description: "Files of rules that join devices of a grid (YAML).",
    }),
    profiles_watch: Type.Boolean({
      default: true,
      description: "Load new and changed files of these folders while running.",
    }),
    recipes: Type.Array(Type.String(), {
      default: [],
      description: "Further folders of vision recipes (YAML); one of the same name replaces the one that comes along.",
    }),
    models_dir: Text("", "Folder of detection models; empty = the models that come with the project."),
    vision_workers: Type.Integer({
      minimum: 0,
      maximum: 64,
      default: 1,
      description: "Detector threads; 0 = no vision.",
    }),
    time_zone: Text("Asia/Shanghai", "Time zone of days, schedules and reports."),
    auto_register: Type.Boolean({
      default: true,
      description: "An edge may declare its devices by its birth message.",
    }),
    admin_password: Text(
      "",
      "Sets the password of user admin at start (better: GRIDHUB_ADMIN_PASSWORD); empty = generated once.",
    ),
    sea: SeaConfigSchema,
    duration_scale: Type.Number({
      exclusiveMinimum: 0,
      maximum: 1,
      default: 1,
      description: "Multiplies every hold, grace and dwell. For demonstrations and tests only.",
    }),
    ingest: Type.Object(
      {
        max_batch: Type.Integer({
          minimum: 1,
          maximum: 50_000,
          default: 4000,
          description: "Messages in one transaction.",
        }),
        gather_ms: Type.Number({
          minimum: 0,
          maximum: 100,
          default: 5,
          description: "Longest wait for company at low rates.",
        }),
        max_skew_s: Type.Integer({
          minimum: 1,
          default: 300,
          description: "Sample times further in the future get a quality flag.",
        }),
        lateness_s: Type.Integer({ minimum: 1, default: 120, description: "Older readings run in history mode." }),
      },
      strict,
    ),
    retention: Type.Object(
      {
        telemetry_days: Type.Integer({ minimum: 1, default: 400, description: "Days that readings are kept." }),
        raw_days: Type.Integer({ minimum: 1, default: 7, description: "Days that undecoded frames are kept." }),
        position_days: Type.Integer({ minimum: 1, default: 30, description: "Days that vessel positions are kept." }),
        position_full_days: Type.Integer({
          minimum: 1,
          default: 7,
          description: "Days at full rate; older positions are thinned to one in five minutes.",
        }),
        dead_letter_days: Type.Integer({
          minimum: 1,
          default: 30,
          description: "Days that refused messages are kept.",
        }),
        health_days: Type.Integer({ minimum: 1, default: 400, description: "Days that health history is kept." }),
        identity_days: Type.Integer({
          minimum: 1,
          default: 30,
          description: "Days that a silent device behind an adapter is remembered, to know messages that come again.",
        }),
        media_days: Type.Integer({ minimum: 1, default: 90, description: "Days that evidence pictures are kept." }),
        media_gb: Type.Number({
          exclusiveMinimum: 0,
          default: 20,
          description: "Gigabytes that evidence pictures may take together.",
        }),
        clip_gb: Type.Number({ exclusiveMinimum: 0, default: 5, description: "The same of clips from the edges." }),
      },
      strict,
    ),
    dispatch: Type.Object(
      {
        targets: Type.Array(TargetSchema, {
          default: [],
          maxItems: 200,
          description: "Where events go (hub/src/dispatch/README.md).",
        }),
        retry_first_ms: Type.Integer({
          minimum: 1,
          maximum: 600_000,
          default: 1000,
          description: "Pause after a target's first failure; doubles with each further one.",
        }),
        retry_longest_ms: Type.Integer({
          minimum: 1,
          maximum: 86_400_000,
          default: 300_000,
          description: "Longest pause, and how often a target that is down is tried.",
        }),
      },
      strict,
    ),
    adapters: Type.Array(AdapterSchema, {
      default: [],
      maxItems: 500,
      description: "Devices and gateways that publish in other formats (hub/src/adapters/README.md).",
    }),
    health: HealthConfigSchema,
    posture: PostureSchema,
    weather: Type.Object(
      {
        feed_url: Text(
          "",
          "Where weather warnings in CAP 1.2 are fetched (XML, JSON or a JSON list); empty = nowhere.",
        ),
        interval_s: Type.Integer({
          minimum: 10,
          maximum: 86_400,
          default: 120,
          description: "Time between two fetches.",
        }),
        timeout_s: Type.Integer({ minimum: 1, maximum: 120, default: 15, description: "Longest wait for an answer." }),
      },
      strict,
    ),
    log_level: Type.Union(
      (["debug", "info", "warn", "error"] as const).map((level) => Type.Literal(level)),
      { default: "info", description: "debug | info | warn | error" },
    ),
  },
  { additionalProperties: false },
);

export type Config = Static<typeof ConfigSchema>;

/** A wrong setting: where it stands and what was expected. */
export interface ConfigProblem {
  readonly source: string;
  readonly path: string;
  readonly message: string;
}

/**
 * Defaults < YAML file < GRIDHUB_* environment < overrides (command line). Unknown keys are refused. Relative paths in a file
 * count from the file's folder.
 * @throws HubError CONFIG_UNREADABLE, CONFIG_INVALID naming source, field and what was expected
 */
export function loadConfig(options: {
  readonly file?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly overrides?: Readonly<Record<string, unknown>>;
}): Config {
  let tree: Record<string, unknown> = {};
  const source = options.file ?? "configuration";
  if (options.file !== undefined) {
    tree = readYaml(options.file);
    resolvePaths(tree, dirname(resolve(options.file)));
  }
  const problems: ConfigProblem[] = [];
  applyEnvironment(tree, options.env ?? {}, problems);
  for (const [path, value] of Object.entries(options.overrides ?? {})) setPath(tree, path.split("."), value);
  const value = Value.Default(ConfigSchema, tree);
  problems.push(...check(value, source));
  if (problems.length > 0) {
    const lines = problems.slice(0, 20).map((p) => `${p.source}: ${p.path || "(root)"}: ${p.message}`);
    throw new HubError("CONFIG_INVALID", lines.join("\n"));
  }
  return value as Config;
}

function check(value: unknown, source: string): ConfigProblem[] {
  // Errors of the form "schema is false" repeat what the parent's "unknown setting" says.
  const errors = [...Value.Errors(ConfigSchema, value)].filter((error) => error.keyword !== "boolean");
  return errors.map((error) => {
    const path = error.instancePath.replace(/^\//, "").replaceAll("/", ".");
    const extra = (error.params as { additionalProperties?: readonly string[] }).additionalProperties;
    const message = extra ? `unknown setting ${extra.join(", ")}` : error.message;
    return { source, path, message };
  });
}

function readYaml(file: string): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new HubError("CONFIG_UNREADABLE", `${file}: ${(error as Error).message}`, { cause: error });
  }
  let value: unknown;
  try {
    value = parse(text) ?? {};
  } catch (error) {
    throw new HubError("CONFIG_INVALID", `${file}: ${(error as Error).message}`, { cause: error });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new HubError("CONFIG_INVALID", `${file}: expected a map of settings`);
  }
  return value as Record<string, unknown>;
}

const PATH_KEYS = ["data_dir", "coast", "models_dir"] as const;
const PATH_LISTS = ["grids", "profiles", "recipes", "rules"] as const;

function resolvePaths(tree: Record<string, unknown>, base: string): void {
  const absolute = (p: unknown) => (typeof p === "string" && p !== "" && !isAbsolute(p) ? resolve(base, p) : p);
  for (const key of PATH_KEYS) if (key in tree) tree[key] = absolute(tree[key]);
  resolveTargets(tree.dispatch, absolute);
  for (const key of PATH_LISTS) if (Array.isArray(tree[key])) tree[key] = tree[key].map(absolute);
}

/** Names of mappings that come along have no folder and no ending. */
function resolveTargets(dispatch: unknown, absolute: (path: unknown) => unknown): void {
  const { targets } = (dispatch ?? {}) as { readonly targets?: unknown };
  if (!Array.isArray(targets)) return;
  for (const target of targets as unknown[]) {
    if (typeof target !== "object" || target === null) continue;
    const fields = target as Record<string, unknown>;
    for (const key of ["mapping", "notice", "ca"])
      if (typeof fields[key] === "string" && /[/\\]|\.\w+$/.test(fields[key])) fields[key] = absolute(fields[key]);
  }
}

/** GRIDHUB_HTTP_PORT -> http.port: settings by their path in capitals, dots as underscores. */
function applyEnvironment(
  tree: Record<string, unknown>,
  env: Readonly<Record<string, string | undefined>>,
  problems: ConfigProblem[],
): void {
  for (const [path, schema] of leaves(ConfigSchema as unknown as SchemaNode)) {
    const name = environmentName(path);
    const text = env[name];
    if (text === undefined) continue;
    const value = convert(text, schema);
    if (value === undefined)
      problems.push({ source: name, path: path.join("."), message: `expected ${schema.type}, found "${text}"` });
    else setPath(tree, path, value);
  }
}

export function environmentName(path: readonly string[]): string {
  return `GRIDHUB_${path.join("_").toUpperCase()}`;
}

/** `group.setting`: an object at this depth (what each posture changes) is written as a whole */
const DEEPEST = 2;

interface SchemaNode {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly description?: string;
  readonly default?: unknown;
}

/** Every setting with its path, for the environment, the example file and the documentation. */
export function* leaves(node: SchemaNode, path: readonly string[] = []): Generator<[readonly string[], SchemaNode]> {
  if (node.properties === undefined || path.length === DEEPEST) yield [path, node];
  else for (const [key, child] of Object.entries(node.properties)) yield* leaves(child, [...path, key]);
}

function convert(text: string, schema: SchemaNode): unknown {
  if (schema.type === "integer" || schema.type === "number") {
    const value = Number(text);
    return text.trim() !== "" && Number.isFinite(value) ? value : undefined;
  }
  if (schema.type === "boolean")
    return text === "true" || text === "1" ? true : text === "false" || text === "0" ? false : undefined;
  if (schema.type === "object") {
    try {
      return JSON.parse(text);
    } catch {
      return undefined;
    }
  }
  if (schema.type === "array") {
    try {
      return text.trimStart().startsWith("[") ? JSON.parse(text) : text.split(":").filter((part) => part !== "");
    } catch {
      return undefined;
    }
  }
  return text;
}

function setPath(tree: Record<string, unknown>, path: readonly string[], value: unknown): void {
  let node = tree;
  for (const key of path.slice(0, -1)) {
    if (typeof node[key] !== "object" || node[key] === null) node[key] = {};
    node = node[key] as Record<string, unknown>;
  }
  node[path[path.length - 1]] = value;
}

/** The example file: every setting with its meaning and default, commented out. */
export function exampleConfig(): string {
  const lines = [
    "# Settings of the hub with their defaults. Environment: GRIDHUB_<PATH IN CAPITALS>, e.g. GRIDHUB_HTTP_PORT.",
  ];
  let group = "";
  for (const [path, schema] of leaves(ConfigSchema as unknown as SchemaNode)) {
    const head = path.length > 1 ? path[0] : "";
    if (head !== "" && head !== group) lines.push("", `#${head}:`);
    else if (head === "" && group !== "") lines.push("");
    group = head;
    const indent = path.length > 1 ? "  " : "";
    lines.push(`#${indent}${path[path.length - 1]}: ${JSON.stringify(schema.default)}  # ${schema.description ?? ""}`);
  }
  return lines.join("\n") + "\n";
}
