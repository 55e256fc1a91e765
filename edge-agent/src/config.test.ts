import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { ConfigError, loadAgentConfig } from "./config.ts";

const GOOD = {
  hub: { url: "mqtt://127.0.0.1:1883", username: "town/e1", token: "secret" },
  devices: [{ id: "gauge", profile: "generic/flood-gauge-json" }],
  sources: [{ kind: "http", port: 8081 }],
};

describe("agent config", () => {
  let dir: string;
  beforeEach(() => (dir = mkdtempSync(join(tmpdir(), "gridhub-agent-"))));
  afterEach(() => rmSync(dir, { recursive: true }));
  const load = (tree: unknown, env: Record<string, string> = {}) => {
    const file = join(dir, "edge.yaml");
    writeFileSync(file, typeof tree === "string" ? tree : stringify(tree));
    return loadAgentConfig(file, env);
  };

  it("fills in defaults, listens on loopback, and takes the token from the environment", () => {
    const config = load({ ...GOOD, hub: { ...GOOD.hub, token: undefined } }, { GRIDHUB_EDGE_TOKEN: "from-env" });
    expect(config.hub.token).toBe("from-env");
    expect(config.sources[0]).toMatchObject({ host: "127.0.0.1" });
    expect(config.data_dir).toBe(join(dir, ".gridhub/edge"));
  });

  it("takes every kind of camera, with paths beside the file", () => {
    const device = "gauge";
    const sources = [
      { kind: "snapshot", device, url: "https://192.0.2.1/a.jpg", tls_fingerprint: "AB:".repeat(31) + "CD" },
      { kind: "onvif", device, host: "192.0.2.1", https: true, tls_insecure: true, picture: "stream", class: "road" },
      { kind: "rtsp", device, url: "rtsp://192.0.2.1/sub", decode: "full", fps: 5 },
      { kind: "video", device, path: "film.mp4", speed: 4 },
      { kind: "folder", device, path: "/pictures", patrol_ms: 5000 },
    ];
    const config = load({ ...GOOD, sources, evidence: { port: 8090, token: "long-enough-for-this" } });
    expect(config.sources[2]).toMatchObject({ decode: "full", stall_ms: 30_000, interval_ms: 500, username: "" });
    expect(config.sources[3]).toMatchObject({ path: join(dir, "film.mp4"), loop: true, decode: "key" });
    expect(config.sources[4]).toMatchObject({ path: "/pictures" });
    expect(config.evidence).toMatchObject({ host: "127.0.0.1", seconds: 600 });
  });

  it.each([
    [{ ...GOOD, hub: { ...GOOD.hub, username: "noslash" } }, /hub\.username: must match/],
    [{ ...GOOD, devices: [] }, /devices: must not have fewer than 1/],
    [{ ...GOOD, devices: [{ id: "a b", profile: "x/y" }] }, /devices\.0\.id/],
    [{ ...GOOD, devices: [GOOD.devices[0], GOOD.devices[0]] }, /devices\.1\.id: gauge appears twice/],
    [{ ...GOOD, devices: [{ ...GOOD.devices[0], lon: 122 }] }, /devices\.0: lon and lat come together/],
    [{ ...GOOD, sources: [{ kind: "telepathy" }] }, /sources\.0\.kind: expected http \| udp/],
    [
      { ...GOOD, sources: [{ kind: "http", prt: 1 }] },
      /sources\.0: (unknown setting prt|must have required properties port)/,
    ],
    [{ ...GOOD, sources: [{ kind: "ais-udp", device: "ghost", port: 1 }] }, /sources\.0\.device: no device ghost/],
    [{ ...GOOD, sources: [{ kind: "snapshot", device: "gauge", url: "ftp://x" }] }, /sources\.0\.url: must match/],
    [
      { ...GOOD, sources: [{ kind: "sl651", port: 5100, stations: { "3309220001": "ghost" } }] },
      /sources\.0\.stations\.3309220001: no device ghost/,
    ],
    [{ ...GOOD, sources: [{ kind: "jt808", port: 8808, stations: { "139": "gauge" } }] }, /sources\.0\.stations/],
    [
      { ...GOOD, sources: [{ kind: "rtsp", device: "gauge", url: "rtsp://u:p@192.0.2.1/sub" }] },
      /sources\.0\.url: .*the account in username and password/,
    ],
    [{ ...GOOD, sources: [{ kind: "folder", device: "gauge", path: "x", class: "moon" }] }, /sources\.0\.class/],
    [
      { ...GOOD, evidence: { port: 8081, token: "long-enough-for-this" } },
      /sources\.0\.port: TCP 127\.0\.0\.1:8081 is used by evidence/,
    ],
    [{ ...GOOD, evidence: { port: 8090, token: "short" } }, /evidence\.token: must not have fewer than 16/],
    [{ ...GOOD, colour: "red" }, /unknown setting colour/],
    ["[", /edge\.yaml/],
    ["42", /expected a map/],
  ])("names the file and the field: %j", (tree, message) => {
    expect(() => load(tree)).toThrow(message);
    expect(() => load(tree)).toThrow(ConfigError);
  });

  it.each([
    [
      { ...GOOD, hub: { ...GOOD.hub, username: "to wn/e1" } },
      /hub\.username: .*\(<site>\/<edge>, as the hub issued it\)/,
    ],
    [{ ...GOOD, hub: { ...GOOD.hub, root: "a/#" } }, /hub\.root: must match/],
    [{ ...GOOD, log_level: "loud" }, /log_level: .*\(fatal \| error/],
    [{ ...GOOD, devices: [{ id: "gauge", profile: "gauge" }] }, /devices\.0\.profile: .*maker\/model/],
    [{ ...GOOD, sources: [GOOD.sources[0], { kind: "http", port: 8081 }] }, /sources\.1\.port: TCP .* sources\.0/],
    [{ ...GOOD, hub: { url: GOOD.hub.url, username: "a/b" } }, /hub: must have required properties token/],
    [
      { ...GOOD, sources: [{ kind: "http", port: 1, token: "${EDGE_SECRET}" }] },
      /sources\.0\.token: .* no EDGE_SECRET/,
    ],
    [
      {
        ...GOOD,
        devices: Array.from({ length: 2000 }, (_, i) => ({ id: `d${i}`, profile: "x/y", title: "长".repeat(50) })),
      },
      /devices: together \d+ bytes, a birth message takes 262144/,
    ],
  ])("says what was expected: %#", (tree, message) => expect(() => load(tree)).toThrow(message));

  it("takes secrets from the environment, wherever they stand, and lets UDP and TCP share a number", () => {
    const tree = {
      ...GOOD,
      hub: { ...GOOD.hub, ca_file: "ca.pem" },
      sources: [
        { kind: "http", port: 8081, token: "${POST_TOKEN}" },
        { kind: "udp", port: 8081 },
        { kind: "snapshot", device: "gauge", url: "http://x/", password: "$notavariable" },
      ],
    };
    const config = load(tree, { POST_TOKEN: "from-env-1" });
    expect(config.sources[0]).toMatchObject({ token: "from-env-1" });
    expect(config.sources[2]).toMatchObject({ password: "$notavariable", interval_ms: 500 });
    expect(config.hub.ca_file).toBe(join(dir, "ca.pem"));
    expect(config).toMatchObject({ disk_reserve_bytes: 33_554_432, spool_bytes: 536_870_912 });
  });

  it("accepts the example that comes with the agent", () => {
    const config = loadAgentConfig(join(import.meta.dirname, "../example.yaml"), { GRIDHUB_EDGE_TOKEN: "x" });
    expect(config.sources.length).toBeGreaterThan(3);
  });
});
