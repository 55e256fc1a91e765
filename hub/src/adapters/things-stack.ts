import { isRejection, reject, type Rejection } from "@gridhub/device-profiles/rejection.ts";
import type { Adapter } from "./adapter.ts";
import type { AdapterConfig } from "./adapter-config.ts";
import { isObject, type JsonObject, numberAt, objectAt, parseObject, textAt, timeOf } from "./json-object.ts";
import { linkOf, takeUplink } from "./lorawan-uplink.ts";
import { TopicTemplate } from "./topic-template.ts";
import type { Translation } from "./translation.ts";

/** Where data rate index and spreading factor go together as 12 - SF at 125 kHz (LoRaWAN Regional Parameters RP002). */
const TWELVE_LESS = /^(?:EU_863_870|EU_433|CN_470_510|AS_923|IN_865_867|KR_920_923|RU_864_870)/;

/** JSON uplinks of The Things Stack (v3), by its MQTT server's topics or a pub/sub integration. */
export class ThingsStack implements Adapter {
  readonly topics: readonly TopicTemplate[];
  readonly downlinks: readonly string[] = [];
  readonly #depth: number;

  constructor({ topics = ["v3/{application}@{tenant}/devices/{device}/up"], limits }: AdapterConfig) {
    this.topics = topics.map((topic) => new TopicTemplate(topic));
    this.#depth = limits.depth;
  }

  translate(out: Translation): Rejection | null {
    const body = parseObject(out.foreign.payload, this.#depth);
    if (isRejection(body)) return body;
    const ids = objectAt(body, "end_device_ids");
    const named = textAt(ids, "device_id");
    const device = out.foreign.parts.device ?? named;
    if (device === null) return reject("foreign_invalid", "no end_device_ids.device_id");
    // the topic is what the credential covers
    if (named !== null && named !== device)
      return reject("foreign_invalid", `device_id ${named.slice(0, 64)} on the topic of ${device.slice(0, 64)}`);
    const { application } = out.foreign.parts;
    const claimed = textAt(objectAt(ids, "application_ids"), "application_id");
    if (application !== undefined && claimed !== null && claimed !== application)
      return reject(
        "foreign_invalid",
        `application ${claimed.slice(0, 64)} on the topic of ${application.slice(0, 64)}`,
      );
    if (!isObject(body.uplink_message)) return reject("foreign_invalid", "no uplink_message");
    const uplink = body.uplink_message;
    const link = linkOf(uplink.rx_metadata, "rssi", "snr");
    const rate = dataRate(uplink);
    if (rate !== null) link.data_rate = rate;
    const counter = numberAt(uplink, "f_cnt") ?? 0; // protobuf's JSON leaves zeros out
    link.frame_counter = counter;
    return takeUplink(out, {
      device,
      ts: timeOf(uplink.received_at) ?? timeOf(body.received_at),
      session: textAt(uplink, "session_key_id") ?? textAt(ids, "dev_addr") ?? "",
      counter,
      port: numberAt(uplink, "f_port") ?? 0,
      frame: textAt(uplink, "frm_payload"),
      decoded: isObject(uplink.decoded_payload) ? uplink.decoded_payload : null,
      link,
    });
  }
}

function dataRate(uplink: JsonObject): number | null {
  const settings = objectAt(uplink, "settings");
  const index = numberAt(settings, "data_rate_index");
  if (index !== null) return index;
  const lora = objectAt(objectAt(settings, "data_rate"), "lora");
  const factor = numberAt(lora, "spreading_factor");
  const band = textAt(objectAt(uplink, "version_ids"), "band_id") ?? "";
  return factor !== null && numberAt(lora, "bandwidth") === 125_000 && TWELVE_LESS.test(band) ? 12 - factor : null;
}
