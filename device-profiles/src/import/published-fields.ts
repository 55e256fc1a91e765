import { Sandbox } from "../script/sandbox.ts";
import type { PublishedField } from "./field-name.ts";
import type { Trial } from "./trial.ts";

/** Leaves of published results: path, unit where one is published beside the value, and the values seen. */
export function publishedFields(results: readonly unknown[]): PublishedField[] {
  const found = new Map<string, { unit: string | null; samples: unknown[] }>();
  const visit = (value: unknown, path: string, unit: string | null): void => {
    if (typeof value === "object" && value !== null) {
      const fields = value as Readonly<Record<string, unknown>>;
      const own = fields.unit ?? fields.units;
      const measured = "value" in value || "data" in value;
      for (const [key, inner] of Object.entries(value).slice(0, 200)) {
        if (measured && /^(units?|displayName|label)$/.test(key)) continue;
        if (!/^[^.[\]]+$/.test(key)) continue;
        const step = Array.isArray(value) ? `[${key}]` : path === "" ? key : `.${key}`;
        visit(inner, path + step, measured && typeof own === "string" ? own : null);
      }
      return;
    }
    const entry = found.get(path) ?? { unit, samples: [] };
    if (value !== null && value !== undefined) entry.samples.push(value);
    found.set(path, entry);
  };
  for (const result of results) visit(result, "", null);
  found.delete("");
  return [...found].map(([path, { unit, samples }]) => ({ path, unit, samples }));
}

/**
 * The same of frames that were made up: their numbers are of any size, so that a size says only whether whole volts, millivolts or a
 * percentage can be meant.
 */
export function triedFields(trials: readonly Trial[]): PublishedField[] {
  return publishedFields(trials.map((t) => t.data)).map(({ path, unit, samples }) => {
    const numbers = samples.filter((x) => typeof x === "number");
    if (numbers.length === 0) return { path, unit, samples };
    const most = Math.max(...numbers.map(Math.abs));
    const whole = numbers.every(Number.isInteger);
    const stands = whole ? (most > 255 ? 3300 : most > 1 ? 50 : most) : most > 1000 ? 3300 : 3.3;
    return { path, unit, samples: /bat|volt|vdd|vcc/i.test(path) ? [stands] : [0] };
  });
}

/** What a published result is to a profile's map: lists of samples and their like are made one record, as for a script's own result. */
export function shapedResult(data: unknown): unknown {
  const plain = typeof data === "object" && data !== null && !Array.isArray(data);
  if (
    plain &&
    !/"(params|history|historical|datalog|data_?log|logs?|records|samples|measurements|past)":/i.test(
      JSON.stringify(data),
    )
  )
    return data;
  const sandbox = new Sandbox(`function Decoder() { return {data: ${JSON.stringify(data)}} }`, {
    ...{ normalize: false, strict: false, variables: {} },
  });
  const outcome = sandbox.run(new Uint8Array(1), 1, 0);
  sandbox.close();
  return outcome.kind === "data" ? outcome.data : data;
}
