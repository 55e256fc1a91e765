import type { AlarmDef, CompiledProfile, MetricDef } from "@gridhub/device-profiles/compiled.ts";
import { Quality } from "@gridhub/device-profiles/reading.ts";
import { reject } from "@gridhub/device-profiles/rejection.ts";
import type { Device, Edge } from "../device.ts";
import type { Finding } from "../finding.ts";
import type { FreshRules } from "./history-run.ts";

// A device type that the tests of this room share: u16 pressure, i8 temperature, one letter of state, then earlier pressures, one
// a minute, newest first.

export interface Edition {
  /** MPa a digit */
  readonly scale: number;
  /** metrics that this edition gives */
  readonly metrics?: readonly string[];
  /** states by their letter */
  readonly states?: Readonly<Record<string, string>>;
  /** frames with less are refused */
  readonly least?: number;
}

const METRICS = ["pressure", "temperature", "state", "humidity"];

export function probe(version: string, edition: Edition): CompiledProfile {
  const { scale, metrics = ["pressure", "temperature", "state"], states = { o: "open" }, least = 4 } = edition;
  const index = new Map(METRICS.map((name, i) => [name, i]));
  const gives = (name: string) => metrics.includes(name);
  const at = (name: string) => index.get(name) as number;
  const pressureOf = (raw: number) => Math.round(raw * scale * 1e6) / 1e6;
  return {
    id: `acme/probe@${version}`,
    kind: "hydrant",
    titleZh: "探头",
    titleEn: "Probe",
    metrics: METRICS.map((name): MetricDef => {
      const text = name === "state";
      const unit = name === "pressure" ? "MPa" : "1";
      return { name, unit, type: text ? "text" : "number", maxStep: null, stuckMs: null } as MetricDef;
    }),
    metricIndex: index,
    alarms: [{ name: "low", event: "hydrant.low_pressure" } as AlarmDef],
    expectEveryMs: null,
    grace: 2,
    sequenced: false,
    keepRaw: true,
    uplink: "raw",
    positions: false,
    decodeJson: (m, out) => {
      if (typeof m.p !== "number") return reject("value_invalid", "no p");
      out.push(at("pressure"), pressureOf(m.p), 0);
      return null;
    },
    decodeFrame: (bytes, _port, out, ts = 0) => {
      const frame = Buffer.from(bytes);
      if (frame.length < least) return reject("frame_short", `${frame.length} bytes`);
      const raw = frame.readUInt16BE(0);
      if (gives("pressure")) out.push(at("pressure"), pressureOf(raw), raw > 60_000 ? Quality.out_of_range : 0);
      if (gives("temperature")) out.push(at("temperature"), frame.readInt8(2), 0);
      if (gives("humidity")) out.push(at("humidity"), frame[2] / 2, 0);
      const letter = String.fromCharCode(frame[3]);
      if (gives("state")) out.pushText(at("state"), states[letter] ?? letter, 0);
      for (let i = 4, n = 1; i + 1 < frame.length; i += 2, n++) {
        const past = out.nextPast();
        past.ts = ts - n * 60_000;
        past.push(at("pressure"), pressureOf(frame.readUInt16BE(i)), 0);
      }
      return null;
    },
    decodePositions: () => reject("frame_unsupported", "no positions"),
  };
}

export function frame(raw: number, temperature = 20, state = "o", ...past: number[]): Buffer {
  const out = Buffer.alloc(4 + past.length * 2);
  out.writeUInt16BE(raw, 0);
  out.writeInt8(temperature, 2);
  out[3] = state.charCodeAt(0);
  past.forEach((value, i) => out.writeUInt16BE(value, 4 + i * 2));
  return out;
}

export function deviceOf(id: number, profile: CompiledProfile): Device {
  const edge: Edge = { id: 1, key: "town/gw", site: "town", name: "gw", title: "" };
  const place = { lon: null, lat: null, gridId: null, attributes: {} };
  const name = `h${id}`;
  return {
    id,
    uid: `town/${name}`,
    site: "town",
    name,
    edge,
    title: name,
    profile,
    ...place,
    series: new Int32Array(4),
  };
}

/** Raises below 0.1 MPa, clears above. */
export function lowPressure(): FreshRules {
  let active = false;
  return {
    observe: (device, ts, record, late, out) => {
      for (let i = 0; i < record.n; i++) {
        if (record.metric[i] !== 0 || record.num[i] < 0.1 === active) continue;
        active = !active;
        const finding: Finding = {
          kind: "hydrant.low_pressure",
          phase: active ? "raise" : "clear",
          severity: 3,
          ts,
          subject: `device:${device.uid}`,
          device,
          gridId: null,
          lon: null,
          lat: null,
          source: `rule:${device.profile.id}#low`,
          evidence: {},
          late,
        };
        out.push(finding);
      }
    },
  };
}
