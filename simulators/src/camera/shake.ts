import { mulberry32 } from "@gridhub/device-profiles/seeded-random.ts";
import type { Canvas } from "./burning.ts";

/** Wind on the mast. */
export interface Shake {
  /** the picture is never further from its place than this, fraction of the frame's width */
  readonly amplitude: number;
  /** lowest frequency of the mast; its others follow from it. Default 1.1 */
  readonly hz?: number;
  /** 0 = steady wind, 1 = nothing but gusts. Default 0.5 */
  readonly gusts?: number;
  /** largest rotation about the middle of the frame, degrees. Default 20 x amplitude */
  readonly roll?: number;
}

/** Where the picture is: shift in pixels, rotation about its middle in radians. */
export interface Pose {
  readonly dx: number;
  readonly dy: number;
  readonly roll: number;
}

type Box = readonly [number, number, number, number];

/** Three ways in which a mast swings: multiple of the lowest frequency, share, damping, direction, how much it turns the picture. */
const MODES = [
  { ratio: 1, share: 0.6, damping: 0.05, x: 1, y: 0.25, turn: 0.4 },
  { ratio: 1.73, share: 0.28, damping: 0.07, x: -0.35, y: 0.9, turn: 1 },
  { ratio: 2.9, share: 0.12, damping: 0.1, x: 0.8, y: -0.5, turn: -0.7 },
];
/** One gust at most begins in each such time; those of the last few still swing, s. */
const GUST_S = 4;
const GUSTS_BACK = 4;
/** So hard does the wind push that a good gust comes near the amplitude. */
const DRIVE = 1.7;
/** Blur is drawn from no more positions than this. */
const MOST_SAMPLES = 6;

/** @param width of the frame, pixels @returns the pose at that instant, by seed and time alone */
export function poseAt(
  { amplitude, hz = 1.1, gusts = 0.5, roll }: Shake,
  tMs: number,
  seed: number,
  width: number,
): Pose {
  const t = tMs / 1000;
  const first = Math.floor(t / GUST_S) - GUSTS_BACK;
  const phases = mulberry32(seed ^ 0x77a5);
  let [x, y, turn] = [0, 0, 0];
  for (const mode of MODES) {
    const f = 2 * Math.PI * hz * mode.ratio;
    // steady wind swells and abates
    const swell = 0.6 + 0.4 * Math.sin(t * 0.23 * mode.ratio + phases() * 6.3);
    let swing = (1 - gusts) * swell * Math.sin(f * t + phases() * 6.3);
    for (let k = first; k <= first + GUSTS_BACK; k++) {
      const random = mulberry32(Math.imul(k, 0x9e3779b1) ^ seed);
      const begins = (k + random()) * GUST_S;
      const strength = random() ** 1.5 * (random() < 0.5 ? -1 : 1) * 1.6;
      const since = t - begins;
      if (since > 0) swing += gusts * strength * Math.exp(-mode.damping * f * since) * Math.sin(f * since);
    }
    x += mode.share * mode.x * swing;
    y += mode.share * mode.y * swing;
    turn += mode.share * mode.turn * swing;
  }
  // two gusts at once bend the mast less than twice as far
  const far = Math.hypot(x, y);
  const reach = far === 0 ? 0 : (amplitude * width * Math.tanh(DRIVE * far)) / far;
  return { dx: x * reach, dy: y * reach, roll: ((roll ?? amplitude * 20) * Math.tanh(DRIVE * turn) * Math.PI) / 180 };
}

/** Where a box of the still picture is in the shaken one: the box around its turned corners, cut by the frame. */
export function moveBox([x, y, w, h]: Box, pose: Pose, width: number, height: number): Box {
  const [cos, sin, cx, cy] = [Math.cos(pose.roll), Math.sin(pose.roll), width / 2, height / 2];
  const corners = [0, 1, 2, 3].map((i) => {
    const [u, v] = [x + (i & 1) * w - cx, y + (i >> 1) * h - cy];
    return [cx + u * cos - v * sin + pose.dx, cy + u * sin + v * cos + pose.dy];
  });
  const clip = (v: number, most: number): number => Math.min(most, Math.max(0, v));
  const xs = corners.map((c) => clip(c[0], width));
  const ys = corners.map((c) => clip(c[1], height));
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  return [left, top, Math.max(...xs) - left, Math.max(...ys) - top];
}

/**
 * The picture as the swinging camera takes it, in place: moved to its pose, and smeared along the way that it makes while the
 * shutter is open. @param exposureMs time that the shutter is open, around the instant
 */
export function shakePicture(canvas: Canvas, shake: Shake, tMs: number, seed: number, exposureMs: number): void {
  const { width, height } = canvas;
  const at = (ms: number): Pose => poseAt(shake, tMs + ms, seed, width);
  const [from, to] = [at(-exposureMs / 2), at(exposureMs / 2)];
  // the corner moves furthest
  const turned = (Math.abs(to.roll - from.roll) * Math.hypot(width, height)) / 2;
  const way = Math.hypot(to.dx - from.dx, to.dy - from.dy) + turned;
  const samples = Math.max(1, Math.min(MOST_SAMPLES, Math.round(way)));
  const sum = new Uint16Array(canvas.raw.length);
  for (let i = 0; i < samples; i++) addMoved(sum, canvas, at(((i + 0.5) / samples - 0.5) * exposureMs));
  for (let i = 0; i < sum.length; i++) canvas.raw[i] = sum[i] / samples;
}

/** Adds the picture at a pose, bilinear; what was never painted, beyond the edge, is the picture mirrored. */
function addMoved(sum: Uint16Array, { raw, width, height }: Canvas, { dx, dy, roll }: Pose): void {
  const [cos, sin, cx, cy] = [Math.cos(roll), Math.sin(roll), width / 2, height / 2];
  const inside = (x: number, y: number): boolean => x >= 0 && y >= 0 && x < width - 1 && y < height - 1;
  for (let y = 0, to = 0; y < height; y++) {
    const v = y - cy - dy;
    let sx = cx + (-cx - dx) * cos + v * sin;
    let sy = cy - (-cx - dx) * sin + v * cos;
    for (let x = 0; x < width; x++, to += 3, sx += cos, sy -= sin) {
      const [px, py] = inside(sx, sy) ? [sx, sy] : [mirror(sx, width), mirror(sy, height)];
      const [x0, y0] = [Math.floor(px), Math.floor(py)];
      const [fx, fy] = [px - x0, py - y0];
      const at = (y0 * width + x0) * 3;
      const right = x0 + 1 < width ? 3 : 0;
      const below = y0 + 1 < height ? width * 3 : 0;
      for (let c = at; c < at + 3; c++) {
        const top = raw[c] + (raw[c + right] - raw[c]) * fx;
        const bottom = raw[c + below] + (raw[c + below + right] - raw[c + below]) * fx;
        sum[to + c - at] += top + (bottom - top) * fy + 0.5;
      }
    }
  }
}

function mirror(v: number, size: number): number {
  const last = size - 1;
  const m = Math.abs(v) % (2 * last);
  return m > last ? 2 * last - m : m;
}
