import { Sandbox } from "../script/sandbox.ts";

/** A frame that a script took, and what it gave. */
export interface Trial {
  readonly bytes: Uint8Array;
  readonly port: number;
  readonly data: Readonly<Record<string, unknown>>;
}

const MOST_RUNS = 6000;
const MOST_KEPT = 60;
const LONGEST = 64;

/** Numbers 0 to 255 that stand in a script: ports, channels, types, commands and lengths are among them. */
export function constantsOf(script: string): number[] {
  const found = new Set<number>();
  for (const [, number] of script.matchAll(/(?<![\w.])(0x[0-9a-fA-F]{1,2}|\d{1,3})(?![\w.])/g))
    if (Number(number) < 256) found.add(Number(number));
  return [...found].sort((a, b) => a - b).slice(0, 96);
}

/** Ports that a script may ask for: what its examples use, and its constants where it looks at the port at all. */
export function portsOf(script: string, used: readonly number[]): number[] {
  const asked = /port/i.test(script) ? constantsOf(script).filter((x) => x > 0 && x < 224) : [];
  return [...new Set([...used.filter((p) => p > 0), 1, 2, 85, ...asked])].slice(0, 40);
}

/**
 * Finds frames that a script decodes where nobody published any: fills them with bytes and with the script's own constants, and makes
 * them longer until no missing byte is read. One frame for each set of names that the script gives.
 */
export function tryFrames(script: string, { normalize = false } = {}): Trial[] {
  const sandbox = new Sandbox(script, { normalize, strict: true, variables: {} });
  const kept = new Map<string, Trial>();
  let runs = 0;
  const attempt = (start: readonly number[], port: number, fill: (i: number) => number, length: number): boolean => {
    let size = Math.max(length, start.length);
    for (let tries = 0; tries < 12 && size <= LONGEST && runs < MOST_RUNS; tries++) {
      runs++;
      const bytes = Uint8Array.from({ length: size }, (_, i) => start[i] ?? fill(i));
      const outcome = sandbox.run(bytes, port, 0);
      if (outcome.kind === "short") size = Math.max(size + 1, outcome.byte + 1);
      else if (outcome.kind === "failed") return false;
      else {
        const data = outcome.data as Readonly<Record<string, unknown>>;
        const names = pathsOf(data).join();
        if (names !== "" && !kept.has(names) && kept.size < MOST_KEPT) kept.set(names, { bytes, port, data });
        return names !== "";
      }
    }
    return false;
  };
  const constants = constantsOf(script);
  const ports = portsOf(script, []);
  const ramp = (i: number) => (i * 37 + 11) & 0x7f;
  const zero = () => 0;
  for (const port of ports) {
    for (const length of [1, 4, 8, 11, 16, 24]) attempt([], port, ramp, length);
    attempt([], port, zero, 8);
  }
  // what the port lets through decides where constants are tried
  const open = [...new Set([...kept.values()].map((t) => t.port))].slice(0, 3);
  const at = open.length > 0 ? open : ports.slice(0, 3);
  for (const port of at) for (const a of constants) attempt([a], port, ramp, 2);
  for (const port of at)
    for (const a of constants)
      for (const b of constants) if (runs < MOST_RUNS && kept.size < MOST_KEPT) attempt([a, b], port, ramp, 3);
  sandbox.close();
  return [...kept.values()];
}

/** Every path to a value, lists by their first item. */
export function pathsOf(value: unknown, path = "", out: string[] = []): string[] {
  if (typeof value === "object" && value !== null)
    for (const [key, inner] of Object.entries(value).slice(0, 200))
      pathsOf(inner, path === "" ? key : `${path}.${key}`, out);
  else if (value !== null && value !== undefined) out.push(path);
  return out;
}
