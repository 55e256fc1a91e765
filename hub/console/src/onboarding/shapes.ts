import type { QuarantineDetailInfo, ShadowInfo } from "../../../src/api/onboarding-schema.ts";
import type { DecodeInfo, LintInfo } from "../../../src/api/redecode-schema.ts";

// Parts of what the onboarding routes answer, by name.

export type Suggestion = QuarantineDetailInfo["suggestions"][number];
export type Sample = QuarantineDetailInfo["samples"][number];
export type Value = number | string | boolean | null;
export type Decoded = DecodeInfo["readings"][number];
export type LintProblem = LintInfo["problems"][number];
export type AlarmDifference = ShadowInfo["alarms"][number];
