import { describe, expect, it } from "vitest";
import { byVersion, idIn, partsOf, withNextVersion } from "./profile-id.ts";

const TEXT = `# a comment\nprofile: v1\nid: generic/hydrant-nb@1.2.0 # see the document\nkind: hydrant\n`;

describe("ids of profiles", () => {
  it("have a model and a version", () => {
    expect(partsOf("generic/hydrant-nb@1.2.0")).toEqual({ model: "generic/hydrant-nb", version: "1.2.0" });
    expect(partsOf("generic/hydrant-nb")).toEqual({ model: "generic/hydrant-nb", version: "" });
  });

  it("are ordered by number, newest first", () => {
    expect(["1.2.0", "1.10.0", "2.0.0", "1.2.1"].sort(byVersion)).toEqual(["2.0.0", "1.10.0", "1.2.1", "1.2.0"]);
  });

  it("are read from a text that need not be valid", () => {
    expect(idIn(TEXT)).toBe("generic/hydrant-nb@1.2.0");
    expect(idIn('id: "a/b@1.0.0"\n')).toBe("a/b@1.0.0");
    expect(idIn("kind: [")).toBe("");
  });

  it("move to the next free minor version and leave the rest of the text alone", () => {
    expect(withNextVersion(TEXT, ["1.2.0"])).toBe(TEXT.replace("@1.2.0", "@1.3.0"));
    expect(idIn(withNextVersion(TEXT, ["1.3.0", "1.4.0"]))).toBe("generic/hydrant-nb@1.5.0");
    expect(withNextVersion("kind: x", [])).toBe("kind: x");
  });
});
