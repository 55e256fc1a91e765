import { isRejection, reject, type Rejection } from "@gridhub/device-profiles/rejection.ts";
import type { Adapter } from "./adapter.ts";
import type { AdapterConfig } from "./adapter-config.ts";
import { isObject, type JsonObject, numberAt, objectAt, parseObject, textAt, timeOf } from "./json-object.ts";
import { linkOf, takeUplink } from "./lorawan-uplink.ts";
import { TopicTemplate } from "./topic-template.ts";
import type { Translation } from "./translation.ts";

/** JSON uplinks of ChirpStack: version 4 (`deviceInfo`, `time`) and version 3 (`devEUI`, `rxInfo[].time`). */
export class ChirpStack implements Adapter {
  readonly topics: readonly TopicTemplate[];
  readonly downlinks: readonly string[] = [];
  readonly #depth: number;

  constructor({ topics = ["application/{application}/device/{device}/event/up"], limits }: AdapterConfig) {
    this.topics = topics.map((topic) => new TopicTemplate(topic));
    this.#depth = limits.depth;
  }

  translate(out: Translation): Rejection | null {
    const body = parseObject(out.foreign.payload, this.#depth);
    if (isRejection(body)) return body;
    const is4 = isObject(body.deviceInfo);
    const named = is4 ? textAt(objectAt(body, "deviceInfo"), "devEui") : euiOf(body);
    const device = (out.foreign.parts.device ?? named)?.toLowerCase() ?? null;
    if (device === null || named === null) return reject("foreign_invalid", "no devEui");
    if (named.toLowerCase() !== device)
      return reject("foreign_invalid", `devEui ${named.slice(0, 64)} on the topic of ${device.slice(0, 64)}`);
    const link = is4 ? linkOf(body.rxInfo, "rssi", "snr") : linkOf(body.rxInfo, "rssi", "loRaSNR");
    const rate = numberAt(body, "dr");
    if (rate !== null) link.data_rate = rate;
    const counter = numberAt(body, "fCnt");
    if (counter !== null) link.frame_counter = counter;
    return takeUplink(out, {
      device,
      ts: timeOf(body.time) ?? gatewayTime(body.rxInfo) ?? timeOf(body.publishedAt),
      session: textAt(body, "devAddr") ?? "",
      counter,
      port: numberAt(body, "fPort") ?? 0,
      frame: textAt(body, "data"),
      decoded: isObject(body.object) ? body.object : decodedText(body.objectJSON, this.#depth),
      link,
    });
  }
}

/** Version 3 gives the EUI as hex or, in its protobuf JSON, as base64 of 8 bytes. */
function euiOf(body: JsonObject): string | null {
  const text = textAt(body, "devEUI");
  if (text === null || /^[0-9A-Fa-f]{16}$/.test(text)) return text;
  const bytes = Buffer.from(text, "base64");
  return bytes.length === 8 ? bytes.toString("hex") : text;
}

function gatewayTime(gateways: unknown): number | null {
  if (!Array.isArray(gateways)) return null;
  for (const gateway of gateways.slice(0, 100)) {
    const ts = isObject(gateway) ? timeOf(gateway.time) : null;
    if (ts !== null) return ts;
  }
  return null;
}

/** Version 3 may carry what its codec made as a text. */
function decodedText(text: unknown, depth: number): JsonObject | null {
  if (typeof text !== "string" || text === "") return null;
  const value = parseObject(Buffer.from(text), depth);
  return isRejection(value) ? null : value;
}
