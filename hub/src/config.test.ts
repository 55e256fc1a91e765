import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { exampleConfig, loadConfig } from "./config.ts";
import { outageOptions } from "./health/health-config.ts";
import { OUTAGE } from "./health/outage-watch.ts";

describe("config", () => {
  let dir: string;
  beforeEach(() => (dir = mkdtempSync(join(tmpdir(), "gridhub-config-"))));
  afterEach(() => rmSync(dir, { recursive: true }));
  const file = (text: string): string => {
    const path = join(dir, "hub.yaml");
    writeFileSync(path, text);
    return path;
  };

  it("listens on loopback unless told otherwise and has no default password", () => {
    const config = loadConfig({});
    expect([config.http.host, config.mqtt.host]).toEqual(["127.0.0.1", "127.0.0.1"]);
    expect(config.admin_password).toBe("");
  });

  it("lets the environment win over the file, and overrides over both", () => {
    const path = file("http: {port: 1000}\nmqtt: {port: 2000}\nduration_scale: 0.5\n");
    const config = loadConfig({
      file: path,
      env: { GRIDHUB_MQTT_PORT: "3000", GRIDHUB_DURATION_SCALE: "0.25" },
      overrides: { duration_scale: 0.125 },
    });
    expect([config.http.port, config.mqtt.port, config.duration_scale]).toEqual([1000, 3000, 0.125]);
  });

  it("takes what each posture changes as JSON from the environment", () => {
    const { posture } = loadConfig({ env: { GRIDHUB_POSTURE_LEVELS: '{"I":{"limits":{"min_pressure":0.12}}}' } });
    expect(posture.levels.I).toMatchObject({ threshold: 1, limits: { min_pressure: 0.12 } });
    expect(() => loadConfig({ env: { GRIDHUB_POSTURE_LEVELS: "{" } })).toThrow(/GRIDHUB_POSTURE_LEVELS/);
  });

  it("says when edges that go together are one outage", () => {
    const { health } = loadConfig({
      file: file("health: {outage_edges: 5, outage_window_s: 60}\n"),
      env: { GRIDHUB_HEALTH_OUTAGE_SHARE: "0.5" },
    });
    expect(outageOptions(health)).toEqual({ edges: 5, share: 0.5, windowMs: 60_000 });
    expect(outageOptions(loadConfig({}).health)).toEqual(OUTAGE);
  });

  it("takes relative paths from the file's folder", () => {
    const config = loadConfig({ file: file("data_dir: data\ngrids: [a.geojson, /b.geojson]\n") });
    expect(config.data_dir).toBe(join(dir, "data"));
    expect(config.grids).toEqual([join(dir, "a.geojson"), "/b.geojson"]);
  });

  it.each([
    ["http: {prt: 1}\n", /http: unknown setting prt/],
    ["http: {port: many}\n", /http\.port: must be integer/],
    ["http: {port: 70000}\n", /http\.port: must be <= 65535/],
    ["health: {outage_share: 30}\n", /health\.outage_share: must be <= 1/],
    ["dispatch: {targets: [{name: x, url: 'ftp://x', secret: short}]}\n", /targets\.0\.url/],
    [
      `adapters: [{kind: thingsboard, site: t, edge: e, publishers: [{username: gateway-1, password: "sha256:AB12"}]}]\n`,
      /adapters\.0\.publishers\.0\.password: must match pattern/,
    ],
    ["- a\n", /expected a map of settings/],
    ["a: [\n", /hub\.yaml/],
  ])("names the file, the field and what was expected: %j", (text, message) => {
    expect(() => loadConfig({ file: file(text) })).toThrow(message);
  });

  it("names the variable that is wrong", () => {
    expect(() => loadConfig({ env: { GRIDHUB_HTTP_PORT: "eighty" } })).toThrow(
      /GRIDHUB_HTTP_PORT: http\.port: expected integer, found "eighty"/,
    );
  });

  it("says which file it cannot read", () => {
    expect(() => loadConfig({ file: join(dir, "missing.yaml") })).toThrow(/missing\.yaml/);
  });

  it("prints an example that is itself a valid file when uncommented", () => {
    const text = exampleConfig()
      .split("\n")
      .slice(1)
      .map((line) => line.replace(/^#/, ""))
      .join("\n");
    expect(loadConfig({ file: file(text) })).toEqual({
      ...loadConfig({}),
      ...{ data_dir: join(dir, ".gridhub/data") },
    });
    expect(parse(text)).toHaveProperty("http.port", 8080);
  });
});
