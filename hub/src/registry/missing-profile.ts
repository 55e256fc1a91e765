import type { CompiledProfile } from "@gridhub/device-profiles/compiled.ts";
import { reject } from "@gridhub/device-profiles/rejection.ts";

/** Stands in for a profile that is not loaded: whatever the device sends is refused with a reason and stays replayable. */
export function missingProfile(id: string): CompiledProfile {
  const refuse = () => reject("profile_unknown", `profile ${id} is not loaded`);
  return {
    id,
    kind: "unknown",
    titleZh: "未知类型",
    titleEn: "unknown type",
    metrics: [],
    metricIndex: new Map(),
    alarms: [],
    expectEveryMs: null,
    grace: 2,
    sequenced: true,
    keepRaw: true,
    uplink: "telemetry",
    positions: false,
    decodeJson: refuse,
    decodeFrame: refuse,
    decodePositions: refuse,
  };
}
