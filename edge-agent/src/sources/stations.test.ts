import { mkdtempSync, rmSync } from "node:fs";
import { createConnection, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EnvelopeRecord } from "@gridhub/device-profiles/envelope.ts";
import { loadFile } from "@gridhub/device-profiles/load.ts";
import { COMMAND, readGb26875, writeGb26875, writeTime } from "@gridhub/device-profiles/protocol/gb26875/frame.ts";
import { MESSAGE } from "@gridhub/device-profiles/protocol/jt808/decode.ts";
import { readJt808, writeJt808 } from "@gridhub/device-profiles/protocol/jt808/frame.ts";
import { writePosition } from "@gridhub/device-profiles/protocol/jt808/position.ts";
import { acknowledgeSl651, encodeSl651, type Sl651Report } from "@gridhub/device-profiles/protocol/sl651/encode.ts";
import { RecordBuffer } from "@gridhub/device-profiles/reading.ts";
import { toReadings } from "@gridhub/device-profiles/vector.ts";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Spool } from "../spool.ts";
import { gb26875Stations } from "./gb26875.ts";
import { jt808Stations } from "./jt808.ts";
import { sl651Stations } from "./sl651.ts";
import { SourceScene } from "./source-scene.ts";
import type { StationServerConfig } from "./station-config.ts";
import type { StationProtocol } from "./station-protocol.ts";
import { envelopes, StreamServerSource } from "./stream-server.ts";

const STATION = "3309220001";
const TERMINAL = "013900002201";
const HOST = "112233445566";
const NOW = 1_763_776_800_000;

const report: Sl651Report = {
  centre: 1,
  station: STATION,
  password: "A5C3",
  function: 0x32,
  serial: 7,
  sentAt: NOW,
  observedAt: NOW,
  elements: [
    { id: 0x39, length: 4, decimals: 3, value: 2.345 },
    { id: 0x38, length: 2, decimals: 2, value: 12.41 },
  ],
};
const place = { ts: NOW, latitude: 30.72551, longitude: 122.451234 };
const position = (terminal = TERMINAL) =>
  writeJt808({ message: MESSAGE.position, serial: 9, terminal }, writePosition(place));
const host = { serial: 258, version: [1, 1] as const, sentAt: NOW, source: HOST, target: "000000000001" };

/** A station: what it sends, and what it is answered. */
class Station {
  readonly socket: Socket;
  received = Buffer.alloc(0);
  closed = false;

  constructor(port: number) {
    this.socket = createConnection({ host: "127.0.0.1", port });
    this.socket.on("data", (chunk) => (this.received = Buffer.concat([this.received, chunk])));
    this.socket.on("error", () => {});
    this.socket.on("close", () => (this.closed = true));
  }

  send(...parts: readonly Uint8Array[]): void {
    this.socket.write(Buffer.concat(parts));
  }

  get hex(): string {
    return this.received.toString("hex");
  }
}

