import { readZigbee2mqtt } from "@gridhub/device-profiles/import/zigbee2mqtt.ts";
import { render } from "@gridhub/device-profiles/import/draft.ts";
import { parseJson } from "@gridhub/device-profiles/envelope.ts";
import { isRejection, reject, type Rejection } from "@gridhub/device-profiles/rejection.ts";
import type { Adapter, DescribedDevice } from "./adapter.ts";
import type { AdapterConfig } from "./adapter-config.ts";
import { Availability } from "./availability.ts";
import { deviceName } from "./device-name.ts";
import { isObject, type JsonObject, objectAt, parseObject, textAt, timeOf } from "./json-object.ts";
import { TopicTemplate } from "./topic-template.ts";
import type { Translation } from "./translation.ts";

/** What others ask of a device, not what it says. */
const REQUEST = /\/(?:set|get)(?:\/|$)/;

/** Zigbee2MQTT: states of devices as JSON, their availability, and what the bridge tells of itself. */
export class Zigbee2Mqtt implements Adapter {
  readonly topics: readonly TopicTemplate[];
  readonly downlinks: readonly string[];
  readonly #depth: number;
  readonly #most: number;
  readonly #availability = new Availability();
  #known = new Map<string, JsonObject>();
  #groups = new Set<string>();

  constructor({ base = "zigbee2mqtt", limits }: AdapterConfig) {
    this.topics = [new TopicTemplate(`${base}/{path...}`)];
    // it listens to requests below its own base topic
    this.downlinks = [`${base}/#`];
    this.#depth = limits.depth;
    this.#most = limits.devices;
  }

  load(rows: readonly { readonly key: string; readonly state: unknown }[]): void {
    this.#availability.load(rows);
  }

  drain(): { key: string; state: unknown }[] {
    return this.#availability.drain();
  }

  redrain(): void {
    this.#availability.redrain();
  }

  translate(out: Translation): Rejection | null {
    const { path } = out.foreign.parts;
    const { payload } = out.foreign;
    if (path.startsWith("bridge/")) return this.#bridge(path.slice(7), out);
    if (REQUEST.test(path) || payload.length === 0 || this.#groups.has(path)) return null;
    if (path.endsWith("/availability")) return this.#available(path.slice(0, -"/availability".length), out);
    const parsed = parseJson(payload, this.#depth);
    if (isRejection(parsed)) return parsed;
    if (!isObject(parsed.value))
      return reject("foreign_unsupported", "one value a topic: set `output: json` in Zigbee2MQTT's configuration");
    const body = parsed.value;
    const seen = body.last_seen;
    const ts = typeof seen === "number" && seen > 1e12 && seen < 4.1e12 ? seen : timeOf(seen);
    // what a broker had kept is of unknown age
    if (ts === null && out.foreign.retained) return null;
    out.telemetry(path, [{ ts: ts ?? out.foreign.rx, m: body }], out.natural(path, ts));
    return null;
  }

  #bridge(what: string, out: Translation): Rejection | null {
    const { payload, rx } = out.foreign;
    if (what === "state") {
      const state = onlineWord(payload, this.#depth);
      if (typeof state !== "string") return state;
      // every start of the bridge is a boot; its will speaks of the newest
      if (state === "online") out.state({ s: "on", b: this.#availability.born(rx) });
      else out.state({ s: "off", b: this.#availability.boot, why: "lwt" });
      out.keep();
      return null;
    }
    if (what !== "devices" && what !== "groups") return null; // logs, health, answers to requests
    const parsed = parseJson(payload, this.#depth);
    if (isRejection(parsed)) return parsed;
    if (!Array.isArray(parsed.value)) return reject("foreign_invalid", `bridge/${what} is a list`);
    const entries = parsed.value.filter(isObject);
    const names = entries.map((entry) => textAt(entry, "friendly_name")).filter((name) => name !== null);
    if (names.length > this.#most)
      return reject("device_limit", `${names.length} ${what}, at most ${this.#most} (limits.devices)`);
    if (what === "groups") this.#groups = new Set(names);
    else {
      this.#known = new Map();
      for (const entry of entries) {
        const name = textAt(entry, "friendly_name");
        if (name !== null && entry.type !== "Coordinator") this.#known.set(name, objectAt(entry, "definition"));
      }
    }
    return null;
  }

  #available(name: string, out: Translation): Rejection | null {
    if (this.#groups.has(name)) return null;
    const state = onlineWord(out.foreign.payload, this.#depth);
    if (typeof state !== "string") return state;
    this.#availability.say(out, name, state === "online");
    return null;
  }

  describe(): DescribedDevice[] {
    return [...this.#known].map(([foreign, definition]) => ({
      foreign,
      device: deviceName(foreign),
      vendor: textAt(definition, "vendor") ?? "",
      model: textAt(definition, "model") ?? "",
      draft: () => {
        const [draft] = readZigbee2mqtt(JSON.stringify(definition));
        return draft === undefined || typeof draft === "string" ? null : render(draft, "zigbee2mqtt");
      },
    }));
  }
}

/** "online", or {"state":"online"}. */
function onlineWord(payload: Buffer, depth: number): "online" | "offline" | Rejection {
  let word: unknown = payload.toString("latin1", 0, 64);
  if (payload[0] === 0x7b) {
    const body = parseObject(payload, depth);
    if (isRejection(body)) return body;
    word = body.state;
  }
  return word === "online" || word === "offline" ? word : reject("foreign_invalid", "expected online or offline");
}
