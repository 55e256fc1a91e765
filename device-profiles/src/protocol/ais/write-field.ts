import type { AisBitWriter } from "./bits.ts";
import type { Field } from "./fields.ts";

/** @throws RangeError naming the field when the value does not fit it */
export function writeField(w: AisBitWriter, f: Field, value: unknown): void {
  switch (f.kind) {
    case "u":
      return w.put(f.at, f.width, whole(value, f.name, 0, 2 ** f.width - 1));
    case "i":
      return w.put(f.at, f.width, whole(value, f.name, -(2 ** (f.width - 1)), 2 ** (f.width - 1) - 1));
    case "b":
      return w.put(f.at, 1, value === true || value === 1 ? 1 : 0);
    case "t":
      return w.putText(f.at, f.width / 6, String(value));
    case "eta":
      return writeTime(w, f, value, /^(\d\d)-(\d\d)T(\d\d):(\d\d)Z$/, [4, 5, 5, 6]);
    case "stop":
      // the day goes before the month
      return writeTime(
        w,
        f,
        String(value).replace(/^(\d\d)-(\d\d)T/, "$2-$1T"),
        /^(\d\d)-(\d\d)T(\d\d):(\d\d)$/,
        [5, 4, 5, 6],
      );
    case "berth":
      return writeTime(w, f, value, /^(\d\d?)-(\d\d?)T(\d\d?):(\d\d?)$/, [4, 5, 5, 6]);
    case "day":
      return writeTime(w, f, value, /^(\d\d)T(\d\d):(\d\d)Z$/, [5, 5, 6]);
    case "time":
      return writeTime(w, f, value, /^(\d{4,5})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)Z$/, [14, 4, 5, 5, 6, 6]);
  }
}

function writeTime(w: AisBitWriter, f: Field, value: unknown, form: RegExp, widths: readonly number[]): void {
  const match = form.exec(String(value));
  if (match === null) throw new RangeError(`${f.name}: not of the form ${String(f.na)}: ${String(value)}`);
  let at = f.at;
  for (let i = 0; i < widths.length; i++) {
    w.put(at, widths[i], whole(Number(match[i + 1]), f.name, 0, 2 ** widths[i] - 1));
    at += widths[i];
  }
}

export function writeText(w: AisBitWriter, at: number, text: string, max: number): void {
  const chars = Math.min(max, text.length);
  if (chars > 0) w.putText(at, chars, text);
}

export function whole(value: unknown, name: string, min: number, max: number): number {
  if (!Number.isInteger(value) || (value as number) < min || (value as number) > max)
    throw new RangeError(`${name}: expected a whole number from ${min} to ${max}, found ${String(value)}`);
  return value as number;
}
