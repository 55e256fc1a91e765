import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CLIP_PIECE_BYTES, type ClipEnd, clipFrames, type ClipPiece } from "@gridhub/device-profiles/clip.ts";
import { LANE_LIMIT } from "@gridhub/device-profiles/envelope.ts";
import { pino } from "pino";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { ClipSender, type ClipSenderOptions } from "./clip-sender.ts";
import { EvidenceRing } from "./evidence-ring.ts";

const T0 = 1_763_776_800_000;
const log = pino({ level: "silent" });
let dir: string;
let ring: EvidenceRing;
let said: { readonly id: string; readonly payload: string }[];
let sender: ClipSender | null;
let time: number;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "gridhub-clips-"));
  said = [];
  sender = null;
  time = T0 + 60_000;
  ring = new EvidenceRing({ dir, keepMs: 600_000, maxBytes: 1e8, reserveBytes: 0, now: () => time, log });
  await ring.start();
  for (let i = 0; i < 20; i++) {
    const picture = Buffer.alloc(10_000, i);
    picture.writeUInt16BE(0xffd8, 0);
    ring.add("cam", T0 + i * 1000, picture);
  }
});
afterEach(async () => {
  await sender?.stop();
  await ring.flush();
  await rm(dir, { recursive: true, force: true });
});

function start(change: Partial<ClipSenderOptions> = {}): ClipSender {
  sender = new ClipSender({
    ring,
    devices: new Set(["cam", "other"]),
    hourBytes: 1e7,
    answer: (id, payload) => Promise.resolve(void said.push({ id, payload })),
    now: () => time,
    log,
    ...change,
  });
  return sender;
}

const want = (change: object = {}) => ({
  op: "clip",
  device: "cam",
  from: T0,
  to: T0 + 9000,
  max_bytes: 1e6,
  ...change,
});
const answers = (id = "c1") =>
  said
    .filter((s) => s.id === id)
    .map((s) => JSON.parse(s.payload) as Partial<ClipPiece & ClipEnd> & { refused?: string });
const ended = (id = "c1") =>
  vi.waitFor(() => {
    const last = answers(id).at(-1);
    expect(last?.sha256 ?? last?.refused).toBeDefined();
    return last;
  });

it("sends the pictures of the time that was asked for, in pieces below the contract's size, with their hash", async () => {
  start().ask("c1", want());
  const end = await ended();
  const pieces = answers().slice(0, -1);
  expect(pieces.map((p) => p.i)).toEqual([0, 1, 2]);
  for (const { payload } of said) expect(payload.length).toBeLessThan(LANE_LIMIT.result);
  const whole = Buffer.concat(pieces.map((p) => Buffer.from(p.data ?? "", "base64")));
  expect(pieces.slice(0, -1).every((p) => Buffer.from(p.data ?? "", "base64").length === CLIP_PIECE_BYTES)).toBe(true);
  const sha256 = createHash("sha256").update(whole).digest("hex");
  expect(end).toEqual({ clip: "c1", parts: 3, bytes: whole.length, sha256, frames: 10 });
  expect(clipFrames(whole)?.map(({ ts }) => ts - T0)).toEqual([
    0, 1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000, 9000,
  ]);
});

it("leaves pictures out evenly until they fit", async () => {
  start().ask("c1", want({ max_bytes: 40_000 }));
  expect(await ended()).toMatchObject({ frames: 3 });
  const whole = Buffer.concat(answers().slice(0, -1).map((p) => Buffer.from(p.data ?? "", "base64"))); // prettier-ignore
  expect(clipFrames(whole)?.map(({ ts }) => ts - T0)).toEqual([0, 4000, 8000]);
});

