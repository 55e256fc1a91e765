import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readdirSync, rmSync, statSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { LANE_LIMIT } from "@gridhub/device-profiles/envelope.ts";
import fc from "fast-check";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Spool, type SpooledEnvelope, type SpoolOptions } from "./spool.ts";

const NOW = 1_763_776_800_000;

let dir: string;
let open: Spool[];
let lines: string[];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "gridhub-spool-"));
  open = [];
  lines = [];
});

afterEach(() => {
  for (const spool of open) spool.close();
  rmSync(dir, { recursive: true, force: true });
});

function start(settings: Partial<SpoolOptions> = {}): Spool {
  // Settings are read when they are needed, so a test may change them as a disk or a clock would.
  const options = Object.create(settings, {}) as SpoolOptions;
  const fixed = {
    file: join(dir, "spool.db"),
    maxBytes: 1 << 26,
    reserveBytes: 0,
    gatherMs: 1,
    now: () => NOW,
    log: pino({ base: null }, { write: (line: string) => void lines.push(line) }),
  };
  for (const [key, value] of Object.entries(fixed)) if (!(key in settings)) Object.assign(options, { [key]: value });
  const spool = new Spool(options);
  open.push(spool);
  spool.start();
  return spool;
}

function record(i: number, size = 0) {
  return { ts: NOW + i, m: { i, pad: "x".repeat(size) } };
}

function all(spool: Spool): SpooledEnvelope[] {
  return spool.page({ boot: 0, seq: 0 }, 1_000_000);
}

function places(spool: Spool): string[] {
  return all(spool).map(({ boot, seq }) => `${boot}/${seq}`);
}

function level(name: string): number {
  return pino.levels.values[name];
}

function errors(): { msg: string; code?: string }[] {
  return lines
    .map((line) => JSON.parse(line) as { level: number; msg: string; code?: string })
    .filter((line) => line.level >= level("error"));
}

describe("appends", () => {
  it("are numbered from 1 within a boot and come back in order, with their records", async () => {
    const spool = start();
    await Promise.all([1, 2, 3].map((i) => spool.append(i === 2 ? "e" : "t", `d${i}`, [record(i), record(i + 10)])));
    const page = all(spool);
    expect(page.map(({ seq, lane, device, n, ts }) => [seq, lane, device, n, ts])).toEqual([
      [1, "t", "d1", 2, NOW + 11],
      [2, "e", "d2", 2, NOW + 12],
      [3, "t", "d3", 2, NOW + 13],
    ]);
    expect(JSON.parse(page[1].records)).toEqual([record(2), record(12)]);
    expect(spool.events({ boot: 0, seq: 0 }, 10).map((e) => e.seq)).toEqual([2]);
  });

  it("split what is larger than an envelope of the contract, and refuse one record that is", async () => {
    const spool = start();
    await spool.append("raw", "d", [record(1, 40_000), record(2, 40_000)]);
    expect(all(spool)).toHaveLength(2);
    for (const { records } of all(spool)) expect(Buffer.byteLength(records)).toBeLessThan(LANE_LIMIT.raw);
    await expect(spool.append("raw", "d", [record(3, LANE_LIMIT.raw)])).rejects.toMatchObject({ code: "too_large" });
    expect(all(spool)).toHaveLength(2);
  });

  it("are refused once the spool is closed", async () => {
    const spool = start();
    spool.close();
    await expect(spool.append("t", "d", [record(1)])).rejects.toMatchObject({ code: "closed" });
  });

  it("are refused while the disk is full, said once, and taken again when there is room", async () => {
    const disk = { reserveBytes: 0 };
    const spool = start(disk);
    await spool.append("t", "d", [record(1)]);
    disk.reserveBytes = Number.MAX_SAFE_INTEGER;
    for (let i = 0; i < 3; i++)
      await expect(spool.append("t", "d", [record(2)])).rejects.toMatchObject({ code: "disk" });
    expect(errors().map((line) => line.code)).toEqual(["disk"]);
    expect(spool.trim(spool.boot, 1)).toBe(1);
    disk.reserveBytes = 0;
    await spool.append("t", "d", [record(3)]);
    // No number was used up by what was refused: a hole would never be filled.
    expect(places(spool)).toEqual([`${spool.boot}/2`]);
  });
});

