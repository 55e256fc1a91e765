import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Sender } from "./sender.ts";
import { Spool, type SpooledEnvelope, type SpoolLane } from "./spool.ts";

const NOW = 1_763_776_800_000;
const LATENESS = 60_000;
const OLD = 3_600_000;

interface Sent {
  readonly kind: "live" | "backfill";
  readonly envelopes: readonly SpooledEnvelope[];
  /** virtual ms since the begin of the test */
  readonly at: number;
  done: (() => void) | null;
}

/** A spool on disk, a sender, and publish functions that write down what they are asked for. Time is the test's. */
class Scene {
  readonly spool: Spool;
  readonly sender: Sender;
  readonly sent: Sent[] = [];
  /** the broker answers at once */
  answers = false;

  constructor(dir: string, window: number) {
    const log = pino({ level: "silent" });
    const options = {
      file: join(dir, "spool.db"),
      maxBytes: 1 << 28,
      reserveBytes: 0,
      gatherMs: 0,
      now: Date.now,
      log,
    };
    this.spool = new Spool(options);
    this.spool.start();
    const publish = (kind: Sent["kind"], envelopes: readonly SpooledEnvelope[], done: () => void) => {
      const entry: Sent = { kind, envelopes, at: Date.now() - NOW, done };
      this.sent.push(entry);
      if (this.answers) this.answer(entry);
    };
    this.sender = new Sender(this.spool, {
      window,
      latenessMs: LATENESS,
      backfillBytes: 200_000,
      now: Date.now,
      monotonic: () => Date.now() - NOW,
      live: (envelope, done) => publish("live", [envelope], done),
      backfill: (envelopes, done) => publish("backfill", envelopes, done),
    });
    this.spool.onAppend = () => this.sender.wake();
  }

  /** Appends envelopes of one record each, `age` ms old, durable at return. */
  append(count: number, { age = 0, lane = "t" as SpoolLane } = {}): void {
    for (let i = 0; i < count; i++) void this.spool.append(lane, "d", [{ ts: Date.now() - age, m: { i } }]);
    this.spool.flush();
  }

  answer(entry: Sent): void {
    const { done } = entry;
    entry.done = null;
    done?.();
  }

  pending(kind: Sent["kind"]): Sent[] {
    return this.sent.filter((entry) => entry.kind === kind && entry.done !== null);
  }

  seqs(kind?: Sent["kind"]): number[] {
    return this.sent.filter((s) => kind === undefined || s.kind === kind).flatMap((s) => s.envelopes.map((e) => e.seq));
  }

  /** What the hub does: acknowledges all of the boot up to `upto`. */
  acknowledge(upto: number, boot = this.spool.boot): void {
    this.sender.acknowledged(boot, upto, this.spool.trim(boot, upto));
  }

  /** Acknowledges what a hub that stores everything would by now. */
  acknowledgeSent(): void {
    const sent = new Set(this.seqs());
    let upto = 0;
    while (sent.has(upto + 1)) upto++;
    this.acknowledge(upto);
  }

  close(): void {
    this.sender.close();
    this.spool.close();
  }
}

let dir: string;
let scene: Scene;

beforeEach(() => {
  vi.useFakeTimers({ now: NOW });
  dir = mkdtempSync(join(tmpdir(), "gridhub-sender-"));
  scene = new Scene(dir, 4);
});

afterEach(() => {
  scene.close();
  vi.useRealTimers();
  rmSync(dir, { recursive: true, force: true });
});

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1);

