import { APPLICATIONS, type Application, applicationKey, FIXED_GROUP, type Group } from "./application-layouts.ts";
import type { AisBitWriter } from "./bits.ts";
import type { Field } from "./fields.ts";
import { whole, writeField, writeText } from "./write-field.ts";

type Values = Readonly<Record<string, unknown>>;

/** Type 6 and 8 fill five slots at most (M.1371-5 annex 8, 3.6 and 3.8). */
const MAX_BITS = 1008;

/**
 * The payload of a type 6 or 8 message: its `data` ("16:8d88", as decoded) where it is given, else its fields by dac and fid.
 * @throws RangeError when there is neither, or when the layout cannot be sent: windows and targets, whose number a receiver
 * cannot know, and weather warnings
 */
export function writeApplication(w: AisBitWriter, message: Values & { readonly type: number }): void {
  const start = message.type === 6 ? 88 : 56;
  const app = APPLICATIONS.get(applicationKey(message.type, Number(message.dac), Number(message.fid)));
  if (message.data !== undefined) writeData(w, start, String(message.data));
  else if (app === undefined || app.warning === true || app.group?.count === "open")
    throw new RangeError(`type ${message.type} with dac ${message.dac} and fid ${message.fid} is sent as data only`);
  else writeKnown(w, app, message);
  if (w.length > MAX_BITS)
    throw new RangeError(`type ${message.type}: ${w.length} bits, at most ${MAX_BITS} can be sent`);
}

function writeKnown(w: AisBitWriter, app: Application, message: Values): void {
  const end = app.lengths?.[0] ?? app.end;
  // the last bit first: the writer grows to the full length, spare bits stay zero
  w.put(end - 1, 1, 0);
  writeAll(w, app.fields, 0, message);
  if (app.text !== undefined) {
    const text = String(message[app.text] ?? "");
    writeText(w, app.end, text, text.length);
  }
  if (app.group !== undefined) writeGroup(w, app.group, message[app.group.name] ?? []);
}

function writeGroup(w: AisBitWriter, { name, at, width, fields, count }: Group, items: unknown): void {
  if (!Array.isArray(items)) throw new RangeError(`${name}: expected a list`);
  if (count === "four" && items.length > FIXED_GROUP) throw new RangeError(`${name}: at most ${FIXED_GROUP}`);
  if (count === "counted") w.put(at - 5, 5, whole(items.length, name, 0, 16));
  for (const [i, item] of items.entries()) writeAll(w, fields, at + i * width, item as Values);
}

function writeAll(w: AisBitWriter, fields: readonly Field[], offset: number, values: Values): void {
  for (const f of fields) writeField(w, offset === 0 ? f : { ...f, at: f.at + offset }, values[f.name] ?? f.na);
}

function writeData(w: AisBitWriter, start: number, data: string): void {
  const match = /^(\d+):([0-9a-f]*)$/i.exec(data);
  const bits = Number(match?.[1]);
  if (match === null || match[2].length !== Math.ceil(bits / 8) * 2)
    throw new RangeError(`data: not of the form bits:hexadecimal: ${data}`);
  for (let at = 0; at < bits; at += 8) {
    const width = Math.min(8, bits - at);
    const byte = Number.parseInt(match[2].slice(at / 4, at / 4 + 2), 16);
    w.put(start + at, width, byte >> (8 - width));
  }
}
