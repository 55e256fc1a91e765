import { execFileSync, spawn } from "node:child_process";
import { constants, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeAis } from "@gridhub/device-profiles/protocol/ais/encode.ts";
import { afterEach, describe, expect, it, vi } from "vitest";
import { AisFileSource, Pace } from "./ais-file.ts";
import { aisSerialSource } from "./ais-serial.ts";
import { AisServerSource } from "./ais-server.ts";
import { SourceScene } from "./source-scene.ts";

const report = (mmsi: number) => encodeAis({ type: 1, mmsi, lon: 73_476_000, lat: 18_428_000, speed: 80 });
const voyage = (mmsi: number) => encodeAis({ type: 5, mmsi, shipname: `SHIP ${mmsi}` }, { sequence: 3 });
const texts = (scene: SourceScene) => scene.emitted.flatMap(({ records }) => records.map((record) => record.s ?? ""));
const WAIT = { timeout: 10_000 };

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), "gridhub-serial-"));
  cleanups.push(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

describe("ais server", () => {
  it("keeps the parts of two connections apart and says when the last of them left", async () => {
    const scene = new SourceScene("rx");
    const source = new AisServerSource({ kind: "ais-server", device: "rx", host: "127.0.0.1", port: 0, clients: 4 });
    cleanups.push(() => source.stop());
    await source.start(scene);
    const [north, south] = [connect(source.port, "127.0.0.1"), connect(source.port, "127.0.0.1")];
    const [a, b] = [voyage(412_000_001), voyage(412_000_002)];
    await new Promise((resolve) => north.write(`${a[0]}\r\n`, resolve));
    await new Promise((resolve) => south.write(`${b[0]}\r\n${b[1]}\r\n`, resolve));
    await vi.waitFor(() => expect(texts(scene)).toEqual([b.join("\n")]), WAIT);
    north.write(`${a[1]}\r\n`);
    await vi.waitFor(() => expect(texts(scene)).toEqual([b.join("\n"), a.join("\n")]), WAIT);
    south.destroy();
    north.destroy();
    await vi.waitFor(() => expect(scene.codes).toEqual(["ok", "unreachable"]), WAIT);
  });

  it("refuses an address that is taken", async () => {
    const config = { kind: "ais-server", device: "rx", host: "127.0.0.1", port: 0, clients: 4 } as const;
    const first = new AisServerSource(config);
    cleanups.push(() => first.stop());
    await first.start(new SourceScene("rx"));
    const second = new AisServerSource({ ...config, port: first.port });
    cleanups.push(() => second.stop());
    await expect(second.start(new SourceScene("rx"))).rejects.toThrow("ais-server cannot listen");
  });
});

describe.skipIf(process.platform === "win32")("ais serial", () => {
  it("reads a line by its path, and again after it was pulled", async () => {
    const path = join(folder(), "tty");
    const scene = new SourceScene("rx");
    const source = aisSerialSource({ kind: "ais-serial", device: "rx", path, baud: 38_400 });
    cleanups.push(() => source.stop());
    await source.start(scene);
    await vi.waitFor(() => expect(scene.codes).toEqual(["unreachable"]), WAIT);
    execFileSync("mkfifo", [path]);
    for (const [i, mmsi] of [412_000_001, 412_000_002].entries()) {
      const adapter = await open(path, constants.O_RDWR);
      const line = report(mmsi)[0];
      await vi.waitFor(async () => {
        await adapter.write(`${line}\r\n`);
        expect(texts(scene)).toContain(line);
      }, WAIT);
      await adapter.close();
      await vi.waitFor(() => expect(scene.codes.filter((code) => code === "unreachable")).toHaveLength(i + 2), WAIT);
    }
  });

  it("sets a terminal to its speed and to raw", async ({ skip }) => {
    // script(1) holds the other end of a pseudo terminal; it prints the name of this end and then copies what it is given
    const child = spawn("script", ["-qfc", "tty; stty -a; sleep 300", "/dev/null"], {
      stdio: ["pipe", "pipe", "ignore"],
    });
    const ended = new Promise((resolve) => child.once("close", resolve));
    cleanups.push(() => (child.kill(), ended));
    const missing = new Promise<string>((resolve) => child.once("error", () => resolve("")));
    let printed = "";
    const path = await Promise.race([
      missing,
      ended.then(() => ""),
      new Promise<string>((resolve) =>
        child.stdout.on("data", (data: Buffer) => {
          printed += data.toString();
          // with its line end: it may come in two pieces
          const [, name] = /(\/dev\/pts\/\d+)\r?\n/.exec(printed) ?? [];
          if (name !== undefined) resolve(name);
        }),
      ),
    ]);
    if (path === "") return skip("script(1) gives no pseudo terminal here");
    const scene = new SourceScene("rx");
    const source = aisSerialSource({ kind: "ais-serial", device: "rx", path, baud: 115_200 });
    cleanups.push(() => source.stop());
    await source.start(scene);
    const settings = () => execFileSync("stty", ["-F", path, "-a"]).toString();
    await vi.waitFor(() => expect(settings()).toMatch(/speed 115200 baud.*-icanon/s), WAIT);
    const line = report(412_000_003)[0];
    child.stdin.write(`${line}\r\n`);
    await vi.waitFor(() => expect(texts(scene)).toEqual([line]), WAIT);
  });
});

describe("ais file", () => {
  const play = async (text: string, settings: { speed?: number; rate?: number; loop?: boolean } = {}) => {
    const path = join(folder(), "log.nmea");
    writeFileSync(path, text);
    const scene = new SourceScene("rx");
    const source = new AisFileSource({
      kind: "ais-file",
      device: "rx",
      path,
      speed: 1,
      rate: 10_000,
      loop: false,
      ...settings,
    });
    cleanups.push(() => source.stop());
    await source.start(scene);
    return { scene, source };
  };

  it("plays a log: comments passed over, parts joined", async () => {
    const log = ["# a log", ...report(412_000_001), "$GPGLL,,*00", ...voyage(412_000_002)];
    const { scene, source } = await play(log.join("\r\n"));
    await vi.waitFor(() => expect(texts(scene)).toHaveLength(2), WAIT);
    expect(source.played).toBe(3);
  });

  it("begins anew when it loops", async () => {
    const { source } = await play(report(412_000_001).join("\n"), { loop: true, rate: 1000 });
    await vi.waitFor(() => expect(source.played).toBeGreaterThan(5), WAIT);
  });

  it("says when there is no such file", async () => {
    const scene = new SourceScene("rx");
    const path = join(folder(), "absent");
    const source = new AisFileSource({ kind: "ais-file", device: "rx", path, speed: 1, rate: 1, loop: true });
    cleanups.push(() => source.stop());
    await source.start(scene);
    await vi.waitFor(() => expect(scene.codes).toEqual(["unreachable"]), WAIT);
  });

  it("paces by the log's own times at the speed asked for, by the rate while there are none", () => {
    const byRate = new Pace(1, 50);
    expect([0, 0, 0].map(() => byRate.wait(0, 1000))).toEqual([0, 20, 40]);
    const byTime = new Pace(10, 50);
    const times = [100_000, 101_000, 0, 99_000, 103_000, 10_000_000];
    expect(times.map((time) => byTime.wait(time, 0))).toEqual([0, 100, 100, 100, 500, 60_500]);
  });
});
