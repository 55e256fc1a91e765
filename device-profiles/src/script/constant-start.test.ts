import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { constantStart } from "./constant-start.ts";
import { loadScriptEngine } from "./engine.ts";
import { Sandbox } from "./sandbox.ts";

beforeAll(() => loadScriptEngine());

const OPTIONS = { normalize: false, strict: true, variables: {} };
const at = Date.UTC(2026, 0, 2);

/** Starts that serve every frame. */
const CONSTANT: readonly (readonly [string, string])[] = [
  [
    "functions",
    "function u16(b, i) { return b[i] << 8 | b[i + 1] } function Decoder(b) { var s = 0; for (var i = 0; i < b.length; i++) s += b[i]; return {s: s, u: u16(b, 0)} }",
  ],
  [
    "tables",
    "const NAMES = {1: 'a', 2: ['b', {c: 1}]}; var F = -1 / 10; const decodeUplink = ({bytes}) => ({data: {n: NAMES[bytes[0]] || 'x', f: bytes[1] * F}})",
  ],
  ["a closure over its own variables", "function Decoder(b) { let n = 0; b.forEach((x) => { n += x }); return {n} }"],
  [
    "a class",
    "class R { static K = 2; #at = 0; constructor(b) { this.b = b } next() { return this.b[this.#at++] * R.K } } function Decoder(b) { const r = new R(b); return {x: r.next(), y: r.next()} }",
  ],
  [
    "exports",
    "function Decoder(b) { return {a: b[0]} }\nif (typeof module !== 'undefined') { module.exports = { Decoder: Decoder }; }",
  ],
  ["ES exports", "export function decodeUplink({bytes}) { return {data: {a: bytes[0]}} }"],
  [
    "errors of its own",
    "function decodeUplink(i) { if (i.bytes[0] > 128) throw new Error('high ' + i.bytes[0]); return i.bytes[0] > 64 ? {errors: ['mid']} : {data: {a: i.bytes[1]}} }",
  ],
  ["a frozen table", "const T = Object.freeze(['a', 'b']); function Decoder(b) { return {t: T[b[0] & 1]} }"],
  [
    "a pattern",
    "var P = /^(..)(..)/; function Decoder(b) { return {m: P.exec(b.map((x) => (x + 256).toString(16).slice(1)).join(''))[1]} }",
  ],
];

/** Written so that each frame would see what the one before it left. Only a fresh start keeps them apart. */
const KEEPING: readonly (readonly [string, string])[] = [
  ["an object of the top level", "const s = {n: 0}; function Decoder() { s.n++; return {n: s.n} }"],
  [
    "through an alias",
    "const s = {in: {n: 0}}; function up(o) { o.n += 1; return o.n } function Decoder() { const {in: t} = s; return {n: up(t)} }",
  ],
  ["a list", "var l = []; function Decoder() { l.push(1); return {n: l.length} }"],
  ["a list by index", "var l = [0]; function Decoder() { return {n: l[0] = l[0] + 1} }"],
  [
    "a default value",
    "function next(o = box) { return ++o.n } const box = {n: 0}; function Decoder() { return {n: next()} }",
  ],
  [
    "a getter",
    "const o = {get n() { this.k = (this.k || 0) + 1; return this.k }}; function Decoder() { return {n: o.n} }",
  ],
  [
    "a failure that is swallowed",
    "const s = {n: 0}; function Decoder() { try { s.n++ } catch (e) {} return {n: s.n} }",
  ],
  [
    "a failure in async code",
    "const s = {n: 0}; async function up() { s.n++ } function Decoder() { up(); return {n: s.n} }",
  ],
  [
    "a promise of the realm",
    "const s = {n: 0}; const P = (function* () {}).constructor; function Decoder(b) { const Q = this.constructor; s.n++; return {n: s.n} }",
  ],
  ["Reflect", "const s = {n: 0}; function Decoder() { Reflect.set(s, 'n', s.n + 1); return {n: s.n} }"],
  [
    "Reflect by another way",
    "const s = {n: 0}, G = this; function Decoder() { G['Ref' + 'lect'].set(s, 'n', s.n + 1); return {n: s.n} }",
  ],
  [
    "generated code",
    "const s = {n: 0}; function Decoder() { return {n: [].constructor.constructor('s', 's.n++; return s.n')(s)} }",
  ],
  ["eval", "var n = 0; function Decoder() { return {n: (0, eval)('globalThis.k = (globalThis.k || 0) + 1')} }"],
  ["a destructured name", "var n = 0; function Decoder() { [n] = [n + 1]; return {n} }"],
  ["a loop's name", "var n; function Decoder() { var k = n; for (n of [1]); return {n: k === undefined ? 1 : 2} }"],
  [
    "an IIFE",
    "var d = (function () { var n = 0; return function () { return ++n } })(); function Decoder() { return {n: d()} }",
  ],
  [
    "a called getter at the start",
    "const o = {get d() { let n = 0; return () => ++n }}; const d = o.d; function Decoder() { return {n: d()} }",
  ],
  [
    "a coercion at the start",
    "const o = {toString() { let n = 0; o.d = () => ++n; return '' }}; const t = '' + o; function Decoder() { return {n: o.d()} }",
  ],
  ["a Map", "const m = new Map(); function Decoder() { m.set(1, (m.get(1) || 0) + 1); return {n: m.get(1)} }"],
  ["a typed array", "const m = new Uint8Array(1); function Decoder() { return {n: ++m[0]} }"],
  ["a sticky pattern", "const p = /a/g; function Decoder() { p.exec('aaa'); return {n: p.lastIndex} }"],
  [
    "a compiled pattern",
    "const p = /x/; function Decoder() { const seen = p.source; p.compile('y'); return {n: seen === 'x' ? 1 : 2} }",
  ],
  [
    "a private static",
    "class C { static #n = 0; static up() { return ++C.#n } } function Decoder() { return {n: C.up()} }",
  ],
  [
    "private members on a foreign object",
    "class B { constructor(o) { return o } } const box = {}; class S extends B { #n = 1; static seen(o) { return #n in o } } function Decoder() { if (S.seen(box)) return {n: 2}; new S(box); return {n: 1} }",
  ],
  ["the question whether it is frozen", "const s = {}; function Decoder() { return {n: Object.isFrozen(s) ? 2 : 1} }"],
  [
    "a descriptor",
    "const s = {n: 1}; function Decoder() { return {n: Object.getOwnPropertyDescriptor(s, 'n').writable ? 1 : 2} }",
  ],
  [
    "a function in a block",
    "function Decoder() { { function f() { return 1 } } return {n: typeof f === 'function' ? 1 : 2} }",
  ],
  ["this of a plain call", "function f() { return this === undefined ? 2 : 1 } function Decoder() { return {n: f()} }"],
  ["arguments that follow", "function f(a) { a = 1; return arguments[0] } function Decoder() { return {n: f(2)} }"],
  [
    "a name that is shadowed",
    "var toString = 0; function Decoder() { const o = {}; o.toString = 1; return {n: o.toString} }",
  ],
  [
    "console",
    "function Decoder() { console.n = 1; console.log.n = (console.log.n || 0) + 1; return {n: Object.keys(console).length + 1} }",
  ],
  ["a built-in", "function Decoder() { Number.n = (Number.n || 0) + 1; return {n: Number.n} }"],
];

