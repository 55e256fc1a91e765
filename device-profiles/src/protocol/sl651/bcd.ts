/**
 * A packed BCD number, highest digits first. A leading FF is the minus sign (6.6.3.3).
 * @returns the integer; NaN for a sentinel (all FF, AA ...) or more digits than a number holds
 */
export function readBcd(b: Uint8Array, at: number, length: number): number {
  let i = at;
  let sign = 1;
  if (length > 1 && b[i] === 0xff) {
    sign = -1;
    i++;
  }
  if (at + length - i > 7 || length === 0) return Number.NaN;
  let value = 0;
  for (; i < at + length; i++) {
    const high = b[i] >> 4;
    const low = b[i] & 15;
    if (high > 9 || low > 9) return Number.NaN;
    value = value * 100 + high * 10 + low;
  }
  return value === 0 ? 0 : sign * value;
}

/** @returns `length` bytes, all FF where the value is null or does not fit */
export function writeBcd(value: number | null, length: number): number[] {
  const missing = new Array<number>(length).fill(0xff);
  if (value === null || !Number.isSafeInteger(value)) return missing;
  const size = value < 0 ? length - 1 : length;
  const digits = Math.abs(value)
    .toString()
    .padStart(size * 2, "0");
  if (digits.length > size * 2 || size < 1) return missing;
  const bytes = digits.match(/../g)!.map((pair) => parseInt(pair, 16));
  return value < 0 ? [0xff, ...bytes] : bytes;
}
