import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { Sandbox } from "../script/sandbox.ts";
import { withoutModuleSyntax } from "../script/source-form.ts";
import type { Draft } from "./draft.ts";
import { list, record } from "./script-source.ts";
import { type Definition, draftOf } from "./zigbee2mqtt.ts";

/**
 * A module of converters (`zigbeeModel`, `fromZigbee`, `exposes`), JavaScript or TypeScript: it runs in the sandbox with stand-ins for the
 * library that it requires, and the exposes of its definitions are read. What its converters compute from clusters is Zigbee2MQTT's own
 * work; the hub sees the result as JSON.
 */
export function readConverters(file: string): (Draft | string)[] {
  const text = readFileSync(file, "utf8");
  const plain = file.endsWith(".ts") ? stripTypeScriptTypes(text) : text;
  const source = `${LIBRARY}
require.define("__converters", (module, exports, require) => {
const __require = require; require = (name) => { try { return __library(name, __require); } catch { return __any(name); } };
((module, exports, require) => {${withoutModuleSyntax(plain)}
})(module, exports, require); });
module.exports = { Decoder() { return { found: __definitions(require("__converters")) }; } };
`;
  const sandbox = new Sandbox(source, { entry: "Decoder", normalize: false, strict: false, variables: {} });
  const problem = sandbox.check();
  if (problem !== null) return [`the module ${problem}`];
  const outcome = sandbox.run(new Uint8Array(1), 1, 0);
  sandbox.close();
  if (outcome.kind !== "data") return [outcome.kind === "failed" ? outcome.message : "the module gives nothing"];
  const found = list(record(outcome.data).found) as Definition[];
  return found.length === 0 ? ["no definition with exposes: not a converter of Zigbee2MQTT"] : found.map(draftOf);
}

