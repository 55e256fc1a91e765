import { isRejection, reject, type Rejection } from "@gridhub/device-profiles/rejection.ts";
import type { Adapter, DescribedDevice } from "../adapter.ts";
import type { AdapterConfig } from "../adapter-config.ts";
import { Availability as Away } from "../availability.ts";
import { deviceName } from "../device-name.ts";
import { type JsonObject, parseObject } from "../json-object.ts";
import { TopicTemplate } from "../topic-template.ts";
import type { Translation } from "../translation.ts";
import { type Entity, readEntity } from "./discovery.ts";
import { numberOf, StatePayload } from "./value-template.ts";

/** Entities of one device: more are a fault, not a device. */
const MAX_ENTITIES = 200;

/**
 * Home Assistant's MQTT discovery: sensors and binary sensors describe themselves and their state topics; their values become canonical
 * metrics. What was discovered is kept, since a state says nothing without it.
 */
export class HomeAssistant implements Adapter {
  readonly topics: readonly TopicTemplate[];
  readonly downlinks: readonly string[];
  readonly greetings: readonly { readonly topic: string; readonly payload: string }[];
  readonly #depth: number;
  readonly #most: number;
  readonly #away = new Away();
  /** discovery id -> entity, its configuration, and the rows that are to be written */
  readonly #entities = new Map<string, { readonly entity: Entity; readonly body: JsonObject }>();
  /** device -> its entities */
  readonly #byDevice = new Map<string, Entity[]>();
  readonly #byState = new Map<string, Entity[]>();
  readonly #byAvailability = new Map<string, Entity[]>();
  /** availability topic and device -> the last word was "not available" */
  readonly #gone = new Set<string>();
  #dirty = new Set<string>();

  constructor({ base = "homeassistant", topics = [], limits }: AdapterConfig) {
    this.topics = [
      new TopicTemplate(`${base}/{component}/{object}/config`),
      new TopicTemplate(`${base}/{component}/{node}/{object}/config`),
      // where states and availability may come from
      ...topics.map((topic) => new TopicTemplate(topic)),
    ];
    this.downlinks = [`${base}/status`];
    // devices announce themselves again at the birth of Home Assistant
    this.greetings = [{ topic: `${base}/status`, payload: "online" }];
    this.#depth = limits.depth;
    this.#most = limits.devices;
  }

  load(rows: readonly { readonly key: string; readonly state: unknown }[]): void {
    this.#away.load(rows);
    for (const { key, state } of rows) {
      const entity = key.startsWith("entity ") ? entityOf(key.slice(7), state as JsonObject) : null;
      if (entity !== null && !isRejection(entity)) this.#add(entity, state as JsonObject);
    }
  }