describe("kill -9 in mid-append", () => {
  it("loses no append that had resolved, and repeats no identity", async () => {
    const file = join(dir, "spool.db");
    const promised = new Set<string>();
    const boots = new Set<string>();
    for (let round = 0; round < 4; round++) {
      const resolved = await appendUntilKilled(file, 150 + round * 137);
      expect(resolved.length).toBeGreaterThanOrEqual(150 + round * 137);
      boots.add(resolved[0].split("/")[0]);
      for (const place of resolved) promised.add(place);
    }
    expect(boots.size).toBe(4);
    const spool = start();
    const stored = places(spool);
    expect(new Set(stored).size).toBe(stored.length);
    expect([...promised].filter((place) => !stored.includes(place))).toEqual([]);
    for (const { boot, seq, records } of all(spool))
      expect(JSON.parse(records)).toEqual([{ ts: NOW, m: { boot, seq } }]);
    // The counts that are written along with the records survived with them.
    expect(spool.stats()).toMatchObject({
      queue: stored.length,
      bytes: all(spool).reduce((sum, e) => sum + e.bytes, 0),
    });
  });
});

/** Runs a process that appends in groups and writes down each place that it was promised; kills it after `count` of them. */
async function appendUntilKilled(file: string, count: number): Promise<string[]> {
  const script = `
    import { writeSync } from "node:fs";
    import { pino } from "pino";
    import { Spool } from ${JSON.stringify(pathToFileURL(join(import.meta.dirname, "spool.ts")).href)};
    const spool = new Spool({ file: ${JSON.stringify(file)}, maxBytes: 1 << 28, reserveBytes: 0, gatherMs: 1,
      now: () => ${NOW}, log: pino({ level: "silent" }) });
    spool.start();
    for (let seq = 1; ; ) {
      const group = [];
      for (let i = 0; i < 1 + (seq % 9); i++, seq++) {
        const place = { boot: spool.boot, seq };
        group.push(spool.append("t", "d", [{ ts: ${NOW}, m: place }]).then(() => writeSync(1, place.boot + "/" + place.seq + "\\n")));
      }
      await Promise.all(group);
    }`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", script], {
    cwd: import.meta.dirname,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const closed = once(child, "close");
  const resolved: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    resolved.push(line);
    if (resolved.length === count) child.kill("SIGKILL");
  }
  await closed;
  expect(child.signalCode).toBe("SIGKILL");
  return resolved;
}

describe("several boots", () => {
  it("are held together, announced with their oldest number, and trimmed one by one", async () => {
    const first = start();
    const a = first.boot;
    for (let i = 0; i < 3; i++) await first.append("t", "d", [record(i)]);
    first.close();
    const spool = start();
    const b = spool.boot;
    expect(b).toBe(a + 1);
    expect(spool.held()).toEqual([
      { boot: a, first: 1 },
      { boot: b, first: 1 },
    ]);
    for (let i = 0; i < 2; i++) await spool.append("e", "d", [record(i)]);
    expect(places(spool)).toEqual([`${a}/1`, `${a}/2`, `${a}/3`, `${b}/1`, `${b}/2`]);
    expect(spool.trim(a, 2)).toBe(2);
    expect(spool.trim(a, 2)).toBe(0);
    expect(spool.trim(b, 1)).toBe(1);
    expect(spool.held()).toEqual([
      { boot: a, first: 3 },
      { boot: b, first: 2 },
    ]);
    expect(spool.trim(a, 99)).toBe(1);
    expect(spool.trim(b, 2)).toBe(1);
    expect(spool.held()).toEqual([{ boot: b, first: 3 }]);
    expect(spool.stats()).toMatchObject({ queue: 0, bytes: 0 });
  });

  it("count on without a clock and with one that jumps", () => {
    const seen: number[] = [];
    for (const time of [NOW, 0, NOW + 1e12, 1000]) {
      const spool = start({ now: () => time });
      seen.push(spool.boot);
      spool.close();
    }
    expect(seen).toEqual([0, 1, 2, 3].map((i) => Math.floor(NOW / 1000) + i));
  });

  it("begin above everything that a lost disk had counted, even with a clock that was never set", () => {
    const spool = start({ now: () => 0 });
    expect(spool.boot).toBeGreaterThanOrEqual(1_735_689_600);
  });
});

