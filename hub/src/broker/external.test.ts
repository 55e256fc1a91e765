import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { existsSync } from "node:fs";
import { connectAsync } from "mqtt";
import { describe, it, vi } from "vitest";
import { requireOrSkip } from "../../../test/support/require.ts";
import { systemClock } from "../clock.ts";
import { silentLog } from "../log.ts";
import type { MessageSink } from "../message.ts";
import { brokerContract, type BrokerUnderTest } from "./broker.contract.ts";
import { ExternalBroker } from "./external.ts";

const PROGRAM = existsSync("/usr/sbin/mosquitto") ? "/usr/sbin/mosquitto" : "mosquitto";
const missing = requireOrSkip("mosquitto", { program: PROGRAM });

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function open(sink: MessageSink): Promise<BrokerUnderTest> {
  const port = await freePort();
  const dir = mkdtempSync(join(tmpdir(), "gridhub-mosquitto-"));
  const config = join(dir, "mosquitto.conf");
  writeFileSync(config, `listener ${port} 127.0.0.1\nallow_anonymous true\npersistence false\n`);
  const child: ChildProcess = spawn(PROGRAM, ["-c", config], { stdio: "ignore" });
  const url = `mqtt://127.0.0.1:${port}`;
  // Connecting for a test device proves that the server is up.
  await vi.waitFor(async () => (await connectAsync(url, { reconnectPeriod: 0 }, false)).endAsync(), {
    timeout: 10_000,
  });
  const broker = new ExternalBroker({
    url,
    username: "",
    password: "",
    clientId: `hub-${port}`,
    root: "gridhub/v1",
    clock: systemClock,
    log: silentLog,
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

if (missing === "") brokerContract("external (mosquitto)", open);
else describe.skip(`broker contract: external ${missing}`, () => it("needs mosquitto", () => {}));