describe("live", () => {
  it("sends in order with no more than the window on its way, and nothing before a connection stands", () => {
    scene.append(10);
    expect(scene.sent).toEqual([]);
    scene.sender.open();
    expect(scene.seqs()).toEqual([1, 2, 3, 4]);
    scene.answer(scene.sent[1]);
    expect(scene.seqs()).toEqual([1, 2, 3, 4, 5]);
    scene.answers = true;
    for (const entry of scene.pending("live")) scene.answer(entry);
    expect(scene.seqs()).toEqual(upTo(10));
    scene.append(2);
    expect(scene.seqs()).toEqual(upTo(12));
  });

  it("lets an event overtake a full window, once", () => {
    scene.sender.open();
    scene.append(50);
    scene.append(1, { lane: "e" });
    expect(scene.seqs()).toEqual([1, 2, 3, 4, 51]);
    scene.answers = true;
    for (const entry of scene.pending("live")) scene.answer(entry);
    expect([...scene.seqs()].sort((a, b) => a - b)).toEqual(upTo(51));
  });

  it("bounds even the events", () => {
    scene.sender.open();
    scene.append(100, { lane: "e" });
    expect(scene.sent.length).toBeLessThanOrEqual(4 + 8);
  });
});

describe("a backlog", () => {
  it("does not delay what is live, and goes at the hub's rate", () => {
    scene.append(3000, { age: OLD });
    scene.answers = true;
    scene.sender.backfillRate = 100;
    scene.sender.open();
    for (let second = 0; second < 10; second++) {
      scene.append(1);
      const newest = scene.spool.tail.seq;
      // At once: no virtual time has passed since the append.
      expect(scene.sent.filter((s) => s.kind === "live" && s.envelopes[0].seq === newest)).toHaveLength(1);
      vi.advanceTimersByTime(1000);
      scene.acknowledgeSent();
    }
    const old = scene.seqs("backfill").length;
    expect(old).toBeGreaterThan(900);
    expect(old).toBeLessThanOrEqual(100 + 10 * 100 + 1);
    for (let second = 0; second < 25; second++) {
      vi.advanceTimersByTime(1000);
      scene.acknowledgeSent();
    }
    expect(scene.seqs("backfill")).toEqual(upTo(3000));
    expect(scene.spool.queue).toBe(0);
    expect(scene.seqs("live")).toEqual(Array.from({ length: 10 }, (_, i) => 3001 + i));
  });

  it("keeps batches within their bytes and their number on its way", () => {
    scene.append(2000, { age: OLD });
    scene.sender.open();
    expect(scene.pending("backfill").length).toBeLessThanOrEqual(2);
    expect(scene.pending("backfill").length).toBeGreaterThan(0);
    for (const { envelopes } of scene.sent) {
      expect(envelopes.reduce((sum, e) => sum + e.records.length + e.device.length, 0)).toBeLessThan(200_000);
    }
  });

  it("is not stalled by live publishes that nobody answers, nor the other way round", () => {
    scene.append(600, { age: OLD });
    scene.append(10);
    scene.sender.open();
    for (let i = 0; i < 20; i++) for (const entry of scene.pending("backfill")) scene.answer(entry);
    vi.advanceTimersByTime(1000);
    expect(scene.seqs("live")).toEqual([601, 602, 603, 604]);
    expect(scene.seqs("backfill")).toEqual(upTo(600));
  });

  it("goes on when the rate drops to nothing and comes back", () => {
    scene.answers = true;
    scene.append(1000, { age: OLD });
    scene.sender.backfillRate = 0;
    scene.sender.open();
    vi.advanceTimersByTime(5000);
    expect(scene.seqs("backfill").length).toBeLessThan(20);
    scene.sender.backfillRate = 2000;
    vi.advanceTimersByTime(5000);
    expect(scene.seqs("backfill")).toEqual(upTo(1000));
  });

  it("is what a live record becomes that could not be sent in time", () => {
    scene.sender.open();
    scene.append(40);
    vi.advanceTimersByTime(LATENESS + 1);
    scene.answers = true;
    for (const entry of scene.pending("live")) scene.answer(entry);
    vi.advanceTimersByTime(1000);
    expect(scene.seqs("live")).toEqual([1, 2, 3, 4]);
    expect(scene.seqs("backfill")).toEqual(Array.from({ length: 36 }, (_, i) => i + 5));
  });
});

