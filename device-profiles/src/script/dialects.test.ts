import { beforeAll, describe, expect, it } from "vitest";
import { loadScriptEngine } from "./engine.ts";
import { Sandbox } from "./sandbox.ts";

// One frame, a signed temperature in tenths and a battery in millivolts (big endian), decoded in every manner that makers publish.

beforeAll(() => loadScriptEngine());

const HEX = "ff380ce4";
const DATA = { temp: -20, bat: 3300 };
const at = Date.UTC(2026, 0, 2, 3, 4, 5);

function run(source: string, hex = HEX, port = 2, options: { strict?: boolean; normalize?: boolean } = {}) {
  const sandbox = new Sandbox(source, { normalize: false, strict: true, variables: { site: "7" }, ...options });
  const problem = sandbox.check();
  if (problem !== null) return { kind: "problem", message: problem };
  const outcome = sandbox.run(Buffer.from(hex, "hex"), port, at);
  sandbox.close();
  return outcome;
}
const data = (source: string, hex?: string, port?: number, options?: Parameters<typeof run>[3]) => {
  const outcome = run(source, hex, port, options);
  return outcome.kind === "data" ? (outcome as { data: unknown }).data : outcome;
};

const S16 = "function s16(b, i) { var v = (b[i] << 8) | b[i + 1]; return v > 32767 ? v - 65536 : v; }";
const TEMP = "s16(bytes, 0) / 10, bat: (bytes[2] << 8) | bytes[3]";

