import type { Finding } from "../finding.ts";
import { matchesKind } from "./kind-pattern.ts";

/** While the parent goes on, its children are not events of their own: they are held, and come out if they outlive it. */
export interface ParentRule {
  /** kind of the parent, no pattern */
  readonly parent: string;
  readonly children: readonly string[];
  /** whose children: devices of the edge that is down, the same device, or everything in the parent's grid and below */
  readonly scope: "edge" | "device" | "grid";
}

export class ParentRules {
  readonly #rules: readonly ParentRule[];
  readonly #byKind = new Map<string, readonly ParentRule[]>();

  constructor(rules: readonly ParentRule[]) {
    this.#rules = rules;
  }

  /** Rules by which a kind can be held. A parent does not hold its own kind. */
  of(kind: string): readonly ParentRule[] {
    let rules = this.#byKind.get(kind);
    if (rules === undefined) {
      rules = this.#rules.filter((r) => r.parent !== kind && r.children.some((pattern) => matchesKind(pattern, kind)));
      if (this.#byKind.size < 10_000) this.#byKind.set(kind, rules);
    }
    return rules;
  }
}

/** Subject of the parent that would hold a finding; null = not by subject (scope grid), or none. */
export function parentSubject(rule: ParentRule, f: Finding): string | null {
  if (f.device === null) return null;
  if (rule.scope === "edge") return `edge:${f.device.edge.key}`;
  return rule.scope === "device" ? `device:${f.device.uid}` : null;
}
