import type { Clock } from "../clock.ts";
import type { ClipDeskOptions } from "./clips/clip-desk.ts";
import type { Device } from "../device.ts";
import type { LandmarkSource } from "./landmarks.ts";
import type { Log } from "../log.ts";
import type { FrameTally } from "./frame-tally.ts";
import type { PaceLoad } from "./pace.ts";
import type { DropReason } from "./scheduler.ts";

export interface VisionOptions {
  readonly modelsDir: string;
  readonly mediaDir: string;
  /** detector threads; 0 = no vision */
  readonly workers: number;
  /** multiplies stays, dwells and gaps; 1 in production */
  readonly durationScale: number;
  readonly log: Pick<Log, "info" | "warn" | "error">;
  /** larger pictures are refused before they are decoded */
  readonly maxPixels?: number;
  /** a frame that waited longer is not looked at, ms */
  readonly freshMs?: number;
  /** cameras that may wait at a time, one frame each */
  readonly capacity?: number;
  readonly timeZone?: string;
  readonly mediaDays?: number;
  readonly mediaBytes?: number;
  readonly recipesDir?: string;
  /** further folders; a recipe of the same name replaces the one before */
  readonly recipes?: readonly string[];
  /** how often the models folder is looked at for new versions, ms; 0 = never; default 5,000 */
  readonly modelsWatchMs?: number;
  /** pictures that retention removed from the disk, by hash: their rows can go */
  readonly onSwept?: (hashes: readonly string[]) => void;
  /** what an edge should change about a camera; null = nothing any more */
  readonly onPace?: (camera: Device, pace: PaceWish | null) => void;
  /** how alert a camera's grid is; default: normal */
  readonly posture?: (camera: Device) => PostureFactors;
  /** where registered devices stand; absent = recipes that measure against them have their zones alone */
  readonly landmarks?: LandmarkSource;
  /** clips from the edges; absent = none are asked for */
  readonly clips?: Pick<ClipDeskOptions, "device" | "isOnline" | "send"> & {
    readonly dir: string;
    /** the oldest go first; they go with age as pictures do */
    readonly maxBytes: number;
  };
  /** the clock of `rx` and `now` */
  readonly clock?: Clock;
}

/** ms between looks and between patrol samples; what is absent stays as the edge has it. */
export interface PaceWish {
  readonly interval_ms?: number;
  readonly patrol_ms?: number;
}

/** Factors on what recipes say. Below 1: lower thresholds, shorter dwells, more samples. */
export interface PostureFactors {
  readonly threshold: number;
  readonly dwell: number;
  readonly sampling: number;
}

export const NORMAL_POSTURE: PostureFactors = { threshold: 1, dwell: 1, sampling: 1 };

export interface VisionStats {
  readonly enabled: boolean;
  readonly models: readonly string[];
  readonly offered: number;
  readonly dropped: Readonly<Record<DropReason, number>>;
  readonly inferred: number;
  readonly waiting: number;
  readonly crashes: number;
  readonly media: { readonly files: number; readonly bytes: number };
  /** from arrival at the hub to the result, over the last 512 frames */
  readonly ageMs: { readonly p50: number; readonly p95: number };
  readonly load: PaceLoad;
}

/** Registered devices that the calibrated views of a camera show. */
export interface DevicesInSight {
  readonly kind: string;
  /** metres that the recipe asks for */
  readonly within: number;
  /** where the calibration tells places well enough for that */
  readonly devices: number;
  /** where its error is larger than that: the drawn zone counts alone */
  readonly uncertain: number;
}

/** One recipe at one camera. */
export interface CameraLook {
  readonly recipe: string;
  /** of its events */
  readonly kind: string;
  /** `name@version` */
  readonly models: readonly string[];
  /** polygon as fractions of the frame, as configured; null = the whole frame */
  readonly zone: string | null;
  /** registered devices in its calibrated views that something is to stand beside; null = the recipe asks for none */
  readonly beside: DevicesInSight | null;
  /** local time, "07:00-21:30"; null = always */
  readonly hours: string | null;
  /** whether it looks at this time of the day */
  readonly open: boolean;
}

/** A camera as the API shows it. */
export interface CameraStatus {
  readonly uid: string;
  /** watching, silent: no frame for five minutes, idle: none since the start, unwatched: nothing to watch for */
  readonly state: "watching" | "silent" | "idle" | "unwatched";
  /** when the newest frame came, ms UTC; null = none */
  readonly frameAt: number | null;
  /** ms since then */
  readonly frameAgeMs: number | null;
  /** frames a second over the last minute or so */
  readonly perSecond: number;
  readonly recipes: readonly string[];
  readonly models: readonly string[];
  readonly candidates: readonly {
    readonly recipe: string;
    readonly kind: string;
    /** when it began, ms UTC */
    readonly since: number;
    readonly raised: boolean;
  }[];
  /** what the hub asks of the edge; null = nothing */
  readonly pace: PaceWish | null;
  /** what the edge says it runs; null = it has not said */
  readonly runs: PaceWish | null;
  readonly looks: readonly CameraLook[];
  readonly frames: FrameTally;
}
