import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type EdgeProcess, startEdgeProcess } from "../support/edge-process.ts";
import { connectEmbedded } from "../support/embedded-socket.ts";
import { type HubProcess, startHubProcess } from "../support/hub-process.ts";
import { requireOrSkip, SHARED_DATA } from "../support/require.ts";

const LOGS = ["AisLib__stream_example.txt", "signalk-server__nais400-merrimac.log"];
const FOLDER = join(SHARED_DATA, "ais/nmea");
const missing = requireOrSkip("the AIS logs of the shared data", { path: FOLDER });

/** Position reports of vessels; base stations and marks (4, 21) have a position but are no vessels. */
const TYPES = new Set([1, 2, 3, 9, 18, 19, 27]);

interface Reference {
  readonly type: number;
  readonly mmsi: number;
  readonly lon: number;
  readonly lat: number;
}

/** The reference decoder refuses lines of other talkers and channels, which are valid messages all the same: not sent here. */
const KNOWN_TO_REFERENCE = /^!(?:A[BDINRSTX]|BS|SA)VD[MO],\d,\d,\d?,[AB12]?,/;

/** "mmsi lon lat" in 1/10,000 minute, as the reference decoder prints them. */
function expectedPositions(log: string): string[] {
  const lines = gunzipSync(readFileSync(join(FOLDER, `${log}.gpsd-u.jsonl.gz`)))
    .toString()
    .trim()
    .split("\n");
  const out: string[] = [];
  for (const line of lines) {
    const { msg } = JSON.parse(line) as { msg: Reference | null };
    if (msg === null || !TYPES.has(msg.type)) continue;
    const unit = msg.type === 27 ? 1000 : 1;
    const lon = msg.lon * unit;
    const lat = msg.lat * unit;
    if (Math.abs(lon) <= 180 * 600_000 && Math.abs(lat) <= 90 * 600_000) out.push(`${msg.mmsi} ${lon} ${lat}`);
  }
  return out;
}

/** Tag block of a line with the time of receipt, ms UTC (NMEA 0183 4.10 section 7). */
function heardAt(ms: number): string {
  const tag = `c:${ms}`;
  const sum = [...tag].reduce((xor, char) => xor ^ char.charCodeAt(0), 0);
  return `\\${tag}*${sum.toString(16).toUpperCase().padStart(2, "0")}\\`;
}

function countBy(keys: readonly string[]): Map<string, number> {
  const out = new Map<string, number>();
  for (const key of keys) out.set(key, (out.get(key) ?? 0) + 1);
  return out;
}

describe.skipIf(missing !== "")(`real AIS logs through edge agent and hub ${missing}`, () => {
  let dir: string;
  let hub: HubProcess;
  let edge: EdgeProcess;
  let receiver: Server;
  let finished = false;

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), "gridhub-ais-"));
    const lines = LOGS.flatMap((log) =>
      readFileSync(join(FOLDER, `${log}.sentences`), "latin1")
        .trim()
        .split(/\r?\n/)
        .filter((line) => KNOWN_TO_REFERENCE.test(line)),
    );
    // A receiver that serves NMEA by TCP and says when it heard each line: on a busy machine the agent reads many at once, and two
    // reports of one ship must differ in time all the same.
    receiver = createServer((socket) => {
      let next = 0;
      const began = Date.now();
      socket.on("error", () => {});
      const timer = setInterval(() => {
        if (next >= lines.length) {
          finished = true;
          clearInterval(timer);
        } else socket.write(`${heardAt(began + 2 * next)}${lines[next++]}\r\n`);
      }, 2);
      socket.on("close", () => clearInterval(timer));
    });
    await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
    const { port } = receiver.address() as { port: number };
    hub = await startHubProcess({ dataDir: dir, settings: { vision_workers: 0, log_level: "error" } });
    edge = await startEdgeProcess(
      hub,
      dir,
      { site: "harbour", name: "ais" },
      {
        devices: [{ id: "receiver", profile: "generic/ais-receiver" }],
        sources: [{ kind: "ais-tcp", device: "receiver", host: "127.0.0.1", port }],
      },
    );
  }, 120_000);
  afterAll(async () => {
    await edge?.stop();
    await hub?.stop();
    await new Promise((resolve) => receiver?.close(resolve) ?? resolve(null));
    rmSync(dir, { recursive: true, force: true });
  });

  it("puts exactly the positions of the reference decoding into the database", async () => {
    const expected = countBy(LOGS.flatMap(expectedPositions));
    await vi.waitFor(() => expect(finished).toBe(true), { timeout: 120_000, interval: 200 });
    const db = await connectEmbedded(join(dir, "data"));
    try {
      const stored = async () => {
        const { rows } = await db.query<{ mmsi: number; lon: number; lat: number }>(
          "select mmsi, lon, lat from vessel_position",
        );
        return countBy(rows.map((r) => `${r.mmsi} ${Math.round(r.lon * 600_000)} ${Math.round(r.lat * 600_000)}`));
      };
      const total = [...expected.values()].reduce((a, b) => a + b, 0);
      await vi.waitFor(
        async () => {
          const actual = await stored();
          expect([...actual.values()].reduce((a, b) => a + b, 0)).toBeGreaterThanOrEqual(total * 0.999);
          const wrong = [...actual.keys()].filter((key) => !expected.has(key));
          const absent = [...expected.keys()].filter((key) => !actual.has(key));
          expect({ wrong, absent }).toEqual({ wrong: [], absent: [] });
        },
        { timeout: 60_000, interval: 500 },
      );
    } finally {
      await db.end();
    }
  }, 240_000);
});
