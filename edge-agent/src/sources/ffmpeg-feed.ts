import { type ChildProcess, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { CameraError, type CameraFault } from "./camera-error.ts";
import { type FfmpegProgram, findFfmpeg } from "./ffmpeg-program.ts";
import { JpegSplitter } from "./jpeg-splitter.ts";
import type { FeedSignals, Picture, PictureFeed } from "./picture-feed.ts";

const MAX_PICTURE = 8_388_608;
const MAX_SAID = 2048;
/** Before the first picture stand the start of the program, the login and the way to the next key frame. */
const START_MS = 15_000;
/** libavformat's own patience with a silent socket, microseconds; the watchdog here is for everything else. */
const SOCKET_PATIENCE_US = 10_000_000;

export interface FfmpegInput {
  /** rtsp:// or rtsps:// address without credentials, or a file's path */
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
  /** decode key frames only; else everything, thinned to `fps` */
  readonly keyFrames: boolean;
  readonly fps: number;
  /** speed of a file, 1 = real time; absent for a stream, which has its own */
  readonly speed?: number;
  readonly loop?: boolean;
  /** ms without a picture after which ffmpeg is ended */
  readonly stallMs: number;
}

interface Waiter {
  readonly resolve: (picture: Picture) => void;
  readonly reject: (error: CameraError) => void;
}

/**
 * Pictures of a stream or a video file through a spawned ffmpeg, which writes JPEG into a pipe. RTSP goes over TCP. Only the newest
 * picture is kept, so a slow reader costs no memory.
 *
 * The address reaches ffmpeg as a concat script through a pipe (file descriptor 3): what stands in the arguments can be read by
 * every user of the machine. What ffmpeg says is blanked of credentials before it goes anywhere.
 */
export class FfmpegFeed implements PictureFeed {
  readonly #input: FfmpegInput;
  readonly #env: Readonly<Record<string, string | undefined>>;
  #program: FfmpegProgram | null = null;
  #child: ChildProcess | null = null;
  #ended: Promise<void> = Promise.resolve();
  #newest: Picture | null = null;
  #failure: CameraError | null = null;
  #waiter: Waiter | null = null;
  #watchdog: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(input: FfmpegInput, env: Readonly<Record<string, string | undefined>> = process.env) {
    this.#input = input;
    this.#env = env;
  }

  /** process id of the running ffmpeg */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  async next({ log, stop }: FeedSignals): Promise<Picture> {
    const kept = this.#newest;
    if (kept !== null) {
      this.#newest = null;
      return kept;
    }
    const failed = this.#failure;
    if (failed !== null) {
      this.#failure = null;
      throw failed;
    }
    if (this.#child === null) {
      await this.#ended;
      if (this.#program === null) {
        this.#program = await findFfmpeg(this.#env);
        log.info({ ffmpeg: this.#program.version }, "ffmpeg found");
      }
      // A source that was stopped meanwhile would wait for a picture that nobody ends.
      if (this.#closed || stop.aborted) throw new CameraError("stream", "stopped");
      this.#spawn(this.#program.path);
    }
    return new Promise((resolve, reject) => {
      const aborted = () => reject(new CameraError("stream", "stopped"));
      stop.addEventListener("abort", aborted, { once: true });
      const settled = () => {
        this.#waiter = null;
        stop.removeEventListener("abort", aborted);
      };
      this.#waiter = {
        resolve: (picture) => (settled(), resolve(picture)),
        reject: (error) => (settled(), reject(error)),
      };
    });
  }

  #spawn(path: string): void {
    const child = spawn(path, argumentsFor(this.#input), { stdio: ["ignore", "pipe", "pipe", "pipe"] });
    const splitter = new JpegSplitter(MAX_PICTURE);
    let said = "";
    let fault: CameraError | null = null;
    const end = (error: CameraError) => {
      fault ??= error;
      child.kill("SIGKILL");
    };
    const feed = (patience: number) => {
      clearTimeout(this.#watchdog);
      this.#watchdog = setTimeout(() => end(new CameraError("timeout", `no picture for ${patience} ms`)), patience);
    };
    feed(this.#input.stallMs + START_MS);
    child.stdout!.on("data", (chunk: Buffer) => {
      try {
        const pictures = splitter.push(chunk);
        if (pictures.length === 0) return;
        feed(this.#input.stallMs);
        this.#give({ bytes: pictures.at(-1)!, cameraTime: null });
      } catch (error) {
        end(error as CameraError);
      }
    });
    child.stderr!.on("data", (chunk: Buffer) => (said = (said + chunk.toString()).slice(-MAX_SAID)));
    const script = child.stdio[3] as Writable & Readable;
    script.on("error", () => {}); // an ffmpeg that ends before it reads says why on stderr
    script.end(scriptFor(this.#input));
    this.#child = child;
    this.#ended = new Promise((resolve) => {
      const over = (error: CameraError) => {
        clearTimeout(this.#watchdog);
        if (this.#child !== child) return;
        this.#child = null;
        this.#fail(error);
        resolve();
      };
      child.once("error", (error) => over(new CameraError("no_ffmpeg", error.message)));
      child.once("close", (code, signal) =>
        over(fault ?? reasonOf(blank(said, this.#input), code, signal, this.#input)),
      );
    });
  }

  #give(picture: Picture): void {
    if (this.#waiter !== null) this.#waiter.resolve(picture);
    else this.#newest = picture;
  }

  #fail(error: CameraError): void {
    if (this.#waiter !== null) this.#waiter.reject(error);
    else this.#failure = error;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#child?.kill("SIGKILL");
    await this.#ended;
  }
}

function argumentsFor({ url, keyFrames, fps, speed, loop }: FfmpegInput): string[] {
  const args = ["-nostdin", "-hide_banner", "-loglevel", "error", "-threads", "1"];
  args.push("-protocol_whitelist", isStream(url) ? "pipe,fd,rtsp,rtp,tcp,tls,crypto" : "pipe,fd,file");
  // The rate of a stream is not asked for: guessing it holds the first picture back for seconds.
  if (isStream(url)) args.push("-fpsprobesize", "0", "-analyzeduration", "0");
  if (keyFrames) args.push("-skip_frame", "nokey");
  if (speed !== undefined) args.push("-readrate", String(speed));
  if (loop === true) args.push("-stream_loop", "-1");
  args.push("-safe", "0", "-f", "concat", "-i", "pipe:3", "-an", "-sn", "-dn", "-fps_mode", "passthrough");
  // Never larger than what the frame ladder would make of it: pixels through a pipe cost time on both sides.
  const size = "scale=w='min(1280,iw)':h='min(720,ih)':force_original_aspect_ratio=decrease:force_divisible_by=2";
  const picture = `${size}:out_range=full,format=yuvj420p`;
  args.push("-vf", keyFrames ? picture : `fps=${fps},${picture}`, "-q:v", "4");
  args.push("-f", "image2pipe", "-c:v", "mjpeg", "-flush_packets", "1", "pipe:1");
  return args;
}

function isStream(url: string): boolean {
  return /^rtsps?:\/\//.test(url);
}

/** A concat script of one entry (ffmpeg-formats, concat): quoted, because an address may hold anything. */
function scriptFor(input: FfmpegInput): string {
  const lines = ["ffconcat version 1.0", `file ${quote(addressOf(input))}`];
  const options = ["rtsp_transport tcp", `timeout ${SOCKET_PATIENCE_US}`, "fpsprobesize 0"];
  if (isStream(input.url)) lines.push(...options.map((option) => `option ${option}`));
  return `${lines.join("\n")}\n`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function addressOf({ url, username = "", password = "" }: FfmpegInput): string {
  if (!isStream(url)) return `file:${url}`;
  if (username === "") return url;
  return url.replace("://", `://${encodeURIComponent(username)}:${encodeURIComponent(password)}@`);
}

/** What ffmpeg said, without any credentials that it repeats. */
function blank(said: string, { password = "" }: FfmpegInput): string {
  let text = said.replace(/(rtsps?:\/\/)[^@\s'/]*@/g, "$1***@");
  for (const secret of [password, encodeURIComponent(password)])
    if (secret !== "") text = text.replaceAll(secret, "***");
  return text;
}

const REASONS: readonly (readonly [RegExp, CameraFault])[] = [
  [/\b40[13]\b|[Uu]nauthorized|authorization failed/, "auth"],
  [/[Cc]ertificate/, "certificate"],
  [/timed out/, "timeout"],
  [
    /Connection refused|No route to host|Network is unreachable|[Nn]ame or service|resolve hostname|reset by peer/,
    "unreachable",
  ],
  [/No such file|Is a directory/, "no_file"],
  [/\b[45]\d\d\b.*\breply|[Nn]ot [Ff]ound|Server returned/, "http"],
];

function reasonOf(said: string, code: number | null, signal: string | null, input: FfmpegInput): CameraError {
  const last = said.trim().split("\n").slice(-3).join("; ").slice(0, 300);
  if (signal !== null) return new CameraError("stream", `ffmpeg was ended by ${signal}`);
  if (code === 0 && !isStream(input.url)) return new CameraError("no_file", "the file has come to its end");
  const found = REASONS.find(([pattern]) => pattern.test(said))?.[1] ?? "stream";
  return new CameraError(found, `ffmpeg ended with ${code}: ${last || "the stream ended"}`);
}
