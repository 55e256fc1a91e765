import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { METRICS } from "@gridhub/device-profiles/metric.ts";
import { REJECTION_REASONS } from "@gridhub/device-profiles/rejection.ts";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { CODE_PROBLEMS } from "../../../src/events/code-csv.ts";
import { AREA_ENDS } from "../../../src/fleet/areas.ts";
import { coded, isWord } from "./words.ts";

const ROOT = join(import.meta.dirname, "../../../..");
const API = join(ROOT, "hub/src/api");
const FLEET = join(ROOT, "hub/src/fleet");
const PROFILES = join(ROOT, "device-profiles/profiles");

const files = (folder: string, end: string) =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(end))
    .map((name) => readFileSync(join(folder, name), "utf8"));
/** codes that would be shown as they are; both dictionaries have the same keys */
const without = (prefix: string, codes: Iterable<string>) =>
  [...new Set(codes)].filter((code) => !isWord(`${prefix}.${code}`)).map((code) => `${prefix}.${code}`);

describe("words for the codes of the hub", () => {
  it("cover every reason of a refused message, which is also what a replay answers", () => {
    expect(without("reason", [...Object.keys(REJECTION_REASONS), "stored"])).toEqual([]);
  });

  it("cover every error of the API", () => {
    const table = readFileSync(join(API, "README.md"), "utf8").split("\n");
    const promised = table
      .filter((line) => /^\| \d{3}/u.test(line))
      .flatMap((line) => [...line.matchAll(/`([A-Z_]+)`/gu)]);
    const thrown = files(API, ".ts").flatMap((text) => [...text.matchAll(/ApiFailure\(\d+, "([A-Z_]+)"/gu)]);
    const codes = [...promised, ...thrown].map(([, code]) => code ?? "");
    expect(codes).toContain("PASSWORD_WRONG");
    expect(codes.length).toBeGreaterThan(30);
    expect(without("code", codes)).toEqual([]);
  });

  it("cover why what the fleet found is over", () => {
    const said = files(FLEET, ".ts").flatMap((text) =>
      [...text.matchAll(/why: "([a-z_]+)"/gu)].map(([, why]) => why ?? ""),
    );
    expect(said).toContain("formation_removed");
    expect(without("reason", [...AREA_ENDS, ...said])).toEqual([]);
  });

  it("cover what may be wrong with a table of codes", () => {
    expect(without("csv", CODE_PROBLEMS)).toEqual([]);
  });

  it("cover kinds, attributes and metrics of the shipped profiles", () => {
    const texts = files(PROFILES, ".yaml");
    const kinds = texts.map((text) => (parse(text) as { kind?: string }).kind ?? "");
    expect(kinds).toContain("hydrant");
    expect(without("kind", kinds)).toEqual([]);
    const attributes = texts.flatMap((text) =>
      [...text.matchAll(/attribute: ([a-z_]+)/gu)].map(([, name]) => name ?? ""),
    );
    expect(attributes).toContain("warning_level");
    expect(without("attribute", attributes)).toEqual([]);
    expect(METRICS.filter(({ name }) => coded("zh", "metric", name) === name)).toEqual([]);
  });
});
