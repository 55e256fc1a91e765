import Type, { type TSchema, type Static } from "typebox";
import { ApiFailure } from "./failure.ts";

// Pieces of query strings. No text holds U+0000, which PostgreSQL does not know.

export const Text = (maxLength = 200, description?: string) =>
  Type.String({ maxLength, pattern: "^[^\\u0000]*$", ...(description !== undefined && { description }) });
export const Words = Text(500, "one or several, with commas between");
/** ms UTC */
export const Time = Type.Number({ minimum: 0, maximum: 8.64e15 });
export const Limit = (maximum: number, fallback: number) =>
  Type.Integer({ minimum: 1, maximum, description: `default ${fallback}` });

/** "a,b" -> those words; undefined stays undefined = no condition. */
export function words(text: string | undefined): string[] | undefined {
  return text === undefined || text === "" ? undefined : text.split(",").map((word) => word.trim());
}

/** The same where only the literals of a schema are allowed. @throws ApiFailure 400 that names the field */
export function wordsOf<T extends TSchema>(name: string, text: string | undefined, schema: T): Static<T>[] | undefined {
  const allowed = (schema as unknown as { anyOf: { const: unknown }[] }).anyOf.map((each) => each.const);
  return words(text)?.map((word) => {
    const found = allowed.find((value) => String(value) === word);
    if (found === undefined) throw new ApiFailure(400, "INVALID", `${name}: one of ${allowed.join(", ")}`);
    return found as Static<T>;
  });
}
