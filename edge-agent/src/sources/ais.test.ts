import { createSocket } from "node:dgram";
import { createServer, type Socket } from "node:net";
import { encodeAis } from "@gridhub/device-profiles/protocol/ais/encode.ts";
import { afterEach, describe, expect, it, vi } from "vitest";
import { AisFeed } from "./ais-feed.ts";
import { AisTcpSource, AisUdpSource } from "./ais.ts";
import { SourceScene } from "./source-scene.ts";

const report = (mmsi: number) =>
  encodeAis({ type: 1, mmsi, lon: 73_476_000, lat: 18_428_000, speed: 80, course: 900 } as never);
const voyage = (mmsi: number, channel: "A" | "B") =>
  encodeAis({ type: 5, mmsi, shipname: `SHIP ${mmsi}`, callsign: "BKQ" } as never, { channel, sequence: 3 });

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

describe("ais feed", () => {
  it("makes one record of each complete message, whatever the cuts of the stream", () => {
    const scene = new SourceScene("rx");
    const feed = new AisFeed("rx", scene);
    const text =
      [...report(412000001), ...voyage(412000002, "A"), "garbage", ...report(412000003)].join("\r\n") + "\r\n";
    for (const byte of Buffer.from(text)) feed.stream(Buffer.from([byte]), "tcp");
    feed.flush();
    const records = scene.emitted.flatMap((e) => e.records);
    expect(records.map((r) => r.s?.split("\n").length)).toEqual([1, 2, 1]);
    expect(scene.emitted.every((e) => e.lane === "raw" && e.device === "rx")).toBe(true);
  });

  it("never blends two messages that interleave on two channels", () => {
    const scene = new SourceScene("rx");
    const feed = new AisFeed("rx", scene);
    const [a, b] = [voyage(412000001, "A"), voyage(412000002, "B")];
    feed.datagram(Buffer.from([a[0], b[0], a[1], b[1]].join("\r\n")), "udp");
    feed.flush();
    expect(scene.emitted.flatMap((e) => e.records).map((r) => r.s)).toEqual([a.join("\n"), b.join("\n")]);
  });

  it("gives each report of a ship a time of its own, also when they come in one piece", () => {
    const scene = new SourceScene("rx");
    scene.time = 1_000_000;
    const feed = new AisFeed("rx", scene);
    const [one, two] = [report(412000001)[0], report(412000002)[0]];
    feed.stream(Buffer.from([one, two, one, one, two].join("\r\n") + "\r\n"), "tcp");
    feed.flush();
    scene.time = 1_000_001;
    feed.stream(Buffer.from(`${one}\r\n${two}\r\n`), "tcp");
    scene.time = 1_000_500;
    feed.stream(Buffer.from(`${one}\r\n`), "tcp");
    feed.flush();
    // the agent's clock is set back: nobody is held in the future
    scene.time = 900_000;
    feed.stream(Buffer.from(`${one}\r\n${one}\r\n`), "tcp");
    feed.flush();
    const after = scene.emitted.flatMap((e) => e.records).map((r) => r.ts - 1_000_000);
    expect(after).toEqual([0, 0, 1, 2, 1, 3, 2, 500, -100_000, -99_999]);
  });

  it("counts what the spool refuses and says so", async () => {
    const scene = new SourceScene("rx");
    scene.full = true;
    const feed = new AisFeed("rx", scene);
    feed.datagram(Buffer.from(report(412000001).join("\n")), "udp");
    feed.flush();
    await vi.waitFor(() => expect(scene.codes).toEqual(["spool"]));
    expect(scene.tally.lost).toBe(1);
  });

  it("counts what its receiver brings: sentences, refused ones, messages, vessels of ten minutes", () => {
    const scene = new SourceScene("rx");
    const [first, second] = encodeAis({ type: 5, mmsi: 412000003, shipname: "THREE" });
    const broken = report(412000004).map((line) => line.replace("AIVDM", "AIVDO"));
    const lines = [...report(412000001), ...report(412000001), ...report(412000002), first, second, ...broken, second];
    // two connections of one device
    new AisFeed("rx", scene).datagram(Buffer.from(lines.join("\n")), "udp");
    const feed = new AisFeed("rx", scene);
    feed.datagram(Buffer.from([...report(412000005), "$GPGGA,no,ais*00", "# comment"].join("\n")), "other");
    const counts = { sentences: 8, messages: 5, refused: 2, lost: 0 };
    expect(scene.tally.report(scene.time)).toEqual({ ...counts, vessels: 4, last: scene.time });
    const heard = scene.time;
    scene.time += 600_001;
    expect(scene.tally.report(scene.time)).toEqual({ ...counts, vessels: 0, last: heard });
    feed.datagram(Buffer.from(report(412000006).join("\n")), "other");
    expect(scene.tally.report(scene.time)).toMatchObject({ messages: 6, vessels: 1, last: scene.time });
    scene.time -= 3_600_000;
    expect(scene.tally.report(scene.time).vessels).toBe(0);
    feed.flush();
  });

  it("sends a full envelope at once and does not let a line grow without bound", () => {
    const scene = new SourceScene("rx");
    const feed = new AisFeed("rx", scene);
    feed.stream(Buffer.alloc(1_000_000, 65), "tcp");
    for (let i = 0; i < 100; i++) feed.datagram(Buffer.from(report(412000000 + i).join("\n")), "udp");
    expect(scene.emitted[0].records).toHaveLength(100);
  });
});

describe("ais sources", () => {
  it("hears datagrams", async () => {
    const scene = new SourceScene("rx");
    const source = new AisUdpSource({ kind: "ais-udp", device: "rx", host: "127.0.0.1", port: 0 });
    cleanups.push(() => source.stop());
    await source.start(scene);
    const socket = createSocket("udp4");
    await new Promise((resolve) => socket.send(report(412000001).join("\r\n"), source.port, "127.0.0.1", resolve));
    socket.close();
    await vi.waitFor(() => expect(scene.emitted).toHaveLength(1));
  });

  it("connects to a receiver, says when it is away, and connects again", async () => {
    const scene = new SourceScene("rx");
    const open: Socket[] = [];
    const server = createServer((socket) => {
      open.push(socket);
      socket.on("error", () => {});
      socket.write(report(412000000 + open.length).join("\r\n") + "\r\n");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const source = new AisTcpSource({ kind: "ais-tcp", device: "rx", host: "127.0.0.1", port });
    cleanups.push(
      () => source.stop(),
      () => new Promise((resolve) => server.close(resolve)),
    );
    await source.start(scene);
    await vi.waitFor(() => expect(scene.codes).toEqual(["ok"]));
    open[0].destroy();
    await vi.waitFor(() => expect(scene.codes).toEqual(["ok", "unreachable", "ok"]));
    expect(scene.emitted).toHaveLength(2);
  });
});
