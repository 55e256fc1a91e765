import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadFile, loadText } from "../load.ts";
import { RecordBuffer } from "../reading.ts";
import { type Decoded, decodeVector } from "../vector.ts";
import { currentEngine, loadScriptEngine } from "./engine.ts";

beforeAll(() => loadScriptEngine());

const HEAD = `profile: v1
id: test/script@1.0.0
kind: sensor
title: {zh: 测试, en: Test}
transport: {uplink: raw}
metrics:
  a: {unit: "1", title: {zh: 甲, en: A}}
  word: {type: text, title: {zh: 词, en: Word}}
codec:
  script:
`;

function load(source: string, options = "") {
  return loadText(
    `${HEAD}    map: [{n: a}, {n: word}, {n: distance, unit: mm}, {n: valve_open}, {n: battery, path: [batV, bat.mv], unit: V}]
    ${options.replaceAll("\n", "\n    ")}
    source: ${JSON.stringify(source)}
`,
    "test",
  );
}

function script(source: string, options = "") {
  const { profile, problems } = load(source, options);
  if (profile === null) throw new Error(problems.map((p) => `${p.path}: ${p.message}`).join("\n"));
  return (hex: string, port = 0) => shown(decodeVector(profile.compiled, { hex, port }));
}

function shown(decoded: Decoded): unknown {
  if (decoded.kind === "rejection") return [decoded.rejection.reason, decoded.rejection.detail];
  if (decoded.kind !== "readings") return decoded.kind;
  return Object.fromEntries(decoded.readings.map((r) => [r.metric, r.value]));
}

const problems = (source: string, options?: string) =>
  load(source, options)
    .problems.map((p) => `${p.path}: ${p.message}`)
    .join("\n");

