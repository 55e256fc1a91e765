import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Type, { type Static } from "typebox";
import { Value } from "typebox/value";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

const DEMO = join(import.meta.dirname, "../../simulators/bin/demo.mjs");

const State = Type.Object({
  kind: Type.String(),
  subject: Type.Union([Type.String(), Type.Null()]),
  grid: Type.Union([Type.String(), Type.Null()]),
  state: Type.Union([Type.Literal("active"), Type.Literal("cleared")]),
});
const Ms = Type.Union([Type.Number({ minimum: 0 }), Type.Null()]);
const Count = Type.Integer({ minimum: 0 });
/** What a script may rely on. */
const Summary = Type.Object({
  ok: Type.Boolean(),
  seconds: Count,
  messages: Count,
  readings: Count,
  frames: Count,
  positions: Count,
  rejected: Count,
  duplicates: Count,
  deliveries: Count,
  refusedDeliveries: Count,
  p99PublishToEventMs: Ms,
  publishToPlatformMs: Ms,
  scenarios: Type.Array(
    Type.Object({
      name: Type.String(),
      expected: State,
      actual: Type.Array(State),
      ok: Type.Boolean(),
      problems: Type.Array(Type.String()),
    }),
  ),
  otherEvents: Type.Array(
    Type.Object({
      kind: Type.String(),
      subject: Type.String(),
      deviceUid: Type.Union([Type.String(), Type.Null()]),
      why: Type.Union([Type.String(), Type.Null()]),
    }),
  ),
});

let dir: string;
let temp: NodeJS.ProcessEnv;
const groups = new Set<number>();

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "gridhub-demo-test-"));
  temp = { TMPDIR: dir };
});
afterEach(() => {
  for (const pid of groups) process.kill(pid, "SIGKILL"); // only what a failed test left
  groups.clear();
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Runs the demonstration as its user does, with its temporary files in a folder of ours. */
function demo(args: readonly string[]): {
  pid: number;
  ended: Promise<{ code: number | null; out: string; err: string }>;
} {
  const child = spawn(process.execPath, [DEMO, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...temp },
  });
  const pid = child.pid ?? 0;
  groups.add(pid);
  let [out, err] = ["", ""];
  child.stdout.on("data", (data: Buffer) => (out += data.toString()));
  child.stderr.on("data", (data: Buffer) => (err += data.toString()));
  const ended = new Promise<{ code: number | null; out: string; err: string }>((resolve) => {
    child.once("close", (code) => {
      groups.delete(pid);
      resolve({ code, out, err });
    });
  });
  return { pid, ended };
}

/** Command lines of running processes that work in our folder (where the system tells). */
function running(): string[] {
  if (!existsSync("/proc/self/cmdline")) return [];
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((name) => {
      try {
        return readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ");
      } catch {
        return ""; // it ended meanwhile
      }
    })
    .filter((line) => line.includes(dir));
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe("npm run demo", () => {
  it("turns every scenario into exactly its event, and leaves nothing behind", async () => {
    const ports = ["--port", String(await freePort()), "--mqtt-port", String(await freePort())];
    const { code, out, err } = await demo(["--seconds", "60", "--json", ...ports]).ended;
    const lines = out.trim().split("\n");
    expect(lines.length, err).toBe(1);
    const summary = JSON.parse(lines[0]) as Static<typeof Summary>;
    expect([...Value.Errors(Summary, summary)]).toEqual([]);
    expect(
      summary.scenarios.filter((s) => !s.ok),
      err,
    ).toEqual([]);
    expect({ ok: summary.ok, code }, err).toEqual({ ok: true, code: 0 });
    expect(summary.scenarios.map((s) => s.expected.kind).sort()).toEqual([
      "device.silent",
      "edge.offline",
      "flood.warning",
      "hydrant.knocked_over",
      "hydrant.low_pressure",
      "vessel.straggler",
      "vision.stall",
    ]);
    expect(summary.rejected).toBe(0);
    expect(summary.refusedDeliveries).toBe(0);
    for (const name of ["messages", "readings", "frames", "positions", "deliveries"] as const)
      expect(summary[name], name).toBeGreaterThan(0);
    expect(summary.publishToPlatformMs).not.toBeNull();

    // One event for the edge that died, none of what hangs on it.
    const all = [
      ...summary.scenarios.flatMap((s) => s.actual),
      ...summary.otherEvents.map(({ kind, subject }) => ({ kind, subject })),
    ];
    const [offline, ...more] = all.filter((e) => e.kind === "edge.offline");
    expect(more).toEqual([]);
    const site = offline.subject?.slice("edge:".length).split("/")[0] ?? "";
    expect(all.filter((e) => new RegExp(`^device:${site}/(hyd|flood)-`).test(e.subject ?? ""))).toEqual([]);

    expect(running()).toEqual([]);
    expect(readdirSync(dir)).toEqual([]);
  }, 180_000);

  it("says what is wrong when another program has the port, and never talks to it", async () => {
    let asked = 0;
    const stranger = createServer((_, response) => {
      asked++;
      response.end("ok");
    });
    await new Promise<void>((resolve) => stranger.listen(0, "127.0.0.1", resolve));
    const { port } = stranger.address() as AddressInfo;
    const { code, out, err } = await demo(["--seconds", "1", "--json", "--no-vision", "--port", String(port)]).ended;
    await new Promise((resolve) => stranger.close(resolve));
    expect({ code, out, asked }, err).toEqual({ code: 1, out: "", asked: 0 });
    expect(err).toMatch(new RegExp(`${port}`));
    expect(running()).toEqual([]);
    expect(readdirSync(dir)).toEqual([]);
  }, 120_000);
});
