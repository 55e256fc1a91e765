import { Sandbox } from "../script/sandbox.ts";
import { type Example, examplesOf, list, record } from "./script-source.ts";

/**
 * Examples out of tests that are a program: a list that it exports, or calls of the decoder whose results it compares. The program runs in
 * the sandbox, with a test framework that notes what is compared instead of judging it.
 *
 * @returns the examples, or what kept the program from running
 */
export function examplesOfTests(tests: string, script: string): Example[] | string {
  const source = `${FRAMEWORK}
const __codec = (() => { const module = { exports: {} }; const exports = module.exports;
${script}
;const own = { decodeUplink: typeof decodeUplink === "function" ? decodeUplink : null, Decode: typeof Decode === "function" ? Decode : null,
  Decoder: typeof Decoder === "function" ? Decoder : null };
for (const k of Object.keys(own)) if (own[k] === null) delete own[k];
return Object.assign({}, module.exports, own); })();
const __exported = (() => { const module = { exports: {} }; const exports = module.exports; const { decodeUplink, Decode, Decoder } = __watch(__codec);
const require = (name) => /^(\\.|\\/)/.test(name) ? __watch(__codec) : __module(name);
(() => {
${tests
  .replace(/^\s*import\s+(.*?)\s+from\s+(['"][^'"]+['"]);?/gm, "const $1 = require($2);")
  .replace(/\bconst\s*\{\s*(decodeUplink|Decode|Decoder)\s*\}\s*=\s*require/g, "const {$1: __unused} = require")
  .replace(/^\s*export\s+default\s+/gm, "module.exports = ")}
})();
return module.exports; })();
module.exports = { Decoder() { return { noted: __noted, exported: Array.isArray(__exported) ? __exported : __exported.tests || __exported.examples || [] }; } };
`;
  const sandbox = new Sandbox(source, { normalize: false, strict: false, variables: {}, entry: "Decoder" });
  const problem = sandbox.check();
  if (problem !== null) return `its tests cannot be read: ${problem}`;
  const outcome = sandbox.run(new Uint8Array(1), 1, 0);
  sandbox.close();
  if (outcome.kind !== "data")
    return outcome.kind === "failed" ? `its tests cannot be read: ${outcome.message}` : "no tests";
  const { noted, exported } = record(outcome.data);
  const found = [...list(exported), ...list(noted)];
  return found.length === 0 ? "no comparison of what the decoder gives was found" : examplesOf(found);
}

const FRAMEWORK = String.raw`
const __noted = []; const __of = new Map(); let __title = "";
const __note = (actual, expected) => {
  const known = __of.get(actual);
  if (known === undefined || typeof expected !== "object" || expected === null) return;
  __noted.push({ name: __title, input: known.input, expected: known.whole ? expected : { data: expected } });
};
const __remember = (result, input) => {
  if (typeof result !== "object" || result === null) return result;
  __of.set(result, { input, whole: "data" in result || "errors" in result });
  if (typeof result.data === "object" && result.data !== null) __of.set(result.data, { input, whole: false });
  return result;
};
const __plain = (input) => ({ ...input, bytes: Array.from(input.bytes || []) });
const __watch = (codec) => ({ ...codec,
  decodeUplink: (input) => __remember(codec.decodeUplink(input), __plain(input)),
  Decode: (fPort, bytes, v) => __remember(codec.Decode(fPort, bytes, v), __plain({ bytes, fPort })),
  Decoder: (bytes, fPort, i) => __remember(codec.Decoder(bytes, fPort, i), __plain({ bytes, fPort })) });
const __any = () => new Proxy(function () {}, { get: (_t, k) => (k === Symbol.toPrimitive ? () => "" : __any()), apply: () => __any() });
const expect = (actual) => { const note = (expected) => __note(actual, expected);
  return new Proxy({}, { get: (_t, k) => /^(toEqual|toStrictEqual|toMatchObject|eql|equal|deep|toBe|deepEqual)$/.test(String(k)) ? Object.assign(note, { equal: note, eql: note, equals: note }) : k === "to" || k === "be" ? expect(actual) : __any() }); };
const assert = Object.assign(() => undefined, { equal: __note, strictEqual: __note, deepEqual: __note, deepStrictEqual: __note, ok() {}, throws() {}, strict: null });
assert.strict = assert;
const __run = (title, body) => { const before = __title; __title = before === "" ? title : before + ": " + title; try { if (typeof body === "function") body(() => undefined); } catch {} __title = before; };
const describe = Object.assign(__run, { each: (rows) => (title, body) => rows.forEach((row) => __run(title, () => body(...[].concat(row)))) }); const it = describe; const test = describe;
const beforeAll = () => undefined, beforeEach = beforeAll, afterAll = beforeAll, afterEach = beforeAll; const jest = __any(); 
const __module = (name) => /assert/.test(name) ? assert : /chai/.test(name) ? { expect, assert } : /test/.test(name) ? Object.assign(describe, { describe, it, test, expect }) : __any();
`;
