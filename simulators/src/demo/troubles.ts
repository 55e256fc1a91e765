import type { Placement, Plan } from "./plan.ts";

/**
 * What is never quite right in a county: radios that drop out, a connection that comes and goes, a sensor that does not answer
 * its gateway. Which device is in which state is a pure function of the time since the start, so that a run can be repeated.
 * None of it lasts long enough to become the silence of a battery device (its profile's expectation, twenty minutes here).
 */
export interface TroubleActs {
  /** takes the device's own connection away without a word, or gives it back */
  connect(uid: string, up: boolean): void;
  /** a gateway cannot read the device (reason code), or can again (null) */
  fault(uid: string, code: string | null): void;
}

const LATE = { periodMs: 20 * 60_000, share: 0.6 };
/** The will shows the device as late after two seconds; four changes within 90 s are flapping. */
const FLAPPING = { periodMs: 14_000, share: 0.45 };
const FAULT = { periodMs: 28 * 60_000, share: 0.55 };
const CODES = ["timeout", "unreachable"] as const;

interface Troubled {
  readonly device: Placement;
  readonly cycle: { readonly periodMs: number; readonly share: number };
  /** where in its cycle it begins, 0..1 */
  readonly phase: number;
  readonly code: string;
  bad: boolean;
}

export class Troubles {
  private readonly troubled: Troubled[];
  private readonly acts: TroubleActs;

  constructor(plan: Plan, acts: TroubleActs) {
    this.acts = acts;
    const of = (trouble: Placement["trouble"], cycle: Troubled["cycle"]): Troubled[] =>
      plan.devices
        .filter((device) => device.trouble === trouble)
        .map((device, i, all) => ({ device, cycle, phase: i / all.length, code: CODES[i % CODES.length], bad: false }));
    this.troubled = [...of("late", LATE), ...of("flapping", FLAPPING), ...of("fault", FAULT)];
  }

  /** Called every second or so. @param ms since the start */
  tick(ms: number): void {
    for (const t of this.troubled) {
      const bad = (ms / t.cycle.periodMs + t.phase) % 1 < t.cycle.share;
      if (bad === t.bad) continue;
      t.bad = bad;
      if (t.device.trouble === "fault") this.acts.fault(t.device.uid, bad ? t.code : null);
      else this.acts.connect(t.device.uid, !bad);
    }
  }
}

/** The events that troubles cause beside what is played: a fault that lasts is one. */
export function troubleEvents(plan: Plan): { readonly kind: string; readonly subject: string; readonly why: string }[] {
  return plan.devices
    .filter((d) => d.trouble === "fault")
    .map(({ uid }) => ({ kind: "device.fault", subject: `device:${uid}`, why: "does not answer its gateway" }));
}
