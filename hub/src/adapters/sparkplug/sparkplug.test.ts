import { isRejection } from "@gridhub/device-profiles/rejection.ts";
import { describe, expect, it } from "vitest";
import type { FoldStateRow } from "../../store/batch.ts";
import { GateScene, NOW } from "../gate.testing.ts";
import { readPayload, rebirthCommand, valueOf } from "./payload.ts";
import { readFields, writeField } from "./protobuf.ts";

// written by Eclipse Tahu's own library (sparkplug-payload 1.0.3) from values of ours
const BIRTH = Buffer.from(
  "0880caa8caaa33120b0a05626453657120085807121a0a144e6f646520436f6e74726f6c2f52656269727468200b700012130a0870726573737572651001200965295c8f3e12110a056c6576656c1002200250fbffffff0f12160a05746f74616c1003200458b5f693f088dcffffff0112100a086361705f6f70656e1004200b700112140a067374617475731005200c7a06e8bf90e8a18c12100a01741006200a690000000000803540120f0a03626967100720075880d0acf30e1800",
  "hex",
);
const WITH_DATA_SET = Buffer.from(
  "0881caa8caaa3312190a057461626c6520108a010d0801120161180322040a02080112140a016e1898c2a8caaa332003280150f9ffffff0f1801",
  "hex",
);

type Metric = {
  name?: string;
  alias?: number;
  type?: number;
  int?: number;
  bool?: boolean;
  text?: string;
  ts?: number;
};

function payload(seq: number | null, metrics: readonly Metric[], ts = NOW): Buffer {
  const parts = [writeField(1, ts)];
  for (const { name, alias, type, int, bool, text, ts: own } of metrics) {
    const fields: Buffer[] = [];
    if (name !== undefined) fields.push(writeField(1, name));
    if (alias !== undefined) fields.push(writeField(2, alias));
    if (own !== undefined) fields.push(writeField(3, own));
    if (type !== undefined) fields.push(writeField(4, type));
    if (int !== undefined) fields.push(writeField(11, BigInt.asUintN(64, BigInt(int))));
    if (bool !== undefined) fields.push(writeField(14, bool ? 1 : 0));
    if (text !== undefined) fields.push(writeField(15, text));
    parts.push(writeField(2, Buffer.concat(fields)));
  }
  if (seq !== null) parts.push(writeField(3, seq));
  return Buffer.concat(parts);
}
const birth = (bdSeq = 1) =>
  payload(0, [
    { name: "bdSeq", type: 8, int: bdSeq },
    { name: "Water/Level", alias: 1, type: 4, int: 3 },
  ]);
const data = (seq: number, value: number, ts = NOW) => payload(seq, [{ alias: 1, int: value }], ts);
const death = (bdSeq = 1) => payload(null, [{ name: "bdSeq", type: 8, int: bdSeq }]);
const topic = (type: string, device = "") => `spBv1.0/town/${type}/n1${device === "" ? "" : `/${device}`}`;
const scene = (rows: FoldStateRow[] = []) =>
  new GateScene({ kind: "sparkplug", group: "town", node: "n1", rename: { "Water/Level": "water_level" } }, rows);

describe("Sparkplug payload", () => {
  it("reads what the reference library writes, of every type", () => {
    const body = readPayload(BIRTH);
    if (isRejection(body)) throw new Error(body.detail);
    expect([body.timestamp, body.seq]).toEqual([NOW, 0]);
    const values = body.metrics.map((m) => [m.name, m.alias === null ? null : Number(m.alias), valueOf(m, m.datatype)]);
    expect(values).toEqual([
      ["bdSeq", null, 7],
      ["Node Control/Rebirth", null, false],
      ["pressure", 1, 0.28],
      ["level", 2, -5],
      ["total", 3, -1234567890123],
      ["cap_open", 4, true],
      ["status", 5, "运行"],
      ["t", 6, 21.5],
      ["big", 7, 4_000_000_000],
    ]);
  });

  it("answers every cut and every changed byte with a payload or a reason", () => {
    for (let i = 0; i < BIRTH.length; i++) {
      const changed = Buffer.from(BIRTH);
      changed[i] ^= 0xff;
      for (const bytes of [BIRTH.subarray(0, i), changed]) {
        const body = readPayload(bytes);
        if (isRejection(body)) expect(body.reason).toBe("foreign_invalid");
        else for (const metric of body.metrics) expect(valueOf(metric, metric.datatype)).toBeDefined();
      }
    }
    // announces 2^40 bytes
    expect(readFields(Buffer.from("12808080808020", "hex"))).toBeNull();
  });
});