describe("station servers", () => {
  const open: { stop(): Promise<void> }[] = [];
  const stations: Station[] = [];

  afterEach(async () => {
    for (const station of stations.splice(0)) station.socket.destroy();
    for (const source of open.splice(0)) await source.stop();
  });

  async function serve(
    scene: SourceScene,
    protocol: StationProtocol,
    config: Partial<StationServerConfig> & { stations: Record<string, string> },
  ): Promise<StreamServerSource> {
    const limits = { host: "127.0.0.1", port: 0, idle_ms: 60_000, greet_ms: 60_000, max_connections: 10 };
    const source = new StreamServerSource({ kind: "sl651", ...limits, ...config } as StationServerConfig, protocol);
    await source.start(scene);
    open.push(source);
    return source;
  }

  function connect(source: StreamServerSource): Station {
    const station = new Station(source.port);
    stations.push(station);
    return station;
  }

  const gauges = { [STATION]: "gauge-7" };

  it("keeps a report as raw frame of the station's device, and answers it", async () => {
    const scene = new SourceScene("gauge-7");
    const station = connect(await serve(scene, sl651Stations, { stations: gauges }));
    station.send(encodeSl651(report));
    await vi.waitFor(() => expect(station.hex).toBe(hex(acknowledgeSl651(encodeSl651(report))!)));
    const [{ lane, device, records }] = scene.emitted;
    expect([lane, device, records.length, records[0].ts, records[0].p]).toEqual(["raw", "gauge-7", 1, NOW, undefined]);
    expect(decoded("sl651-station", records[0])).toMatchObject({ water_level: 2.345, battery: 12.41 });
    expect(scene.codes).toEqual(["ok"]);
  });

  it("keeps no password", async () => {
    const scene = new SourceScene("gauge-7");
    const station = connect(await serve(scene, sl651Stations, { stations: gauges }));
    station.send(encodeSl651(report));
    await vi.waitFor(() => expect(station.hex).toContain("a5c3"));
    expect(Buffer.from(scene.emitted[0].records[0].x!, "base64").toString("hex")).not.toContain("a5c3");
  });

  it("answers only when the frame is on disk", async () => {
    const scene = new SourceScene("gauge-7", "gauge-8");
    const order: string[] = [];
    const release: (() => void)[] = [];
    scene.emit = (_lane, device) =>
      new Promise((resolve) => {
        order.push(`${device} emitted`);
        release.push(() => {
          order.push(`${device} on disk`);
          resolve();
        });
      });
    const source = await serve(scene, sl651Stations, { stations: { ...gauges, "3309220002": "gauge-8" } });
    const first = connect(source);
    first.socket.on("data", () => order.push("gauge-7 answered"));
    first.send(encodeSl651(report));
    await vi.waitFor(() => expect(order).toEqual(["gauge-7 emitted"]));
    // another station is served to the end meanwhile: an answer that did not wait would have come before
    const other = connect(source);
    other.socket.on("data", () => order.push("gauge-8 answered"));
    other.send(encodeSl651({ ...report, station: "3309220002" }));
    await vi.waitFor(() => expect(release).toHaveLength(2));
    release[1]();
    await vi.waitFor(() => expect(order.at(-1)).toBe("gauge-8 answered"));
    release[0]();
    await vi.waitFor(() => expect(order.slice(-2)).toEqual(["gauge-7 on disk", "gauge-7 answered"]));
    expect(order.slice(0, 4)).toEqual(["gauge-7 emitted", "gauge-8 emitted", "gauge-8 on disk", "gauge-8 answered"]);
  });

  it("does not answer what the disk refused, and says so", async () => {
    const scene = new SourceScene("gauge-7");
    scene.full = true;
    const source = await serve(scene, sl651Stations, { stations: gauges });
    const station = connect(source);
    station.send(encodeSl651(report));
    await vi.waitFor(() => expect(source.counters.lost).toBe(1));
    expect(scene.codes).toEqual(["spool"]);
    scene.full = false;
    station.send(encodeSl651({ ...report, serial: 8 }));
    await vi.waitFor(() => expect(station.hex).toBe(hex(acknowledgeSl651(encodeSl651({ ...report, serial: 8 }))!)));
    expect(scene.codes).toEqual(["spool", "ok"]);
  });

  it("takes frames in pieces, glued and among garbage, and answers them in order", async () => {
    const scene = new SourceScene("gauge-7");
    const source = await serve(scene, sl651Stations, { stations: gauges });
    const station = connect(source);
    const frames = [1, 2, 3].map((serial) => encodeSl651({ ...report, serial }));
    const wire = Buffer.concat([Uint8Array.of(0, 0x7e, 1), frames[0], frames[1], Uint8Array.of(9), frames[2]]);
    for (const byte of wire.subarray(0, 70)) station.send(Uint8Array.of(byte));
    station.send(wire.subarray(70));
    const answers = frames.map((frame) => hex(acknowledgeSl651(frame)!)).join("");
    await vi.waitFor(() => expect(station.hex).toBe(answers));
    expect(scene.emitted).toHaveLength(3);
    station.socket.end();
    await vi.waitFor(() => expect(source.counters.skippedBytes).toBe(4));
  });

  it("keeps an hourly report as twelve records, each with its time and its number", async () => {
    const scene = new SourceScene("gauge-7");
    const station = connect(await serve(scene, sl651Stations, { stations: gauges }));
    const rain = Array.from({ length: 12 }, (_, i) => i / 10);
    station.send(encodeSl651({ ...report, function: 0x34, hourly: new Map([[0xf4, rain]]) }));
    await vi.waitFor(() => expect(station.received.length).toBeGreaterThan(0));
    const [{ records }] = scene.emitted;
    expect(records.map((r) => r.ts - NOW)).toEqual(rain.map((_, i) => i * 300_000));
    expect(records.map((r) => decoded("sl651-station", r).rain)).toEqual(rain);
  });

  it("closes on stations that are not listed, counts them, and answers nothing", async () => {
    const scene = new SourceScene("gauge-7");
    const source = await serve(scene, sl651Stations, { stations: gauges });
    const station = connect(source);
    station.send(encodeSl651({ ...report, station: "3309229999" }));
    await vi.waitFor(() => expect(station.closed).toBe(true));
    expect([station.received.length, scene.emitted.length, source.counters.unknown]).toEqual([0, 0, 1]);
    expect(scene.codes).toEqual(["station_unknown"]);
  });

  it("closes a connection that speaks for two stations, and the old one of a station that connects anew", async () => {
    const scene = new SourceScene("gauge-7", "gauge-8");
    const source = await serve(scene, sl651Stations, { stations: { ...gauges, "3309220002": "gauge-8" } });
    const old = connect(source);
    old.send(encodeSl651(report));
    await vi.waitFor(() => expect(old.received.length).toBeGreaterThan(0));
    const anew = connect(source);
    anew.send(encodeSl651(report));
    await vi.waitFor(() => expect(old.closed).toBe(true));
    await vi.waitFor(() => expect(anew.received.length).toBeGreaterThan(0));
    anew.send(encodeSl651({ ...report, station: "3309220002" }));
    await vi.waitFor(() => expect(anew.closed).toBe(true));
    expect(scene.emitted.map((e) => e.device)).toEqual(["gauge-7", "gauge-7"]);
    await vi.waitFor(() => expect(source.connections).toBe(0));
  });

  it("closes who never says who it is, who falls silent, and who is one too many", async () => {
    const scene = new SourceScene("gauge-7");
    const mute = connect(await serve(scene, sl651Stations, { stations: gauges, greet_ms: 100 }));
    await vi.waitFor(() => expect(mute.closed).toBe(true));
    const silent = connect(await serve(scene, sl651Stations, { stations: gauges, idle_ms: 1000 }));
    silent.send(encodeSl651(report));
    await vi.waitFor(() => expect(silent.closed).toBe(true));
    expect(silent.received.length).toBeGreaterThan(0);
    const source = await serve(scene, sl651Stations, { stations: gauges, max_connections: 1 });
    connect(source);
    await vi.waitFor(() => expect(source.connections).toBe(1));
    const second = connect(source);
    await vi.waitFor(() => expect(second.closed).toBe(true));
  });

  it("registers a terminal, keeps its positions without its number, and answers the rest as not supported", async () => {
    const scene = new SourceScene("truck-1");
    const source = await serve(scene, jt808Stations(), { kind: "jt808", stations: { [TERMINAL]: "truck-1" } });
    const terminal = connect(source);
    const message = (id: number) => writeJt808({ message: id, serial: 3, terminal: TERMINAL }, [1, 2, 3]);
    terminal.send(message(MESSAGE.register), message(MESSAGE.authenticate), position(), message(0x0702));
    const answers = () =>
      terminal.received
        .toString("latin1")
        .split("~")
        .filter((part) => part !== "");
    await vi.waitFor(() => expect(answers()).toHaveLength(4));
    const results = answers().map((part) => readJt808(Buffer.from(`~${part}~`, "latin1")));
    expect(results).toMatchObject([0x8100, 0x8001, 0x8001, 0x8001].map((id) => ({ message: id })));
    expect(results.map((r) => ("body" in r ? r.body[r.message === 0x8100 ? 2 : 4] : -1))).toEqual([0, 0, 0, 3]);
    expect(scene.emitted).toHaveLength(1);
    const [record] = scene.emitted[0].records;
    expect(Buffer.from(record.x!, "base64").toString("hex")).not.toContain(TERMINAL);
    expect(decoded("jt808-terminal", record)).toMatchObject({ latitude: 30.72551, longitude: 122.451234 });
  });

  it("refuses the registration of a terminal that is not listed", async () => {
    const source = await serve(new SourceScene(), jt808Stations(), {
      kind: "jt808",
      stations: { [TERMINAL]: "truck-1" },
    });
    const terminal = connect(source);
    terminal.send(writeJt808({ message: MESSAGE.register, serial: 3, terminal: "013900009999" }, []));
    await vi.waitFor(() => expect(terminal.closed).toBe(true));
    expect(readJt808(terminal.received)).toMatchObject({ message: 0x8100, body: Uint8Array.of(0, 3, 4) });
  });

  it("confirms what a fire alarm host sends", async () => {
    const scene = new SourceScene("host-3");
    const source = await serve(scene, gb26875Stations, { kind: "gb26875", stations: { [HOST]: "host-3" } });
    const station = connect(source);
    const data = Uint8Array.from([1, 1, 1, 1, 0b10, 0, ...writeTime(NOW)]);
    station.send(writeGb26875({ ...host, command: COMMAND.send, data }));
    await vi.waitFor(() => expect(station.received.length).toBeGreaterThan(0));
    expect(readGb26875(station.received)).toMatchObject({ command: COMMAND.confirm, serial: 258, target: HOST });
    expect(decoded("gb26875-host", scene.emitted[0].records[0])).toMatchObject({ fire: true, status: "fire" });
    station.send(writeGb26875({ ...host, command: COMMAND.confirm, data: new Uint8Array() }));
    station.send(writeGb26875({ ...host, serial: 259, command: COMMAND.send, data }));
    await vi.waitFor(() => expect(scene.emitted).toHaveLength(2));
  });

  describe("with a real spool", () => {
    let dir: string;
    beforeEach(() => (dir = mkdtempSync(join(tmpdir(), "gridhub-stations-"))));
    afterEach(() => rmSync(dir, { recursive: true }));

    it("holds every answered report of many stations", async () => {
      const ids = Array.from({ length: 20 }, (_, i) => `33092200${String(i).padStart(2, "0")}`);
      const log = pino({ level: "silent" });
      const spool = new Spool({
        ...{ file: join(dir, "spool.db"), maxBytes: 10_000_000, gatherMs: 5, reserveBytes: 0 },
        ...{ now: () => NOW, log },
      });
      spool.start();
      const scene = new SourceScene(...ids.map((id) => `g${id}`));
      scene.emit = (lane, device, records) => spool.append(lane, device, records);
      const source = await serve(scene, sl651Stations, {
        stations: Object.fromEntries(ids.map((id) => [id, `g${id}`])),
        max_connections: 100,
      });
      for (const station of ids) {
        const peer = connect(source);
        for (let serial = 0; serial < 10; serial++) peer.send(encodeSl651({ ...report, station, serial }));
      }
      const answer = acknowledgeSl651(encodeSl651(report))!.length;
      await vi.waitFor(() => expect(stations.map((s) => s.received.length)).toEqual(ids.map(() => 10 * answer)));
      expect(spool.stats().queue).toBe(200);
      spool.close();
    });
  });
});

it("cuts the samples of a long frame into envelopes that fit, and numbers them on", () => {
  const heard = {
    ...{ station: "", answer: () => null, keep: new Uint8Array(3000) },
    times: Array.from({ length: 30 }, (_, i) => (i === 4 ? Number.NaN : NOW + i)),
  };
  const groups = envelopes(heard, 5);
  expect(groups.length).toBeGreaterThan(1);
  expect(groups.flat().map((r) => r.p)).toEqual(heard.times.map((_, i) => i + 1));
  expect(groups.flat()[4].ts).toBe(5);
  for (const group of groups) expect(JSON.stringify(group).length).toBeLessThan(60_000);
});

function decoded(profile: string, record: EnvelopeRecord): Record<string, unknown> {
  const file = join(import.meta.dirname, `../../../device-profiles/profiles/protocol/${profile}.yaml`);
  const { compiled } = loadFile(file).profile!;
  const out = new RecordBuffer();
  expect(compiled.decodeFrame(Buffer.from(record.x!, "base64"), record.p ?? 0, out)).toBeNull();
  return Object.fromEntries(toReadings(compiled, out).map((reading) => [reading.metric, reading.value]));
}

function hex(b: Uint8Array): string {
  return Buffer.from(b).toString("hex");
}
