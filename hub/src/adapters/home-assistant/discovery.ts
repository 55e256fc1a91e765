import { isRejection, reject, type Rejection } from "@gridhub/device-profiles/rejection.ts";
import { isObject, type JsonObject, objectAt, textAt } from "../json-object.ts";
import { metricOf, type MetricOf } from "./metric-of.ts";
import { compileValueTemplate, type ValueReader } from "./value-template.ts";

/** An entity as its discovery message describes it. */
export interface Entity extends MetricOf {
  /** the discovery topic's component, node and object */
  readonly id: string;
  readonly device: string;
  readonly vendor: string;
  readonly model: string;
  readonly stateTopic: string;
  readonly read: ValueReader;
  readonly component: "sensor" | "binary_sensor";
  readonly on: string;
  readonly off: string;
  /** all must say so */
  readonly availability: readonly Availability[];
}

export interface Availability {
  readonly topic: string;
  readonly read: ValueReader;
  readonly available: string;
  readonly unavailable: string;
}

/** Abbreviated keys of discovery messages. */
const SHORT: Readonly<Record<string, string>> = {
  stat_t: "state_topic",
  val_tpl: "value_template",
  unit_of_meas: "unit_of_measurement",
  dev_cla: "device_class",
  dev: "device",
  obj_id: "object_id",
  uniq_id: "unique_id",
  avty: "availability",
  avty_t: "availability_topic",
  avty_tpl: "availability_template",
  pl_on: "payload_on",
  pl_off: "payload_off",
  pl_avail: "payload_available",
  pl_not_avail: "payload_not_available",
  t: "topic",
  ids: "identifiers",
  cns: "connections",
  mf: "manufacturer",
  mdl: "model",
};

export function expand(body: JsonObject): JsonObject {
  const base = textAt(body, "~") ?? "";
  const out: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(body)) {
    const name = Object.hasOwn(SHORT, key) ? SHORT[key] : key;
    if (typeof value === "string" && name.endsWith("topic"))
      out[name] = value.startsWith("~")
        ? base + value.slice(1)
        : value.endsWith("~")
          ? value.slice(0, -1) + base
          : value;
    else out[name] = isObject(value) ? expand({ "~": base, ...value }) : value;
    if (name === "availability" && Array.isArray(value))
      out[name] = value.map((entry) => (isObject(entry) ? expand({ "~": base, ...entry }) : entry));
  }
  return out;
}

/** Reads a discovery message of a sensor or binary sensor. @param id component/node/object of its topic */
export function readEntity(component: "sensor" | "binary_sensor", id: string, body: JsonObject): Entity | Rejection {
  const config = expand(body);
  const stateTopic = textAt(config, "state_topic");
  if (stateTopic === null || stateTopic.length > 300 || /[+#]/.test(stateTopic))
    return reject("foreign_invalid", "no state_topic that is a topic");
  const info = objectAt(config, "device");
  const device = identifierOf(info);
  if (device === null) return reject("foreign_unsupported", "the entity belongs to no device (device.identifiers)");
  const parts = id.split("/");
  const own = textAt(config, "object_id") ?? parts[parts.length - 1];
  const meaning = metricOf(
    component,
    textAt(config, "device_class"),
    textAt(config, "unit_of_measurement"),
    tailOf(own, device),
  );
  if (isRejection(meaning)) return meaning;
  const read = compileValueTemplate(textAt(config, "value_template"));
  if (isRejection(read)) return read;
  const availability = availabilityOf(config);
  if (isRejection(availability)) return availability;
  const word = (key: string, fallback: string) => String(config[key] ?? fallback).slice(0, 64);
  return {
    ...meaning,
    id,
    component,
    device,
    vendor: textAt(info, "manufacturer") ?? "",
    model: textAt(info, "model") ?? "",
    stateTopic,
    read,
    on: word("payload_on", "ON"),
    off: word("payload_off", "OFF"),
    availability,
  };
}

function identifierOf(info: JsonObject): string | null {
  const ids = info.identifiers;
  const first: unknown = Array.isArray(ids) ? ids[0] : ids;
  if (typeof first === "string" && first !== "") return first.slice(0, 200);
  if (typeof first === "number") return String(first);
  const pair: unknown = Array.isArray(info.connections) ? info.connections[0] : null;
  return Array.isArray(pair) && typeof pair[1] === "string" ? pair[1].slice(0, 200) : null;
}

/** `gauge7_water_level` of device `gauge7` is `water_level`. */
function tailOf(own: string, device: string): string {
  const start = device.toLowerCase().replaceAll(/[^a-z0-9]+/g, "_");
  const name = own.toLowerCase();
  return name.startsWith(`${start}_`) ? name.slice(start.length + 1) : name;
}

function availabilityOf(config: JsonObject): Availability[] | Rejection {
  const single = textAt(config, "availability_topic");
  const list = Array.isArray(config.availability)
    ? config.availability.filter(isObject)
    : isObject(config.availability)
      ? [config.availability]
      : single === null
        ? []
        : [{ ...config, topic: single, value_template: config.availability_template }];
  const out: Availability[] = [];
  for (const entry of list.slice(0, 8)) {
    const topic = textAt(entry, "topic");
    if (topic === null || /[+#]/.test(topic)) return reject("foreign_invalid", "availability without a topic");
    const read = compileValueTemplate(textAt(entry, "value_template"));
    if (isRejection(read)) return read;
    const word = (key: string, fallback: string) => String(entry[key] ?? fallback).slice(0, 64);
    out.push({
      topic,
      read,
      available: word("payload_available", "online"),
      unavailable: word("payload_not_available", "offline"),
    });
  }
  return out;
}
