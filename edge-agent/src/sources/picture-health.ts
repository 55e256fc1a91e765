import { createHash } from "node:crypto";

/** What one look found. */
export interface Look {
  /** ms UTC */
  readonly now: number;
  readonly bytes: Buffer;
  /** luma of the picture, 0..255 */
  readonly mean: number;
  readonly deviation: number;
  /** what the camera's clock says, ms UTC */
  readonly cameraTime: number | null;
  /** least pictures a second, 0 = any */
  readonly minFps: number;
}

/** The very same bytes so many times in a row: the picture is frozen. Live sensors always have noise. */
const FROZEN_LOOKS = 20;
/** Mean luma and deviation below which a picture is black, or covered; so many times in a row, a headlight is no fault. */
const BLACK_MEAN = 6;
const COVERED_DEVIATION = 4;
const DULL_LOOKS = 3;
/** A request that waited long in between makes one answer look late. */
const SKEWED_LOOKS = 3;
/** Pictures are counted over so long, ms. */
const RATE_WINDOW = 20_000;
const REBOOT_SHOWN = 60_000;

export type PictureFault = "black" | "covered" | "frozen" | "rebooted" | "low_fps" | "clock_skew";

/** Judges what comes from a camera over time; pictures that cannot be had at all are no business of this. */
export class PictureHealth {
  readonly #maxSkew: number;
  #hash = "";
  #same = 0;
  #dull = 0;
  #skewed = 0;
  #windowFrom: number | null = null;
  #looks = 0;
  #slow = false;
  #rebootedAt: number | null = null;

  /** @param maxSkew how far the camera's clock may be off, ms; 0 = any */
  constructor(maxSkew: number) {
    this.#maxSkew = maxSkew;
  }

  /** The camera started anew; shown for a minute. */
  rebooted(now: number): void {
    this.#rebootedAt = now;
  }

  /** Pictures were missing for a while: what was counted until then says nothing about now. */
  interrupted(): void {
    this.#windowFrom = null;
    this.#slow = false;
    this.#same = 0;
  }

  /** @returns the worst of what is wrong */
  judge(look: Look): PictureFault | "ok" {
    const hash = createHash("sha1").update(look.bytes).digest("base64");
    this.#same = hash === this.#hash ? this.#same + 1 : 0;
    this.#hash = hash;
    this.#dull = look.mean < BLACK_MEAN || look.deviation < COVERED_DEVIATION ? this.#dull + 1 : 0;
    this.#measureRate(look);
    this.#measureClock(look);
    if (this.#dull >= DULL_LOOKS) return look.mean < BLACK_MEAN ? "black" : "covered";
    if (this.#same >= FROZEN_LOOKS) return "frozen";
    if (this.#rebootedAt !== null) {
      const since = look.now - this.#rebootedAt;
      if (since >= 0 && since < REBOOT_SHOWN) return "rebooted";
      this.#rebootedAt = null;
    }
    if (this.#slow) return "low_fps";
    return this.#skewed >= SKEWED_LOOKS ? "clock_skew" : "ok";
  }

  #measureRate({ now, minFps }: Look): void {
    if (this.#windowFrom === null || now < this.#windowFrom) {
      this.#windowFrom = now;
      this.#looks = 0;
      return;
    }
    this.#looks++;
    const passed = now - this.#windowFrom;
    if (passed < RATE_WINDOW) return;
    this.#slow = (this.#looks * 1000) / passed < minFps;
    this.#windowFrom = now;
    this.#looks = 0;
  }

  #measureClock({ now, cameraTime }: Look): void {
    if (this.#maxSkew === 0 || cameraTime === null) this.#skewed = 0;
    else this.#skewed = Math.abs(cameraTime - now) > this.#maxSkew ? this.#skewed + 1 : 0;
  }
}