describe("calling conventions", () => {
  it.each([
    ["decodeUplink", "function decodeUplink(input) { return {data: {a: input.bytes[0] + input.fPort}}; }"],
    ["an arrow", "const decodeUplink = ({bytes, fPort}) => ({data: {a: bytes[0] + fPort}});"],
    ["a var", "var decodeUplink = function (i) { return {data: {a: i.bytes[0] + i.fPort}} }"],
    ["module.exports", "module.exports = { decodeUplink: (i) => ({data: {a: i.bytes[0] + i.fPort}}) };"],
    ["exports.", "exports.decodeUplink = (i) => ({data: {a: i.bytes[0] + i.fPort}});"],
    ["Decode", "function Decode(fPort, bytes, variables) { return {a: bytes[0] + fPort}; }"],
    ["Decoder", "function Decoder(bytes, port) { return {a: bytes[0] + port}; }"],
    [
      "implicit globals",
      "function Decoder(bytes, port) { x = bytes[0]; for (i = 0; i < 1; i++) x += port; return {a: x}; }",
    ],
  ])("%s", (_name, source) => {
    expect(script(source)("05", 2)).toEqual({ a: 7 });
  });

  it("prefers decodeUplink, or what entry names", () => {
    const both = "function Decode() { return {a: 1} } function decodeUplink() { return {data: {a: 2}} }";
    expect(script(both)("00")).toEqual({ a: 2 });
    expect(script(both, "entry: Decode")("00")).toEqual({ a: 1 });
  });

  it("gives recvTime, variables and a clock that stands at the frame's time", () => {
    const source = `function decodeUplink(i) {
      return {data: {word: [i.recvTime.toISOString(), new Date().toISOString(), Date.now(), i.variables.k].join(" ")}};
    }`;
    const { profile } = load(source, "variables: {k: v}");
    const out = decodeVector(profile!.compiled, { hex: "00" });
    expect(out.kind).toBe("readings");
    const seen: string[] = [];
    for (let i = 0; i < 2; i++) {
      const buffer = { text: "" };
      const record = new RecordBuffer();
      expect(profile!.compiled.decodeFrame(Uint8Array.of(0), 0, record, 1_763_776_800_123)).toBeNull();
      buffer.text = record.text[0] ?? "";
      seen.push(buffer.text);
    }
    expect(seen[0]).toBe("2025-11-22T02:00:00.123Z 2025-11-22T02:00:00.123Z 1763776800123 v");
    expect(seen[1]).toBe(seen[0]);
  });

  it("uses normalizeUplink where the profile asks for it", () => {
    const source = `function decodeUplink() { return {data: {mv: 3300}, warnings: ["w"]} }
      function normalizeUplink(input) { return {data: [{batV: input.data.mv / 1000}]} }`;
    expect(script(source, "use: normalized")("00")).toEqual({ battery: 3.3 });
    expect(problems("function decodeUplink() { return {} }", "use: normalized")).toContain("normalizeUplink");
  });

  it("reads numbers and flags out of texts, null as not available", () => {
    const source = (data: string) => `function Decoder() { return ${data} }`;
    expect(script(source('{distance: "1700 mm", valve_open: "on", batV: "3.3V"}'))("00")).toEqual({
      distance: 1.7,
      valve_open: true,
      battery: 3.3,
    });
    expect(script(source("{distance: NaN, batV: 3.3}"))("00")).toEqual({ distance: null, battery: 3.3 });
    expect(script(source('{distance: "No Sensor"}'))("00")).toMatchObject({ 0: "value_invalid" });
  });

  it("refuses with the script's own errors", () => {
    expect(script('function decodeUplink() { return {errors: ["unknown port", "x"]} }')("00")).toEqual([
      "script_failed",
      "unknown port; x",
    ]);
    expect(script('function Decoder() { throw new Error("bad") }')("00")).toEqual(["script_failed", "bad"]);
    expect(script("async function decodeUplink() { return {data: {a: 1}} }")("00")).toMatchObject({
      1: "decodeUplink returned a promise; decoders are synchronous",
    });
    expect(script("function decodeUplink() { return {a: 1} }")("00")).toEqual([
      "script_failed",
      "decodeUplink returned no data",
    ]);
    expect(script("function Decoder() { return 5 }")("00")).toMatchObject({ 0: "script_failed" });
  });

  it("refuses a frame whose missing bytes the script reads, unless told otherwise", () => {
    const source = "function Decoder(b) { return {a: (b[0] << 8) | b[1]} }";
    expect(script(source)("01")).toEqual(["frame_short", "the script reads byte 1, the frame has 1"]);
    expect(script(source, "short: allow")("01")).toEqual({ a: 256 });
    expect(script("function Decoder(b) { return {a: b.slice(0, 2).length} }")("01")).toMatchObject({
      0: "frame_short",
    });
    expect(
      script("function Decoder(b) { b[1] = 7; return {a: b[1] + b.slice(0).length + b.map(x => x).length} }")("01"),
    ).toEqual({ a: 11 });
    expect(script(source)("")).toMatchObject({ 0: "frame_short" });
  });

  it("names what keeps a script from loading", () => {
    expect(problems("function x() {}")).toContain("codec.script.source: the script defines none of decodeUplink");
    expect(problems("function Decoder( { return 1 }\n")).toMatch(/SyntaxError: .*line 1/);
    expect(problems("\nthrow new Error('at start')")).toContain("at start (line 2)");
    expect(problems("for (;;);")).toContain("interrupted");
    expect(problems("require('./bits')")).toContain("a decoder is one file");
  });
});

