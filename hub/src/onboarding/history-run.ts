import type { CompiledProfile } from "@gridhub/device-profiles/compiled.ts";
import { RecordBuffer } from "@gridhub/device-profiles/reading.ts";
import type { Device } from "../device.ts";
import type { Finding } from "../finding.ts";
import { decodeKept, type KeptRecord, samplesIn } from "./frame-samples.ts";

/** Rules that hold nothing yet, apart from those of the live flow. */
export interface FreshRules {
  /** @param late true = history mode */
  observe(device: Device, ts: number, record: RecordBuffer, late: boolean, out: Finding[]): void;
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
  readonly #record = new RecordBuffer();
  #findings: Finding[] = [];
  readonly #open = new Map<string, Finding>();
  #last = 0;

  constructor(device: Device, profile: CompiledProfile, rules: FreshRules) {
    this.#device = { ...device, profile };
    this.#rules = rules;
  }

  /** @returns episodes that ended with it */
  observe(kept: KeptRecord): Episode[] {
    const { profile } = this.#device;
    if (decodeKept(profile, kept, this.#record) !== null) return [];
    for (const { ts, values } of samplesIn(this.#record, kept.ts)) {
      this.#rules.observe(this.#device, ts, values, true, this.#findings);
      this.#last = Math.max(this.#last, ts);
    }
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