const one = (source: string, frame: Uint8Array) => {
  const sandbox = new Sandbox(source, OPTIONS);
  const outcome = sandbox.run(frame, 1, at);
  sandbox.close();
  return outcome;
};

describe("a start that serves every frame", () => {
  it.each(CONSTANT)("%s", (_name, source) => {
    const sandbox = new Sandbox(source, OPTIONS);
    expect(sandbox.check()).toBeNull();
    expect(sandbox.run(Uint8Array.of(1, 2, 3), 1, at).kind).toBe("data");
    expect(sandbox.runsOnce).toBe(true);
    sandbox.close();
  });

  it("gives the same in any order, and as a script that starts for every frame", () => {
    const frames = fc.array(fc.uint8Array({ minLength: 0, maxLength: 4 }), { minLength: 1, maxLength: 8 });
    const sandboxes = CONSTANT.map(([, source]) => ({
      source,
      once: new Sandbox(source, OPTIONS),
      // a `try` is what no proof goes past
      each: new Sandbox(`${source}\nfunction unused() { try {} catch (e) {} }`, OPTIONS),
    }));
    fc.assert(
      fc.property(frames, (list) => {
        for (const { once, each } of sandboxes)
          for (const frame of list) expect(once.run(frame, 1, at)).toEqual(each.run(frame, 1, at));
      }),
      { numRuns: 60, seed: 1 },
    );
    for (const { once, each } of sandboxes) {
      expect([once.runsOnce, each.runsOnce]).toEqual([true, false]);
      once.close();
      each.close();
    }
  });
});

describe("what stays is seen, and does not stay", () => {
  it.each(KEEPING)("%s", (_name, source) => {
    const sandbox = new Sandbox(source, OPTIONS);
    const first = one(source, Uint8Array.of(1));
    expect(first).toMatchObject({ data: { n: 1 } });
    for (let i = 0; i < 5; i++) expect(sandbox.run(Uint8Array.of(1), 1, at)).toEqual(first);
    expect(sandbox.runsOnce).toBe(false);
    sandbox.close();
  });

  it("a text that is more than one function's inside is none", () => {
    expect(constantStart("}); globalThis.x = 1; (function () {")).toBeNull();
    expect(constantStart("(".repeat(100_000))).toBeNull();
    expect(constantStart("return 5")).toBeNull();
  });
});
