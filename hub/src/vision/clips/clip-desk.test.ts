import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CLIP_PIECE_BYTES, type ClipCommand, clipHead } from "@gridhub/device-profiles/clip.ts";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Device, Edge } from "../../device.ts";
import type { FoldStateRow } from "../../store/batch.ts";
import { ClipDesk } from "./clip-desk.ts";
import { ClipStore } from "./clip-store.ts";

const T = 1_763_776_800_000;
const edge = (name: string) => ({ id: name.length, key: `town/${name}`, site: "town", name }) as Edge;
const CAMERAS: Record<string, Device> = Object.fromEntries(
  [
    ["cam-1", edge("e1")],
    ["cam-2", edge("e1")],
    ["cam-3", edge("other")],
  ].map(([name, at]) => [`town/${name as string}`, { uid: `town/${name as string}`, name, edge: at } as Device]),
);

let dir: string;
let online: boolean;
let asked: { edge: string; id: string; command: ClipCommand }[];
let now: number;
let rows: Map<string, FoldStateRow>;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "gridhub-clip-desk-"));
  [online, asked, now, rows] = [true, [], T, new Map()];
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function open(limits: { maxBytes?: number } = {}): { desk: ClipDesk; store: ClipStore } {
  const store = new ClipStore({ dir, maxBytes: 1e8, maxAgeMs: 86_400_000, ...limits });
  store.start();
  const desk = new ClipDesk({
    store,
    send: ({ key }, id, command) => void asked.push({ edge: key, id, command }),
    device: (uid) => CAMERAS[uid],
    isOnline: () => online,
    onError: (error) => expect.unreachable(error.message),
  });
  desk.load([...rows.values()].map((row) => JSON.parse(JSON.stringify(row)) as FoldStateRow));
  return { desk, store };
}

function tick(desk: ClipDesk, ms = 1000): void {
  now += ms;
  const out: FoldStateRow[] = [];
  desk.tick(now, out);
  for (const row of out) {
    if (row.state === null) rows.delete(row.key);
    else rows.set(row.key, row);
  }
}

function clipOf(frames: number, bytes = 30_000) {
  const picture = Buffer.alloc(bytes, 7);
  picture.writeUInt16BE(0xffd8, 0);
  const whole = Buffer.concat(Array.from({ length: frames }, (_, i) => [clipHead(T + i, bytes), picture]).flat());
  const sha256 = createHash("sha256").update(whole).digest("hex");
  const parts = Math.ceil(whole.length / CLIP_PIECE_BYTES);
  const piece = (i: number) => whole.subarray(i * CLIP_PIECE_BYTES, (i + 1) * CLIP_PIECE_BYTES).toString("base64");
  return {
    piece: (clip: string, i: number) => ({ clip, i, data: piece(i) }),
    end: (clip: string) => ({ clip, parts, bytes: whole.length, sha256, frames }),
    parts,
    whole,
  };
}

const SPAN = [T - 20_000, T + 10_000] as const;
const give = (desk: ClipDesk, id: string, frames = 4): void => {
  const clip = clipOf(frames);
  for (let i = 0; i < clip.parts; i++) desk.result(edge("e1"), clip.piece(id, i), now);
  desk.result(edge("e1"), clip.end(id), now);
};
const state = (desk: ClipDesk, id: string) => {
  const clip = desk.get(id);
  return [clip?.state, clip?.reason];
};

