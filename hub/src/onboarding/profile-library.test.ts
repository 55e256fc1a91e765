import { mkdtempSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { silentLog } from "../log.ts";
import { ProfileLibrary } from "./profile-library.ts";

let dir: string;
let used: Set<string>;
let library: ProfileLibrary;

function write(file: string, version: string, scale = 1): void {
  const codec = `codec: {fixed: {endian: be, frame: {short: reject}, fields: [{n: pressure, at: 0, t: u16, scale: ${scale}, unit: MPa}]}}`;
  writeFileSync(
    join(dir, file),
    `profile: v1\nid: acme/probe@${version}\nkind: hydrant\ntitle: {zh: 探头, en: Probe}\ntransport: {uplink: raw, expect_every: 1h}\n${codec}\nvectors: [{hex: "0000", out: {pressure: 0}}]\n`,
  );
}
const ids = () => library.all().map(({ id }) => id);

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "gridhub-library-"));
  used = new Set();
  write("one.yaml", "1.0.0");
  library = new ProfileLibrary({
    paths: [dir],
    watched: [dir],
    log: silentLog,
    inUse: (id) => used.has(id),
    settleMs: 20,
  });
  library.start();
});
afterEach(() => {
  library.close();
  rmSync(dir, { recursive: true, force: true });
});

it("takes a new version beside the old one; devices stay on theirs", () => {
  write("two.yaml", "1.1.0", 2);
  expect(library.reload()).toEqual({ added: ["acme/probe@1.1.0"], replaced: [], problems: [] });
  expect(ids()).toEqual(["acme/probe@1.0.0", "acme/probe@1.1.0"]);
  expect(library.newest().map(({ id }) => id)).toEqual(["acme/probe@1.1.0"]);
  expect(library.declared("acme/probe", "acme/probe@1.0.0")?.id).toBe("acme/probe@1.0.0");
  expect(library.declared("acme/probe", undefined)?.id).toBe("acme/probe@1.1.0");
  expect(library.declared("acme/probe@1.1.0", "acme/probe@1.0.0")?.id).toBe("acme/probe@1.1.0");
});

it("keeps a version in use whose file broke, vanished or became another version, and says so", () => {
  used.add("acme/probe@1.0.0");
  const profile = library.get("acme/probe@1.0.0");
  writeFileSync(join(dir, "one.yaml"), "profile: v1\nid: [");
  expect(library.reload().problems.some(({ message }) => message.includes("not YAML"))).toBe(true);
  expect(library.get("acme/probe@1.0.0")).toBe(profile);
  write("one.yaml", "2.0.0");
  expect(library.reload()).toMatchObject({ added: ["acme/probe@2.0.0"], problems: [{ level: "error" }] });
  expect(library.get("acme/probe@1.0.0")).toBe(profile);
  unlinkSync(join(dir, "one.yaml"));
  library.reload();
  expect(ids()).toEqual(["acme/probe@1.0.0"]);
});

it("changes a version in place only while no device uses it", () => {
  const before = library.get("acme/probe");
  write("one.yaml", "1.0.0", 20);
  expect(library.reload().replaced).toEqual(["acme/probe@1.0.0"]);
  const after = library.get("acme/probe");
  expect(after).not.toBe(before);
  used.add("acme/probe@1.0.0");
  write("one.yaml", "1.0.0", 300);
  expect(library.reload().problems[0].message).toContain("raise the version");
  expect(library.get("acme/probe")).toBe(after);
});

it("gives the same object for an unchanged file", () => {
  const before = library.get("acme/probe");
  expect(library.reload()).toEqual({ added: [], replaced: [], problems: [] });
  expect(library.get("acme/probe")).toBe(before);
});

it("notices a new file by itself", async () => {
  write("two.yaml", "1.1.0", 2);
  await vi.waitFor(() => expect(ids()).toContain("acme/probe@1.1.0"));
});

it("lets no edge undo a move, while it holds", () => {
  for (const version of ["1.1.0", "1.2.0"]) write(`${version}.yaml`, version, 2);
  library.reload();
  const [a, b, c] = ids();
  library.moved([
    [a, b],
    [b, c],
  ]);
  expect(library.declared(a, c)?.id).toBe(c);
  expect(library.declared(b, a)?.id).toBe(b); // the edge itself moves it
  library.moved([
    [a, b],
    [b, a],
  ]);
  expect(library.declared(a, b)?.id).toBe(a);
  expect(library.declared(b, a)?.id).toBe(a);
  library.moved([]);
  expect(library.declared(a, b)?.id).toBe(a);
});