it("says why a clip will not come, and never sends what it was not asked for", async () => {
  const one = start({ hourBytes: 150_000 });
  one.ask("none", want({ device: "other" }));
  one.ask("past", want({ from: T0 - 50_000, to: T0 - 1 }));
  one.ask("unknown", want({ device: "../cam" }));
  one.ask("long", want({ to: T0 + 60_001 }));
  one.ask("junk", "clip");
  one.ask("small", want({ max_bytes: 5000 }));
  for (const id of ["none", "past", "unknown", "long", "junk", "small"]) await ended(id);
  expect(said.map(({ id }) => [id, answers(id)[0].refused]).sort()).toEqual(
    Object.entries({ junk: "invalid", long: "invalid", none: "none", past: "none", small: "none", unknown: "unknown" }),
  );
  // so much an hour
  one.ask("c1", want());
  one.ask("c2", want());
  expect((await ended("c1"))?.frames).toBe(10);
  expect((await ended("c2"))?.refused).toBe("busy");
  time += 3_600_000;
  one.ask("c3", want());
  expect((await ended("c3"))?.frames).toBe(10);
  start({ ring: null }).ask("off", want());
  expect((await ended("off"))?.refused).toBe("off");
});

it("sends one piece after the other, ends when the connection does, and sends all of it when it is asked again", async () => {
  let let1: () => void = () => {};
  let open = true;
  let refused = 0;
  start({
    answer: (id, payload) => {
      refused += open ? 0 : 1;
      if (!open) return Promise.reject(new Error("the connection ended"));
      said.push({ id, payload });
      return said.length === 2 ? new Promise((resolve) => (let1 = resolve)) : Promise.resolve();
    },
  });
  sender?.ask("c1", want());
  await vi.waitFor(() => expect(said).toHaveLength(2));
  open = false;
  let1();
  await vi.waitFor(() => expect(refused).toBe(1));
  expect(answers().map((a) => a.i)).toEqual([0, 1]);
  open = true;
  said.length = 0;
  said.push({ id: "", payload: "{}" }, { id: "", payload: "{}" });
  sender?.ask("c1", want());
  expect(await ended()).toMatchObject({ parts: 3 });
});

it("counts what left within the hour, not what was asked for", async () => {
  let open = false;
  let refused = 0;
  const answer = (id: string, payload: string) => {
    if (open) return Promise.resolve(void said.push({ id, payload }));
    refused++;
    return Promise.reject(new Error("the connection ended"));
  };
  // a clip has 100,120 bytes; half of it is read before the first piece goes
  start({ hourBytes: 160_000, answer }).ask("c1", want());
  await vi.waitFor(() => expect(refused).toBe(1));
  open = true;
  sender?.ask("c1", want());
  expect(await ended()).toMatchObject({ frames: 10 });
  sender?.ask("c2", want());
  expect(await ended("c2")).toMatchObject({ refused: "busy" });
});

it("stops although the hub takes nothing", async () => {
  let asked = 0;
  start({ answer: () => (asked++, new Promise(() => {})) }).ask("c1", want());
  await vi.waitFor(() => expect(asked).toBe(1));
  await sender?.stop();
  expect(asked).toBe(1);
});

it("waits for what is still being recorded", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  try {
    time = T0 + 19_500;
    start().ask("c1", want({ from: T0 + 15_000, to: T0 + 20_000 }));
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(499);
    expect(vi.getTimerCount()).toBe(1);
    ring.add("cam", T0 + 20_000, Buffer.from([0xff, 0xd8, 0xff, 0xd9]));
    vi.advanceTimersByTime(1);
  } finally {
    vi.useRealTimers();
  }
  expect(await ended()).toMatchObject({ frames: 6 });
});

it("begins anew when it is asked for again while it is being sent", async () => {
  let go: () => void = () => {};
  start({
    answer: (id, payload) => {
      said.push({ id, payload });
      return said.length === 2 ? new Promise((resolve) => (go = resolve)) : Promise.resolve();
    },
  }).ask("c1", want());
  await vi.waitFor(() => expect(said).toHaveLength(2));
  sender?.ask("c1", want());
  go();
  expect(await ended()).toMatchObject({ parts: 3 });
  expect(answers().map((a) => a.i)).toEqual([0, 1, 0, 1, 2, undefined]);
});