describe("clips from the edges", () => {
  it("are asked for once whoever wants them, come in pieces, and are there picture by picture", async () => {
    const { desk, store } = open();
    const clip = desk.want("town/cam-1", ...SPAN, "li", now);
    expect(desk.want("town/cam-1", ...SPAN, "ma", now)).toBe(clip);
    const id = clip?.id ?? "";
    tick(desk);
    const max_bytes = 8 * 2 ** 20;
    const command = { op: "clip", device: "cam-1", from: SPAN[0], to: SPAN[1], max_bytes };
    expect(asked).toEqual([{ edge: "town/e1", id, command }]);
    const sent = clipOf(4);
    desk.result(edge("e1"), sent.piece(id, 0), now);
    expect([desk.progress(id), state(desk, id)]).toEqual([CLIP_PIECE_BYTES, ["coming", ""]]);
    // a turn that is repeated shows a piece again
    desk.result(edge("e1"), sent.piece(id, 0), now);
    for (let i = 1; i < sent.parts; i++) desk.result(edge("e1"), sent.piece(id, i), now);
    desk.result(edge("e1"), sent.end(id), now);
    await vi.waitFor(() => {
      tick(desk);
      expect(desk.get(id)).toMatchObject({ state: "here", bytes: sent.whole.length, frames: 4 });
    });
    expect((await store.frames(id))?.map(({ ts }) => ts - T)).toEqual([0, 1, 2, 3]);
    expect((await store.picture(id, 3))?.length).toBe(30_000);
    expect([await store.picture(id, 4), await store.frames("../../etc/passwd")]).toEqual([null, null]);
    // over a restart too
    const again = open();
    expect(again.desk.get(id)).toMatchObject({ state: "here", by: "li" });
    expect((await again.store.picture(id, 0))?.length).toBe(30_000);
  });

  it("wait for an edge that is offline, and come anew after the hub, the edge or the connection has failed", async () => {
    online = false;
    let { desk } = open();
    const id = desk.want("town/cam-1", ...SPAN, "li", now)?.id ?? "";
    for (let i = 0; i < 100; i++) tick(desk, 60_000);
    expect([asked, state(desk, id)]).toEqual([[], ["wanted", ""]]);
    online = true;
    tick(desk);
    const sent = clipOf(4);
    desk.result(edge("e1"), sent.piece(id, 0), now);
    tick(desk);
    // the hub is killed: the piece is worth nothing, the wish is known
    const second = open();
    ({ desk } = second);
    expect([state(desk, id), readdirSync(dir)]).toEqual([["wanted", ""], []]);
    tick(desk);
    expect(asked).toHaveLength(2);
    desk.result(edge("e1"), sent.piece(id, 0), now);
    desk.result(edge("e1"), sent.piece(id, 1), now);
    // the edge is killed and comes back
    desk.announced(edge("other"));
    expect(state(desk, id)).toEqual(["coming", ""]);
    desk.announced(edge("e1"));
    tick(desk);
    expect(asked).toHaveLength(3);
    // and falls silent in the middle
    desk.result(edge("e1"), sent.piece(id, 0), now);
    tick(desk, 29_000);
    expect(asked).toHaveLength(3);
    tick(desk, 2000);
    tick(desk);
    expect(asked).toHaveLength(4);
    give(desk, id);
    await vi.waitFor(() => {
      tick(desk);
      expect(state(desk, id)).toEqual(["here", ""]);
    });
    expect(second.store.size.files).toBe(1);
  });

  it("are here when the edge comes back in the moment in which its last piece is looked at", async () => {
    const { desk, store } = open();
    const id = desk.want("town/cam-1", ...SPAN, "li", now)?.id ?? "";
    tick(desk);
    give(desk, id);
    desk.announced(edge("e1"));
    tick(desk);
    expect(asked).toHaveLength(2);
    await vi.waitFor(() => {
      tick(desk);
      expect(state(desk, id)).toEqual(["here", ""]);
    });
    expect([readdirSync(dir), store.coming(id), await store.frames(id)]).toMatchObject([
      [`${id}.clip`],
      0,
      { length: 4 },
    ]);
    // the same again does not count twice
    const { whole, parts, piece, end } = clipOf(4);
    store.begin(id);
    for (let i = 0; i < parts; i++) store.piece(id, i, Buffer.from(piece(id, i).data, "base64"), whole.length);
    expect(await store.end(id, end(id), now)).toBe("taken");
    expect(store.size).toEqual({ files: 1, bytes: whole.length });
  });

  it("are taken from the edge that was asked alone, and only while they are asked for", () => {
    const { desk } = open();
    const id = desk.want("town/cam-1", ...SPAN, "li", now)?.id ?? "";
    const sent = clipOf(2);
    desk.result(edge("e1"), sent.piece(id, 0), now); // not asked yet
    tick(desk);
    desk.result(edge("other"), sent.piece(id, 0), now);
    desk.result(edge("other"), { clip: id, refused: "none" }, now);
    desk.result(edge("e1"), sent.piece("ffffffffffffffff", 0), now);
    for (const junk of [null, 7, "x", [], {}, { clip: 1 }]) desk.result(edge("e1"), junk, now);
    expect([desk.progress(id), state(desk, id)]).toEqual([0, ["coming", ""]]);
    desk.result(edge("e1"), { clip: id, refused: "none" }, now);
    expect(state(desk, id)).toEqual(["failed", "none"]);
    desk.result(edge("e1"), sent.piece(id, 0), now);
    expect(desk.progress(id)).toBe(0);
    // somebody wants it again
    expect(desk.want("town/cam-1", ...SPAN, "ma", now)?.state).toBe("wanted");
  });

  it("are refused when they are not what was sent, too large, or out of order, and leave nothing on the disk", async () => {
    const cases: [reason: string, say: (desk: ClipDesk, id: string) => void][] = [
      [
        "malformed",
        (desk, id) => {
          // on its way when it was asked for
          desk.result(edge("e1"), clipOf(4).piece(id, 1), now);
          expect(state(desk, id)).toEqual(["coming", ""]);
          desk.result(edge("e1"), clipOf(4).piece(id, 0), now);
          desk.result(edge("e1"), clipOf(4).piece(id, 2), now);
        },
      ],
      ["malformed", (desk, id) => desk.result(edge("e1"), { clip: id, i: 0, data: "" }, now)],
      ["malformed", (desk, id) => desk.result(edge("e1"), { clip: id, i: 0, data: "A".repeat(65_000) }, now)],
      ["malformed", (desk, id) => desk.result(edge("e1"), { clip: id, i: -1, data: "AAAA" }, now)],
      ["malformed", (desk, id) => desk.result(edge("e1"), { clip: id }, now)],
      [
        "malformed",
        (desk, id) => {
          desk.result(edge("e1"), clipOf(4).piece(id, 0), now);
          desk.result(edge("e1"), clipOf(4).end(id), now);
        },
      ],
      [
        "malformed",
        (desk, id) => {
          const data = Buffer.from("no pictures at all");
          const sha256 = createHash("sha256").update(data).digest("hex");
          desk.result(edge("e1"), { clip: id, i: 0, data: data.toString("base64") }, now);
          desk.result(edge("e1"), { clip: id, parts: 1, bytes: data.length, sha256, frames: 1 }, now);
        },
      ],
      [
        "too_large",
        (desk, id) => {
          const data = Buffer.alloc(CLIP_PIECE_BYTES).toString("base64");
          for (let i = 0; i < 200; i++) desk.result(edge("e1"), { clip: id, i, data }, now);
        },
      ],
    ];
    const { desk, store } = open();
    for (const [i, [reason, say]] of cases.entries()) {
      const id = desk.want("town/cam-1", SPAN[0] + i, SPAN[1] + i, "li", now)?.id ?? "";
      tick(desk);
      say(desk, id);
      await vi.waitFor(() => {
        tick(desk);
        expect(state(desk, id)).toEqual(["failed", reason]);
      });
    }
    expect([readdirSync(dir), store.size]).toEqual([[], { files: 0, bytes: 0 }]);
  });

  it("come one at a time from an edge and few at a time in all; what stalls again and again, or comes too late, is given up", () => {
    const { desk } = open();
    const first = desk.want("town/cam-1", ...SPAN, "li", now)?.id ?? "";
    const second = desk.want("town/cam-2", ...SPAN, "li", now)?.id ?? "";
    const third = desk.want("town/cam-3", ...SPAN, "li", now)?.id ?? "";
    tick(desk);
    expect(asked.map((a) => a.id)).toEqual([first, third]);
    desk.result(edge("e1"), { clip: first, refused: "none" }, now);
    tick(desk);
    expect(asked.map((a) => a.id)).toEqual([first, third, second]);
    for (let i = 0; i < 12; i++) tick(desk, 32_000);
    expect(state(desk, third)).toEqual(["failed", "stalled"]);
    online = false;
    const late = desk.want("town/cam-1", SPAN[0], SPAN[1] - 1, "li", now)?.id ?? "";
    tick(desk, 86_400_001);
    expect(state(desk, late)).toEqual(["failed", "late"]);
    for (let i = 0; i < 256; i++) expect(desk.want("town/cam-1", T + i, T + i + 10, "li", now)).not.toBeNull();
    expect(desk.want("town/cam-2", T, T + 10, "li", now)).toBeNull();
  });

  it("go with age and bytes, the oldest first, and what was lost from the disk is not said to be there", async () => {
    const { desk, store } = open({ maxBytes: 150_000 });
    const ids: string[] = [];
    for (let i = 0; i < 3; i++) {
      const id = desk.want("town/cam-1", SPAN[0] + i, SPAN[1] + i, "li", now)?.id ?? "";
      ids.push(id);
      tick(desk);
      give(desk, id, 2);
      await vi.waitFor(() => {
        tick(desk);
        expect(state(desk, id)).toEqual(["here", ""]);
      });
    }
    tick(desk);
    expect(ids.map((id) => desk.get(id)?.state)).toEqual([undefined, "here", "here"]);
    expect([rows.size, store.size.files]).toEqual([2, 2]);
    rmSync(join(dir, `${ids[1]}.clip`));
    writeFileSync(join(dir, "0123456789abcdef.part"), "half");
    const again = open();
    expect(again.desk.get(ids[1])?.state).toBe("wanted");
    expect(existsSync(join(dir, "0123456789abcdef.part"))).toBe(false);
  });
});
