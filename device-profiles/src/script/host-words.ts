/** Words that a script may use and QuickJS does not have; a script without them is not charged for them. */
const NEEDED = /\b(Buffer|atob|btoa|TextDecoder|TextEncoder|structuredClone|require|import)\b/;
const CHINESE = /gbk|gb2312|gb_?18030/i;

/**
 * The part of Node's and the browser's library that published decoders use, written for the sandbox: `Buffer`, `atob`, `btoa`,
 * `TextDecoder`, `TextEncoder`, `structuredClone` and the modules `buffer` and `util`. "" = the script needs none of it.
 */
export function hostWords(source: string): string {
  if (!NEEDED.test(source)) return "";
  return `${WORDS}(${CHINESE.test(source) ? JSON.stringify(gbkTable()) : '""'})`;
}

let table: string | null = null;

/** The characters of GBK, 190 for each first byte from 0x81 on; U+FFFD where there is none. */
function gbkTable(): string {
  if (table !== null) return table;
  const pairs: number[] = [];
  for (let high = 0x81; high <= 0xfe; high++)
    for (let low = 0x40; low <= 0xfe; low++) if (low !== 0x7f) pairs.push(high, low);
  const decoder = new TextDecoder("gbk");
  let text = "";
  for (let i = 0; i < pairs.length; i += 2)
    text += [...decoder.decode(Uint8Array.of(pairs[i], pairs[i + 1]))][0] ?? "\uFFFD";
  table = text;
  return text;
}