describe("sending again", () => {
  it("happens when acks stand still although the broker took all, with growing pauses, until they come", () => {
    scene.answers = true;
    scene.append(6);
    scene.sender.open();
    vi.advanceTimersByTime(10_000);
    expect(scene.seqs()).toEqual(upTo(6));
    vi.advanceTimersByTime(10_000);
    expect(scene.seqs()).toEqual([...upTo(6), ...upTo(6)]);
    vi.advanceTimersByTime(15_000);
    expect(scene.sender.resends).toBe(1);
    vi.advanceTimersByTime(20_000);
    expect(scene.sender.resends).toBe(2);
    scene.acknowledge(6);
    vi.advanceTimersByTime(3_600_000);
    expect(scene.sender.resends).toBe(2);
    expect(scene.seqs()).toHaveLength(18);
  });

  it("starts from what is not acknowledged; a repeated ack is no progress", () => {
    scene.answers = true;
    scene.append(6);
    scene.sender.open();
    scene.acknowledge(4);
    for (let i = 0; i < 5; i++) {
      vi.advanceTimersByTime(4000);
      scene.acknowledge(4);
    }
    expect(scene.seqs()).toEqual([...upTo(6), 5, 6]);
  });

  it("waits for a broker that has not answered: it is slow, not forgetful", () => {
    scene.append(3);
    scene.sender.open();
    vi.advanceTimersByTime(600_000);
    expect(scene.seqs()).toEqual([1, 2, 3]);
  });

  it("begins anew on each connection, and late answers of the last one count for nothing", () => {
    scene.append(10);
    scene.sender.open();
    const before = [...scene.sent];
    scene.sender.close();
    scene.append(5);
    vi.advanceTimersByTime(60_000);
    expect(scene.sent).toHaveLength(4);
    scene.acknowledge(2);
    scene.sender.open();
    expect(scene.seqs().slice(4)).toEqual([3, 4, 5, 6]);
    for (const entry of before) scene.answer(entry);
    expect(scene.pending("live")).toHaveLength(4);
  });
});

describe("any mix", () => {
  it("sends each held envelope exactly once a connection, old ones as backfill and young ones live", () => {
    const step = fc.oneof(
      fc.record({ append: fc.integer({ min: 1, max: 40 }), age: fc.constantFrom(0, 0, OLD), event: fc.boolean() }),
      fc.record({ answer: fc.nat(30) }),
      fc.record({ wait: fc.integer({ min: 1, max: 2000 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 40 }), fc.integer({ min: 20, max: 500 }), (steps, rate) => {
        scene.close();
        rmSync(dir, { recursive: true, force: true });
        scene = new Scene(dir, 4);
        scene.sender.backfillRate = rate;
        scene.sender.open();
        for (const s of steps) {
          if ("append" in s) scene.append(s.append, { age: s.age, lane: s.event ? "e" : "t" });
          else if ("wait" in s) vi.advanceTimersByTime(s.wait);
          else for (const entry of scene.sent.filter((e) => e.done !== null).slice(0, s.answer)) scene.answer(entry);
        }
        const resendsBefore = scene.sender.resends;
        scene.answers = true;
        for (const entry of scene.sent) scene.answer(entry);
        for (let i = 0; i < 2000 && scene.seqs().length < scene.spool.queue; i++) vi.advanceTimersByTime(10);
        const seqs = scene.seqs();
        expect(scene.sender.resends).toBe(resendsBefore);
        if (resendsBefore === 0) expect(seqs).toHaveLength(new Set(seqs).size);
        expect([...new Set(seqs)].sort((a, b) => a - b)).toEqual(upTo(scene.spool.queue));
        for (const { kind, envelopes, at } of scene.sent)
          for (const { ts } of envelopes) expect(at + NOW - ts > LATENESS).toBe(kind === "backfill");
        scene.acknowledge(scene.spool.tail.seq);
        expect(scene.spool.queue).toBe(0);
      }),
      { numRuns: 25, seed: 11 },
    );
  });
});
