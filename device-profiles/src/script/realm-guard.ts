/**
 * Part of the prelude: tells whether a frame left anything in the realm that the next one would see. Methods and other plain functions of
 * the realm are frozen; of every other built-in object (constructors, prototypes, namespaces, the global object) the keys are counted and
 * the values compared after each frame. What could change a property without changing its value (accessors, attributes, prototypes) marks
 * the context where it meets such an object.
 */
export const REALM_GUARD = String.raw`  const { has: knows, add: remember } = Set.prototype;
  const shared = new Set();
  const records = [];
  let touched = false;
  const marking = (place, words, ofThis) => {
    for (let i = 0; i < words.length; i++) {
      const real = place[words[i]];
      if (typeof real !== "function") continue;
      const value = function () {
        if (apply(knows, shared, [ofThis ? this : arguments[0]])) touched = true;
        return apply(real, this, arguments);
      };
      defineProperty(place, words[i], { value, writable: true, configurable: true });
    }
  };
  const surveyed = () => {
    marking(Object, ["defineProperty", "defineProperties", "setPrototypeOf", "freeze", "seal", "preventExtensions"], false);
    marking(Reflect, ["defineProperty", "setPrototypeOf", "preventExtensions"], false);
    marking(Object.prototype, ["__defineGetter__", "__defineSetter__"], true);
    const proto = describe(Object.prototype, "__proto__");
    const set = function (value) {
      if (apply(knows, shared, [this])) touched = true;
      return apply(proto.set, this, [value]);
    };
    defineProperty(Object.prototype, "__proto__", { get: proto.get, set, configurable: true });
    const queue = [globals, getPrototypeOf(function* () {}), getPrototypeOf(async function () {}), getPrototypeOf(async function* () {}),
      getPrototypeOf(call(ArrayProto[Symbol.iterator], [])), getPrototypeOf(new Map().entries()), getPrototypeOf(new Set().values()),
      getPrototypeOf(""[Symbol.iterator]()), getPrototypeOf(call(RegExp.prototype[Symbol.matchAll], /x/g, "")), watched];
    while (queue.length > 0) {
      const x = queue.pop();
      if ((typeof x !== "object" && typeof x !== "function") || x === null || shared.has(x)) continue;
      if (x === globals.module || x === globals.exports) continue;
      shared.add(x);
      queue.push(getPrototypeOf(x));
      const own = ownKeys(x);
      const record = { x, size: own.length, keys: [], values: [], accessors: [] };
      for (let i = 0; i < own.length; i++) {
        const name = own[i];
        const { value, get, set } = describe(x, name);
        queue.push(value, get, set);
        if (get !== undefined || set !== undefined) record.accessors.push({ name, get, set });
        // these two are given anew to each frame; NaN is not writable
        else if (value === value && !(x === globals && (name === "module" || name === "exports"))) {
          record.keys.push(name);
          record.values.push(value);
        }
      }
      if (typeof x === "function" && describe(x, "prototype") === undefined && x !== Clock && x !== getPrototypeOf(Octets)) freeze(x);
      else records.push(record);
    }
  };
  const untouched = () => {
    if (touched) return false;
    for (let i = 0; i < records.length; i++) {
      const { x, size, keys: names, values, accessors } = records[i];
      if (ownKeys(x).length !== size) return false;
      for (let k = 0; k < names.length; k++) if (x[names[k]] !== values[k]) return false;
      for (let k = 0; k < accessors.length; k++) {
        const now = describe(x, accessors[k].name);
        if (now === undefined || now.get !== accessors[k].get || now.set !== accessors[k].set) return false;
      }
    }
    return true;
  };
  // what looking for the decoder left behind, so that the first frame finds what all others find
  const restored = () => {
    for (let i = 0; i < records.length; i++) {
      const { x, keys: names, values, accessors } = records[i];
      const own = ownKeys(x);
      for (let k = 0; k < own.length; k++)
        if (call(indexOf, names, own[k]) < 0 && describe(x, own[k]).configurable && !isAccessor(accessors, own[k]) && own[k] !== "module" && own[k] !== "exports")
          deleteProperty(x, own[k]);
      for (let k = 0; k < names.length; k++)
        if (x[names[k]] !== values[k]) defineProperty(x, names[k], { value: values[k], writable: true, configurable: true });
    }
    touched = false;
    return untouched();
  };
  const isAccessor = (accessors, name) => {
    for (let i = 0; i < accessors.length; i++) if (accessors[i].name === name) return true;
    return false;
  };`;
