import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Envelope } from "../envelope.ts";
import { loadFile } from "../load.ts";
import { RecordBuffer } from "../reading.ts";
import { profileCommand } from "./profile.ts";

const PROFILES = join(import.meta.dirname, "../../profiles");
let out: string[] = [];
let errors: string[] = [];
let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "profile-simulate-"));
  vi.spyOn(console, "log").mockImplementation((line: unknown) => void out.push(String(line)));
  vi.spyOn(console, "error").mockImplementation((line: unknown) => void errors.push(String(line)));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(dir, { recursive: true });
});

async function run(...argv: string[]): Promise<number> {
  out = [];
  errors = [];
  return profileCommand(argv);
}

describe("gridhub profile simulate", () => {
  it.each(["generic/hydrant-nb", "milesight/em500-swl", "generic/hydrant-json", "generic/flood-gauge-json"])(
    "%s sends what its own profile decodes",
    async (name) => {
      const file = join(PROFILES, `${name}.yaml`);
      expect(await run("simulate", file, "--count", "3", "--boot", "7", "--site", "town")).toBe(0);
      expect(out).toHaveLength(3);
      const { profile } = loadFile(file);
      out.forEach((line, i) => {
        const { topic, payload } = JSON.parse(line) as { topic: string; payload: Envelope };
        expect(topic).toMatch(/^gridhub\/v1\/town\/simulator\/d\/[a-z0-9-]+\/(t|raw)$/);
        expect(payload).toMatchObject({ v: 1, b: 7, q: i + 1 });
        const [{ m, x, p }] = payload.r;
        const buffer = new RecordBuffer();
        const rejection =
          m === undefined
            ? profile!.compiled.decodeFrame(Buffer.from(x ?? "", "base64"), p ?? 0, buffer)
            : profile!.compiled.decodeJson(m, buffer);
        expect(rejection).toBeNull();
        expect([...buffer.quality.subarray(0, buffer.n)].filter((q) => q !== 0)).toEqual([]);
      });
    },
  );

  it("the same seed gives the same device, another seed another", async () => {
    const file = join(PROFILES, "generic/hydrant-json.yaml");
    const values = async (seed: string) => {
      await run("simulate", file, "--seed", seed, "--count", "5");
      return out.map((line) => (JSON.parse(line) as { payload: Envelope }).payload.r[0].m);
    };
    const first = await values("1");
    expect(await values("1")).toEqual(first);
    expect(await values("2")).not.toEqual(first);
  });

  it("says why a profile cannot be simulated", async () => {
    expect(await run("simulate", join(PROFILES, "generic/ais-receiver.yaml"))).toBe(1);
    expect(errors.join()).toMatch(/simulate|encoded/);
    const file = join(dir, "bad.yaml");
    writeFileSync(file, "profile: v1\n");
    expect(await run("simulate", file)).toBe(1);
    expect(await run("simulate", join(PROFILES, "generic/hydrant-json.yaml"), "--url", "mqtt://127.0.0.1:1")).toBe(1);
  });

  it.each([
    [[]],
    [["a", "b"]],
    [["a", "--url", "x", "--stdout"]],
    [["a", "--every", "soon"]],
    [["a", "--count", "x"]],
    [["a", "--nope"]],
  ])("explains wrong usage: %j", async (argv) => {
    expect(await run("simulate", ...argv)).toBe(2);
  });

  it("publishes with its credential and waits for the acknowledgement", async () => {
    const sockets: Socket[] = [];
    const seen: string[] = [];
    // the few bytes of MQTT 3.1.1 that a publisher needs: CONNACK, and PUBACK with the packet's id
    const server = createServer((socket) => {
      sockets.push(socket);
      socket.on("data", (data) => {
        for (let at = 0; at < data.length;) {
          let [length, shift, p] = [0, 0, at + 1];
          do {
            length |= (data[p] & 127) << shift;
            shift += 7;
          } while (data[p++] & 128);
          const body = data.subarray(p, p + length);
          if (data[at] >> 4 === 1) {
            seen.push(body.toString("latin1"));
            socket.write(Buffer.of(0x20, 2, 0, 0));
          } else if (data[at] >> 4 === 3) {
            const size = body.readUInt16BE(0);
            seen.push(body.subarray(2, 2 + size).toString());
            socket.write(Buffer.from([0x40, 2, body[2 + size], body[3 + size]]));
          }
          at = p + length;
        }
      });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as { port: number };
    const args = ["--url", `mqtt://127.0.0.1:${port}`, "--username", "edge-1", "--token", "secret", "--edge", "edge-1"];
    expect(
      await run("simulate", join(PROFILES, "generic/hydrant-nb.yaml"), ...args, "--count", "2", "--every", "1ms"),
    ).toBe(0);
    expect(seen[0]).toMatch(/edge-1.*secret/s);
    expect(seen.slice(1)).toEqual(Array(2).fill("gridhub/v1/demo/edge-1/d/hydrant-nb/raw"));
    for (const socket of sockets) socket.destroy();
    server.close();
  });
});

describe("gridhub profile diff", () => {
  const profile = (scale: string, extra = "") => `profile: v1
id: acme/probe@1.0.0
kind: sensor
title: {zh: 测试, en: Test}
transport: {uplink: raw}
codec:
  fixed:
    fields: [{n: temperature, t: i16, scale: ${scale}}${extra}]
vectors: [{hex: "00d7", reject: frame_short}]
`;

  it("shows what would change, and counts it", async () => {
    const [a, b, frames] = ["a.yaml", "b.yaml", "frames"].map((name) => join(dir, name));
    writeFileSync(a, profile("0.1"));
    writeFileSync(b, profile("0.01", ", {n: battery, t: u8, scale: 0.1}"));
    writeFileSync(frames, '# stored\n00d724\n00 00 24\n\n{"x": "ANc=", "p": 2}\n00d724 85\n');
    expect(await run("diff", a, b, "--frames", frames, "--json")).toBe(1);
    expect(JSON.parse(out.join("\n"))).toMatchObject({
      frames: 4,
      differing: 4,
      nowRefused: 1,
      metrics: { temperature: 3, battery: 3, refused: 1 },
      differences: [
        { line: 2, changes: { temperature: { old: "21.5 Cel", new: "2.15 Cel" }, battery: { new: "3.6 V" } } },
        {},
        {},
        {},
      ],
    });
    expect(await run("diff", a, b, "--frames", frames, "--limit", "1")).toBe(1);
    expect(out.join("\n")).toContain("temperature: 21.5 Cel -> 2.15 Cel");
    expect(await run("diff", a, a, "--frames", frames)).toBe(0);
    writeFileSync(frames, "xyz\n");
    expect(await run("diff", a, b, "--frames", frames)).toBe(1);
    expect(errors.join()).toContain("line 1: expected hex");
    expect(await run("diff", a, "--frames", frames)).toBe(2);
    expect(await run("diff", a, b)).toBe(2);
    expect(await run("diff", a, b, "--frames", join(dir, "none"))).toBe(1);
  });
});
