import { HARDENING } from "./hardening.ts";
import { REALM_GUARD } from "./realm-guard.ts";
import { RESULT_SHAPE } from "./result-shape.ts";

/** How a script is called; in this order where it defines several. */
export const ENTRIES = ["decodeUplink", "Decode", "Decoder"] as const;
export type Entry = (typeof ENTRIES)[number];

/** Further names that makers and platforms use; how they are called follows from the names of their parameters. */
export const OTHER_ENTRIES = [
  ...["rawDataToProtocol", "RawToProtocol", "decoder", "decode", "decodePayload", "DecodePayload", "parsePayload"],
  ...["decodeHex", "parse", "Parse", "Converter", "normalizeUplink"],
] as const;

/**
 * Runs inside the sandbox before the script does, and keeps what it needs of the language to itself: a script may break `JSON` or
 * `Array.prototype` for itself, not for the driver. Its value is the driver: `bind` takes the script, as a function that makes it anew,
 * and looks up what decodes; `run` makes one call and gives a text: "+" and JSON, "-" and a message, "<" and what was read beyond the frame.
 *
 * The script's top level runs for every frame, so that what one frame leaves in its variables does not reach the next; properties that
 * it adds to the global object are taken away again. Only where nothing can stay (constant-start.ts, hardening.ts) it runs once.
 *
 * The clock is the frame's time and Math.random a constant, so that a frame decoded again gives the same values.
 */
