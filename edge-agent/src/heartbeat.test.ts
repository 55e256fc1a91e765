import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type HeartbeatMessage, LANE_LIMIT } from "@gridhub/device-profiles/envelope.ts";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { composeHeartbeat } from "./heartbeat.ts";
import { ReceiverTally } from "./sources/receiver-tally.ts";
import { Spool } from "./spool.ts";

const NOW = 1_763_776_800_000;

describe("heartbeat", () => {
  let dir: string;
  let spool: Spool;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "gridhub-heartbeat-"));
    const log = pino({ level: "silent" });
    const options = { file: join(dir, "s.db"), maxBytes: 1 << 26, gatherMs: 1, reserveBytes: 0, now: () => NOW, log };
    spool = new Spool(options);
    spool.start();
  });
  afterEach(() => {
    spool.close();
    rmSync(dir, { recursive: true });
  });
  const beat = (sources: ReadonlyMap<string, string>, receivers?: ReadonlyMap<string, ReceiverTally>) => {
    const text = composeHeartbeat(spool, NOW, sources, receivers);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(LANE_LIMIT.heartbeat);
    return JSON.parse(text) as HeartbeatMessage;
  };

  it("tells what waits, since when, and how much room the disk has", async () => {
    expect(beat(new Map())).toMatchObject({ b: spool.boot, ts: NOW, queue: 0, bytes: 0, gaps: [], sources: {} });
    await spool.append("t", "gauge", [{ ts: NOW - 5000, m: { level: 1 } }]);
    const { queue, bytes, oldest, disk } = beat(new Map([["gauge", "ok"]]));
    expect([queue, oldest]).toEqual([1, NOW - 5000]);
    expect(bytes).toBeGreaterThan(40);
    expect(disk).toBeGreaterThan(0);
  });

  it("tells what AIS receivers hear, before the sources that work", () => {
    const tally = new ReceiverTally();
    tally.sentences = 3;
    tally.heard(412_000_001, NOW - 1000);
    expect(beat(new Map(), new Map([["ais", tally]])).receivers).toEqual({
      ais: { sentences: 3, messages: 1, refused: 0, lost: 0, vessels: 1, last: NOW - 1000 },
    });
    expect(beat(new Map())).not.toHaveProperty("receivers");
    const sources = new Map(Array.from({ length: 5000 }, (_, i): [string, string] => [`device-${i}`, "ok"]));
    const many = new Map(Array.from({ length: 5000 }, (_, i) => [`receiver-${i}`, tally]));
    expect(beat(sources, new Map([["ais", tally]])).receivers).toHaveProperty("ais");
    expect(Object.keys(beat(new Map([["cam", "auth"]]), many).receivers ?? {}).length).toBeGreaterThan(50);
    expect(beat(new Map([["cam", "auth"]]), many).sources).toEqual({ cam: "auth" });
  });

  it("stays within the contract's size and tells of what fails first", () => {
    const sources = new Map(
      Array.from({ length: 5000 }, (_, i): [string, string] => [`device-${i}`, i % 100 === 99 ? "unreachable" : "ok"]),
    );
    const told = Object.values(beat(sources).sources ?? {});
    expect(told.filter((code) => code === "unreachable")).toHaveLength(50);
    expect(told.length).toBeLessThan(5000);
    expect(told.length).toBeGreaterThan(300);
  });
});
