import {
  checkEnvelope,
  DEFAULT_LIMITS,
  type EnvelopeRecord,
  LANE_LIMIT,
  parseJson,
} from "@gridhub/device-profiles/envelope.ts";
import { isRejection } from "@gridhub/device-profiles/rejection.ts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { packRecords } from "../envelope-pack.ts";
import { SpoolError } from "../spool-error.ts";
import { acceptPost } from "./reading-post.ts";
import { SourceScene } from "./source-scene.ts";

/** What the hub does first with the envelopes that these records become, on both lanes. */
function hubReads(records: readonly EnvelopeRecord[]): string[] {
  return packRecords(records).flatMap(({ json }) => {
    const live = Buffer.from(`{"v":1,"b":57,"q":1,"r":${json}}`);
    const old = Buffer.from(`{"v":1,"bf":[{"d":"gauge","k":"t","v":1,"b":57,"q":1,"r":${json}}]}`);
    const problems: string[] = live.length > LANE_LIMIT.telemetry ? ["payload_too_large"] : [];
    for (const [payload, depth] of [[live, DEFAULT_LIMITS.depth] as const, [old, 10] as const]) {
      const parsed = parseJson(payload, depth);
      if (isRejection(parsed)) problems.push(parsed.reason);
    }
    const parsed = parseJson(live);
    const envelope = isRejection(parsed) ? parsed : checkEnvelope(parsed.value);
    return isRejection(envelope) ? [...problems, envelope.reason] : problems;
  });
}

const accept = async (body: unknown) => {
  const scene = new SourceScene("gauge");
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return { outcome: await acceptPost(Buffer.from(text), "gauge", scene), scene };
};
const nested = (levels: number): unknown => (levels === 0 ? 1 : { a: nested(levels - 1) });

describe("a post", () => {
  it("is refused here when the hub could not even read its identity: it would wait in the spool for ever", async () => {
    const deepest = await accept({ records: [{ values: nested(5) }] });
    expect(deepest.outcome).toBe(1);
    expect(hubReads(deepest.scene.emitted[0].records)).toEqual([]);
    expect(await accept({ values: nested(6) })).toMatchObject({ outcome: { reason: "json_too_deep" } });
    expect(await accept("[".repeat(60_000))).toMatchObject({ outcome: { reason: "json_too_deep" } });
    const scene = new SourceScene("gauge");
    expect(await acceptPost(Buffer.from([0x7b, 0xff, 0x7d]), "gauge", scene)).toMatchObject({ reason: "json_invalid" });
  });

  it("of many records names the one that is wrong, and keeps none", async () => {
    const { outcome, scene } = await accept({ records: [{ values: { a: 1 } }, { ts: -1, values: { a: 1 } }] });
    expect(outcome).toMatchObject({ reason: "time_invalid", detail: expect.stringContaining("record 1") as string });
    expect(scene.emitted).toEqual([]);
  });

  it("has values or hex", async () => {
    expect(await accept({ values: { a: 1 }, hex: "68" })).toMatchObject({ outcome: { reason: "envelope_invalid" } });
    expect(await accept({ hex: 68 })).toMatchObject({ outcome: { reason: "envelope_invalid" } });
  });

  it("becomes envelopes that the hub can read, whatever is in it", async () => {
    const many = <T>(record: fc.Arbitrary<T>) => fc.array(record, { minLength: 1, maxLength: 40 });
    const posts: fc.Arbitrary<unknown[]>[] = [
      many(fc.record({ values: fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 })) })),
      many(
        fc.record({ hex: fc.uint8Array({ minLength: 1, maxLength: 900 }).map((b) => Buffer.from(b).toString("hex")) }),
      ),
      many(fc.record({ ts: fc.double(), values: fc.record({ text: fc.string({ unit: "binary", maxLength: 3000 }) }) })),
      many(fc.record({ ts: fc.double({ min: 1, max: 2e12 }), values: fc.object({ maxDepth: 7 }) })),
    ];
    let kept = 0;
    await fc.assert(
      fc.asyncProperty(fc.oneof(...posts), async (records) => {
        const { outcome, scene } = await accept({ records });
        if (!isRejection(outcome)) kept++;
        expect(scene.emitted).toHaveLength(isRejection(outcome) ? 0 : 1);
        expect(scene.emitted.flatMap(({ records }) => hubReads(records))).toEqual([]);
      }),
      { numRuns: 200, seed: 3 },
    );
    expect(kept).toBeGreaterThan(20);
  });
});

describe("packs", () => {
  it("keep order, count and newest time, and fill envelopes", () => {
    const records = Array.from({ length: 2500 }, (_, i) => ({ ts: 1000 + ((i * 7) % 2500), m: { i } }));
    const packs = packRecords(records);
    expect(packs.flatMap(({ json }) => JSON.parse(json) as unknown[])).toEqual(records);
    expect(packs.reduce((sum, { count }) => sum + count, 0)).toBe(2500);
    expect(Math.max(...packs.map(({ ts }) => ts))).toBe(Math.max(...records.map(({ ts }) => ts)));
    expect(packs.length).toBeLessThanOrEqual(4);
    expect(hubReads(records)).toEqual([]);
  });

  it("count bytes of UTF-8, not characters", () => {
    const record = (length: number) => ({ ts: 1, m: { text: "井".repeat(length) } });
    expect(packRecords([record(21_000)])[0].bytes).toBeGreaterThan(63_000);
    expect(() => packRecords([record(22_000)])).toThrow(SpoolError);
    expect(packRecords([record(15_000), record(15_000)])).toHaveLength(2);
  });

  it("of nothing are none", () => expect(packRecords([])).toEqual([]));
});
