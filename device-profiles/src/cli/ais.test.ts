import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { encodeAis } from "../protocol/ais/encode.ts";

const MODULE = join(import.meta.dirname, "ais.ts");
const dir = mkdtempSync(join(tmpdir(), "gridhub-ais-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const PROGRAM = `import(${JSON.stringify(MODULE)}).then(async (m) => { process.exitCode = await m.aisCommand(process.argv.slice(1)); })`;

function run(args: string[], input: string | Buffer = ""): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, ["-e", PROGRAM, "--", ...args], (error, out, err) =>
      resolve({ code: error === null ? 0 : Number(error.code), out, err }),
    );
    child.stdin?.end(input);
  });
}

const objects = (text: string) =>
  text
    .split("\n")
    .filter((l) => l !== "")
    .map((l) => JSON.parse(l) as Record<string, unknown>);

const VOYAGE = encodeAis({ type: 5, mmsi: 412_000_001, shipname: "ZHELINGYU 88" }, { channel: "B", sequence: 3 });
const REPORT = encodeAis({ type: 18, mmsi: 412_000_001, lon: -73_200_000, lat: 18_000_000, speed: 52 });
const LOG = [
  "# a log",
  VOYAGE[0],
  ...REPORT,
  "$GPGLL,5013.4,N,00346.6,W,035258,A,A*52",
  `${VOYAGE[1]}\r`,
  "!AIVDM,1,1,,A,1,0*00",
];

