import type { CompiledProfile } from "@gridhub/device-profiles/compiled.ts";
import type { RecordBuffer } from "@gridhub/device-profiles/reading.ts";
import type { Device } from "../device.ts";
import type { Finding } from "../finding.ts";
import { type FreshDerived, type KeptRecord, VersionReader } from "./frame-samples.ts";

/** Rules that hold nothing yet, apart from those of the live flow. */
export interface FreshRules {
  /** @param late true = history mode */
  observe(device: Device, ts: number, record: RecordBuffer, late: boolean, out: Finding[]): void;
}

/** Where rules and derived metrics come from that know nothing of the live flow. */
export interface Fresh {
  readonly rules: () => FreshRules;
  /** absent = nothing is derived */
  readonly derived?: () => FreshDerived;
}

/** An alarm from its beginning to its end, as the rules found it in old records. */
export interface Episode {
  readonly raise: Finding;
  readonly clear: Finding;
}

/**
 * Old records of one device through rules of their own, in the order of their sample times: what a version of its profile would
 * have raised. The live rules, and what they know of the device, are not touched.
 */
export class HistoryRun {
  readonly #device: Device;
  readonly #rules: FreshRules;
  readonly #reader: VersionReader;
  #findings: Finding[] = [];
  readonly #open = new Map<string, Finding>();
  #last = 0;

  constructor(device: Device, profile: CompiledProfile, { rules, derived }: Fresh) {
    this.#device = { ...device, profile };
    this.#rules = rules();
    this.#reader = new VersionReader(profile, device, derived);
  }

  /** @returns episodes that ended with it */
  observe(kept: KeptRecord): Episode[] {
    this.#reader.read(kept, (ts, values) => {
      this.#rules.observe(this.#device, ts, values, true, this.#findings);
      this.#last = Math.max(this.#last, ts);
    });
    const ended: Episode[] = [];
    for (const finding of this.#findings.splice(0)) {
      const raise = this.#open.get(finding.kind);
      if (finding.phase === "raise") this.#open.set(finding.kind, finding);
      else if (finding.phase === "clear" && raise !== undefined) {
        this.#open.delete(finding.kind);
        ended.push({ raise, clear: finding });
      }
    }
    return ended;
  }

  /** What was still active ends with the last record: history says nothing about now. */
  end(): Episode[] {
    const rest = [...this.#open.values()].map((raise): Episode => {
      const clear: Finding = { ...raise, phase: "clear", ts: Math.max(raise.ts, this.#last) };
      return { raise, clear };
    });
    this.#open.clear();
    return rest;
  }
}
