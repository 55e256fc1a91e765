/** Value of a hexadecimal digit by its character code, else -1. */
export function hexDigit(c: number): number {
  if (c >= 48 && c <= 57) return c - 48;
  const upper = c & ~32;
  return upper >= 65 && upper <= 70 ? upper - 55 : -1;
}

/** Non-negative decimal of at most 14 digits, else -1. */
export function decimal(line: string, from: number, to: number): number {
  if (to <= from || to - from > 14) return -1;
  let value = 0;
  for (let i = from; i < to; i++) {
    const d = line.charCodeAt(i) - 48;
    if (d < 0 || d > 9) return -1;
    value = value * 10 + d;
  }
  return value;
}
