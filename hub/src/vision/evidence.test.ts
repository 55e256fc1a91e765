import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { EvidenceStore } from "./evidence.ts";

const NOW = 1_763_776_800_000;

describe("evidence store", () => {
  let dir = "";
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "gridhub-evidence-"));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  const open = (maxBytes = 1e6, maxAgeMs = 1e9) => {
    const store = new EvidenceStore({ dir: join(dir, "media"), maxBytes, maxAgeMs });
    store.start();
    return store;
  };

  it("keeps a picture under its hash, once, and finds it again after a restart", async () => {
    const store = open();
    const hash = store.put(Buffer.from("picture"), NOW);
    expect(store.put(Buffer.from("picture"), NOW + 1)).toBe(hash);
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    expect(readdirSync(join(dir, "media", hash.slice(0, 2)))).toEqual([`${hash}.jpg`]);
    const again = open();
    expect(again.size).toEqual({ files: 1, bytes: 7 });
    expect((await again.read(hash))?.toString()).toBe("picture");
  });

  it("reads nothing outside its folder", async () => {
    const store = open();
    writeFileSync(join(dir, "secret.jpg"), "secret");
    for (const name of ["../secret", "..%2fsecret", "/etc/passwd", "ab/../../secret", "", "A".repeat(64)]) {
      expect(await store.read(name), name).toBeNull();
    }
    expect(await store.read("0".repeat(64))).toBeNull();
  });

  it("lets the oldest go when there is too much, and what is too old", async () => {
    const store = open(25, 5000);
    const [a, b, c] = ["a", "b", "c"].map((x, i) => store.put(Buffer.from(x.repeat(10)), NOW + i * 1000));
    expect([await store.read(a), store.size]).toEqual([null, { files: 2, bytes: 20 }]);
    expect(store.sweep(NOW + 6500)).toEqual([b]);
    expect((await store.read(c))?.length).toBe(10);
  });
});
