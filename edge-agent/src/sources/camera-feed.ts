import { type CameraConfig } from "./camera-config.ts";
import type { CameraTls } from "./camera-http.ts";
import { FfmpegFeed } from "./ffmpeg-feed.ts";
import { FolderFeed } from "./folder-feed.ts";
import { OnvifFeed } from "./onvif-feed.ts";
import type { PictureFeed } from "./picture-feed.ts";
import { SnapshotClient, SnapshotFeed } from "./snapshot.ts";

/** The feed that a camera's settings describe. */
export function createFeed(config: CameraConfig): PictureFeed {
  switch (config.kind) {
    case "snapshot":
      return new SnapshotFeed(config.url, new SnapshotClient(config, config.timeout_ms, tlsOf(config)));
    case "onvif":
      return new OnvifFeed({
        origin: `${config.https === true ? "https" : "http"}://${config.host}:${config.port}`,
        username: config.username,
        password: config.password,
        timeoutMs: config.timeout_ms,
        tls: tlsOf(config),
        stream: config.picture === "stream",
        events: config.events ?? true,
        profile: config.profile,
        keyFrames: config.decode !== "full",
        fps: config.fps ?? 2,
        stallMs: config.stall_ms ?? 30_000,
      });
    case "rtsp":
      return new FfmpegFeed({
        url: config.url,
        username: config.username,
        password: config.password,
        keyFrames: config.decode === "key",
        fps: config.fps,
        stallMs: config.stall_ms,
      });
    case "video":
      return new FfmpegFeed({
        url: config.path,
        keyFrames: config.decode === "key",
        fps: config.fps,
        speed: config.speed,
        loop: config.loop,
        stallMs: config.stall_ms,
      });
    case "folder":
      return new FolderFeed(config.path, config.loop);
  }
}

/**
 * Pictures a second below which a camera counts as slow: the configured ones; else half of what a full decode makes, or a quarter of
 * the looks that are wanted. How often a stream has key frames is the camera's affair.
 */
export function leastFps(config: CameraConfig, intervalMs: number): number {
  if (config.min_fps !== undefined) return config.min_fps;
  const wanted = 1000 / intervalMs;
  if (config.kind === "rtsp" || config.kind === "video")
    return config.decode === "full" ? Math.min(config.fps, wanted) / 2 : 0;
  if (config.kind === "onvif" && config.picture === "stream")
    return config.decode === "full" ? Math.min(config.fps ?? 2, wanted) / 2 : 0;
  return wanted / 4;
}

function tlsOf(config: { tls_fingerprint?: string | undefined; tls_insecure?: boolean | undefined }): CameraTls {
  return { fingerprint: config.tls_fingerprint, insecure: config.tls_insecure };
}
