import { execFile } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { CameraError } from "./camera-error.ts";

export interface FfmpegProgram {
  readonly path: string;
  /** as it names itself, e.g. `5.1.9-0+deb12u1` */
  readonly version: string;
}

const PROBE_MS = 15_000;
/** The concat demuxer takes options per file since 5.0 (see ffmpeg-feed.ts). */
const LEAST_MAJOR = 5;

/**
 * Finds ffmpeg: `FFMPEG_PATH`, where it is set, and nothing else then; otherwise the first on PATH. Its version is asked for.
 * @throws CameraError no_ffmpeg, saying what was looked for
 */
export async function findFfmpeg(env: Readonly<Record<string, string | undefined>>): Promise<FfmpegProgram> {
  const wanted = env.FFMPEG_PATH;
  const folders = (env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  const places = wanted === undefined || wanted === "" ? folders.map((folder) => join(folder, "ffmpeg")) : [wanted];
  const path = places.find(isProgram);
  if (path === undefined)
    throw new CameraError("no_ffmpeg", wanted ? `FFMPEG_PATH: no program ${wanted}` : "no ffmpeg on PATH");
  const version = await versionOf(path);
  const major = /^[nN]?(\d+)\./.exec(version)?.[1];
  if (major !== undefined && Number(major) < LEAST_MAJOR)
    throw new CameraError("no_ffmpeg", `${path} is version ${version}; at least ${LEAST_MAJOR}.0 is needed`);
  return { path, version };
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function versionOf(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(path, ["-hide_banner", "-version"], { timeout: PROBE_MS, maxBuffer: 65_536 }, (error, stdout) => {
      const version = /^ffmpeg version (\S+)/.exec(stdout)?.[1];
      if (version !== undefined) resolve(version);
      else reject(new CameraError("no_ffmpeg", `${path} does not tell its version: ${error?.message ?? "no output"}`));
    });
  });
}