const WORDS = String.raw`((gbk) => {
  "use strict";
  const B64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const define = (name, value) => Object.defineProperty(globalThis, name, { value, writable: true, configurable: true });
  const fromBase64 = (text) => {
    const out = [];
    let bits = 0;
    let count = 0;
    for (const c of String(text)) {
      const v = c === "-" ? 62 : c === "_" ? 63 : B64.indexOf(c);
      if (v < 0) continue;
      bits = ((bits << 6) | v) & 0xffffff;
      count += 6;
      if (count >= 8) out.push((bits >> (count -= 8)) & 255);
    }
    return out;
  };
  const toBase64 = (b) => {
    let out = "";
    for (let i = 0; i < b.length; i += 3) {
      const v = (b[i] << 16) | ((b[i + 1] ?? 0) << 8) | (b[i + 2] ?? 0);
      out += B64[v >> 18] + B64[(v >> 12) & 63] + (i + 1 < b.length ? B64[(v >> 6) & 63] : "=") + (i + 2 < b.length ? B64[v & 63] : "=");
    }
    return out;
  };
  const fromUtf8 = (b) => {
    let out = "";
    for (let i = 0; i < b.length; ) {
      const c = b[i++];
      const n = c < 0x80 ? 0 : c >= 0xc2 && c < 0xe0 ? 1 : c >= 0xe0 && c < 0xf0 ? 2 : c >= 0xf0 && c < 0xf5 ? 3 : -1;
      let p = n < 0 ? 0xfffd : n === 0 ? c : c & (0x3f >> n);
      for (let k = 0; k < n; k++) {
        if ((b[i] & 0xc0) !== 0x80) { p = 0xfffd; break; }
        p = (p << 6) | (b[i++] & 63);
      }
      out += String.fromCodePoint(p > 0x10ffff ? 0xfffd : p);
    }
    return out;
  };
  const toUtf8 = (text) => {
    const out = [];
    for (const c of String(text)) {
      let p = c.codePointAt(0);
      if (p >= 0xd800 && p < 0xe000) p = 0xfffd;
      if (p < 0x80) out.push(p);
      else if (p < 0x800) out.push(0xc0 | (p >> 6), 0x80 | (p & 63));
      else if (p < 0x10000) out.push(0xe0 | (p >> 12), 0x80 | ((p >> 6) & 63), 0x80 | (p & 63));
      else out.push(0xf0 | (p >> 18), 0x80 | ((p >> 12) & 63), 0x80 | ((p >> 6) & 63), 0x80 | (p & 63));
    }
    return out;
  };
  const each = (b, mask) => {
    let out = "";
    for (let i = 0; i < b.length; i++) out += String.fromCharCode(b[i] & mask);
    return out;
  };
  const fromUtf16 = (b, big) => {
    let out = "";
    for (let i = 0; i + 1 < b.length; i += 2) out += String.fromCharCode(big ? (b[i] << 8) | b[i + 1] : b[i] | (b[i + 1] << 8));
    return out;
  };
  const fromGbk = (b) => {
    let out = "";
    for (let i = 0; i < b.length; i++) {
      const c = b[i];
      if (c < 0x80) out += String.fromCharCode(c);
      else if (c > 0x80 && b[i + 1] >= 0x40 && b[i + 1] !== 0x7f && c !== 0xff) {
        const low = b[++i];
        out += gbk[(c - 0x81) * 190 + low - (low > 0x7f ? 0x41 : 0x40)] ?? "\uFFFD";
      } else out += c === 0x80 ? "\u20AC" : "\uFFFD";
    }
    return out;
  };
  const toHex = (b) => {
    let out = "";
    for (let i = 0; i < b.length; i++) out += (b[i] < 16 ? "0" : "") + b[i].toString(16);
    return out;
  };
  const octetsOf = (text, encoding) => {
    switch (String(encoding ?? "utf8").toLowerCase().replace("-", "")) {
      case "hex": {
        const out = [];
        for (let i = 0; i + 1 < text.length; i += 2) {
          const v = parseInt(text.slice(i, i + 2), 16);
          if (v !== v) break;
          out.push(v);
        }
        return out;
      }
      case "base64":
      case "base64url":
        return fromBase64(text);
      case "ascii":
      case "latin1":
      case "binary":
        return Array.from(text, (c) => c.charCodeAt(0) & 255);
      case "utf16le":
      case "ucs2":
        return Array.from({ length: text.length * 2 }, (_, i) => (text.charCodeAt(i >> 1) >> (8 * (i & 1))) & 255);
      default:
        return toUtf8(text);
    }
  };
  const textOf = (b, encoding) => {
    switch (String(encoding ?? "utf8").toLowerCase().replace("-", "")) {
      case "hex":
        return toHex(b);
      case "base64":
        return toBase64(b);
      case "base64url":
        return toBase64(b).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
      case "ascii":
        return each(b, 127);
      case "latin1":
      case "binary":
        return each(b, 255);
      case "utf16le":
      case "ucs2":
        return fromUtf16(b, false);
      default:
        return fromUtf8(b);
    }
  };

  class Buffer extends Uint8Array {
    static from(x, y, z) {
      if (typeof x === "string") return Buffer.from(octetsOf(x, y));
      if (x instanceof ArrayBuffer) return new Buffer(x, y, z);
      if (x && x.type === "Buffer" && Array.isArray(x.data)) return Buffer.from(x.data);
      if (x === null || x === undefined || typeof x === "number") throw new TypeError("Buffer.from: expected a text, a list or a buffer");
      const out = new Buffer(x.length ?? 0);
      for (let i = 0; i < out.length; i++) out[i] = x[i];
      return out;
    }
    static of(...x) { return Buffer.from(x); }
    static alloc(size, fill, encoding) { const b = new Buffer(size); return fill === undefined ? b : b.fill(fill, 0, size, encoding); }
    static allocUnsafe(size) { return new Buffer(size); }
    static isBuffer(x) { return x instanceof Buffer; }
    static isEncoding(x) { return /^(hex|base64(url)?|utf-?8|ascii|latin1|binary|utf-?16le|ucs-?2)$/i.test(x); }
    static byteLength(x, encoding) { return typeof x === "string" ? octetsOf(x, encoding).length : x.byteLength; }
    static concat(list, total) {
      let size = 0;
      for (const b of list) size += b.length;
      const out = new Buffer(total ?? size);
      let at = 0;
      for (const b of list) for (let i = 0; i < b.length && at < out.length; i++) out[at++] = b[i];
      return out;
    }
    static compare(a, b) {
      for (let i = 0; i < a.length && i < b.length; i++) if (a[i] !== b[i]) return a[i] < b[i] ? -1 : 1;
      return Math.sign(a.length - b.length);
    }
    static get [Symbol.species]() { return Buffer; }
    get parent() { return this.buffer; }
    slice(from, to) { return this.subarray(from, to); }
    toString(encoding, from, to) { return textOf(this.subarray(from ?? 0, to ?? this.length), encoding); }
    toJSON() { return { type: "Buffer", data: Array.from(this) }; }
    equals(b) { return Buffer.compare(this, b) === 0; }
    compare(b) { return Buffer.compare(this, b); }
    copy(to, at = 0, from = 0, end = this.length) {
      let n = 0;
      for (let i = from; i < end && at + n < to.length; i++) to[at + n++] = this[i];
      return n;
    }
    write(text, at = 0, length, encoding) {
      if (typeof at === "string") [at, encoding] = [0, at];
      const b = octetsOf(text, typeof length === "string" ? length : encoding);
      const n = Math.min(b.length, this.length - at, typeof length === "number" ? length : Infinity);
      for (let i = 0; i < n; i++) this[at + i] = b[i];
      return n;
    }
    fill(x, from = 0, to = this.length, encoding) {
      if (typeof x !== "string") return super.fill(x, from, to);
      const b = octetsOf(x, encoding);
      for (let i = from; i < to && b.length > 0; i++) this[i] = b[(i - from) % b.length];
      return this;
    }
    indexOf(x, from, encoding) {
      if (typeof x === "number") return super.indexOf(x, from);
      const b = typeof x === "string" ? octetsOf(x, encoding) : x;
      for (let i = from ?? 0; i + b.length <= this.length; i++) {
        let k = 0;
        while (k < b.length && this[i + k] === b[k]) k++;
        if (k === b.length) return i;
      }
      return -1;
    }
    includes(x, from, encoding) { return this.indexOf(x, from, encoding) >= 0; }
    swap16() { for (let i = 0; i + 1 < this.length; i += 2) [this[i], this[i + 1]] = [this[i + 1], this[i]]; return this; }
    swap32() { for (let i = 0; i + 3 < this.length; i += 4) this.subarray(i, i + 4).reverse(); return this; }
  }
  const range = (b, at, size) => {
    if (!(at >= 0 && at + size <= b.length)) throw new RangeError('the value of "offset" is out of range: ' + at + " of " + b.length + " bytes");
  };
  const view = (b) => new DataView(b.buffer, b.byteOffset, b.byteLength);
  const KINDS = [
    ["Int8", 1], ["Uint8", 1], ["Int16", 2], ["Uint16", 2], ["Int32", 4], ["Uint32", 4],
    ["Float32", 4, "Float"], ["Float64", 8, "Double"], ["BigInt64", 8], ["BigUint64", 8],
  ];
  for (const [kind, size, other] of KINDS)
    for (const order of size === 1 ? [""] : ["LE", "BE"]) {
      const read = function (at = 0) { range(this, at, size); return view(this)["get" + kind](at, order === "LE"); };
      const write = function (x, at = 0) { range(this, at, size); view(this)["set" + kind](at, x, order === "LE"); return at + size; };
      const base = other ?? kind;
      for (const name of new Set([base, base.replace("Uint", "UInt")])) {
        Object.defineProperty(Buffer.prototype, "read" + name + order, { value: read, configurable: true, writable: true });
        Object.defineProperty(Buffer.prototype, "write" + name + order, { value: write, configurable: true, writable: true });
      }
    }
  const whole = (big, signed) => function (at = 0, size = 1) {
    range(this, at, size);
    let x = 0;
    for (let i = 0; i < size; i++) x = x * 256 + this[big ? at + i : at + size - 1 - i];
    return signed && x >= 2 ** (8 * size - 1) ? x - 2 ** (8 * size) : x;
  };
  const put = (big) => function (x, at = 0, size = 1) {
    range(this, at, size);
    for (let i = 0; i < size; i++) this[big ? at + size - 1 - i : at + i] = Math.floor(x / 2 ** (8 * i)) & 255;
    return at + size;
  };
  for (const [name, value] of [
    ["readUIntBE", whole(true, false)], ["readUIntLE", whole(false, false)], ["readIntBE", whole(true, true)], ["readIntLE", whole(false, true)],
    ["readUintBE", whole(true, false)], ["readUintLE", whole(false, false)],
    ["writeUIntBE", put(true)], ["writeUIntLE", put(false)], ["writeIntBE", put(true)], ["writeIntLE", put(false)],
  ]) Object.defineProperty(Buffer.prototype, name, { value, configurable: true, writable: true });
  // older code calls it without new
  const Callable = new Proxy(Buffer, { apply: (_t, _s, [x, y]) => (typeof x === "number" ? Buffer.alloc(x) : Buffer.from(x, y)),
    construct: (target, args, made) => typeof args[0] === "number" || args[0] instanceof ArrayBuffer ? Reflect.construct(target, args, made === Callable ? target : made) : Buffer.from(...args) });

  class TextDecoder {
    constructor(label = "utf-8") {
      const name = String(label).trim().toLowerCase();
      this.encoding = /^utf-?8$/.test(name) ? "utf-8" : /^(gbk|gb2312|gb_?18030|x-gbk|chinese)$/.test(name) ? "gbk"
        : /^(latin-?1|iso-?8859-?1|ascii|us-ascii|windows-1252)$/.test(name) ? "windows-1252" : /^utf-?16(le|be)?$/.test(name) ? name.replace(/^utf-?16$/, "utf-16le") : "";
      if (this.encoding === "") throw new RangeError("TextDecoder: no encoding " + label);
    }
    decode(x) {
      if (x === undefined) return "";
      const b = x instanceof ArrayBuffer ? new Uint8Array(x) : ArrayBuffer.isView(x) ? new Uint8Array(x.buffer, x.byteOffset, x.byteLength) : x;
      if (this.encoding === "gbk") return fromGbk(b);
      if (this.encoding === "windows-1252") return each(b, 255);
      if (this.encoding.startsWith("utf-16")) return fromUtf16(b, this.encoding === "utf-16be");
      return fromUtf8(b).replace(/^\uFEFF/, "");
    }
  }
  class TextEncoder {
    get encoding() { return "utf-8"; }
    encode(text = "") { return Uint8Array.from(toUtf8(text)); }
  }
  define("Buffer", Callable);
  define("TextDecoder", TextDecoder);
  define("TextEncoder", TextEncoder);
  define("atob", (text) => each(fromBase64(text), 255));
  define("btoa", (text) => toBase64(Array.from(String(text), (c) => c.charCodeAt(0))));
  define("structuredClone", (x) => {
    const copy = (v) => Array.isArray(v) ? v.map(copy) : v instanceof Date ? new Date(v.getTime()) : ArrayBuffer.isView(v) ? v.slice()
      : typeof v === "object" && v !== null ? Object.fromEntries(Object.entries(v).map(([k, w]) => [k, copy(w)])) : v;
    return copy(x);
  });
  require.define("buffer", (m) => { m.exports = { Buffer: Callable, atob, btoa }; });
  require.define("util", (m) => {
    const inspect = (x) => { try { return typeof x === "string" ? x : JSON.stringify(x); } catch { return String(x); } };
    m.exports = { inspect, format: (...x) => x.map(inspect).join(" "), isArray: Array.isArray, inherits: (a, b) => Object.setPrototypeOf(a.prototype, b.prototype),
      promisify: (f) => f, deprecate: (f) => f, types: {}, TextDecoder, TextEncoder };
  });
})`;