describe("the byte limit", () => {
  it("drops the oldest and declares them until the hub knows", async () => {
    const spool = start({ maxBytes: 20_000 });
    for (let i = 1; i <= 100; i++) await spool.append("t", "d", [record(i, 400)]);
    const { boot } = spool;
    const first = spool.held()[0].first;
    expect(spool.stats().bytes).toBeLessThanOrEqual(20_000);
    expect(first).toBeGreaterThan(40);
    expect(spool.gaps()).toEqual([{ b: boot, from: 1, to: first - 1, why: "spool_full" }]);
    expect(all(spool).map((e) => e.seq)).toEqual(Array.from({ length: 101 - first }, (_, i) => first + i));
    spool.trim(boot, first - 2);
    expect(spool.gaps()).toHaveLength(1);
    spool.trim(boot, first - 1);
    expect(spool.gaps()).toEqual([]);
  });

  it("accounts for every number, whatever happens in whatever order", () => {
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.record({ append: fc.integer({ min: 0, max: 2000 }) }) },
      { weight: 2, arbitrary: fc.record({ trim: fc.double({ min: 0, max: 1, noNaN: true }) }) },
      { weight: 1, arbitrary: fc.constant({ restart: true }) },
    );
    let file = 0;
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 120 }), (steps) => {
        const settings = { file: join(dir, `model-${file++}.db`), maxBytes: 12_000 };
        let spool = start(settings);
        const appended = new Map<number, number>();
        const acknowledged = new Map<number, number>();
        for (const s of steps) {
          if ("restart" in s) {
            spool.close();
            spool = start(settings);
          } else if ("append" in s) {
            void spool.append("t", "d", [record(0, s.append)]);
            spool.flush();
            appended.set(spool.boot, (appended.get(spool.boot) ?? 0) + 1);
          } else {
            const held = all(spool);
            if (held.length === 0) continue;
            const { boot, seq } = held[Math.min(held.length - 1, Math.floor(s.trim * held.length))];
            spool.trim(boot, seq);
            acknowledged.set(boot, Math.max(seq, acknowledged.get(boot) ?? 0));
          }
        }
        const held = all(spool);
        const gaps = spool.gaps(1000);
        for (const [boot, count] of appended) {
          const upto = acknowledged.get(boot) ?? 0;
          const known = new Set(held.filter((e) => e.boot === boot).map((e) => e.seq));
          for (let seq = 1; seq <= count; seq++) {
            const lost = gaps.some((g) => g.b === boot && g.from <= seq && seq <= g.to);
            expect([known.has(seq), lost].filter(Boolean), `${boot}/${seq}`).toHaveLength(
              seq > upto ? 1 : lost ? 1 : 0,
            );
          }
        }
        const bytes = held.reduce((sum, e) => sum + e.bytes, 0);
        expect(spool.stats()).toMatchObject({ queue: held.length, bytes });
        expect(bytes).toBeLessThanOrEqual(12_000);
        spool.close();
      }),
      { numRuns: 15, seed: 7 },
    );
  });
});

describe("a damaged file", () => {
  it("is moved aside, said loudly, and a new one begins with a higher boot", async () => {
    const before = start();
    await before.append("t", "d", [record(1)]);
    before.close();
    writeFileSync(join(dir, "spool.db"), "this is not a database ".repeat(500));
    const spool = start();
    expect(spool.boot).toBe(before.boot + 1);
    expect(errors()[0].msg).toContain("damaged");
    expect(readdirSync(dir).filter((name) => name.startsWith("spool.db.damaged-"))).toHaveLength(1);
    await spool.append("t", "d", [record(2)]);
    expect(places(spool)).toEqual([`${spool.boot}/1`]);
  });

  it("in its middle is noticed in use; a restart saves what can be read and declares the rest", async () => {
    const file = join(dir, "spool.db");
    const before = start();
    await Promise.all(Array.from({ length: 400 }, (_, i) => before.append("t", "d", [record(i, 900)])));
    before.close();
    const handle = openSync(file, "r+");
    writeSync(handle, Buffer.alloc(3 * 4096, 0xa5), 0, 3 * 4096, Math.floor(statSync(file).size / 8192) * 4096);
    closeSync(handle);
    const damaged = start();
    let reports = 0;
    damaged.onDamage = () => reports++;
    expect(damaged.page({ boot: 0, seq: 0 }, 1000).length).toBeLessThan(400);
    expect(reports).toBe(1);
    damaged.close();
    const spool = damaged;
    const boot = damaged.boot;
    spool.start();
    expect(spool.boot).toBeGreaterThan(boot);
    const saved = all(spool).filter((e) => e.boot === before.boot);
    const gaps = spool.gaps();
    expect(saved.length).toBeGreaterThan(100);
    for (let seq = 1; seq <= 400; seq++) {
      const lost = gaps.some((gap) => gap.b === before.boot && gap.from <= seq && seq <= gap.to);
      expect([saved.some((e) => e.seq === seq), lost].filter(Boolean), `${seq}`).toHaveLength(1);
    }
  });
});
