import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { skeleton } from "./cli/skeleton.ts";
import { loadText } from "./load.ts";
import { testProfile } from "./vector.ts";

describe("NEW-DEVICE.md", () => {
  const guide = readFileSync(join(import.meta.dirname, "../NEW-DEVICE.md"), "utf8");
  const written = /```yaml\n(.*?)```/s.exec(guide)?.[1] ?? "";
  const start = skeleton("acme/wp-7", "pressure_sensor", "fixed");
  const profileOf = (text: string) => {
    const { profile, problems } = loadText(/^.*?kind: .*?\n/s.exec(start)?.[0] + text, "wp-7.yaml");
    expect(problems).toEqual([]);
    if (profile === null) throw new Error("the guide's profile does not load");
    return testProfile(profile).failures.map((f) => f.message);
  };

  it("says what the first test says, and what makes it pass", () => {
    const refused = /`(refused with .*?\))`/s.exec(guide)?.[1] ?? "";
    expect(profileOf(written)).toEqual([`${refused}, expected readings`]);
    const bytes = /write `(.. ..)` for `CC CC`/.exec(guide)?.[1] ?? "";
    expect(profileOf(written.replace("CC CC", bytes))).toEqual([]);
    expect(guide).toContain(`ac07010dac0e200024b4${bytes.replace(" ", "").toLowerCase()}`);
  });
});