describe("gridhub ais", () => {
  it("decode prints one object a message with the line that completed it", async () => {
    const file = join(dir, "log.nmea");
    writeFileSync(file, LOG.join("\n"));
    const { code, out, err } = await run(["decode", file]);
    expect(code).toBe(0);
    expect(objects(out)).toMatchObject([
      {
        class: "AIS",
        line: 3,
        type: 18,
        mmsi: 412_000_001,
        lon: -73_200_000,
        lat: 18_000_000,
        speed: 52,
        course: 3600,
      },
      { class: "AIS", line: 5, type: 5, shipname: "ZHELINGYU 88" },
    ]);
    expect(err).toBe('refused: {"checksum":1}\n');
  });

  it("decode --stats counts by type and by reason", async () => {
    const { out } = await run(["decode", "-", "--stats"], LOG.join("\n"));
    expect(objects(out)).toEqual([
      { lines: 5, other: 1, sentences: 4, messages: 2, badTags: 0, refused: { checksum: 1 }, types: { 5: 1, 18: 1 } },
    ]);
  });

  it("reads logs with CR alone, with CR LF and with several sentences in a line", async () => {
    for (const [text, lines] of [
      [[...REPORT, ...VOYAGE].join("\r"), [1, 3]],
      [[...REPORT, "", ...VOYAGE, ""].join("\r\n"), [1, 4]],
      [[...REPORT, ...VOYAGE].join(" "), [1, 1]],
    ] as const) {
      const { out } = await run(["decode", "-"], text);
      expect(objects(out).map((o) => [o.line, o.type])).toEqual([
        [lines[0], 18],
        [lines[1], 5],
      ]);
    }
  });

  it("a part B carries the name of the part A before it", async () => {
    const halves = [
      ...encodeAis({ type: 24, part: "A", mmsi: 412_000_002, shipname: "LITTLE ONE" }),
      ...encodeAis({ type: 24, part: "B", mmsi: 412_000_002, callsign: "BABC" }),
    ];
    const { out } = await run(["decode", "-"], halves.join("\n"));
    expect(objects(out)[1]).toMatchObject({ part: "B", callsign: "BABC", shipname: "LITTLE ONE" });
  });

  it("encode is the way back", async () => {
    const decoded = await run(["decode", "-"], [...VOYAGE, ...REPORT].join("\n"));
    const encoded = await run(["encode", "-"], decoded.out);
    expect(encoded.code).toBe(0);
    const again = await run(["decode", "-"], encoded.out);
    expect(again.out).toBe(decoded.out);
  });

  it("encode names the line that it cannot send", async () => {
    const { code, out, err } = await run(["encode"], '{"type":7,"mmsi":1}\n{"type":1,"mmsi":1}\nnot json\n');
    expect(code).toBe(1);
    expect(out.trim().split("\n")).toHaveLength(1);
    expect(err).toMatch(/^line 1: .*type 7[^]*line 3: /);
  });

  it("unpacks gzip from a file and from a pipe, and gives what it could read of a damaged one", async () => {
    const text = Array.from({ length: 3000 }, (_, i) =>
      REPORT[0].replace("AIVDM", i % 7 === 0 ? "XXVDM" : "AIVDM"),
    ).join("\n");
    const plain = await run(["decode", "-"], text);
    const packed = gzipSync(text);
    const file = join(dir, "log.nmea.gz");
    writeFileSync(file, packed);
    expect(objects(plain.out)).toHaveLength(2571);
    expect((await run(["decode", file])).out).toBe(plain.out);
    expect((await run(["decode"], packed)).out).toBe(plain.out);
    writeFileSync(file, packed.subarray(0, packed.length - 9));
    const damaged = await run(["decode", file]);
    expect(damaged.code).toBe(1);
    expect(damaged.err).toMatch(/log\.nmea\.gz: /);
    expect(objects(plain.out).slice(0, 3)).toEqual(objects(damaged.out).slice(0, 3));
  });

  it("bytes that are no text and a line of megabytes do not move the numbers of the lines", async () => {
    const noise = Buffer.from(Array.from({ length: 3_000_000 }, (_, i) => (i * 7919 + (i >> 3)) & 255)).map((b) =>
      b === 10 || b === 13 ? 33 : b,
    );
    const input = Buffer.concat([Buffer.from(`${REPORT[0]}\n`), noise, Buffer.from(`\n${REPORT[0]}\n`)]);
    const { code, out } = await run(["decode"], input);
    expect(code).toBe(0);
    expect(objects(out).map((o) => o.line)).toEqual([1, 3]);
  });

  it("ends quietly when its reader goes", async () => {
    const child = spawn(process.execPath, ["-e", PROGRAM, "--", "decode"]);
    let err = "";
    child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
    child.stdin.on("error", () => {});
    child.stdout.once("data", () => child.stdout.destroy());
    const text = `${REPORT[0]}\n`.repeat(2000);
    const feed = () => {
      while (child.stdin.writable && child.stdin.write(text));
    };
    child.stdin.on("drain", feed);
    feed();
    const [code] = (await once(child, "close")) as [number];
    expect({ code, err }).toEqual({ code: 0, err: "" });
  });

  it("a stream of any length passes in bounded memory", async () => {
    const mebibytes = Number(process.env.GRIDHUB_AIS_STREAM ?? 64);
    const measured = `${PROGRAM.slice(0, -3)}; console.error(process.resourceUsage().maxRSS); })`;
    const child = spawn(process.execPath, ["-e", measured, "--", "decode"]);
    let out = 0;
    let err = "";
    child.stdout.on("data", (chunk: Buffer) => (out += chunk.length));
    child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
    const text = [...REPORT, ...VOYAGE, "noise\u0000without an end ".repeat(40)].join("\n").repeat(400);
    for (let sent = 0; sent < mebibytes * 1_048_576; sent += text.length)
      if (!child.stdin.write(text)) await once(child.stdin, "drain");
    child.stdin.end();
    await once(child, "close");
    expect(out).toBeGreaterThan(mebibytes * 100_000);
    expect(Number(err.trim().split("\n").at(-1))).toBeLessThan(220_000);
  });

  it("answers a wrong command line and a missing file", async () => {
    expect((await run(["--help"])).out).toMatch(/ais decode/);
    expect((await run([])).code).toBe(2);
    expect((await run(["decode", "--nonsense"])).code).toBe(2);
    const missing = await run(["decode", join(dir, "absent")]);
    expect(missing.code).toBe(1);
    expect(missing.err).toMatch(/absent/);
  });
});
