import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { type Config, loadConfig } from "./config.ts";
import { readTargets } from "./load-targets.ts";

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "gridhub-targets-"));
  writeFileSync(join(dir, "bad.yaml"), "mapping: v1\nbody: {a: '{data.nothing}'}\n");
  writeFileSync(join(dir, "own.yaml"), "mapping: v1\nbody: {a: '{data.kind}'}\n");
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** As the hub reads them: from a file. */
const targets = (yaml: string) => {
  const file = join(dir, "hub.yaml");
  writeFileSync(file, JSON.stringify({ dispatch: { targets: [parse(yaml)] } }));
  const config: Config = loadConfig({ file });
  return readTargets(config.dispatch.targets, "Asia/Shanghai");
};
const WEBHOOK = "name: p, url: 'https://p.example/in', secret: 0123456789abcdef";

describe("targets in the settings", () => {
  it("have the defaults of their kind", () => {
    expect(targets(`{${WEBHOOK}}`)[0]).toMatchObject({ kind: "webhook", callbackSecrets: ["0123456789abcdef"] });
    expect(targets("{name: m, kind: mqtt}")[0]).toMatchObject({ url: "", clientId: "gridhub-out-m" });
    expect(targets("{name: d, kind: dingtalk, url: 'https://r.example/', quiet: '22:00-06:00'}")[0]).toMatchObject({
      perMinute: 20,
      quiet: { from: 1320, to: 360 },
      digestMs: 0,
    });
    expect(targets("{name: e, kind: email, host: smtp.example, from: a@b.c, to: [d@e.f]}")[0]).toMatchObject({
      tls: "implicit",
      port: 465,
      callbackSecrets: undefined,
    });
  });

  it("find a mapping beside the settings, and those that come along", () => {
    expect(targets(`{${WEBHOOK}, mapping: own.yaml}`)[0]).toHaveProperty("mapping.contentType");
    expect(targets(`{${WEBHOOK}, mapping: four-platforms}`)[0]).toHaveProperty("mapping.answer.path", ["code"]);
  });

  it.each([
    ["{name: p}", /dispatch\.targets\.0\.url: a webhook target needs it/],
    ["{name: p, url: 'http://x', secret: short}", /secret: expected at least 16 characters/],
    ["{name: p, url: 'mqtt://x', secret: 0123456789abcdef}", /url: expected an address with http:\/\/ or https:\/\//],
    [`{${WEBHOOK}, quiet: '22:00-06:00'}`, /quiet: is no setting of a target of kind webhook/],
    [`{${WEBHOOK}, mapping: bad.yaml}`, /mapping: .*bad\.yaml: body\.a: data\.nothing: data has no "nothing"/],
    [`{${WEBHOOK}, mapping: missing.yaml}`, /mapping: ENOENT/],
    [`{${WEBHOOK}, deliver: never}`, /targets\.0\.deliver/],
    ["{name: m, kind: mqtt, topic: '{nothing}'}", /topic: nothing: the event has no "nothing"/],
    ["{name: d, kind: dingtalk, url: 'https://r/', quiet: '06:00-06:00'}", /quiet: begins when it ends/],
    ["{name: e, kind: email, host: h, from: a, to: [b], tls: none, username: u}", /must not travel without TLS/],
  ])("are refused with the reason: %s", (yaml, message) => {
    expect(() => targets(yaml)).toThrow(message);
  });
});
