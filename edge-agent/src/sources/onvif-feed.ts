import { CameraError } from "./camera-error.ts";
import { CameraHttp, type CameraTls } from "./camera-http.ts";
import { FfmpegFeed } from "./ffmpeg-feed.ts";
import { chooseProfile, OnvifDevice, type OnvifProfile } from "./onvif-device.ts";
import { OnvifEvents } from "./onvif-events.ts";
import { OnvifPtz } from "./onvif-ptz.ts";
import { OnvifSoap } from "./onvif-soap.ts";
import type { FeedSignals, Picture, PictureFeed } from "./picture-feed.ts";
import { SnapshotClient, SnapshotFeed } from "./snapshot.ts";

export interface OnvifOptions {
  /** `http(s)://host:port` of the device service */
  readonly origin: string;
  readonly username: string;
  readonly password: string;
  readonly timeoutMs: number;
  readonly tls: CameraTls;
  /** RTSP sub-stream instead of snapshots */
  readonly stream: boolean;
  readonly events: boolean;
  /** token of the profile to take */
  readonly profile?: string | undefined;
  readonly keyFrames: boolean;
  readonly fps: number;
  readonly stallMs: number;
}

/** A stream is taken as small as a person of a tenth of the picture is still 36 lines high; a snapshot costs little more when large. */
const STREAM_LINES = 360;
const SNAPSHOT_LINES = 720;
const MAX_PROFILES_TRIED = 3;
const CLOCK_EVERY_MS = 600_000;

/**
 * A camera by ONVIF: finds where its pictures are, by snapshot or by stream, and finds out again after every failure, for a camera may
 * have a new address after a restart. Its own motion events come beside the pictures.
 */
export class OnvifFeed implements PictureFeed {
  readonly #options: OnvifOptions;
  readonly #http: CameraHttp;
  #feed: PictureFeed | null = null;
  #soap: OnvifSoap | null = null;
  #device: OnvifDevice | null = null;
  #ptz: OnvifPtz | null = null;
  #events: Promise<void> | null = null;
  #clockAsked = Number.NEGATIVE_INFINITY;
  #clockKnown = false;

  constructor(options: OnvifOptions) {
    this.#options = options;
    this.#http = new CameraHttp(options, options.tls);
  }

  async next(signals: FeedSignals): Promise<Picture> {
    try {
      this.#feed ??= await this.#connect(signals);
      await this.#askClock(signals);
      const before = await this.#ptz?.pointing(signals.now(), signals.stop);
      const picture = await this.#feed.next(signals);
      const { bytes } = picture;
      // it may have turned while the picture was taken: what follows tells, at the latest when it is asked again
      const after = await this.#ptz?.pointing(signals.now(), signals.stop);
      const pointing = after?.preset === before?.preset ? after : { preset: "", moving: true };
      const cameraTime =
        picture.cameraTime !== null || !this.#clockKnown ? picture.cameraTime : signals.now() + this.#soap!.clockOffset;
      return { bytes, cameraTime, pointing };
    } catch (error) {
      const broken = this.#feed;
      this.#feed = null;
      this.#clockAsked = Number.NEGATIVE_INFINITY;
      await broken?.close();
      throw error;
    }
  }

  async #connect(signals: FeedSignals): Promise<PictureFeed> {
    const { origin, username, password, timeoutMs, tls, stream, keyFrames, fps, stallMs } = this.#options;
    const soap = (this.#soap ??= new OnvifSoap(this.#http, this.#options, timeoutMs, signals.now));
    this.#device ??= new OnvifDevice(soap, origin);
    await this.#askClock(signals);
    const profiles = await this.#device.profiles(signals.stop);
    const ptz = await this.#device.ptzUrl(signals.stop);
    const { token } = this.#choose(profiles, stream ? STREAM_LINES : SNAPSHOT_LINES);
    this.#ptz = ptz === null ? null : new OnvifPtz(soap, ptz, token);
    if (stream) {
      const url = await this.#device.streamUri(token, signals.stop);
      this.#listen(signals);
      return new FfmpegFeed({ url, username, password, keyFrames, fps, stallMs });
    }
    const url = await this.#snapshotUri(this.#device, profiles, signals.stop);
    this.#listen(signals);
    return new SnapshotFeed(url, new SnapshotClient({ username, password }, timeoutMs, tls));
  }

  #choose(profiles: readonly OnvifProfile[], lines: number): OnvifProfile {
    const { profile: wanted } = this.#options;
    const found =
      wanted === undefined ? chooseProfile(profiles, lines) : profiles.find((profile) => profile.token === wanted);
    if (found === undefined)
      throw new CameraError("onvif", wanted === undefined ? "no profile with a picture" : `no profile ${wanted}`);
    return found;
  }

  /** Some cameras give snapshots of one profile only. */
  async #snapshotUri(device: OnvifDevice, profiles: readonly OnvifProfile[], stop: AbortSignal): Promise<string> {
    const first = this.#choose(profiles, SNAPSHOT_LINES);
    const others = this.#options.profile === undefined ? profiles.filter((profile) => profile !== first) : [];
    let refused: unknown;
    for (const { token } of [first, ...others].slice(0, MAX_PROFILES_TRIED)) {
      try {
        return await device.snapshotUri(token, stop);
      } catch (error) {
        if (!(error instanceof CameraError) || error.code !== "onvif") throw error;
        refused ??= error;
      }
    }
    throw refused;
  }

  async #askClock({ now, stop }: FeedSignals): Promise<void> {
    if (now() >= this.#clockAsked && now() - this.#clockAsked < CLOCK_EVERY_MS) return;
    const time = await this.#device!.clock(stop).catch((error: unknown) => {
      // A device that keeps its clock to itself may work all the same; one that does not answer will not.
      if (error instanceof CameraError && (error.code === "onvif" || error.code === "auth")) return null;
      throw error;
    });
    this.#clockAsked = now();
    this.#clockKnown = time !== null;
    this.#soap!.clockOffset = time === null ? 0 : time - now();
  }

  #listen(signals: FeedSignals): void {
    if (!this.#options.events || this.#events !== null) return;
    const device = this.#device!;
    const run = async () => {
      const url = await device.eventsUrl(signals.stop).catch(() => null);
      if (url === null) return;
      const reach = (address: string) => device.reach(address, false)?.toString() ?? null;
      await new OnvifEvents(this.#soap!, url, reach).run(signals);
      if (!signals.stop.aborted) this.#events = null;
    };
    this.#events = run();
  }

  async close(): Promise<void> {
    await this.#feed?.close();
    this.#http.close();
    await this.#events;
  }
}
