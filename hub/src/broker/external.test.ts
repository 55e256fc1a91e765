import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { existsSync } from "node:fs";
import { connectAsync } from "mqtt";
import { describe, expect, it, vi } from "vitest";
import { requireOrSkip } from "../../../test/support/require.ts";
import { systemClock } from "../clock.ts";
import { silentLog } from "../log.ts";
import type { ForeignDoor, ForeignPublish, MessageSink, Settle } from "../message.ts";
import { brokerContract, type BrokerUnderTest, HeldSink } from "./broker.contract.ts";
import { ExternalBroker } from "./external.ts";

const PROGRAM = existsSync("/usr/sbin/mosquitto") ? "/usr/sbin/mosquitto" : "mosquitto";
const missing = requireOrSkip("mosquitto", { program: PROGRAM });

/** A port that was free a moment ago; it may be somebody else's by the time that it is used. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** mosquitto cannot choose a port itself: where the one that it is given is taken meanwhile it ends, and gets another. */
async function startMosquitto(dir: string): Promise<{ child: ChildProcess; port: number }> {
  const config = join(dir, "mosquitto.conf");
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    writeFileSync(config, `listener ${port} 127.0.0.1\nallow_anonymous true\npersistence false\nlog_dest stderr\n`);
    const child = spawn(PROGRAM, ["-c", config], { stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    const runs = await new Promise<boolean>((resolve) => {
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        said += text;
        if (/mosquitto version \S+ running/.test(said)) resolve(true);
      });
      child.once("close", () => resolve(false));
    });
    if (runs) return { child, port };
    if (attempt === 5) throw new Error(`mosquitto does not start: ${said}`);
  }
}

async function open(sink: MessageSink, foreign?: ForeignDoor): Promise<BrokerUnderTest> {
  const dir = mkdtempSync(join(tmpdir(), "gridhub-mosquitto-"));
  const { child, port } = await startMosquitto(dir);
  const url = `mqtt://127.0.0.1:${port}`;
  const broker = new ExternalBroker({
    url,
    username: "",
    password: "",
    clientId: `hub-${port}`,
    root: "gridhub/v1",
    clock: systemClock,
    log: silentLog,
    foreign,
  });
  await broker.start(sink);
  return {
    broker,
    connect: async () => {
      const client = await connectAsync(url, { clean: true, reconnectPeriod: 50 });
      while (broker.stats().clients === 0) await new Promise((resolve) => setImmediate(resolve));
      return client;
    },
    close: async () => {
      await broker.close();
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGTERM");
      await ended;
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

if (missing === "") brokerContract("external (mosquitto)", (sink) => open(sink));
else describe.skip(`broker contract: external ${missing}`, () => it("needs mosquitto", () => {}));

describe.skipIf(missing !== "")("external broker with another format", () => {
  it("subscribes to it, says what was kept, and acknowledges when it is settled", async () => {
    const came: { publish: ForeignPublish; settle: Settle }[] = [];
    const door: ForeignDoor = {
      filters: ["other/#"],
      owns: (edgeKey) => edgeKey === "town/gw",
      maySubscribe: () => false,
      limit: () => 0,
      accept: (publish, _publisher, _sink, settle) => {
        came.push({ publish, settle });
        return publish.topic.startsWith("other/");
      },
    };
    const sink = new HeldSink();
    const under = await open(sink, door);
    try {
      const device = await under.connect();
      // resolves once the broker has it; whether the hub subscribed before or after, it gets it, in the latter case as kept
      await device.publishAsync("other/state", "on", { qos: 1, retain: true });
      await vi.waitFor(() => expect(came.map(({ publish }) => publish.topic)).toContain("other/state"));
      came[0].settle(new Error("database down"));
      // not acknowledged: it comes again after a new connection
      await vi.waitFor(() => expect(came.some(({ publish }) => publish.dup || publish.retained)).toBe(true));
      for (const { settle } of came) settle();
      await device.publishAsync("gridhub/v1/town/gw/d/d1/t", "{}", { qos: 1 });
      await vi.waitFor(() => expect(sink.refused.map(({ reason }) => reason)).toContain("topic_forbidden"));
      expect(sink.held).toEqual([]);
      await device.endAsync(true);
    } finally {
      await under.close();
    }
  });
});
