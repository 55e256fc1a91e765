/** `maker/model@1.2.0` in its parts; `version` "" where there is none. */
export function partsOf(id: string): { model: string; version: string } {
  const at = id.lastIndexOf("@");
  return at === -1 ? { model: id, version: "" } : { model: id.slice(0, at), version: id.slice(at + 1) };
}

/** Newest first. */
export function byVersion(a: string, b: string): number {
  const [x, y] = [a, b].map((v) => v.split(".").map(Number));
  for (let i = 0; i < 3; i++) {
    const difference = (y?.[i] ?? 0) - (x?.[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

const ID_LINE = /^(id:\s*["']?[^\s@"'#]+@)(\d+)\.(\d+)\.(\d+)/mu;

/** The id that a profile's text gives itself; "" where it gives none. */
export function idIn(text: string): string {
  return /^id:\s*["']?([^\s"'#]+)/mu.exec(text)?.[1] ?? "";
}

/** The text under the next minor version that none of `taken` has: a version that devices use is never changed in place. */
export function withNextVersion(text: string, taken: readonly string[]): string {
  return text.replace(ID_LINE, (_, head: string, major: string, minor: string) => {
    let next = Number(minor) + 1;
    while (taken.includes(`${major}.${next}.0`)) next++;
    return `${head}${major}.${next}.0`;
  });
}
