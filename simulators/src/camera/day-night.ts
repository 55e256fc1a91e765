/** What of a script's step decides whether the camera sees by infrared. */
export interface LightStep {
  readonly at: number;
  readonly light?: number;
  readonly infrared?: boolean | "auto";
}

export interface Sight {
  /** the infrared-cut filter is out: one grey channel, own illumination */
  readonly infrared: boolean;
  /** ms since the filter moved; Infinity = it has not since the script began */
  readonly sinceMs: number;
}

/** Light of the sky (0..1) below and above which a camera that decides by itself changes; between them it stays as it is. */
export const DARK = 0.2;
export const BRIGHT = 0.35;
/** The light has to stay on the other side for so long: a headlight or a cloud moves no filter. */
export const SETTLE_MS = 5000;
/** The filter is on its way for so long; colours are still, or not yet, there. */
export const FILTER_MS = 200;

/**
 * Day or night by the script alone: a step's `infrared` moves the filter at once, `auto` leaves it to the light with hysteresis.
 * @param script sorted by `at`; what the camera is at its beginning it has always been
 */
export function sightAt(script: readonly LightStep[], tMs: number): Sight {
  let infrared = false;
  let moved = Number.NEGATIVE_INFINITY;
  let pending: number | null = null;
  for (let i = 0; i < script.length && script[i].at <= tMs; i++) {
    const { at, infrared: wish = false } = script[i];
    const wanted: boolean = wish === "auto" ? wantedBy(script[i].light ?? 1, infrared) : wish;
    if (wanted === infrared) {
      pending = null;
      continue;
    }
    if (i === 0) {
      infrared = wanted;
      continue;
    }
    pending ??= at;
    const when = wish === "auto" ? Math.max(at, pending + SETTLE_MS) : at;
    const until = Math.min(tMs, (script.at(i + 1)?.at ?? Number.POSITIVE_INFINITY) - 1);
    if (when > until) continue;
    infrared = wanted;
    moved = when;
    pending = null;
  }
  return { infrared, sinceMs: tMs - moved };
}

function wantedBy(light: number, infrared: boolean): boolean {
  return infrared ? light <= BRIGHT : light < DARK;
}

/** Whether the picture has colour: while the filter leaves, the old exposure still shows colour; coming back, grey goes first. */
export function isGrey({ infrared, sinceMs }: Sight): boolean {
  return sinceMs < FILTER_MS ? !infrared : infrared;
}

/**
 * Exposure against the settled one after the filter moved: without it far too much light for a moment, behind it far too little.
 * 1 when it has settled.
 */
export function exposureOf({ infrared, sinceMs }: Sight): number {
  if (sinceMs > 4000) return 1;
  return infrared ? 1 + 4 * Math.exp(-sinceMs / 420) : 1 - 0.85 * Math.exp(-sinceMs / 600);
}
