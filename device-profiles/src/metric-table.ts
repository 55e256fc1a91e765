import type { MetricDef } from "./compiled.ts";
import { parseDuration } from "./duration.ts";
import { canonicalMetric, closest, METRICS } from "./metric.ts";
import type { Path, Report } from "./problem.ts";
import type { Profile } from "./profile.ts";
import { isUnit, unitNames } from "./unit.ts";

/** Collects the metrics of one profile in order of first use; the position is the index that decoders emit. */
export class MetricTable {
  readonly defs: MetricDef[] = [];
  readonly index = new Map<string, number>();
  private readonly profile: Profile;
  private readonly report: Report;

  constructor(profile: Profile, report: Report) {
    this.profile = profile;
    this.report = report;
  }

  /** @returns the metric's index, or -1 after reporting that the name means nothing */
  use(name: string, path: Path): number {
    const known = this.index.get(name);
    if (known !== undefined) return known;
    const def = this.define(name, path);
    if (def === null) return -1;
    this.index.set(name, this.defs.length);
    return this.defs.push(def) - 1;
  }

  /** @returns the index of a metric that is already in use, or -1 after reporting */
  existing(name: string, path: Path): number {
    const known = this.index.get(name);
    if (known !== undefined) return known;
    const near = closest(name, this.index.keys());
    this.report(
      path,
      `no metric "${name}" in this profile; ${near === null ? "" : `did you mean "${near}"? `}it has: ${[...this.index.keys()].join(", ") || "none"}`,
    );
    return -1;
  }

  private define(name: string, path: Path): MetricDef | null {
    const canonical = canonicalMetric(name);
    const declared = this.profile.metrics !== undefined && Object.hasOwn(this.profile.metrics, name);
    const own = declared ? this.profile.metrics?.[name] : undefined;
    if (canonical === undefined && own === undefined) {
      const near = closest(
        name,
        METRICS.map((m) => m.name),
      );
      const hint = near === null ? "" : `did you mean "${near}"? `;
      this.report(path, `"${name}" is no canonical metric; ${hint}a metric of your own is declared under metrics:`);
      return null;
    }
    const unit = own?.unit ?? canonical?.unit ?? (own?.type === undefined || own.type === "number" ? undefined : "1");
    if (unit === undefined) {
      this.report(["metrics", name], 'a metric of your own needs a unit (UCUM; "1" for a bare number)');
      return null;
    }
    if (!isUnit(unit)) this.report(["metrics", name, "unit"], unknownUnit(unit));
    if (canonical !== undefined && own?.unit !== undefined && own.unit !== canonical.unit) {
      const at = ["metrics", name, "unit"];
      this.report(at, `${name} is stored in ${canonical.unit} everywhere; give the field its own unit instead`);
    }
    if (canonical !== undefined && own?.type !== undefined && own.type !== canonical.type)
      this.report(["metrics", name, "type"], `${name} is a ${canonical.type} metric`);
    if (canonical === undefined && own?.title === undefined)
      this.report(["metrics", name], "a metric of your own needs a title: {zh, en}");
    const range = (own?.range as [number, number] | undefined) ?? canonical?.range ?? null;
    if (range !== null && range[0] >= range[1])
      this.report(["metrics", name, "range"], "expected [low, high] with low < high");
    return {
      name,
      unit,
      type: canonical?.type ?? own?.type ?? "number",
      range,
      ...this.quality(name),
      titleZh: own?.title?.zh ?? canonical?.zh ?? name,
      titleEn: own?.title?.en ?? canonical?.en ?? name,
    };
  }

  private quality(name: string): Pick<MetricDef, "maxStep" | "stuckMs"> {
    const rules = this.profile.quality;
    const rule = rules !== undefined && Object.hasOwn(rules, name) ? rules[name] : undefined;
    const [by, window] = rule?.max_step?.split("/") ?? [];
    const ms = window === undefined ? null : parseDuration(window);
    return {
      maxStep: ms === null || ms === 0 ? null : { by: Number(by), ms },
      stuckMs: rule?.stuck === undefined ? null : parseDuration(rule.stuck),
    };
  }

  /** Narrows a metric's range to what a field states, unless `metrics:` states one. */
  stateRange(index: number, range: readonly [number, number]): void {
    const def = this.defs[index];
    const declared = this.profile.metrics;
    if (declared !== undefined && Object.hasOwn(declared, def.name) && declared[def.name].range !== undefined) return;
    this.defs[index] = { ...def, range };
  }
}

export function unknownUnit(unit: string): string {
  const near = closest(unit, unitNames());
  return `unknown unit "${unit}"; ${near === null ? "" : `did you mean "${near}"? `}units are UCUM: ${unitNames().join(" ")}`;
}
