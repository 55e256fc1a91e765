import { appendFile, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { EvidenceRing } from "./evidence-ring.ts";
import { EvidenceServer, signatureOf } from "./evidence-server.ts";

const T0 = 1_763_776_800_000;
const TOKEN = "a-token-of-some-length";
const log = pino({ level: "silent" });
let dir: string;
let time: number;
let server: EvidenceServer | null;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "gridhub-evidence-"));
  time = T0;
  server = null;
});
afterEach(async () => {
  await server?.stop();
  await rm(dir, { recursive: true, force: true });
});

async function ring(change: object = {}): Promise<EvidenceRing> {
  const made = new EvidenceRing({
    dir,
    keepMs: 60_000,
    maxBytes: 1e6,
    reserveBytes: 0,
    now: () => time,
    log,
    ...change,
  });
  await made.start();
  return made;
}

/** A picture a second; its bytes name its second. */
async function fill(into: EvidenceRing, seconds: number, bytes = 100, device = "cam/北"): Promise<void> {
  for (let i = 0; i < seconds; i++) {
    into.add(device, time, Buffer.alloc(bytes, i));
    time += 1000;
  }
  await into.flush();
}

async function times(from: EvidenceRing, a: number, b: number, device = "cam/北"): Promise<number[]> {
  const found: number[] = [];
  for await (const { ts, picture } of from.read(device, T0 + a * 1000, T0 + b * 1000)) {
    expect(picture[0]).toBe(((ts - T0) / 1000) % 256);
    found.push((ts - T0) / 1000);
  }
  return found;
}

describe("evidence ring", () => {
  it("gives a span back in order, across segments, also after a restart", async () => {
    const first = await ring();
    await fill(first, 35);
    expect(await times(first, 8, 12)).toEqual([8, 9, 10, 11, 12]);
    expect(await times(first, 0, 100)).toHaveLength(35);
    expect(await times(first, 0, 100, "cam-2")).toEqual([]);
    const second = await ring();
    expect(await times(second, 28, 34)).toEqual([28, 29, 30, 31, 32, 33, 34]);
    expect(Object.keys(second.spans())).toEqual(["cam/北"]);
  });

  it("forgets what is too old, and the oldest when bytes are short, on disk as well", async () => {
    const old = await ring();
    await fill(old, 100);
    expect((await times(old, 0, 100))[0]).toBeGreaterThanOrEqual(20);
    await rm(dir, { recursive: true });
    time = T0;
    const small = await ring({ maxBytes: 20_000 });
    await fill(small, 60, 1000);
    const kept = await times(small, 0, 100);
    expect(kept.at(-1)).toBe(59);
    expect(kept.length).toBeLessThanOrEqual(20);
    expect(kept.length).toBeGreaterThan(5);
    const folder = join(dir, encodeURIComponent("cam/北"));
    expect((await readdir(folder)).length).toBeLessThanOrEqual(3);
    time += 3_600_000;
    const later = await ring();
    await later.flush();
    expect(later.spans()).toEqual({});
  });

  it("skips a torn end, and takes pictures from a clock that was set back", async () => {
    const made = await ring();
    await fill(made, 5);
    const folder = join(dir, encodeURIComponent("cam/北"));
    await appendFile(join(folder, (await readdir(folder))[0]), Buffer.from([0, 0, 0, 200, 1]));
    const again = await ring();
    expect(await times(again, 0, 100)).toEqual([0, 1, 2, 3, 4]);
    time = T0 - 3000;
    again.add("cam/北", time, Buffer.alloc(10, 253));
    await again.flush();
    expect(again.spans()["cam/北"].from).toBe(T0 - 3000);
  });

  it("shrinks when the disk runs short, and keeps nothing rather than take the last of it", async () => {
    let disk = 1e9;
    const used = () => made.spans()["cam/北"]?.bytes ?? 0;
    const made: EvidenceRing = await ring({ reserveBytes: 50_000, free: () => Promise.resolve(disk - used()) });
    await fill(made, 40, 1000);
    expect(used()).toBe(40 * 1012);
    // Room for two of the four segments; the next one makes the ring look.
    disk = 72_000;
    await fill(made, 1, 1000);
    expect(used()).toBe(21 * 1012);
    expect(made.dropped).toBe(0);
    disk = 50_000;
    time += 10_000;
    await fill(made, 3, 1000);
    expect(used()).toBe(0);
    expect(made.dropped).toBe(3);
    disk = 1e9;
    await fill(made, 3, 1000);
    expect(used()).toBe(3 * 1012);
  });

  it("drops rather than waits when the disk is too slow or gone", async () => {
    const made = await ring();
    for (let i = 0; i < 30; i++) made.add("cam", T0 + i, Buffer.alloc(1_000_000));
    expect(made.dropped).toBeGreaterThan(10);
    await made.flush();
    const before = made.dropped;
    await rm(dir, { recursive: true });
    await writeFile(dir, "no folder");
    made.add("cam", T0 + 40, Buffer.alloc(10));
    await made.flush();
    expect(made.dropped).toBe(before + 1);
  });
});

describe("evidence server", () => {
  async function serve(): Promise<string> {
    const kept = await ring();
    await fill(kept, 15);
    server = new EvidenceServer(kept, TOKEN, () => time);
    return `http://127.0.0.1:${await server.start("127.0.0.1", 0)}`;
  }
  const cam = `/evidence/${encodeURIComponent("cam/北")}`;
  const headers = { authorization: `Bearer ${TOKEN}` };

  it("gives spans, the nearest frame and clips to whoever has the token", async () => {
    const origin = await serve();
    const all = (await (await fetch(`${origin}/evidence`, { headers })).json()) as { cameras: Record<string, object> };
    expect(all.cameras["cam/北"]).toMatchObject({ from: T0, to: T0 + 14_000 });
    const frame = await fetch(`${origin}${cam}/frame?at=${T0 + 7300}`, { headers });
    expect(frame.headers.get("x-timestamp")).toBe(String(T0 + 7000));
    const clip = await fetch(`${origin}${cam}/clip?from=${T0 + 8000}&to=${T0 + 11_000}`, { headers });
    expect(clip.headers.get("content-type")).toContain("multipart/x-mixed-replace");
    const stamps = [...(await clip.text()).matchAll(/x-timestamp: (\d+)/g)].map(([, ts]) => (Number(ts) - T0) / 1000);
    expect(stamps).toEqual([8, 9, 10, 11]);
    expect((await fetch(`${origin}${cam}/clip?from=0&to=1`, { headers })).status).toBe(404);
    for (const query of ["", "?from=2&to=1", `?from=0&to=${T0}`])
      expect((await fetch(`${origin}${cam}/clip${query}`, { headers })).status).toBe(400);
  });

  it("takes a signed link until it expires, and nothing that was changed", async () => {
    const origin = await serve();
    const path = `${cam}/frame?at=${T0 + 5000}&expires=${time + 1000}`;
    const link = `${origin}${path}&signature=${signatureOf(path, TOKEN)}`;
    expect((await fetch(link)).status).toBe(200);
    expect((await fetch(link.replace(`${T0 + 5000}`, `${T0 + 6000}`))).status).toBe(401);
    for (const more of ["&signature=x", "&from=1", "0"]) expect((await fetch(link + more)).status).toBe(401);
    expect((await fetch(`${origin}${path}`)).status).toBe(401);
    expect((await fetch(`${origin}${path}`, { headers: { authorization: "Bearer wrong" } })).status).toBe(401);
    time += 1000;
    expect((await fetch(link)).status).toBe(401);
  });
});