export const PRELUDE = String.raw`(() => {
  "use strict";
  const { stringify, parse } = JSON;
  const NO_VARIABLES = "{}";
  const { apply, construct, defineProperty, deleteProperty, ownKeys } = Reflect;
  const { isArray, prototype: ArrayProto } = Array;
  const { create, setPrototypeOf, getPrototypeOf, keys, freeze, getOwnPropertyDescriptor: describe } = Object;
  const call = (fn, self, ...args) => apply(fn, self, args);
  const { substring, toLowerCase } = String.prototype;
  const { slice, join, indexOf } = ArrayProto;
  const { exec } = RegExp.prototype;
  const sourceOf = Function.prototype.toString;
  const hexOf = Number.prototype.toString;
  const timeOf = Date.prototype.getTime;
  const { isFinite: finite, isSafeInteger } = Number;
  const RealDate = Date;
  const Octets = Uint8Array;
  const Text = String;
  const Amount = Number;
  const Fault = Error;
  const globals = globalThis;
  const modules = create(null);

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
  BigInt.prototype.toJSON = function () {
    const amount = Amount(this);
    return isSafeInteger(amount) ? amount : Text(this);
  };

  const quiet = freeze(() => undefined);
  // not enumerable: what is enumerable on the global object was put there by the script
  const provide = (name, value) => defineProperty(globals, name, { value, writable: true, configurable: true });
  provide("console", new Proxy(freeze(create(null)), { get: () => quiet }));
  provide("module", { exports: {} });
  provide("exports", globals.module.exports);

  // What Node has and a decoder cannot: loading it is harmless, using it says what is missing.
  const absent = (name) =>
    new Proxy(() => undefined, {
      get: (_target, key) => (typeof key === "symbol" || key === "default" ? undefined : absent(name + "." + key)),
      apply: () => { throw new Fault(name + " is not available to a decoder"); },
      construct: () => { throw new Fault(name + " is not available to a decoder"); },
    });
  const NODE = /^(node:)?(assert|child_process|crypto|events|fs|http|https|net|os|path|process|stream|timers|url|vm|worker_threads|zlib)(\/.*)?$/;
  const bare = (name) => call(exec, /^(?:node:)?(?:\.\/|\.\.\/)*(.*?)(?:\.c?js|\.mjs|\.json)?$/, name)[1];
  const load = (name) => {
    const text = Text(name);
    const found = modules[text] ?? modules[bare(text)];
    if (found === undefined) {
      if (call(exec, NODE, text) !== null) return absent(text);
      throw new Fault("require(" + text + "): a decoder is one file");
    }
    if (found.ready === frame) return found.module.exports;
    found.ready = frame;
    found.module = { exports: {} };
    call(found.make, globals, found.module, found.module.exports, load);
    return found.module.exports;
  };
  let frame = 0;
  load.define = (name, make) => { modules[bare(Text(name))] = { make, module: null, ready: -1 }; };
  provide("require", load);

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

  let make = null;
  let names = [];
  let normalizes = false;
  let variables = "{}";
  let strict = true;
  let most = 0;

  const list = (x) => {
    if (x === undefined || x === null || x === "") return [];
    const out = [];
    const items = isArray(x) ? x : [x];
    for (let i = 0; i < items.length && i < 20; i++) {
      const item = items[i];
      const text = typeof item === "object" && item !== null ? (item.message ?? stringify(item)) : item;
      out[i] = call(substring, Text(text), 0, 200);
    }
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
  const isObject = (x) => typeof x === "object" && x !== null;
  const unwrapped = (result, what) => {
    if (!isObject(result)) throw new Fault(what + " returned no object");
    if (typeof result.then === "function") throw new Fault(what + " returned a promise; decoders are synchronous");
    return result;
  };

  // Where a script keeps its functions: its top level, what it exports, the global object, a class of its own.
  const find = (name, places) => {
    for (let i = 0; i < places.length; i++) {
      const place = places[i];
      if (!isObject(place) && typeof place !== "function") continue;
      if (typeof place[name] === "function") return { entry: name, fn: place[name], self: i === 0 ? undefined : place, top: i === 0 };
      if (typeof place === "function" && isObject(place.prototype) && typeof place.prototype[name] === "function")
        return { entry: name, fn: place.prototype[name], self: construct(place, []) };
    }
    return null;
  };
  const search = (own, classes, exported) => {
    const { module, exports } = exported;
    const first = module.exports;
    const main = isObject(first) || typeof first === "function" ? first.default : undefined;
    const places = [own, first, main, exports, exports.default, globals];
    for (let i = 0; i < classes.length; i++) places[places.length] = classes[i];
    const whole = typeof first === "function" ? first : typeof main === "function" ? main : null;
    for (let i = 0; i < names.length; i++) {
      if (i === ENTRY_COUNT && whole !== null) break;
      const found = find(names[i], places);
      if (found !== null) return { ...found, normalize: normalizes ? find("normalizeUplink", places) : null };
    }
    if (whole === null) return null;
    return { entry: "decodeUplink", fn: whole, self: undefined, normalize: normalizes ? find("normalizeUplink", places) : null };
  };
  const ENTRY_COUNT = 3;
  let chosen = "";
  let parameters = null;
  // what serves every frame, of a script whose start was shown to; else null
  let standing = null;
  const open = () => {
    frame++;
    const module = { exports: {} };
    const exports = module.exports;
    if (make === null) return search({}, [], { module: globals.module, exports: globals.exports });
    globals.module = module;
    globals.exports = exports;
    const made = apply(make, globals, [module, exports, load]);
    const own = made[0];
    if (chosen !== "" && !normalizes && typeof own[chosen] === "function") return { entry: chosen, fn: own[chosen], self: undefined, normalize: null };
    return search(own, made[1], { module, exports });
  };

  // "function Decode(fPort, bytes)" -> ["fPort", "bytes"]; null = a pattern or unreadable
  const parametersOf = (fn) => {
    const head = call(exec, /^[^(]*?\(([^){[]*)\)|^\s*(?:async\s+)?(\w+)\s*=>/, call(sourceOf, fn));
    if (head === null) return null;
    const out = [];
    let rest = head[1] ?? head[2] ?? "";
    for (let i = 0; i < 6; i++) {
      const word = call(exec, /^[\s,]*(?:\/\*[^]*?\*\/\s*)?([\w$]+)(?:\s*=[^,]*)?([^]*)$/, rest);
      if (word === null) break;
      out[i] = word[1];
      rest = word[2];
    }
    return out;
  };
  const pad = (digits) => (digits.length === 1 ? "0" + digits : digits);
  const hexText = (bytes) => {
    let out = "";
    for (let i = 0; i < bytes.length; i++) out += pad(call(hexOf, bytes[i], 16));
    return out;
  };
  const argumentFor = (name, place, order, given) => {
    const word = name === undefined ? "" : call(toLowerCase, name);
    if (call(exec, /port$|^port|^fp$/, word) !== null) return given.port;
    if (call(exec, /hex|str$|string/, word) !== null) return hexText(given.bytes);
    if (call(exec, /^(input|uplink|obj|msg|message)$/, word) !== null) return inputOf(given);
    if (call(exec, /variables|vars|options|opts/, word) !== null) return parse(variables);
    if (call(exec, /uplink_?info|meta|info/, word) !== null) return infoOf(given);
    if (call(exec, /bytes|payload|data|buf|raw|frame/, word) !== null) return given.bytes;
    const kind = order[place];
    return kind === "port" ? given.port : kind === "bytes" ? given.bytes : kind === "variables" ? parse(variables) : infoOf(given);
  };
  const inputOf = ({ bytes, port }) => ({ bytes, fPort: port, recvTime: construct(RealDate, [now]), variables: variables === NO_VARIABLES ? {} : parse(variables) });
  const infoOf = ({ bytes, port }) => ({ port, fport: port, fcnt: 0, payload_size: bytes.length, reported_at: now, hotspots: [], metadata: {} });
  const ORDER = { Decode: ["port", "bytes", "variables"], RawToProtocol: ["port", "bytes", "info"] };
  const OTHERS = ["bytes", "port", "info"];

  const decoded = (found, bytes, port) => {
    const { entry, fn, self } = found;
    const given = { bytes, port };
    if (entry === "decodeUplink" && (parameters === null || parameters.length <= 1))
      return unwrapped(apply(fn, self, [inputOf(given)]), entry);
    const order = ORDER[entry] ?? OTHERS;
    const args = [];
    const count = parameters === null || parameters.length === 0 ? 3 : parameters.length;
    for (let i = 0; i < count; i++) args[i] = argumentFor(parameters === null ? undefined : parameters[i], i, order, given);
    const result = unwrapped(apply(fn, self, args), entry);
    if (entry === "decodeUplink") return result;
    return isUplink(result) ? result : { data: result };
  };
  // {data, warnings, errors} and nothing else, from a function that is expected to give the data itself
  const isUplink = (result) => {
    if (isArray(result)) return false;
    const own = keys(result);
    let sure = false;
    for (let i = 0; i < own.length; i++) {
      if (own[i] === "data") sure = isObject(result.data);
      else if (own[i] === "errors") sure = sure || isArray(result.errors);
      else if (own[i] !== "warnings" && own[i] !== "error" && own[i] !== "warning") return false;
    }
    return sure;
  };
  const errorsOf = (result) => {
    const told = result.errors;
    const errors = told === undefined ? [] : list(told);
    if (errors.length > 0) return errors;
    if (result.data === undefined || result.data === null) return list(result.error);
    const own = isObject(result.data) && !isArray(result.data) ? keys(result.data) : [];
    return own.length === 1 && (own[0] === "error" || own[0] === "errors") ? list(result.data[own[0]]) : errors;
  };
  const normalized = (found, result, warnings) => {
    const answer = unwrapped(call(found.fn, found.self, { data: result.data }), "normalizeUplink");
    const errors = list(answer.errors);
    if (errors.length > 0) return [errors, null];
    const added = list(answer.warnings);
    for (let i = 0; i < added.length; i++) warnings[warnings.length] = added[i];
    return [errors, answer.data];
  };

${RESULT_SHAPE}
${HARDENING}
${REALM_GUARD}
  const clean = () => {
    const added = keys(globals);
    for (let i = 0; i < added.length; i++) if (!deleteProperty(globals, added[i])) return false;
    return untouched();
  };

  const attempt = (buffer, port, at) => {
      now = at;
      missing = -1;
      try {
        const bytes = [];
        const octets = construct(Octets, [buffer]);
        const size = octets.length;
        for (let i = 0; i < size; i++) bytes[i] = octets[i];
        if (strict) setPrototypeOf(bytes, watched);
        const found = standing ?? open();
        if (found === null) return "-the script defines no decoder";
        const result = decoded(found, bytes, port);
        const said = result.warnings ?? result.warning;
        const warnings = said === undefined ? [] : list(said);
        let errors = errorsOf(result);
        let data = result.data;
        if (missing >= 0) return "<" + missing;
        if (errors.length === 0 && found.normalize !== null) [errors, data] = normalized(found.normalize, result, warnings);
        if (errors.length > 0) return "-" + call(join, errors, "; ");
        if (typeof data !== "object" || data === null) return "-" + found.entry + " returned no data";
        const shape = shaped(data);
        const out = stringify([shape[0], warnings, shape[1], shape[2]]);
        return out.length > most ? "-the result has " + out.length + " characters, at most " + most : "+" + out;
      } catch (error) {
        return missing >= 0 ? "<" + missing : failure(error);
      }
    };

  return {
    prepared() {
      surveyed();
    },
    bind(made, settings) {
      ({ variables, strict, most, names, normalizes } = parse(settings));
      make = made;
      now = 0;
      chosen = "";
      const found = open();
      if (found !== null) {
        chosen = found.entry;
        parameters = parametersOf(found.fn);
      }
      const answer = found === null ? "" : normalizes && found.normalize === null ? "?" : (found.top ? "=" : "") + found.entry;
      return make === null || clean() || restored() ? answer : "!";
    },
    // a script whose start serves every frame: once more, in a realm that is closed behind it; "" = it is not called by a top-level name
    stand(made, settings) {
      ({ variables, strict, most, names, normalizes } = parse(settings));
      const parts = apply(made, globals, [globals.module, globals.exports, load]);
      const found = search(parts[0], [], globals);
      if (found === null || !found.top || (normalizes && (found.normalize === null || !found.normalize.top))) return "";
      parameters = parametersOf(found.fn);
      harden(parts);
      standing = found;
      return found.entry;
    },
    // the same script in a form that looks for nothing but what was found
    lean(made) {
      make = made;
    },
    // "*" before the answer: something stays behind, the context must go
    run(buffer, port, at) {
      const answer = attempt(buffer, port, at);
      if (standing !== null) return answer;
      return make !== null && clean() ? answer : "*" + answer;
    },
  };
})()`;