describe("entries", () => {
  it.each([
    [
      "decodeUplink",
      `${S16} function decodeUplink(input) { var bytes = input.bytes; return {data: {temp: ${TEMP}}, warnings: [], errors: []}; }`,
    ],
    ["destructured", `${S16} const decodeUplink = ({ bytes, fPort: port = 1 }) => ({ data: { temp: ${TEMP} } });`],
    ["var", `${S16} var decodeUplink = function (input) { var bytes = input.bytes; return {data: {temp: ${TEMP}}} }`],
    [
      "strict mode",
      `"use strict";\n${S16} let decodeUplink = function named({bytes}) { return {data: {temp: ${TEMP}}} }`,
    ],
    ["Decode of three", `${S16} function Decode(fPort, bytes, variables) { return {temp: ${TEMP}}; }`],
    ["Decode of two", `${S16} function Decode(fPort, bytes) { return {temp: ${TEMP}}; }`],
    ["Decode the other way round", `${S16} function Decode(bytes, fPort) { return {temp: ${TEMP}}; }`],
    [
      "Decode that returns an uplink",
      `${S16} function Decode(fPort, bytes) { return {data: {temp: ${TEMP}}, warnings: []}; }`,
    ],
    ["Decoder", `${S16} function Decoder(bytes, port) { return {temp: ${TEMP}}; }`],
    [
      "Decoder with uplink_info",
      `${S16} function Decoder(bytes, port, uplink_info) { if (!uplink_info.hotspots || uplink_info.port !== 2) return null; return {temp: ${TEMP}}; }`,
    ],
    ["Decoder of a payload", `${S16} function Decoder(payload, port) { var bytes = payload; return {temp: ${TEMP}}; }`],
    [
      "all of them",
      `${S16} function decodeUplink(input) { return {data: Decoder(input.bytes, input.fPort)} } function Decode(p, b) { return Decoder(b, p) } function Decoder(bytes, port) { return {temp: ${TEMP}} }`,
    ],
    [
      "with an encoder beside",
      `${S16} function decodeUplink({bytes}) { return {data: {temp: ${TEMP}}} } function encodeDownlink(i) { return {bytes: [1], fPort: 1} } function decodeDownlink(i) { return {data: {}} } function Encode() {}`,
    ],
    [
      "module.exports",
      `${S16} module.exports = { decodeUplink({ bytes }) { return { data: { temp: ${TEMP} } }; }, helper: 5 };`,
    ],
    [
      "module.exports of names",
      `${S16} function decodeUplink({bytes}) { return {data: {temp: ${TEMP}}} }\nif (typeof module !== 'undefined' && module.exports) { module.exports = { decodeUplink: decodeUplink }; }`,
    ],
    ["exports.", `${S16} exports.Decoder = function (bytes, port) { return {temp: ${TEMP}} };`],
    [
      "exports with this",
      `${S16} module.exports = { parse(bytes) { return {temp: ${TEMP}} }, decodeUplink(i) { return {data: this.parse(i.bytes)} } };`,
    ],
    [
      "module.exports = function",
      `${S16} module.exports = function (input) { const { bytes } = input; return {data: {temp: ${TEMP}}} };`,
    ],
    ["export function", `${S16}\nexport function decodeUplink({ bytes }) {\n  return { data: { temp: ${TEMP} } };\n}`],
    [
      "export default function",
      `${S16}\nexport default function decodeUplink({ bytes }) { return { data: { temp: ${TEMP} } }; }`,
    ],
    ["export default object", `${S16}\nexport default { decodeUplink: ({ bytes }) => ({ data: { temp: ${TEMP} } }) };`],
    [
      "export list",
      `${S16}\nconst dec = ({ bytes }) => ({ data: { temp: ${TEMP} } });\nexport { dec as decodeUplink, s16 };`,
    ],
    [
      "export const",
      `${S16}\nexport const decodeUplink = ({ bytes }) => ({ data: { temp: ${TEMP} } });\nexport const VERSION = "1";`,
    ],
    [
      "an import of Buffer",
      `import { Buffer } from "node:buffer";\nexport function decodeUplink(i) { const b = Buffer.from(i.bytes); return {data: {temp: b.readInt16BE(0) / 10, bat: b.readUInt16BE(2)}} }`,
    ],
    [
      "UMD",
      `${S16} (function (root, factory) { if (typeof define === "function" && define.amd) define([], factory); else if (typeof module === "object" && module.exports) module.exports = factory(); else root.codec = factory(); })(this, function () { return { Decoder: function (bytes) { return {temp: ${TEMP}} } } });`,
    ],
    [
      "on the global object",
      `${S16} (function () { globalThis.decodeUplink = ({bytes}) => ({data: {temp: ${TEMP}}}); })();`,
    ],
    [
      "an IIFE that gives an object",
      `${S16} var codec = (function () { "use strict"; return { d: function (bytes) { return {temp: ${TEMP}} } } })(); function decodeUplink(i) { return {data: codec.d(i.bytes)} }`,
    ],
    [
      "a class used inside",
      `class Codec { #bytes; constructor(bytes) { this.#bytes = bytes } static #scale = 10; get temp() { return (this.#bytes[0] << 24 >> 16 | this.#bytes[1]) / Codec.#scale } get bat() { return this.#bytes[2] * 256 + this.#bytes[3] } } function decodeUplink(i) { const {temp, bat} = new Codec(i.bytes); return {data: {temp, bat}} }`,
    ],
    [
      "a class as codec",
      `${S16} class Codec { decodeUplink({bytes}) { return this.read(bytes) } read(bytes) { return {data: {temp: ${TEMP}}} } }\nmodule.exports = Codec;`,
    ],
    [
      "a class as codec that is not exported",
      `${S16}\nclass Codec { static decodeUplink({bytes}) { return {data: {temp: ${TEMP}}} } }`,
    ],
    [
      "helpers through the global object",
      `this.s16 = (b, i) => b[i] << 24 >> 16 | b[i + 1]; function raw(b) { return {temp: this.s16(b, 0) / 10, bat: this.s16(b, 2)} } function Decoder(bytes, port) { return this.raw(bytes) }`,
    ],
    ["decoder in lower case", `${S16} function decoder(bytes, port) { return {temp: ${TEMP}} }`],
    [
      "rawDataToProtocol",
      `${S16} function rawDataToProtocol(bytes) { var u = new Uint8Array(bytes.length); for (var i = 0; i < bytes.length; i++) u[i] = bytes[i] & 0xff; var v = new DataView(u.buffer); return {method: "thing.event.property.post", version: "1.0", id: "12", params: {temp: v.getInt16(0) / 10, bat: v.getUint16(2)}} } function protocolToRawData(json) { return [] }`,
    ],
    [
      "RawToProtocol",
      `${S16} function RawToProtocol(fPort, bytes) { return {method: "report", clientToken: "x", params: {temp: ${TEMP}}} }`,
    ],
    [
      "hex text",
      `function decodeHex(hexStr) { var t = parseInt(hexStr.substr(0, 4), 16); if (t & 0x8000) t -= 0x10000; return {temp: t / 10, bat: parseInt(hexStr.substring(4, 8), 16)} }`,
    ],
    [
      "an async helper beside",
      `async function send() { await fetch("x") } ${S16} function Decoder(bytes) { return {temp: ${TEMP}} }`,
    ],
    [
      "modern syntax",
      `const F = Object.freeze([["temp", 0, 10], ["bat", 2, 1]]); const decodeUplink = ({bytes: [...b]}) => ({data: Object.fromEntries(F.map(([n, i, d]) => [n, ((b.at(i) << 8 | b.at(i + 1)) << 16 >> 16) / d]))}); const x = null; x?.y ?? 1_000;`,
    ],
    [
      "BigInt",
      `function Decoder(bytes) { let v = 0n; for (const b of bytes) v = v << 8n | BigInt(b); return {temp: Number(BigInt.asIntN(16, v >> 16n)) / 10, bat: v & 0xffffn} }`,
    ],
    [
      "hex by padStart",
      `function Decoder(bytes) { const h = bytes.map((b) => b.toString(16).padStart(2, "0")).join(""); const [, t, v] = /^(....)(....)$/.exec(h); return {temp: (parseInt(t, 16) << 16 >> 16) / 10, bat: parseInt(v, 16)} }`,
    ],
    [
      "list methods on bytes",
      `function Decoder(bytes) { if (!Array.isArray(bytes) || bytes.constructor !== Array) throw 1; return {temp: (bytes.slice(0, 2).reduce((a, b) => a * 256 + b) - 65536) / 10, bat: bytes.slice(2).reverse().reduceRight((a, b) => a << 8 | b, 0)} }`,
    ],
    [
      "shift and splice",
      `function Decoder(bytes) { var hi = bytes.shift(), lo = bytes.shift(); var v = bytes.splice(0, 2); return {temp: ((hi << 8 | lo) - 65536) / 10, bat: v[0] * 256 + v[1]} }`,
    ],
    [
      "Buffer",
      `function Decoder(bytes) { var b = Buffer.from(bytes); return {temp: b.readInt16BE(0) / 10, bat: b.slice(2).readUInt16BE()} }`,
    ],
    [
      "Buffer swapped",
      `const {Buffer} = require("buffer"); function Decoder(bytes) { const b = Buffer.from(Buffer.from(bytes).toString("hex"), "hex").swap16(); return {temp: b.readInt16LE(0) / 10, bat: b.readUIntLE(2, 2)} }`,
    ],
    [
      "base64",
      `function Decoder(bytes) { var t = atob(btoa(String.fromCharCode.apply(null, bytes))); return {temp: ((t.charCodeAt(0) << 8 | t.charCodeAt(1)) - 65536) / 10, bat: t.charCodeAt(2) << 8 | t.charCodeAt(3)} }`,
    ],
    [
      "a typed array and DataView",
      `function Decoder(bytes) { const v = new DataView(Uint8Array.from(bytes).buffer); return {temp: v.getInt16(0, false) / 10, bat: v.getUint16(2)} }`,
    ],
    [
      "variables and console",
      `function decodeUplink(input) { console.log("x", input); console.table([]); return {data: {temp: -20, bat: Number(input.variables.site) + 3293}} }`,
    ],
    [
      "modules of Node that are not used",
      `const crypto = require("crypto"), fs = require("node:fs"), { inspect } = require("util"); if (require.main === module) fs.readFileSync("x"); ${S16} function Decoder(bytes) { inspect(bytes); return Object.assign({}, {temp: ${TEMP}}) }`,
    ],
    ["a list of one", `${S16} function decodeUplink({bytes}) { return {data: [{temp: ${TEMP}}]} }`],
    [
      "fields of a list",
      `${S16} function Decoder(bytes, port) { var d = {temp: ${TEMP}}; return Object.keys(d).map((k) => ({field: k, value: d[k]})) }`,
    ],
    [
      "lists of parts",
      `${S16} function decodeUplink({bytes}) { var d = {temp: ${TEMP}}; return {data: [{temp: d.temp}, {bat: d.bat}]} }`,
    ],
    [
      "a byte order mark and a shebang",
      `\uFEFF#!/usr/bin/env node\n${S16} function Decoder(bytes) { return {temp: ${TEMP}} } // the end`,
    ],
    [
      "getters",
      `${S16} function Decoder(bytes) { return {get temp() { return s16(bytes, 0) / 10 }, bat: 3300, skip: undefined, f() {}} }`,
    ],
  ])("%s", (_name, source) => {
    expect(data(source)).toEqual(DATA);
  });
});

