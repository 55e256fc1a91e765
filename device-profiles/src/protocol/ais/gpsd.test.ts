import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  bitsOf,
  decoded,
  differences,
  gpsdecoded,
  gpsdVersion,
  type Printed,
  randomMessage,
  randomOf,
} from "./gpsd.testing.ts";

// Random messages of every type and every known payload against gpsd 3.22: what it printed for some hundred of them stands
// beside this file. Who changes the codec asks the program itself for more: GRIDHUB_AIS_GPSD=100000 (Debian's gpsd-clients).
const GOLDEN = join(import.meta.dirname, "gpsd.golden.jsonl");
const RUNS = Number(process.env.GRIDHUB_AIS_GPSD ?? 0);
/** Longer messages than five slots carry are printed by gpsd or not as it pleases. */
const LONGEST = 1000;

interface Golden {
  readonly lines: readonly string[];
  readonly gpsd: Printed | "unreadable" | null;
}

function faultsOf({ lines, gpsd }: Golden): string[] {
  const ours = decoded(lines);
  const bits = bitsOf(lines);
  if (gpsd === null)
    return typeof ours === "object" && bits < LONGEST ? [`printed by us alone: ${lines.join(" ")}`] : [];
  if (typeof ours !== "object" || ours === null) return [`lost (${ours}): ${lines.join(" ")}`];
  if (gpsd === "unreadable") return [];
  return differences(ours, gpsd, bits).map(
    (name) => `${name} is ${JSON.stringify(ours[name])}, not ${JSON.stringify(gpsd[name])}: ${lines.join(" ")}`,
  );
}

describe("gpsd 3.22", () => {
  const golden = readFileSync(GOLDEN, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Golden);

  it("printed the same fields for random messages of every kind", () => {
    expect(golden.flatMap(faultsOf)).toEqual([]);
  });

  it("was asked for every type and every payload that it gives fields", () => {
    const kinds = new Set(
      golden.map(({ lines }) => {
        const ours = decoded(lines);
        if (typeof ours !== "object" || ours === null) return ours;
        return ours.data === undefined && ours.dac !== undefined ? `${ours.type}:${ours.dac}/${ours.fid}` : ours.type;
      }),
    );
    for (let type = 1; type <= 27; type++) if (type !== 6 && type !== 8) expect(kinds).toContain(type);
    expect([...kinds].filter((kind) => String(kind).includes(":"))).toHaveLength(26);
  });

  if (RUNS === 0) return;
  it(`installed here, agrees on ${RUNS} more`, { timeout: 600_000 }, () => {
    expect(gpsdVersion()).toBe("3.22");
    const random = randomOf(20_261);
    for (let left = RUNS; left > 0; left -= 20_000) {
      const messages = Array.from({ length: Math.min(left, 20_000) }, (_, i) => randomMessage(random, i));
      const printed = gpsdecoded(messages);
      const faults = messages.flatMap((lines, i) => faultsOf({ lines, gpsd: printed[i] }));
      expect(faults).toEqual([]);
      expect(printed.filter((message) => message !== null).length).toBeGreaterThan(messages.length / 2);
    }
  });
});