describe("Sparkplug node", () => {
  it("gives values by the names of the birth, with their own times", () => {
    const s = scene();
    s.send(topic("NBIRTH"), birth());
    expect(s.take().map(({ lane, device, body }) => [lane, device, body.r])).toEqual([
      ["state", "", undefined],
      ["twin", "", undefined],
      ["telemetry", "n1", [{ ts: NOW, m: { water_level: 3 } }]],
    ]);
    s.send(topic("NDATA"), data(1, 4, NOW + 500));
    expect(s.take()).toMatchObject([{ device: "n1", body: { r: [{ ts: NOW + 500, m: { water_level: 4 } }] } }]);
    expect(s.replies).toEqual([]);
  });

  it("asks for a birth after a gap, once, and keeps what it can read", () => {
    const s = scene();
    s.send(topic("NBIRTH"), birth());
    s.take();
    s.send(topic("NDATA"), data(2, 4));
    s.send(topic("NDATA"), data(9, 5));
    expect(s.take()).toHaveLength(2);
    expect(s.replies).toEqual([{ topic: topic("NCMD"), payload: rebirthCommand(NOW) }]);
    s.send(topic("NDATA"), data(20, 5), { rx: NOW + 10_000 });
    expect(s.replies).toHaveLength(2);
  });

  it("counts from 255 on to 0, and takes a repeat for no gap", () => {
    const s = scene();
    s.send(topic("NBIRTH"), birth());
    for (let seq = 1; seq <= 256; seq++) s.send(topic("NDATA"), data(seq % 256, seq, NOW + seq));
    s.send(topic("NDATA"), data(0, 256, NOW + 256), { dup: true });
    expect(s.replies).toEqual([]);
    const [last, again] = s.taken.slice(-2);
    expect(again.once).toEqual(last.once);
  });

  it("without a birth keeps the bytes, says which alias, and asks", () => {
    const s = scene();
    s.send(topic("NDATA"), data(5, 4));
    expect(s.take()).toMatchObject([{ reason: "birth_missing", topic: topic("NDATA") }]);
    expect(s.replies).toHaveLength(1);
  });

  it("turns deaths into health: of the node by its newest session only, of a device by name", () => {
    const s = scene();
    s.send(topic("NBIRTH"), birth(2));
    const boot = s.take()[0].body.b;
    s.send(topic("DBIRTH", "pump 1"), payload(1, [{ name: "on", alias: 1, type: 11, bool: true }]));
    expect(s.take()).toMatchObject([
      { lane: "heartbeat", body: { every: 0, sources: {} } },
      { lane: "telemetry", body: { r: [{ m: { on: true } }] } },
    ]);
    s.send(topic("DDEATH", "pump 1"), payload(2, []));
    const [report] = s.take();
    expect(Object.entries(report.body.sources as object)).toEqual([
      [expect.stringMatching(/^pump-1-[0-9a-f]{8}$/), "unavailable"],
    ]);
    s.send(topic("NDEATH"), death(1));
    expect(s.take()).toEqual([]);
    s.send(topic("NDEATH"), death(2));
    expect(s.take()).toMatchObject([{ lane: "state", body: { s: "off", b: boot, why: "lwt" } }]);
  });

  it("knows after a restart which session is the newest", () => {
    const s = scene();
    s.send(topic("NBIRTH"), birth(3));
    const later = scene(s.rows());
    later.send(topic("NDEATH"), death(2));
    expect(later.take()).toEqual([]);
    later.send(topic("NDEATH"), death(3));
    expect(later.take()).toMatchObject([{ lane: "state", body: { s: "off", b: NOW } }]);
  });

  it("sends history by the lane of backfill, and refuses data sets by name without losing the rest", () => {
    const s = scene();
    s.send(topic("NBIRTH"), birth());
    s.take();
    s.send(topic("NDATA"), WITH_DATA_SET);
    expect(s.take()).toMatchObject([
      { lane: "backfill", body: { bf: [{ d: "n1", k: "t", r: [{ ts: NOW - 1000, m: { n: -7 } }] }] } },
      { reason: "foreign_unsupported", detail: "table: a data set is no reading" },
    ]);
  });

  it("refuses what is no message of Sparkplug", () => {
    const s = scene();
    s.send(topic("NDATA"), "not protobuf");
    s.send(topic("constructor"), data(1, 1));
    s.send(topic("DDATA"), data(1, 1));
    s.send(topic("NBIRTH"), payload(0, [{ alias: 1, int: 1 }]));
    expect(s.reasons()).toEqual(Array(4).fill("foreign_invalid"));
    expect(s.send("spBv1.0/town/NDATA/other", data(1, 1))).toBe(false);
  });
});
