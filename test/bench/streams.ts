import { readFileSync } from "node:fs";
import { pino } from "pino";
import { FfmpegFeed } from "../../edge-agent/src/sources/ffmpeg-feed.ts";
import { encodeClip } from "../../simulators/src/camera/h264.ts";
import { RtspServer } from "../../simulators/src/camera/rtsp.ts";
import { SceneCamera } from "../../simulators/src/camera/scene.ts";

// `node test/bench/streams.ts`: what a camera stream costs the edge in CPU time of its ffmpeg, and how long its first picture takes.
// Linux: CPU time is read from /proc.

const SECONDS = 10;
const FPS = 12;

function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10; // user and system time, in ticks of 10 ms
}

async function measure(url: string, keyFrames: boolean): Promise<object> {
  const feed = new FfmpegFeed({ url, keyFrames, fps: 5, stallMs: 30_000 });
  const stop = new AbortController();
  const log = pino({ level: "silent" });
  const signals = { now: Date.now, log, stop: stop.signal, motion: () => {}, rebooted: () => {} };
  const asked = performance.now();
  await feed.next(signals);
  const began = performance.now();
  const before = cpuMs(feed.pid!);
  let pictures = 0;
  let bytes = 0;
  while (performance.now() - began < SECONDS * 1000) {
    bytes += (await feed.next(signals)).bytes.length;
    pictures++;
  }
  const seconds = (performance.now() - began) / 1000;
  const cpuMsPerSecond = (cpuMs(feed.pid!) - before) / seconds;
  stop.abort();
  await feed.close();
  const round = (value: number) => Math.round(value * 10) / 10;
  return {
    firstPictureMs: Math.round(began - asked),
    cpuMsPerSecond: round(cpuMsPerSecond),
    picturesPerSecond: round(pictures / seconds),
    kilobytes: round(bytes / pictures / 1024),
  };
}

const rows: object[] = [];
for (const [width, height] of [
  [640, 360],
  [1280, 720],
]) {
  const walker = new SceneCamera({ seed: 1, width, height, script: [{ at: 0, scene: "walker" }] });
  const clip = await encodeClip(walker, { frames: 2 * FPS, fps: FPS, keyEvery: 2 * FPS });
  const server = new RtspServer({ clips: { "/sub": clip } });
  const url = `${await server.start()}/sub`;
  for (const keyFrames of [true, false])
    rows.push({ stream: `${width}x${height}`, decode: keyFrames ? "key" : "full", ...(await measure(url, keyFrames)) });
  await server.close();
}
console.log(JSON.stringify(rows, null, 1));
