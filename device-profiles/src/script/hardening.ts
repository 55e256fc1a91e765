/**
 * Part of the prelude: closes a context in which a script's top level runs once. Every built-in object and what the script made at its
 * start is frozen; what could write past a freeze, show that something is frozen, hide a throw or make code throws instead, so that the
 * frame fails and is decoded the careful way.
 */
export const HARDENING = String.raw`  const refusing = (name) => {
    const refuse = () => { throw new Fault(name + " is not for a decoder whose start serves every frame"); };
    return new Proxy(quiet, { apply: refuse, construct: refuse, get: refuse, has: refuse });
  };
  const REFUSED = [
    [Object, ["isFrozen", "isSealed", "isExtensible", "getOwnPropertyDescriptor", "getOwnPropertyDescriptors"]],
    [Reflect, ["set", "defineProperty", "deleteProperty", "preventExtensions", "setPrototypeOf", "isExtensible", "getOwnPropertyDescriptor"]],
    [Array, ["fromAsync"]],
    [RegExp.prototype, ["compile"]],
    [globals, ["eval", "Function", "Promise", "queueMicrotask", "WeakRef", "FinalizationRegistry"]],
  ];
  const HIDDEN = () => {
    const found = [
      function* () {}, async function () {}, async function* () {}, call(ArrayProto[Symbol.iterator], []), new Map().entries(), new Set().values(),
      ""[Symbol.iterator](), call(RegExp.prototype[Symbol.matchAll], /x/g, ""), Uint8Array, watched, console, quiet, modules,
    ];
    const iterators = globals.Iterator;
    if (iterators !== undefined && typeof iterators.from === "function") found[found.length] = iterators.from({ next: quiet });
    if (iterators !== undefined && typeof iterators.prototype.map === "function") found[found.length] = call(iterators.prototype.map, found[3], quiet);
    return found;
  };
  const harden = (made) => {
    const hidden = HIDDEN();
    // the constructors of functions, which have no names of their own
    for (let i = 0; i < 3; i++) {
      const proto = getPrototypeOf(hidden[i]);
      defineProperty(proto, "constructor", { value: refusing("Function") });
    }
    defineProperty(Function.prototype, "constructor", { value: refusing("Function"), writable: true, configurable: true });
    for (let i = 0; i < REFUSED.length; i++) {
      const [place, words] = REFUSED[i];
      for (let k = 0; k < words.length; k++)
        if (words[k] in place) defineProperty(place, words[k], { value: refusing(words[k]), writable: true, configurable: true });
    }
    const seen = new Set();
    const queue = [globals, made, hidden];
    while (queue.length > 0) {
      const x = queue.pop();
      if ((typeof x !== "object" && typeof x !== "function") || x === null || seen.has(x)) continue;
      seen.add(x);
      freeze(x);
      queue.push(getPrototypeOf(x));
      const own = ownKeys(x);
      for (let i = 0; i < own.length; i++) {
        const { value, get, set } = describe(x, own[i]);
        queue.push(value, get, set);
      }
    }
  };`;
