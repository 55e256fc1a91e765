import { join } from "node:path";
import { loadProfiles } from "@gridhub/device-profiles/load.ts";
import { describe, expect, it } from "vitest";
import { type Sample, samplesOf } from "./sample.ts";
import { suggest } from "./suggest.ts";

const { profiles } = loadProfiles([join(import.meta.dirname, "../../../device-profiles/profiles")]);
const TS = Date.UTC(2025, 10, 22);

/** What a device of this profile sends, by the vectors of the profile that decode. */
function sent(id: string): Sample[] {
  const out: Sample[] = [];
  for (const { hex, text, json, port = 0, reject } of profiles.source(id)?.vectors ?? []) {
    if (reject !== undefined) continue;
    if (json !== undefined) out.push({ kind: "json", m: json, ts: TS });
    const frame = text === undefined ? Buffer.from((hex ?? "").replaceAll(/\s/g, ""), "hex") : Buffer.from(text.trim());
    if (json === undefined) out.push({ kind: "frame", frame, port, ts: TS });
  }
  return out;
}

const rankOf = (id: string, samples: readonly Sample[]) =>
  suggest(samples, profiles.all()).findIndex(({ profile }) => profile === id) + 1;

describe("suggestions", () => {
  const ids = profiles.all().map(({ id }) => id);
  const framed = ids.filter((id) => sent(id).some(({ kind }) => kind === "frame"));
  const mapped = ids.filter((id) => sent(id).some(({ kind }) => kind === "json"));

  it("put every shipped profile first for the frames of its own vectors", () => {
    expect(framed.length).toBeGreaterThan(15);
    const wrong = framed.map((id) => [id, rankOf(id, sent(id))] as const).filter(([, rank]) => rank !== 1);
    expect(wrong).toEqual([]);
  });

  it("put it among the first three for one single frame", () => {
    const wrong = framed.map((id) => [id, rankOf(id, sent(id).slice(0, 1))] as const).filter(([, rank]) => rank > 3);
    expect(wrong).toEqual([]);
  });

  it("put profiles of records among the first three: several may speak of the same values", () => {
    expect(mapped.length).toBeGreaterThan(1);
    const wrong = mapped.map((id) => [id, rankOf(id, sent(id))] as const).filter(([, rank]) => rank < 1 || rank > 3);
    expect(wrong).toEqual([]);
  });

  it("are none for noise", () => {
    const noise = Array.from({ length: 5 }, (_, i) => Buffer.from(`no device says this ${i}`));
    const samples: Sample[] = noise.map((frame) => ({ kind: "frame", frame, port: 199, ts: TS }));
    expect(suggest(samples, profiles.all()).filter(({ score }) => score > 0.5)).toEqual([]);
  });

  it("say what was read and how sure that is", () => {
    const [first] = suggest(sent("generic/hydrant-nb"), profiles.all());
    expect(first.certainty).toBe(1); // the checksum notices every bit
    expect(first.readings.find(({ metric }) => metric === "pressure")).toMatchObject({ value: 0.28, unit: "MPa" });
  });
});

describe("samples", () => {
  const frame = Buffer.from("680101", "hex");
  const x = frame.toString("base64");
  const envelope = { v: 1, r: [{ ts: TS, x, p: 7 }] };
  const want = [{ kind: "frame", frame, port: 7, ts: TS }];

  it("come from bare frames, envelopes and backfill of that device", () => {
    expect(samplesOf("raw", "h1", frame, 5)).toEqual([{ kind: "frame", frame, port: 0, ts: 5 }]);
    expect(samplesOf("raw", "h1", Buffer.from(JSON.stringify(envelope)), 5)).toEqual(want);
    const bf = ["h1", "h2"].map((d) => ({ ...envelope, d }));
    expect(samplesOf("backfill", "h1", Buffer.from(JSON.stringify({ v: 1, bf })), 5)).toEqual(want);
  });

  it("are none where the message is neither", () => {
    expect(samplesOf("t", "h1", Buffer.from("{"), 5)).toEqual([]);
    expect(samplesOf("backfill", "h1", Buffer.from("null"), 5)).toEqual([]);
    expect(samplesOf("raw", "h1", Buffer.from("{no json"), 5)).toHaveLength(1);
  });
});
