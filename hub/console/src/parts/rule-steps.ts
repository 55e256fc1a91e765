import { duration, measure } from "../format.ts";
import { coded, isFlag, type Lang, word } from "../words/words.ts";

type Step = Readonly<Record<string, unknown>>;

/** What led a rule to its alarm, one sentence a step; the trace is what `hub/src/rules` writes. */
export function ruleSteps(trace: readonly Step[], lang: Lang): string[] {
  return trace.map((step) => sentence(step, lang)).filter((text) => text !== "");
}

function sentence(step: Step, lang: Lang): string {
  const time = (ms: unknown) => duration(Number(ms), lang);
  switch (step.step) {
    case "compare":
      return compared(step, lang);
    case "no_data":
      return word(lang, "step.no_data", { t: time(step.ms) });
    case "repeat":
      return word(lang, "step.repeat", { n: Number(step.n), m: Number(step.m), hits: Number(step.hits) });
    case "for":
      return word(lang, "step.for", { t: time(step.ms) });
    case "clear_for":
      return word(lang, "step.clear_for", { t: time(step.ms) });
    case "escalate":
      return word(lang, "step.escalate", { t: time(step.after), to: coded(lang, "severity", String(step.to)) });
    case "profile":
      return word(lang, "step.profile");
    default:
      return "";
  }
}

function compared(step: Step, lang: Lang): string {
  const metric = String(step.metric);
  const what = coded(lang, "metric", metric);
  const found = typeof step.value === "number" ? step.value : null;
  if (isFlag(metric)) return `${what}${lang === "zh" ? ":" : ": "}${flag(found ?? step.limit, lang)}`;
  const of = (n: number) => measure(n, String(step.unit ?? ""));
  const now = found === null ? "" : word(lang, "step.now", { value: of(found) });
  return `${step.fn === "rate" ? word(lang, "step.rate", { what }) : what} ${sign(step.op)} ${of(Number(step.limit))}${now}`;
}

export function flag(on: unknown, lang: Lang): string {
  return word(lang, on === true || on === 1 ? "flag.true" : "flag.false");
}

/** Operators as print has them. */
export function sign(op: unknown): string {
  return { "<=": "≤", ">=": "≥", "==": "=", "!=": "≠" }[String(op)] ?? String(op);
}
