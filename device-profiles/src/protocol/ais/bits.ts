/**
 * Six-bit armour (IEC 61162-1): code 48..87 -> 0..39, 96..119 -> 40..63; anything else is illegal (255).
 */
export const ARMOUR: Uint8Array = buildArmour();
/** Six-bit text of ITU-R M.1371 table 44; `@` ends a text. */
const SIX_BIT_TEXT = "@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_ !\"#$%&'()*+,-./0123456789:;<=>?";
/** Nine sentences of the longest payload that fits a line; M.1371 itself ends at 1,064 bits = 178 sextets. */
const CAPACITY = 1024;
/** Reading a field may run over the end. */
const LIMIT = CAPACITY - 16;

function buildArmour(): Uint8Array {
  const table = new Uint8Array(256).fill(255);
  for (let c = 48; c <= 87; c++) table[c] = c - 48;
  for (let c = 96; c <= 119; c++) table[c] = c - 56;
  return table;
}

/**
 * The bits of one message, one sextet an element; reused from message to message. Reading past the end gives zero bits, as a
 * receiver that pads would; the decoders check lengths first.
 */
export class AisBits {
  /** one sextet an element; what is behind the message is zero */
  readonly six: Uint8Array = new Uint8Array(CAPACITY);
  private count = 0;
  /** sextets that may hold something */
  private touched = 0;
  /** bits, without the fill bits of the last sentence */
  length = 0;
  /** the message is longer than any AIS message: its end is cut off */
  overflow = false;

  reset(): void {
    this.truncate(0);
  }

  /** Keeps the first `sextets`, which must be there. */
  truncate(sextets: number): void {
    this.end(sextets, 0);
  }

  /** Who writes to {@link six} says how far, before anything else is done with the bits. */
  touch(sextets: number): void {
    if (sextets > this.touched) this.touched = Math.min(sextets, CAPACITY);
  }

  /**
   * The message ends behind `sextets`.
   * @param fill bits at the end that carry nothing (0-5); they read as zero
   */
  end(sextets: number, fill: number): void {
    this.overflow = sextets > LIMIT;
    const n = this.overflow ? LIMIT : sextets;
    if (this.touched > n) this.six.fill(0, n, this.touched);
    this.touched = n;
    this.count = n;
    this.length = n * 6 - fill;
    if (fill > 0 && n > 0) this.six[n - 1] &= 0x3f << fill;
  }

  /**
   * Adds `text[from, to)`, armour that {@link parseSentence} has already checked.
   * @param fill as for {@link end}
   * @returns false when the message is longer than any AIS message
   */
  append(text: string, from: number, to: number, fill: number): boolean {
    let n = this.count;
    const { six } = this;
    const room = Math.min(to, from + CAPACITY - n);
    for (let i = from; i < room; i++) {
      const c = text.charCodeAt(i);
      six[n++] = c < 88 ? c - 48 : c - 56;
    }
    this.touch(n);
    this.end(this.count + to - from, fill);
    return !this.overflow;
  }

  /** @param width 1-32 bits */
  uint(start: number, width: number): number {
    let i = (start * 10_923) >> 16; // start / 6 without a division, exact below 10,922 bits
    const have = 6 - (start - i * 6);
    let value = this.six[i] & ((1 << have) - 1);
    let need = width - have;
    if (need <= 0) return value >> -need;
    while (need >= 6) {
      value = (value << 6) | this.six[++i];
      need -= 6;
    }
    if (need > 0) value = (value << need) | (this.six[i + 1] >> (6 - need));
    return value >>> 0;
  }

  /** Two's complement. @param width 2-31 bits */
  int(start: number, width: number): number {
    const value = this.uint(start, width);
    return value >= 2 ** (width - 1) ? value - 2 ** width : value;
  }

  /** Up to `chars` characters, ended by `@`; `trim` drops trailing blanks. */
  text(start: number, chars: number, trim = true): string {
    let out = "";
    const { six } = this;
    const shift = start % 6;
    // the text lies across the sextets: `shift` bits of each character stand in the one before
    for (let i = 0, k = (start - shift) / 6; i < chars; i++, k++) {
      const c = shift === 0 ? six[k] : ((six[k] << shift) | (six[k + 1] >> (6 - shift))) & 63;
      if (c === 0) break;
      out += SIX_BIT_TEXT[c];
    }
    return trim && out.endsWith(" ") ? out.trimEnd() : out;
  }

  /**
   * `bits:hex` of everything from `start` but the last `less` bits. The last byte is filled up as gpsd does: with what follows in
   * the same byte of the message, and zero beyond.
   */
  hex(start: number, less = 0): string {
    const bits = Math.max(0, this.length - less - start);
    const shown = start + bits + ((8 - ((start + bits) & 7)) & 7);
    let out = `${bits}:`;
    for (let at = start; at < start + bits; at += 8) {
      const beyond = Math.max(0, at + 8 - shown);
      out += (this.uint(at, 8) & (0xff << beyond)).toString(16).padStart(2, "0");
    }
    return out;
  }
}

/** The writing side: the same sextets, filled bit by bit and armoured at the end. */
export class AisBitWriter {
  private readonly bits: number[] = [];

  get length(): number {
    return this.bits.length;
  }

  /** Overwrites `width` bits at `start`, growing with zero bits. Negative values in two's complement. */
  put(start: number, width: number, value: number): void {
    while (this.bits.length < start + width) this.bits.push(0);
    let rest = value < 0 ? value + 2 ** width : value;
    for (let i = start + width - 1; i >= start; i--) {
      this.bits[i] = rest % 2;
      rest = Math.floor(rest / 2);
    }
  }

  /** Upper-cased; characters outside the six-bit set become `?`; filled up with `@`. */
  putText(start: number, chars: number, text: string): void {
    const upper = text.toUpperCase();
    for (let i = 0; i < chars; i++) {
      const code = i < upper.length ? SIX_BIT_TEXT.indexOf(upper[i]) : 0;
      this.put(start + i * 6, 6, code < 0 ? 63 : code);
    }
  }

  /** @returns the armoured payload and its fill bits (0-5) */
  armour(): { readonly payload: string; readonly fill: number } {
    const fill = (6 - (this.bits.length % 6)) % 6;
    let payload = "";
    for (let i = 0; i < this.bits.length; i += 6) {
      let v = 0;
      for (let k = 0; k < 6; k++) v = v * 2 + (this.bits[i + k] ?? 0);
      payload += String.fromCharCode(v < 40 ? v + 48 : v + 56);
    }
    return { payload, fill };
  }
}