  drain(): { key: string; state: unknown }[] {
    const rows = this.#away.drain();
    for (const id of this.#dirty) rows.push({ key: `entity ${id}`, state: this.#entities.get(id)?.body ?? null });
    this.#dirty = new Set();
    return rows;
  }

  redrain(): void {
    this.#away.redrain();
    for (const id of this.#entities.keys()) this.#dirty.add(id);
  }

  translate(out: Translation): Rejection | null {
    const { template, parts } = out.foreign;
    if (template > 1) return this.#state(out);
    const { component, node, object } = parts;
    // switches, lights and the like are commanded from Home Assistant; the hub reads
    if (component !== "sensor" && component !== "binary_sensor") return null;
    return this.#discover(node === undefined ? `${component}/${object}` : `${component}/${node}/${object}`, out);
  }

  #discover(id: string, out: Translation): Rejection | null {
    const { payload } = out.foreign;
    if (payload.length === 0) {
      // the entity is gone
      if (this.#entities.has(id)) {
        this.#remove(id);
        out.keep();
      }
      return null;
    }
    const body = parseObject(payload, this.#depth);
    if (isRejection(body)) return body;
    const entity = entityOf(id, body);
    if (isRejection(entity)) return entity;
    for (const topic of [entity.stateTopic, ...entity.availability.map((a) => a.topic)])
      if (!this.topics.slice(2).some((own) => own.match(topic) !== null))
        return reject("topic_forbidden", `${topic.slice(0, 200)} is none of the adapter's topics`);
    const siblings = (this.#byDevice.get(entity.device) ?? []).filter((e) => e.id !== id);
    const rival = siblings.find((e) => e.metric === entity.metric);
    if (rival !== undefined)
      return reject("foreign_unsupported", `${entity.metric} of ${entity.device} is ${rival.id} already`);
    if (siblings.length >= MAX_ENTITIES)
      return reject("device_limit", `${entity.device}: at most ${MAX_ENTITIES} entities`);
    if (siblings.length === 0 && this.#byDevice.size >= this.#most)
      return reject("device_limit", `${this.#most} devices already (limits.devices)`);
    this.#remove(id);
    this.#add(entity, body);
    this.#dirty.add(id);
    out.keep();
    return null;
  }

  #state(out: Translation): Rejection | null {
    const { topic, payload, rx, retained } = out.foreign;
    const entities = this.#byState.get(topic) ?? [];
    const watched = this.#byAvailability.get(topic) ?? [];
    // other topics that the templates cover: commands, attributes, what is not discovered
    if (payload.length === 0 || (entities.length === 0 && watched.length === 0)) return null;
    const state = new StatePayload(payload, this.#depth);
    this.#available(watched, topic, state, out);
    // what a broker had kept is of unknown age
    if (retained || entities.length === 0) return null;
    const values = new Map<string, Record<string, unknown>>();
    let problem: Rejection | null = null;
    for (const entity of entities) {
      const value = valueOf(entity, entity.read(state));
      if (value === undefined) problem ??= reject("value_invalid", `${entity.id}: ${state.text.slice(0, 80)}`);
      else if (value !== ABSENT) {
        let m = values.get(entity.device);
        if (m === undefined) values.set(entity.device, (m = {}));
        m[entity.metric] = value;
      }
    }
    for (const [device, m] of values) out.telemetry(device, [{ ts: rx, m }], out.natural(device, null));
    return problem;
  }

  #available(entities: readonly Entity[], topic: string, state: StatePayload, out: Translation): void {
    for (const device of new Set(entities.map((entity) => entity.device))) {
      const entity = entities.find((e) => e.device === device)!;
      const { read, available, unavailable } = entity.availability.find((a) => a.topic === topic)!;
      const word = String(read(state));
      if (word === unavailable) this.#gone.add(`${device} ${topic}`);
      else if (word === available) this.#gone.delete(`${device} ${topic}`);
      else continue;
      const topics = entity.availability.map((a) => `${device} ${a.topic}`);
      this.#away.say(out, device, !topics.some((key) => this.#gone.has(key)));
    }
  }

  #add(entity: Entity, body: JsonObject): void {
    this.#entities.set(entity.id, { entity, body });
    append(this.#byDevice, entity.device, entity);
    append(this.#byState, entity.stateTopic, entity);
    for (const { topic } of entity.availability) append(this.#byAvailability, topic, entity);
  }

  #remove(id: string): void {
    const known = this.#entities.get(id);
    if (known === undefined) return;
    this.#entities.delete(id);
    this.#dirty.add(id);
    const { entity } = known;
    drop(this.#byDevice, entity.device, entity);
    drop(this.#byState, entity.stateTopic, entity);
    for (const { topic } of entity.availability) drop(this.#byAvailability, topic, entity);
  }

  describe(): DescribedDevice[] {
    return [...this.#byDevice.values()].map(([{ device, vendor, model }]) => ({
      foreign: device,
      device: deviceName(device),
      vendor,
      model,
      draft: () => null,
    }));
  }
}

function entityOf(id: string, body: JsonObject): Entity | Rejection {
  return readEntity(id.startsWith("sensor/") ? "sensor" : "binary_sensor", id, body);
}

function append(map: Map<string, Entity[]>, key: string, entity: Entity): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [entity]);
  else list.push(entity);
}

function drop(map: Map<string, Entity[]>, key: string, entity: Entity): void {
  const rest = (map.get(key) ?? []).filter((other) => other !== entity);
  if (rest.length === 0) map.delete(key);
  else map.set(key, rest);
}

/** The message does not hold the value, or says that it is unknown. */
const ABSENT = Symbol("absent");

function valueOf({ component, on, off, conversion }: Entity, value: unknown): unknown {
  if (value === undefined || value === null || value === "" || value === "unknown" || value === "unavailable")
    return ABSENT;
  if (component === "binary_sensor") {
    const word = typeof value === "boolean" ? (value ? "true" : "false") : String(value);
    if (word === on || (value === true && on === "ON")) return true;
    if (word === off || (value === false && off === "OFF")) return false;
    return undefined;
  }
  const n = numberOf(value);
  return n === undefined || conversion === null
    ? n
    : Number((n * conversion.factor + conversion.shift).toPrecision(12));
}
