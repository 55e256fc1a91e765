import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { ConfigSchema, environmentName, leaves, loadConfig } from "../../hub/src/config.ts";

const ROOT = join(import.meta.dirname, "../..");

interface Service {
  readonly image: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly profiles?: readonly string[];
  readonly restart?: string;
}
interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

const text = readFileSync(join(ROOT, "docker-compose.yml"), "utf8");
const compose = parse(text) as Compose;

describe("docker-compose.yml", () => {
  it("gives the hub only settings that exist, with values that the schema accepts", () => {
    const known = new Set([...leaves(ConfigSchema as never)].map(([path]) => environmentName(path)));
    const { environment = {} } = compose.services.hub;
    const filled = Object.fromEntries(
      Object.entries(environment).map(([key, value]) => [
        key,
        value.replace(/\$\{[^}]*:\?[^}]*\}/g, "secret").replace(/\$\{[^}]*:-[^}]*\}/g, ""),
      ]),
    );
    expect(Object.keys(filled).filter((name) => !known.has(name))).toEqual([]);
    const config = loadConfig({ env: filled });
    expect(config.http.host).toBe("0.0.0.0");
    expect(config.database_url).toBe("postgres://gridhub:secret@database:5432/gridhub");
  });

  it("has a health check, a restart policy and a pinned image for every service", () => {
    for (const [name, service] of Object.entries(compose.services)) {
      expect(service.healthcheck?.test.length, name).toBeGreaterThan(0);
      expect(service.restart, name).toBe("unless-stopped");
      expect(service.image, name).toMatch(/:\d/);
    }
    expect(compose.services.broker.profiles).toEqual(["external-broker"]);
  });

  it("keeps data in declared volumes", () => {
    const named = Object.values(compose.services)
      .flatMap((s) => s.volumes ?? [])
      .map((v) => v.split(":")[0])
      .filter((v) => /^[a-z]+$/.test(v));
    expect(named.sort()).toEqual(Object.keys(compose.volumes).sort());
  });

  it("has no default password, and demands each secret by name", () => {
    const passwords = [...text.matchAll(/^\s+\w*PASSWORD: (.+)$/gm)].map((m) => m[1]);
    expect(passwords.length).toBeGreaterThan(2);
    for (const value of passwords) expect(value).toMatch(/^\$\{[A-Z_]+(:\?.+|:-)\}$/);
    const asked = [...text.matchAll(/\$\{([A-Z_]+):\?/g)].map((m) => m[1]);
    const example = readFileSync(join(ROOT, ".env.example"), "utf8");
    for (const name of asked) expect(example).toMatch(new RegExp(`^${name}=$`, "m"));
  });

  it("opens the console on this machine only", () => {
    expect(compose.services.hub.ports?.filter((p) => p.includes("8080"))).toEqual(["127.0.0.1:8080:8080"]);
    expect(compose.services.database.ports).toBeUndefined();
  });
});