describe("what scripts return", () => {
  const decoder = (body: string) => `function decodeUplink(input) { ${body} }`;

  it.each([
    ["errors", "return {errors: ['no such port', 'x']}", "no such port; x"],
    ["errors beside data", "return {data: {a: 1}, errors: ['bad crc']}", "bad crc"],
    ["one error as a text", "return {errors: 'bad'}", "bad"],
    ["error", "return {error: 'unknown'}", "unknown"],
    ["errors as objects", "return {errors: [new Error('deep')]}", "deep"],
    ["data that is an error", "return {data: {error: 'short'}}", "short"],
    ["a thrown text", "throw 'plain'", "plain"],
    ["a thrown object", "throw {message: 'm'}", "m"],
    ["a thrown null", "throw null", "null"],
    ["no data", "return {data: null}", "returned no data"],
    ["nothing", "return", "returned no object"],
    ["a cycle", "const o = {}; o.o = o; return {data: o}", "circular"],
    [
      "a module of Node that is used",
      "return {data: {x: require('crypto').createHash('md5')}}",
      "crypto.createHash is not available",
    ],
    ["a timer", "setTimeout(() => 1, 5); return {data: {a: 1}}", "setTimeout"],
    ["a helper that is not there", "return require('./helpers/bits').u16(input.bytes)", "a decoder is one file"],
    ["beyond a Buffer", "return {data: {a: Buffer.from(input.bytes).readUInt32BE(2)}}", "out of range"],
  ])("%s", (_name, body, words) => {
    expect(run(decoder(body))).toMatchObject({ kind: "failed", message: expect.stringContaining(words) as unknown });
  });

  it("keeps what JSON can say, and says the rest as JSON does", () => {
    expect(
      data(
        decoder(
          "return {data: {n: null, u: undefined, x: NaN, i: 1/0, d: new Date(), b: 12n, big: 2n ** 70n, t: true, o: {p: [1, {q: 'r'}]}}}",
        ),
      ),
    ).toEqual({
      n: null,
      x: null,
      i: null,
      d: "2026-01-02T03:04:05.000Z",
      b: 12,
      big: "1180591620717411303424",
      t: true,
      o: { p: [1, { q: "r" }] },
    });
    expect(run(decoder("return {data: {a: 1}, warnings: ['w', 5], errors: null}"))).toMatchObject({
      warnings: ["w", "5"],
    });
  });

  it("makes earlier samples of lists with times", () => {
    const list = decoder(
      "return {data: [{time: 1700000000, a: 1}, {time: 1700000600, a: 2}, {time: 1699999400, a: 3}]}",
    );
    expect(run(list)).toMatchObject({
      ...{ data: { a: 2 }, at: 1_700_000_600_000 },
      past: [
        { at: 1_700_000_000_000, data: { a: 1 } },
        { at: 1_699_999_400_000, data: { a: 3 } },
      ],
    });
    const fields =
      "function Decoder(b) { return [{field: 'T', value: 1, timestamp: '2025-01-01T00:00:00Z'}, {field: 'H', value: 2, timestamp: '2025-01-01T00:00:00Z'}, {field: 'T', value: 3}] }";
    expect(run(fields)).toMatchObject({ data: { T: 3 }, past: [{ at: Date.UTC(2025, 0, 1), data: { T: 1, H: 2 } }] });
    const history = decoder("return {data: {a: 5, history: [{timestamp: 1700000000, a: 4}]}}");
    expect(run(history)).toMatchObject({ data: { a: 5 }, past: [{ at: 1_700_000_000_000, data: { a: 4 } }], at: 0 });
    expect(data(decoder("return {data: [{a: 1}, {a: 2}]}"))).toEqual({ 0: { a: 1 }, 1: { a: 2 } });
  });

  it("reads GBK, UTF-8 and Latin-1", () => {
    const decode = (label: string) =>
      `function Decoder(bytes) { return {t: new TextDecoder("${label}").decode(new Uint8Array(bytes))} }`;
    expect(data(decode("gbk"), "b3ac ccd8 41".replace(/ /g, ""))).toEqual({ t: "超特A" });
    expect(data(decode("gb2312"), "cbaecebb")).toEqual({ t: "水位" });
    expect(data(decode("utf-8"), "e6b0b4e4bd8d21")).toEqual({ t: "水位!" });
    expect(data(decode("latin1"), "b043")).toEqual({ t: "°C" });
    expect(data("function Decoder(b) { return {t: Buffer.from(b).toString('utf8', 0, 3)} }", "e6b0b421")).toEqual({
      t: "水",
    });
    expect(
      data("function Decoder(b) { return {t: decodeURIComponent(escape(String.fromCharCode(...b)))} }", "e6b0b4"),
    ).toEqual({ t: "水" });
  });
});

