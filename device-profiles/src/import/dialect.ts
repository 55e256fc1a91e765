import { Sandbox } from "../script/sandbox.ts";

/**
 * JSON, or what people write for it: hex numbers, comments, commas at the end, quotes of the other kind. Such text is JavaScript and is
 * evaluated where scripts are, in the sandbox; the script engine must be loaded.
 *
 * @throws SyntaxError when it is neither
 */
export function parseDialect(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch (error) {
    const source = `function Decoder() { return {value: (${content.trim().replace(/;$/, "")}\n)} }`;
    const outcome = new Sandbox(source, { normalize: false, strict: false, variables: {} }).run(
      new Uint8Array(1),
      0,
      0,
    );
    if (outcome.kind === "data") return (outcome.data as { value: unknown }).value;
    throw error;
  }
}
