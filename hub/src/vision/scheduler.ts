import type { FrameHeader } from "@gridhub/device-profiles/envelope.ts";

const WEIGHT: Readonly<Record<FrameHeader["why"], number>> = { candidate: 4, motion: 2, patrol: 1 };

/** Why a frame was not looked at. */
export type DropReason = "superseded" | "stale" | "full" | "failed" | "disabled" | "invalid";

interface Mailbox<T> {
  weight: number;
  /** since when this camera waits; a newer frame does not reset it */
  since: number;
  /** when the newest frame came */
  at: number;
  item: T;
}

/**
 * One mailbox a camera, the latest frame wins; the next to be looked at is the one with the largest weight x waiting time. So
 * memory is bounded by the number of cameras, frames are fresh under any load and no camera starves. Times are the hub's
 * (ms): a camera's clock may be wrong.
 */
export class FrameScheduler<T> {
  private readonly boxes = new Map<string, Mailbox<T>>();
  private readonly freshMs: number;
  private readonly capacity: number;
  readonly dropped: Record<DropReason, number> = {
    superseded: 0,
    stale: 0,
    full: 0,
    failed: 0,
    disabled: 0,
    invalid: 0,
  };

  /** @param options.freshMs an older frame is not worth a detector's time @param options.capacity mailboxes, i.e. frames in memory */
  constructor(options: { readonly freshMs: number; readonly capacity: number }) {
    this.freshMs = options.freshMs;
    this.capacity = options.capacity;
  }

  get waiting(): number {
    return this.boxes.size;
  }

  /** Puts a frame into its camera's mailbox. A frame that waits already is replaced, its urgency and its place are kept. */
  offer(camera: string, why: FrameHeader["why"], at: number, item: T): void {
    const weight = WEIGHT[why];
    const box = this.boxes.get(camera);
    if (box !== undefined) {
      this.dropped.superseded++;
      box.weight = Math.max(box.weight, weight);
      box.at = at;
      box.item = item;
    } else if (this.boxes.size >= this.capacity) this.dropped.full++;
    else this.boxes.set(camera, { weight, since: at, at, item });
  }

  /** The most urgent frame, or null. Frames past their freshness are dropped on the way. */
  take(now: number): T | null {
    let best: string | null = null;
    let urgency = -1;
    for (const [camera, box] of this.boxes) {
      if (now - box.at > this.freshMs) {
        this.boxes.delete(camera);
        this.dropped.stale++;
        continue;
      }
      // + 1: of two that came just now, the heavier goes first
      const u = box.weight * (now - box.since + 1);
      if (u > urgency) {
        urgency = u;
        best = camera;
      }
    }
    if (best === null) return null;
    const item = (this.boxes.get(best) as Mailbox<T>).item;
    this.boxes.delete(best);
    return item;
  }
}