describe("the sandbox holds", () => {
  const good = "function Decoder(b) { return {a: b[0]} }";
  it.each([
    ["an endless loop", "for (;;);", "exceeded its budget"],
    ["an endless loop that catches", "for (;;) try { for (;;); } catch (e) {}", "exceeded its budget"],
    ["a native loop that polls nothing", "[].indexOf.call({length: 2 ** 53}, 1)", "exceeded its budget"],
    ["a regular expression that explodes", "/(a+)+b/.test('a'.repeat(50))", "exceeded its budget"],
    ["big integers", "10n ** 1000000n", "exceeded its budget"],
    ["a memory bomb", "const l = []; for (;;) l.push(new Array(1000).fill(1))", /budget|memory/],
    ["one big string", "'x'.repeat(2 ** 29)", /memory/],
    ["doubling", "let s = 'x'; for (;;) s += s", /memory|too long/],
    ["deep recursion", "(function f() { return f() + 1 })()", /stack/],
    ["deep recursion in the parser", "eval('('.repeat(30000) + ')'.repeat(30000))", /engine|stack/],
    ["deep JSON", "JSON.parse('['.repeat(100000))", /stack|budget/],
    ["a huge result", "return {word: 'x'.repeat(100000)}", "at most 65536"],
    ["a result that throws when shown", "return {get a() { throw new Error('gotcha') }}", "gotcha"],
    ["an error that cannot be shown", "throw {get message() { throw 1 }}", "cannot be shown"],
    ["a result that never ends", "return {toJSON() { for (;;); }}", "exceeded its budget"],
    ["a cycle", "const o = {}; o.o = o; return o", /circular/],
    [
      "waiting for ever",
      "Atomics.wait(new Int32Array(new SharedArrayBuffer(8)), 0, 0)",
      /not.*(defined|function)|cannot block|expected/i,
    ],
    ["a huge ArrayBuffer", "return {a: new ArrayBuffer(2 ** 31 - 1).byteLength}", /memory|length/],
    ["a huge ArrayBuffer that may grow", "return {a: new Uint8Array(2 ** 40).length}", /memory|length/],
    ["a huge Buffer", "return {a: Buffer.alloc(2 ** 30, 1).length}", /memory|length/],
    ["many Buffers", "const l = []; for (;;) l.push(Buffer.alloc(65536, 1))", /budget|memory/],
    ["an endless generator, spread", "function* g() { for (;;) yield 1 } return {a: [...g()].length}", /budget|memory/],
    [
      "an endless generator, as arguments",
      "function* g() { for (;;) yield 1 } return {a: Math.max(...g())}",
      /budget|memory/,
    ],
    ["an endless iterator in Array.from", "return {a: Array.from({length: 2 ** 32 - 1}).length}", /budget|memory/],
    ["a text repeated and padded", "return {word: 'ab'.repeat(2 ** 28).padEnd(2 ** 29)}", /memory|too long|invalid/i],
    ["a join of holes", "return {word: new Array(2 ** 32 - 1).join('xyz')}", /budget|memory|too long/],
    ["a replacement that multiplies", "let s = '$&'.repeat(1000); for (;;) s = s.replace(/./g, s)", /budget|memory/],
    ["mutual recursion", "const f = () => g(), g = () => f(); return {a: f()}", /stack/],
    ["recursion through a getter", "const o = {get x() { return this.x }}; return {a: o.x}", /stack/],
    ["recursion through a sort", "function f() { return [2, 1].sort(f) } return {a: f()}", /stack|budget/],
    ["a catastrophic expression", "return {a: /^(\\w+\\s?)*$/.test('word '.repeat(40) + '!')}", /budget|memory|stack/],
    ["an expression that remembers", "return {a: /(.*)*\\1b/.test('a'.repeat(4000))}", /budget|memory|stack/],
    ["a proxy with endless keys", "return new Proxy({}, {ownKeys() { for (;;); }})", /budget/],
    [
      "a proxy that gives itself",
      "const p = new Proxy({}, {get: () => p, ownKeys: () => ['a'], getOwnPropertyDescriptor: () => ({value: 1, enumerable: true, configurable: true})}); return p",
      /stack|circular|budget|function|no data|primitive/,
    ],
    [
      "getters that make getters",
      "const bomb = () => ({get a() { return bomb() }, get b() { return bomb() }}); return bomb()",
      /stack|budget|memory|circular|characters/,
    ],
    [
      "a wide result",
      "const o = {}; for (let i = 0; i < 1e6; i++) o['k' + i] = i; return o",
      /budget|memory|characters/,
    ],
    ["a deep result", "let o = {}; for (let i = 0; i < 1e5; i++) o = {o}; return o", /stack|budget|memory/],
    [
      "warnings without end",
      "return {data: {a: 1}, warnings: [{toString() { for (;;); }}], errors: [{get message() { for (;;); }}]}",
      /budget/,
    ],
  ])("%s", (_name, body, words) => {
    const evil = script(`function Decoder(b) { if (b[0] === 0xff) { ${body} } return {a: b[0]} }`);
    const neighbour = script(good);
    const before = process.memoryUsage();
    expect(evil("01")).toEqual({ a: 1 });
    const [reason, detail] = evil("ff") as [string, string];
    expect(reason).toBe("script_failed");
    expect(detail).toMatch(words);
    expect(neighbour("02")).toEqual({ a: 2 });
    // an engine more stands by after a trap: 16 MiB each; what scripts ask for stays within their 4 MiB
    const after = process.memoryUsage();
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(64 * 2 ** 20);
    return expect.poll(() => evil("03")).toEqual({ a: 3 });
  });

  it("a script that breaks the language breaks it for itself alone", () => {
    const before = JSON.stringify([1]);
    const evil = script(`
      JSON.stringify = () => "{}"; JSON.parse = () => 1; Reflect.apply = null; String.prototype.charCodeAt = () => 7;
      Array.prototype.push = () => { throw 1 }; Array.prototype.join = null; Array.isArray = () => true; Object.create = null;
      Object.prototype.polluted = 1; Function.prototype.call = null; Function.prototype.apply = null; globalThis.String = null;
      Object.defineProperty(Object.prototype, "data", {get() { return {a: 99} }});
      function decodeUplink(i) { return {data: {a: i.bytes[1], ["__proto__"]: {a: 5}, constructor: {prototype: {x: 1}}}} }`);
    expect(evil("0102")).toEqual({ a: 2 });
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    expect(JSON.stringify([1])).toBe(before);
    expect(script(good)("02")).toEqual({ a: 2 });
  });

  it("reaches nothing of the host", () => {
    const names = ["process", "fetch", "setTimeout", "Deno", "std", "os", "performance", "WebAssembly", "navigator"];
    const seen = script(
      `function Decoder() { return {word: ${JSON.stringify(names)}.filter((n) => n in globalThis).join() } }`,
    );
    expect(seen("00")).toEqual({ word: "" });
    const escape = script(
      `function Decoder() { return {word: typeof this.constructor.constructor("return this")().process} }`,
    );
    expect(escape("00")).toEqual({ word: "undefined" });
    const imports = script(
      `function Decoder() { import("node:fs").then((x) => { globalThis.fs = x }); return {word: typeof fs} }`,
    );
    expect(imports("00")).toEqual({ word: "undefined" });
    expect(imports("00")).toEqual({ word: "undefined" });
  });

  it("keeps no half-done state after a failure", () => {
    const evil = script("var n = 0; function Decoder(b) { n++; if (b[0]) throw new Error('x'); return {a: n} }");
    expect(evil("00")).toEqual({ a: 1 });
    expect(evil("00")).toEqual({ a: 1 });
    expect(evil("01")).toMatchObject({ 0: "script_failed" });
    expect(evil("00")).toEqual({ a: 1 });
  });

  it("is deterministic", () => {
    const random = script("function Decoder() { return {a: Math.random()} }");
    expect(random("00")).toEqual(random("00"));
  });

  it("leaves an engine to others however often one script traps", async () => {
    const evil = script("function Decoder(b) { if (b[0]) [].indexOf.call({length: 2 ** 53}, 1); return {a: 0} }");
    for (let i = 0; i < 8; i++) {
      expect(evil("01")).toMatchObject({ 0: "script_failed" });
      expect(currentEngine()).not.toBeNull();
    }
    await loadScriptEngine();
    await expect.poll(() => evil("00")).toEqual({ a: 0 });
  });
});

describe("a script's file", () => {
  let dir = "";
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), "profile-script-"));
    mkdirSync(join(dir, "p"));
    writeFileSync(join(dir, "p/decoder.js"), "function Decoder(b) { return {a: b[0]} }");
    writeFileSync(join(dir, "outside.js"), "function Decoder(b) { return {a: 1} }");
    symlinkSync(join(dir, "outside.js"), join(dir, "p/link.js"));
  });
  afterAll(() => rmSync(dir, { recursive: true }));

  const withFile = (file: string) => {
    writeFileSync(join(dir, "p/x.yaml"), `${HEAD}    file: ${file}\n    map: [{n: a}]\n`);
    return loadFile(join(dir, "p/x.yaml"));
  };

  it("stands in the profile's folder", () => {
    const { profile } = withFile("./decoder.js");
    expect(shown(decodeVector(profile!.compiled, { hex: "09" }))).toEqual({ a: 9 });
  });

  it.each(["../outside.js", "link.js", "/etc/hostname", "missing.js", "."])("is refused elsewhere: %s", (file) => {
    const { profile, problems: found } = withFile(file);
    expect(profile).toBeNull();
    expect(found.some((p) => p.path === "codec.script.file")).toBe(true);
  });
});
