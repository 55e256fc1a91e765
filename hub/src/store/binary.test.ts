import fc from "fast-check";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { testDatabase } from "../../../test/support/postgres.ts";
import {
  bools,
  byteas,
  float8s,
  int2s,
  int4s,
  int8s,
  jsonText,
  OID,
  qualityColumn,
  seriesColumn,
  texts,
  timeColumn,
  times,
  valueColumn,
} from "./binary.ts";
import { RowRefused } from "./store.ts";

describe("binary arrays", () => {
  let database: Awaited<ReturnType<typeof testDatabase>>;
  let client: pg.Client;
  beforeAll(async () => {
    database = await testDatabase();
    client = new pg.Client(database.connection);
    await client.connect();
  });
  afterAll(async () => {
    await client?.end();
    await database?.close();
  });

  /** What PostgreSQL understands of a column, as JSON. */
  async function read(type: keyof typeof OID, column: Buffer): Promise<unknown> {
    const { rows } = await client.query<{ x: unknown }>(`SELECT to_json($1::${type}) AS x`, [column]);
    return rows[0].x;
  }
  const same = <T>(x: T | null) => x;
  const nullable = <T>(arbitrary: fc.Arbitrary<T>) => fc.array(fc.option(arbitrary), { maxLength: 20 });
  const check = <T>(arbitrary: fc.Arbitrary<T>, law: (value: T) => Promise<void>) =>
    fc.assert(fc.asyncProperty(arbitrary, law), { numRuns: 40, seed: 1 });

  it("arrive as they left, NULLs included", async () => {
    await check(nullable(fc.integer({ min: -32_768, max: 32_767 })), async (rows) => {
      expect(await read("int2[]", int2s(rows, same))).toEqual(rows);
    });
    await check(nullable(fc.integer()), async (rows) => {
      expect(await read("int4[]", int4s(rows, same))).toEqual(rows);
    });
    await check(nullable(fc.maxSafeInteger()), async (rows) => {
      expect(await read("int8[]", int8s(rows, same))).toEqual(rows);
    });
    await check(nullable(fc.double({ noDefaultInfinity: true, noNaN: true })), async (rows) => {
      expect(await read("float8[]", float8s(rows, same))).toEqual(rows.map((x) => (x === 0 ? 0 : x)));
    });
    await check(nullable(fc.boolean()), async (rows) => {
      expect(await read("bool[]", bools(rows, same))).toEqual(rows);
    });
    await check(nullable(fc.string({ unit: "binary" })), async (rows) => {
      expect(await read("text[]", texts(rows, same))).toEqual(rows.map((x) => x?.replaceAll("\0", "") ?? null));
    });
    await check(nullable(fc.uint8Array()), async (rows) => {
      const hex = (x: Uint8Array | null) => (x === null ? null : `\\x${Buffer.from(x).toString("hex")}`);
      const column = byteas(rows, (x) => (x === null ? null : Buffer.from(x)));
      expect(await read("bytea[]", column)).toEqual(rows.map(hex));
    });
    await check(nullable(fc.integer({ min: 0, max: 7_258_118_399_999 })), async (rows) => {
      const { rows: got } = await client.query<{ t: number | null }>(
        "SELECT (extract(epoch FROM t) * 1000)::float8 AS t FROM unnest($1::timestamptz[]) WITH ORDINALITY AS u(t, i) ORDER BY i",
        [times(rows, same)],
      );
      expect(got.map((row) => row.t)).toEqual(rows);
    });
  });

  it("of readings hold the first n of each column", async () => {
    const time = Float64Array.of(0, 946_684_800_000, 946_684_799_999, 4e12);
    expect(await read("int4[]", seriesColumn(Int32Array.of(1, 2 ** 31 - 1, 0), 2))).toEqual([1, 2 ** 31 - 1]);
    expect(await read("float8[]", valueColumn(Float64Array.of(1.5, Number.NaN, 2, 9), 3))).toEqual([1.5, null, 2]);
    expect(await read("int2[]", qualityColumn(Int16Array.of(-1, 7), 2))).toEqual([-1, 7]);
    const { rows } = await client.query<{ t: Date }>("SELECT unnest($1::timestamptz[]) AS t", [timeColumn(time, 4)]);
    expect(rows.map((row) => row.t.getTime())).toEqual([...time]);
    for (const empty of [seriesColumn(new Int32Array(1), 0), int4s([], same)]) {
      expect(await read("int4[]", empty)).toEqual([]);
    }
  });

  it("refuse what would be stored as something else", () => {
    const cases: (() => Buffer)[] = [
      () => int2s([32_768], same),
      () => int4s([1.5], same),
      () => int4s([Number.NaN], same),
      () => int8s([2 ** 53], same),
      () => times([-1], same),
      () => times([Number.NaN], same),
      () => times([9e15], same),
      () => seriesColumn(Int32Array.of(0), 1),
      () => timeColumn(Float64Array.of(Number.POSITIVE_INFINITY), 1),
    ];
    for (const make of cases) expect(make, String(make)).toThrow(RowRefused);
  });

  it("JSON is mended where jsonb would refuse it, and only there", async () => {
    await check(
      fc.object({ key: fc.string({ unit: "binary" }), values: [fc.string({ unit: "binary" })] }),
      async (value) => {
        const { rows } = await client.query("SELECT $1::jsonb AS x", [jsonText(value)]);
        expect(rows).toHaveLength(1);
      },
    );
    expect(jsonText({ a: "\\u0000" })).toBe('{"a":"\\\\u0000"}');
    expect(jsonText({ "a\0": ["\ud83d\ude00", "\ud83d", 1, null] })).toBe('{"a":["😀","\ufffd",1,null]}');
  });
});