const LIBRARY = String.raw`
const __any = (name) => new Proxy(function () {}, { get: (_t, k) => typeof k === "symbol" ? undefined : k === "toJSON" ? () => null : k === "default" ? __any(name) : __any(name + "." + k), apply: () => __any(name), construct: () => ({}) });
class Expose {
  constructor(type, name, access) { this.type = type; if (name !== undefined) { this.name = name; this.property = name; } if (access !== undefined) this.access = access; }
  withUnit(u) { this.unit = u; return this; } withValueMin(v) { this.value_min = v; return this; } withValueMax(v) { this.value_max = v; return this; }
  withProperty(p) { this.property = p; return this; } withAccess(a) { this.access = a; return this; } withFeature(f) { (this.features ??= []).push(f); return this; }
  withEndpoint(e) { this.endpoint = e; if (this.features) for (const f of this.features) f.withEndpoint(e); else this.property = this.property + "_" + e; return this; }
}
const __chained = (e) => new Proxy(e, { get: (t, k) => k in t || typeof k === "symbol" || k === "toJSON" ? (typeof t[k] === "function" ? (...a) => { t[k](...a); return __chained(t); } : t[k]) : /^(with|set|remove)/.test(String(k)) ? () => __chained(t) : t[k] });
const __make = (type) => (name, access, ...rest) => { const e = new Expose(type, name, access);
  if (type === "binary") { e.value_on = rest[0]; e.value_off = rest[1]; } if (type === "enum") e.values = rest[0]; if (type === "list") e.item_type = rest[0]; return __chained(e); };
const __ea = { STATE: 1, SET: 2, GET: 4, STATE_SET: 3, STATE_GET: 5, ALL: 7 };
const __UNITS = { battery: "%", humidity: "%", soil_moisture: "%", temperature: "°C", device_temperature: "°C", voltage: "V", current: "A", power: "W", energy: "kWh", pressure: "hPa",
  illuminance: "lx", illuminance_lux: "lx", linkquality: "lqi", co2: "ppm", pm25: "µg/m³", pm10: "µg/m³", distance: "m", flow: "m³/h", position: "%", ac_frequency: "Hz", battery_voltage: "mV", voc: "µg/m³" };
const __FLAGS = /^(water_leak|smoke|gas|tamper|contact|occupancy|presence|vibration|battery_low|carbon_monoxide|sos|moving|test|rain|power_outage)$/;
const __WORDS = /^(action|child_lock|cover|lock|light|switch|climate|fan)/;
const __preset = (name) => (...args) => {
  if (name === "switch" || name === "switch_" || name === "light" || name === "lock" || /^light_/.test(name)) return __chained(new Expose(name.replace(/_.*/, "")).withFeature(__make("binary")("state", 7, "ON", "OFF")));
  if (name === "cover_position" || name === "cover") return __chained(new Expose("cover").withFeature(__make("enum")("state", 3, ["OPEN", "CLOSE", "STOP"])).withFeature(__make("numeric")("position", 7).withUnit("%")));
  if (name === "action") return __make("enum")("action", 1, args[0] ?? []);
  if (name === "numeric" || name === "binary" || name === "enum" || name === "text" || name === "list" || name === "composite") return __make(name)(...(name === "composite" ? [args[1] ?? args[0], args[2]] : args));
  if (__FLAGS.test(name)) return __make("binary")(name, 1, true, false);
  const e = __make("numeric")(name, 1); return __UNITS[name] === undefined ? e : e.withUnit(__UNITS[name]);
};
const __presets = new Proxy({}, { get: (_t, k) => typeof k === "symbol" ? undefined : __preset(String(k)) });
const __exposes = { presets: __presets, access: __ea, Numeric: class extends Expose { constructor(n, a) { super("numeric", n, a); } }, Enum: class extends Expose { constructor(n, a, v) { super("enum", n, a); this.values = v; } },
  Binary: class extends Expose { constructor(n, a, on, off) { super("binary", n, a); this.value_on = on; this.value_off = off; } }, Composite: class extends Expose { constructor(n, p, a) { super("composite", n, a); this.property = p; } },
  List: class extends Expose { constructor(n, a) { super("list", n, a); } }, Text: class extends Expose { constructor(n, a) { super("text", n, a); } },
  numeric: __make("numeric"), binary: __make("binary"), enum: __make("enum"), text: __make("text"), list: __make("list"), composite: (n, p, a) => __make("composite")(p ?? n, a), options: __any("options") };
const __ALSO = { onOff: ["switch"], light: ["light"], electricityMeter: ["power", "voltage", "current", "energy"], iasZoneAlarm: [], battery: ["battery"], contactAlarm: ["contact"], waterLeakAlarm: ["water_leak"] };
const __extend = new Proxy({}, { get: (_t, k) => (options = {}) => {
  const name = String(k);
  if (name === "numeric" || name === "binary" || name === "enumLookup" || name === "text") {
    const e = __make(name === "enumLookup" ? "enum" : name)(options.name, { STATE_GET: 5, STATE: 1, ALL: 7, SET: 2, STATE_SET: 3 }[options.access] ?? 1, ...(name === "binary" ? [options.valueOn?.[0], options.valueOff?.[0]] : [Object.keys(options.lookup ?? {})]));
    if (options.unit) e.withUnit(options.unit); return { exposes: [e], isModernExtend: true };
  }
  const names = name === "iasZoneAlarm" ? (options.zoneAttributes ?? []).map((a) => (/^alarm/.test(a) ? { water_leak: "water_leak", contact: "contact", smoke: "smoke", gas: "gas", occupancy: "occupancy" }[options.zoneType] ?? options.zoneType ?? a : a))
    : __ALSO[name] ?? (name in __UNITS || __FLAGS.test(name) ? [name] : []);
  return { exposes: names.map((n) => __preset(String(n))()), isModernExtend: true };
} });
const __library = (name, real) => {
  if (/exposes$/.test(name)) return __exposes; if (/modernExtend$/.test(name)) return __extend; if (/^\.{1,2}\/|converters|zigbee|reporting|constants|utils|tuya|legacy/.test(name)) {
    if (/tuya$/.test(name)) return new Proxy({ whitelabel: (v, m) => ({ vendor: v, model: m }), fingerprint: (m, l) => l.map((x) => ({ modelID: m, manufacturerName: x })) , exposes: __presets, modernExtend: __extend }, { get: (t, k) => t[k] ?? __any("tuya." + String(k)) });
    return __any(name); }
  return real(name);
};
const __plain = (e) => { const o = {}; for (const k of ["type", "name", "property", "unit", "access", "value_on", "value_off", "value_min", "value_max", "values"]) if (e[k] !== undefined && typeof e[k] !== "function") o[k] = e[k]; if (Array.isArray(e.features)) o.features = e.features.map(__plain); return o; };
const __definitions = (m) => { const from = m.definitions ?? m.default ?? m; const all = Array.isArray(from) ? from : [from]; return all.filter((d) => d && (d.model || d.zigbeeModel)).map((d) => {
  let own = d.exposes ?? []; if (typeof own === "function") { try { own = own(undefined, {}); } catch { own = []; } }
  const extended = [d.extend ?? []].flat().flatMap((x) => (x && Array.isArray(x.exposes) ? x.exposes : []));
  const exposes = [...(Array.isArray(own) ? own : []), ...extended].filter((e) => e && typeof e === "object" && typeof e.type === "string").map(__plain);
  return { model: String(d.model ?? d.zigbeeModel[0]), vendor: String(d.vendor ?? ""), description: String(d.description ?? ""), exposes }; }); };
`;