describe("between frames", () => {
  it.each([
    ["a variable", "var n = 0; function Decoder() { return {n: ++n} }"],
    [
      "a let in a closure",
      "const next = (() => { let n = 0; return () => ++n })(); const decodeUplink = () => ({data: {n: next()}})",
    ],
    [
      "an object",
      "const state = {seen: []}; function Decoder(b) { state.seen.push(b); return {n: state.seen.length} }",
    ],
    ["an implicit global", "function Decoder() { n = typeof n === 'undefined' ? 1 : n + 1; return {n: n} }"],
    ["globalThis", "function Decoder() { globalThis.n = (globalThis.n || 0) + 1; return {n: globalThis.n} }"],
    ["a function's property", "function Decoder() { Decoder.n = (Decoder.n || 0) + 1; return {n: Decoder.n} }"],
    [
      "a static member",
      "class C { static n = 0; static decodeUplink() { return {data: {n: ++C.n}} } }\nmodule.exports = C",
    ],
    [
      "a module of its own",
      "require.define('./m', (module) => { let n = 0; module.exports = () => ++n }); const m = require('./m.js'); function Decoder() { return {n: m()} }",
    ],
    [
      "a top level at the top",
      "this.n = 0; function up() { return ++this.n } function Decoder() { return {n: this.up()} }",
    ],
    ["the prototypes", "function Decoder() { Array.prototype.n = (Array.prototype.n || 0) + 1; return {n: [].n} }"],
    [
      "a method that is replaced",
      "function Decoder() { try { return {n: [1].map((x) => x)[0]} } finally { Array.prototype.map = () => [2] } }",
    ],
    [
      "a namespace that is replaced in part, by an alias",
      "var j = JSON; function Decoder() { try { return {n: JSON.parse('1')} } finally { j['pa' + 'rse'] = () => 2 } }",
    ],
    [
      "a global that is replaced",
      "function Decoder() { try { return {n: parseInt('1')} } finally { this['parse' + 'Int'] = () => 2 } }",
    ],
    [
      "a method's own property",
      "function Decoder() { var f = [].map; f.n = (f.n || 0) + 1; return {n: f.n === undefined ? 1 : f.n} }",
    ],
    [
      "an accessor in a value's place",
      "var n = {}; function Decoder() { try { return {n: Math.abs(-1)} } finally { Object['define' + 'Property'](Math, 'abs', {get: () => () => 2}) } }",
    ],
    [
      "a prototype's prototype",
      "function Decoder() { try { return {n: ({}).over || [].over || 1} } finally { try { [].__proto__.__proto__ = {over: 2} } catch (e) {} } }",
    ],
    [
      "a built-in that was frozen",
      "function Decoder() { try { Array.prototype.k = 1; return {n: [].k} } finally { delete Array.prototype.k; Object.freeze(Array.prototype) } }",
    ],
    [
      "an iterator's prototype, found without its name",
      "function Decoder() { var p = [][Symbol.iterator]()['__pro' + 'to__']; p.n = (p.n || 0) + 1; return {n: p.n} }",
    ],
    [
      "a top level that changes the language",
      "Array.prototype.m = (Array.prototype.m || 0) + 1; function Decoder() { try {} finally {} return {n: [].m} }",
    ],
  ])("nothing stays in %s", (_name, source) => {
    const sandbox = new Sandbox(source, { normalize: false, strict: true, variables: {} });
    expect(sandbox.check()).toBeNull();
    for (let i = 0; i < 3; i++) expect(sandbox.run(Uint8Array.of(1), 1, at)).toMatchObject({ data: { n: 1 } });
    sandbox.close();
  });
});
