/** `*`, `flood.*` or a kind. */
export const KIND_PATTERN = "^(\\*|[a-z0-9_]+(\\.[a-z0-9_]+)*(\\.\\*)?)$";

export function matchesKind(pattern: string, kind: string): boolean {
  return pattern.endsWith("*") ? kind.startsWith(pattern.slice(0, -1)) : kind === pattern;
}

/** How much a pattern says; a whole kind most. */
export function precision(pattern: string): number {
  return pattern.endsWith("*") ? pattern.length : 1000 + pattern.length;
}
