import { readFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { AisAssembler } from "@gridhub/device-profiles/protocol/ais/assembler.ts";
import { afterEach, describe, expect, it, vi } from "vitest";
import { requireOrSkip, SHARED_DATA } from "../../../test/support/require.ts";
import { AisFeed } from "./ais-feed.ts";
import { AisTcpSource } from "./ais.ts";
import { SourceScene } from "./source-scene.ts";

// Logs of real receivers, as they were published: other sentences, tag blocks, broken lines and parts out of order included.
const FOLDER = join(SHARED_DATA, "ais/nmea");
const LOGS = ["AisLib__stream_example.txt", "risky__exact-earth-augmented.txt", "libais__test.aivdm"];
const why = requireOrSkip("the AIS logs (../shared/data/ais)", { path: FOLDER });
const WAIT = { timeout: 20_000 };

const servers: Server[] = [];
const sources: AisTcpSource[] = [];
afterEach(async () => {
  await Promise.all(sources.splice(0).map((source) => source.stop()));
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

/** Messages that the reference decoder found in the log. */
function referenceCount(log: string): number {
  const lines = gunzipSync(readFileSync(join(FOLDER, `${log}.gpsd-u.jsonl.gz`)))
    .toString()
    .trim()
    .split("\n");
  return lines.filter((line) => (JSON.parse(line) as { msg: unknown }).msg !== null).length;
}

const texts = (scene: SourceScene) => scene.emitted.flatMap(({ records }) => records.map((record) => record.s ?? ""));

async function serve(connected: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    connected(socket);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as { port: number }).port;
}

async function connectTo(port: number): Promise<SourceScene> {
  const scene = new SourceScene("rx");
  const source = new AisTcpSource({ kind: "ais-tcp", device: "rx", host: "127.0.0.1", port });
  sources.push(source);
  await source.start(scene);
  return scene;
}

describe.skipIf(why !== "")(`AIS logs of real receivers ${why}`, () => {
  it.each(LOGS)("%s by TCP, cut anywhere, gives the records that its lines give", async (log) => {
    const bytes = readFileSync(join(FOLDER, log));
    const port = await serve((socket) => {
      // Pieces of 1 to 997 bytes, as a slow link makes them.
      for (let at = 0, size = 1; at < bytes.length; at += size, size = ((size * 31) % 997) + 1)
        socket.write(bytes.subarray(at, at + size));
    });
    const whole = new SourceScene("rx");
    const feed = new AisFeed("rx", whole);
    for (const line of bytes.toString("latin1").split("\n")) feed.datagram(Buffer.from(line, "latin1"), "udp");
    feed.flush();
    const scene = await connectTo(port);
    await vi.waitFor(() => expect(texts(scene)).toHaveLength(texts(whole).length), WAIT);
    expect(texts(scene)).toEqual(texts(whole));
  });

  it.each(LOGS)("%s: nothing that the reference finds is missing, and each record stands alone", (log) => {
    const scene = new SourceScene("rx");
    const feed = new AisFeed("rx", scene);
    feed.datagram(readFileSync(join(FOLDER, log)), "udp");
    feed.flush();
    const records = texts(scene);
    expect(records.length).toBeGreaterThanOrEqual(referenceCount(log));
    for (const text of records) {
      const assembler = new AisAssembler();
      const messages = text.split("\n").map((line) => assembler.push(line, "hub", 0));
      expect(messages.map((message) => message !== null)).toEqual([...messages.slice(1).map(() => false), true]);
    }
  });

  it("a connection that breaks in a line does not glue its half to the next one", async () => {
    const [first, second] = readFileSync(join(FOLDER, "AisLib__stream_example.txt.sentences"), "latin1").split("\n");
    let connections = 0;
    const port = await serve((socket) => {
      connections++;
      socket.end(connections === 1 ? `${first}\n${second.slice(0, 20)}` : `${second}\n`);
    });
    const scene = await connectTo(port);
    await vi.waitFor(() => expect(texts(scene)).toEqual([first, second].map((line) => line.trim())), WAIT);
    expect(scene.codes).toContain("unreachable");
  });
});
