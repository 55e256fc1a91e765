import type { EnvelopeRecord } from "@gridhub/device-profiles/envelope.ts";
import { parseJson } from "@gridhub/device-profiles/envelope.ts";
import { isRejection, reject, type Rejection } from "@gridhub/device-profiles/rejection.ts";
import type { Adapter } from "./adapter.ts";
import type { AdapterConfig } from "./adapter-config.ts";
import { Availability } from "./availability.ts";
import { isObject, type JsonObject, parseObject, textAt } from "./json-object.ts";
import { renamed } from "./rename.ts";
import { TopicTemplate } from "./topic-template.ts";
import type { Translation } from "./translation.ts";

const DEVICE = 0;
const GATEWAY = 1;
const CONNECT = 2;
const DISCONNECT = 3;
const TOPICS = ["v1/devices/me/telemetry", "v1/gateway/telemetry", "v1/gateway/connect", "v1/gateway/disconnect"];
/** What devices also publish and the hub has no use for. */
const IGNORED = ["v1/devices/me/attributes", "v1/gateway/attributes", "v1/devices/me/attributes/request/+"];

/**
 * ThingsBoard's device and gateway API. A device is known by its credential alone (the access token as user name), so its own topic
 * works at the embedded broker only; a gateway names its devices.
 */
export class ThingsBoard implements Adapter {
  readonly topics: readonly TopicTemplate[] = [...TOPICS, ...IGNORED].map((topic) => new TopicTemplate(topic));
  readonly downlinks = [
    "v1/devices/me/rpc/request/+",
    "v1/devices/me/attributes",
    "v1/devices/me/attributes/response/+",
    "v1/gateway/rpc",
    "v1/gateway/attributes",
    "v1/gateway/attributes/response",
  ];
  readonly #depth: number;
  readonly #rename: Readonly<Record<string, string>>;
  readonly #availability = new Availability();

  constructor({ limits, rename = {} }: AdapterConfig) {
    this.#depth = limits.depth;
    this.#rename = rename;
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
    const { template, bound, payload } = out.foreign;
    if (template > DISCONNECT) return null;
    if (template === DEVICE) {
      if (bound === null)
        return reject("topic_forbidden", "no device is bound to this credential (publishers[].device)");
      const parsed = parseJson(payload, this.#depth);
      return isRejection(parsed) ? parsed : this.#device(bound, parsed.value, out);
    }
    // the credential of one device speaks for no other
    if (bound !== null) return reject("topic_forbidden", `the credential of ${bound} is no gateway's`);
    const body = parseObject(payload, this.#depth);
    if (isRejection(body)) return body;
    if (template !== GATEWAY) {
      const device = textAt(body, "device");
      if (device === null) return reject("foreign_invalid", "no device");
      this.#availability.say(out, device, template === CONNECT);
      return null;
    }
    for (const [device, samples] of Object.entries(body)) {
      const problem =
        device === "" ? reject("foreign_invalid", "a device without name") : this.#device(device, samples, out);
      if (problem !== null) out.refuse({ ...problem, detail: `${device.slice(0, 64)}: ${problem.detail}` });
    }
    return null;
  }

  /** `{k: v}`, `{ts, values}`, or a list of these. */
  #device(device: string, samples: unknown, out: Translation): Rejection | null {
    const list: unknown[] = Array.isArray(samples) ? samples : [samples];
    const records: EnvelopeRecord[] = [];
    let own: number | null = null;
    for (const sample of list) {
      const record = isObject(sample)
        ? this.#record(sample, out.foreign.rx)
        : reject("foreign_invalid", "a sample is no object");
      if (isRejection(record)) return record;
      if (isObject(sample) && Object.hasOwn(sample, "ts")) own ??= record.ts;
      records.push(record);
    }
    if (records.length === 0) return reject("foreign_invalid", "no samples");
    out.telemetry(device, records, out.natural(device, own));
    return null;
  }

  #record(sample: JsonObject, rx: number): EnvelopeRecord | Rejection {
    if (!Object.hasOwn(sample, "ts") || !isObject(sample.values)) return { ts: rx, m: renamed(sample, this.#rename) };
    const { ts } = sample;
    if (typeof ts !== "number" || !(ts > 0 && ts < 4.1e12))
      return reject("time_invalid", `ts must be ms UTC, found ${String(ts).slice(0, 40)}`);
    return { ts, m: renamed(sample.values, this.#rename) };
  }
}
