/** How a script is called; in this order where it defines several. */
export const ENTRIES = ["decodeUplink", "Decode", "Decoder"] as const;
export type Entry = (typeof ENTRIES)[number];

/**
 * Runs inside the sandbox before the script does, and keeps what it needs of the language to itself: a script may break `JSON` or
 * `Array.prototype` for itself, not for the driver. Its value is the driver: `bind` looks up the script's functions, `run` makes one
 * call and gives a text: "+" and JSON, "-" and a message, "<" and what was read beyond the frame.
 *
 * The clock is the frame's time and Math.random a constant, so that a frame decoded again gives the same values.
 */
export const PRELUDE = String.raw`(() => {
  "use strict";
  const { stringify, parse } = JSON;
  const { apply, construct, defineProperty } = Reflect;
  const { isArray, prototype: ArrayProto } = Array;
  const { create, setPrototypeOf } = Object;
  const call = (fn, self, ...args) => apply(fn, self, args);
  const substring = String.prototype.substring;
  const slice = ArrayProto.slice;
  const RealDate = Date;
  const Octets = Uint8Array;
  const Text = String;

  let now = 0;
  let missing = -1;
  const clock = () => now;
  const Clock = new Proxy(RealDate, {
    construct: (target, args) => construct(target, args.length === 0 ? [now] : args),
    apply: () => Text(construct(RealDate, [now])),
  });
  RealDate.now = clock;
  RealDate.prototype.constructor = Clock;
  globalThis.Date = Clock;
  Math.random = () => 0.5;

  const quiet = () => undefined;
  globalThis.console = { log: quiet, info: quiet, warn: quiet, error: quiet, debug: quiet, trace: quiet };
  globalThis.module = { exports: {} };
  globalThis.exports = module.exports;
  globalThis.require = (name) => {
    throw new Error("require(" + Text(name) + "): a decoder is one file");
  };

  // Reading a byte that the frame does not have is noted instead of being 0 in the next shift.
  const watched = create(ArrayProto);
  for (let i = 0; i < 256; i++)
    defineProperty(watched, i, {
      get() {
        if (missing < 0) missing = i;
        return undefined;
      },
      set(value) {
        defineProperty(this, i, { value, writable: true, enumerable: true, configurable: true });
      },
    });
  defineProperty(watched, "slice", {
    value(from, to) {
      if (typeof to === "number" && to > this.length && from < to && missing < 0) missing = to - 1;
      return apply(slice, this, [from, to]);
    },
  });

  let entry = "";
  let decode = null;
  let normalize = null;
  let variables = "{}";
  let strict = true;
  let most = 0;

  const list = (x) => {
    if (x === undefined || x === null) return [];
    const out = [];
    const items = isArray(x) ? x : [x];
    for (let i = 0; i < items.length && i < 20; i++) out[i] = call(substring, Text(items[i]), 0, 200);
    return out;
  };
  const failure = (error) => {
    let text;
    try {
      const message = typeof error === "object" && error !== null ? error.message : error;
      text = Text(message === undefined ? error : message);
    } catch {
      text = "an error that cannot be shown";
    }
    return "-" + call(substring, text, 0, 300);
  };
  const unwrapped = (result, what) => {
    if (typeof result !== "object" || result === null) throw new Error(what + " returned no object");
    if (typeof result.then === "function") throw new Error(what + " returned a promise; decoders are synchronous");
    return result;
  };

  const decoded = (bytes, port) => {
    if (entry === "Decode") return { data: unwrapped(decode(port, bytes, parse(variables)), entry) };
    if (entry === "Decoder") return { data: unwrapped(decode(bytes, port), entry) };
    const input = { bytes, fPort: port, recvTime: construct(RealDate, [now]), variables: parse(variables) };
    return unwrapped(decode(input), entry);
  };
  const normalized = (result, warnings) => {
    const answer = unwrapped(normalize({ data: result.data }), "normalizeUplink");
    const errors = list(answer.errors);
    if (errors.length > 0) return [errors, null];
    const added = list(answer.warnings);
    for (let i = 0; i < added.length; i++) warnings[warnings.length] = added[i];
    return [errors, isArray(answer.data) && answer.data.length === 1 ? answer.data[0] : answer.data];
  };

  return {
    bind(name, found, settings) {
      ({ variables, strict, most } = parse(settings));
      entry = name;
      decode = found.decode;
      normalize = found.normalize;
    },
    run(buffer, size, port, at) {
      now = at;
      missing = -1;
      try {
        const bytes = [];
        const octets = construct(Octets, [buffer]);
        for (let i = 0; i < size; i++) bytes[i] = octets[i];
        if (strict) setPrototypeOf(bytes, watched);
        const result = decoded(bytes, port);
        const warnings = list(result.warnings);
        let errors = list(result.errors);
        let data = result.data;
        if (missing >= 0) return "<" + missing;
        if (errors.length === 0 && normalize !== null) [errors, data] = normalized(result, warnings);
        if (errors.length > 0) return "-" + call(ArrayProto.join, errors, "; ");
        if (typeof data !== "object" || data === null) return "-" + entry + " returned no data";
        const out = stringify([data, warnings]);
        return out.length > most ? "-the result has " + out.length + " characters, at most " + most : "+" + out;
      } catch (error) {
        return missing >= 0 ? "<" + missing : failure(error);
      }
    },
  };
})()`;

/** An expression that finds a function of the script: among its globals, `let` and `const` included, then among its exports. */
export function lookUp(name: string): string {
  return `(typeof ${name} === "function" ? ${name} : typeof module === "object" && module !== null && module.exports && typeof module.exports.${name} === "function" ? module.exports.${name} : typeof exports === "object" && exports !== null && typeof exports.${name} === "function" ? exports.${name} : null)`;
}
