import type { Logger } from "pino";
import type { Pointing } from "./onvif-ptz.ts";

export interface Picture {
  /** JPEG or PNG */
  readonly bytes: Buffer;
  /** what the camera's clock said when it answered, ms UTC; null where it does not say */
  readonly cameraTime: number | null;
  /** where a camera that turns looked; absent or null = it does not turn */
  readonly pointing?: Pointing | null;
}

/** What a feed may ask and tell while it delivers. */
export interface FeedSignals {
  /** ms UTC */
  readonly now: () => number;
  readonly log: Logger;
  /** aborted when the source stops */
  readonly stop: AbortSignal;
  /** the camera's own motion detection began or ended */
  motion(active: boolean): void;
  /** the camera has started anew */
  rebooted(): void;
}

/** Where a camera's pictures come from. */
export interface PictureFeed {
  /**
   * The newest picture that was not given yet; waits for one where the feed sets the pace. After an error the next call
   * begins anew; when that is, is up to the caller.
   * @throws CameraError
   */
  next(signals: FeedSignals): Promise<Picture>;
  /** Ends what runs beside the calls; resolves when it has ended. */
  close(): Promise<void>;
}
