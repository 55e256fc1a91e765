import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { describe, expect, it } from "vitest";
import { loadFile, loadProfiles, profileFiles } from "./load.ts";
import { formatProblem } from "./problem.ts";
import { testProfile } from "./vector.ts";

const FOLDER = join(import.meta.dirname, "../profiles");
const files = profileFiles(FOLDER, []);

describe.each(files.map((file) => [relative(FOLDER, file), file]))("profile %s", (name, file) => {
  const { profile, problems } = loadFile(file);

  it("loads without a problem", () => {
    expect(problems.map(formatProblem)).toEqual([]);
  });

  it("is named after its id and points editors to the schema", () => {
    expect(`${profile?.compiled.id.split("@")[0]}.yaml`).toBe(name);
    expect(readFileSync(file, "utf8").split("\n")[0]).toBe(
      "# yaml-language-server: $schema=../../schema/profile.schema.json",
    );
  });

  it("has vectors that hold, and survives every truncation of them", () => {
    if (profile === null) throw new Error("not loaded");
    const report = testProfile(profile);
    expect(report.failures).toEqual([]);
    if (profile.compiled.uplink !== "frame") expect(report.vectors).toBeGreaterThan(1);
  });
});

describe("the shipped profiles together", () => {
  const { profiles, problems } = loadProfiles([FOLDER]);

  it("have distinct ids", () => {
    expect(problems).toEqual([]);
    expect(profiles.size).toBe(files.length);
  });

  it("give every event kind of their alarms a title", () => {
    const titles = profiles.eventTitles();
    const events = new Set(profiles.all().flatMap((p) => p.alarms.map((a) => a.event)));
    expect([...events].filter((event) => !titles.has(event))).toEqual([]);
    expect(titles.get("hydrant.low_pressure")?.zh).toBe("消火栓水压过低");
  });
});
