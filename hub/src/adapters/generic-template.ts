import { compilePath } from "@gridhub/device-profiles/codec/json.ts";
import { isRejection, reject, type Rejection } from "@gridhub/device-profiles/rejection.ts";
import { HubError } from "../errors.ts";
import type { Adapter } from "./adapter.ts";
import type { AdapterConfig } from "./adapter-config.ts";
import { isBase64, isObject, type JsonObject, parseObject, timeOf } from "./json-object.ts";
import { renamed } from "./rename.ts";
import { TopicTemplate } from "./topic-template.ts";
import type { Translation } from "./translation.ts";

type Read = (body: JsonObject) => unknown;

/** Any other format whose topics name parts and whose payload is a frame, or JSON with its values at known paths. */
export class GenericTemplate implements Adapter {
  readonly topics: readonly TopicTemplate[];
  readonly downlinks: readonly string[] = [];
  readonly #config: NonNullable<AdapterConfig["template"]>;
  readonly #depth: number;
  readonly #rename: Readonly<Record<string, string>>;
  readonly #device: Read | null;
  readonly #time: Read | null;
  readonly #frame: Read | null;
  readonly #port: Read | null;
  readonly #values: Read | null;

  constructor({ topics = [], template, limits, rename = {} }: AdapterConfig) {
    if (template === undefined || topics.length === 0)
      throw new HubError("CONFIG_INVALID", "an adapter of kind template needs topics and template");
    this.topics = topics.map((topic) => new TopicTemplate(topic));
    this.#config = template;
    this.#depth = limits.depth;
    this.#rename = rename;
    const read = (path: string | undefined): Read | null => (path === undefined ? null : compilePath(path));
    this.#device = read(template.device);
    this.#time = read(template.time?.path);
    this.#frame = read(template.frame?.path);
    this.#port = read(template.port);
    this.#values = read(template.values);
  }

  translate(out: Translation): Rejection | null {
    const { payload, rx, parts, bound } = out.foreign;
    if (this.#config.payload !== "json") {
      const device = bound ?? parts.device;
      if (device === undefined) return reject("foreign_invalid", "the topic names no device");
      const frame = frameOf(payload, this.#config.payload);
      if (isRejection(frame)) return frame;
      out.raw(device, [{ ts: rx, x: frame.toString("base64") }], out.natural(device, null));
      return null;
    }
    const body = parseObject(payload, this.#depth);
    if (isRejection(body)) return body;
    const named = this.#device === null ? parts.device : this.#device(body);
    if (typeof named !== "string" && typeof named !== "number") return reject("foreign_invalid", "no device is named");
    const device = String(named).slice(0, 200);
    if (device === "" || (bound !== null && bound !== device))
      return reject("topic_forbidden", `this credential does not speak for ${device.slice(0, 64)}`);
    const ts = this.#timeOf(body);
    if (isRejection(ts)) return ts;
    const at = ts ?? rx;
    const once = out.natural(device, ts);
    if (this.#frame === null) {
      const values = this.#values === null ? body : this.#values(body);
      if (!isObject(values)) return reject("foreign_invalid", `no object at ${this.#config.values}`);
      out.telemetry(device, [{ ts: at, m: renamed(values, this.#rename) }], once);
      return null;
    }
    const text = this.#frame(body);
    if (typeof text !== "string") return reject("foreign_invalid", `no text at ${this.#config.frame?.path}`);
    const frame = frameOf(Buffer.from(text), this.#config.frame?.encoding ?? "base64");
    if (isRejection(frame)) return frame;
    const port = this.#port?.(body) ?? 0;
    if (typeof port !== "number" || !Number.isInteger(port) || port < 0 || port > 255)
      return reject("foreign_invalid", "the port is no number from 0 to 255");
    out.raw(device, [{ ts: at, x: frame.toString("base64"), p: port }], once);
    return null;
  }

  #timeOf(body: JsonObject): number | null | Rejection {
    if (this.#time === null) return null;
    const value = this.#time(body);
    if (value === undefined || value === null) return null;
    const { unit } = this.#config.time!;
    const ms = unit === "iso" ? timeOf(value) : typeof value === "number" ? value * (unit === "s" ? 1000 : 1) : null;
    if (ms === null || !(ms > 0 && ms < 4.1e12))
      return reject("time_invalid", `${this.#config.time!.path}: ${String(value).slice(0, 40)} is no time in ${unit}`);
    return Math.round(ms);
  }
}

function frameOf(payload: Buffer, encoding: "hex" | "base64" | "text" | "bytes"): Buffer | Rejection {
  if (encoding === "bytes" || encoding === "text") return payload;
  const text = payload.toString("latin1").replaceAll(/\s/g, "");
  if (encoding === "base64")
    return isBase64(text) ? Buffer.from(text, "base64") : reject("foreign_invalid", "not base64");
  return /^(?:[0-9A-Fa-f]{2})*$/.test(text) ? Buffer.from(text, "hex") : reject("foreign_invalid", "not hexadecimal");
}
