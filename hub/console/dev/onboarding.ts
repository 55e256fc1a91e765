import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ProfileList, QuarantineItem, ShadowInfo } from "../../src/api/onboarding-schema.ts";
import type { LintInfo, RedecodeDetail, VersionInfo } from "../../src/api/redecode-schema.ts";
import type { User } from "../../src/api/schema.ts";
import { detailOf, profileOf, quarantineOf, shadowOf, versionsOf } from "./onboarding-data.ts";
import type { World } from "./world.ts";

// Quarantine and profiles of the mock: invented devices, and a text that really stands in the folder of profiles.

type Answer = [status: number, body: unknown];
const TEXT = readFileSync(
  join(import.meta.dirname, "../../../device-profiles/profiles/generic/hydrant-nb.yaml"),
  "utf8",
);
/** frames a mock run decodes in a second: slow enough to be looked at, and to be cancelled */
const SPEED = 160;
const fail = (status: number, code: string, message: string): Answer => [status, { code, message }];

interface Run extends RedecodeDetail {
  readonly begun: number;
}

export function makeOnboarding(world: World, now: number) {
  let items: QuarantineItem[] = quarantineOf(world, now);
  const versions = new Map<string, VersionInfo[]>([["generic/hydrant-nb", versionsOf(TEXT, now, world)]]);
  const runs: Run[] = [];

  function profiles(): ProfileList {
    const hydrants = (versions.get("generic/hydrant-nb") ?? []).map((v) => ({
      ...profileOf("generic/hydrant-nb", v.version),
      devices: v.devices,
      promoted: v.state === "promoted",
    }));
    const others = ["sl651/level-rain@1.1.0", "generic/smoke-lora@1.0.0", "onvif/camera@1.0.0"].map((id) => {
      const [model = "", version = ""] = id.split("@");
      return { ...profileOf(model, version), devices: world.devices.filter((d) => d.profile === id).length };
    });
    const spare = ["generic/hydrant-tlv@1.0.0", "milesight/em500-swl@1.0.2", "protocol/gb26875-host@1.0.0"].map(
      (id) => {
        const [model = "", version = ""] = id.split("@");
        return profileOf(model, version);
      },
    );
    const broken = {
      file: "profiles/local/valve.yaml",
      line: 12,
      column: 5,
      path: "codec.fixed.cases",
      level: "error",
    } as const;
    return {
      items: [...hydrants, ...others, ...spare],
      problems: [{ ...broken, message: "needs at least one frame type" }],
    };
  }

  /** Only what the mock needs to show: no id, a line that is no `key: value`. */
  function lint(text: string): LintInfo {
    const problems: LintInfo["problems"] = [];
    if (!/^id: \S+@\d+\.\d+\.\d+/mu.test(text))
      problems.push({
        line: 1,
        field: "id",
        message: "is missing",
        advice: "write maker/model@1.0.0",
        severity: "error",
      });
    text.split("\n").forEach((line, i) => {
      if (line.includes("scael"))
        problems.push({
          line: i + 1,
          field: "codec.fixed",
          message: "unknown key scael",
          advice: "did you mean scale?",
          severity: "error",
        });
      if (line.includes("TODO"))
        problems.push({
          line: i + 1,
          field: "description",
          message: "says nothing yet",
          advice: "",
          severity: "warning",
        });
    });
    return { problems };
  }

  function runOf({ begun, ...run }: Run): RedecodeDetail {
    if (run.state !== "running") return run;
    const done = Math.min(run.progress.total, Math.floor(((Date.now() - begun) / 1000) * SPEED));
    const share = done / run.progress.total;
    const over = share === 1;
    return {
      ...run,
      state: over ? "done" : "running",
      endedAt: over ? begun + (run.progress.total / SPEED) * 1000 : null,
      progress: { ...run.progress, done },
      counts: {
        ...run.counts,
        frames: done,
        changed: Math.floor(done * 0.97),
        refused: Math.floor(done * 0.002),
        refusedBy: { frame_check: Math.floor(done * 0.002) },
      },
      differences: run.differences.slice(0, Math.ceil(share * run.differences.length)),
    };
  }

  function get(parts: readonly string[], user: User): Answer {
    if (user.role === "viewer") return fail(403, "FORBIDDEN", "operators only");
    if (parts[0] === "quarantine") {
      if (parts.length === 1) return [200, { items }];
      const item = items.find((i) => i.edge === `${parts[1]}/${parts[2]}` && i.device === parts[3]);
      return item === undefined ? fail(404, "NOT_FOUND", "no such device") : [200, detailOf(item)];
    }
    if (parts.length === 1) return [200, profiles()];
    if (parts[1] === "redecode") {
      const list = runs.map(runOf);
      if (parts.length === 2) return [200, { items: list.map(({ differences: _, ...run }) => run) }];
      const run = list.find((r) => String(r.id) === parts[2]);
      return run === undefined ? fail(404, "NOT_FOUND", "no such run") : [200, run];
    }
    const known = versions.get(parts[1] ?? "");
    if (known !== undefined) return [200, known];
    const info = profiles().items.find(({ id }) => id.startsWith(`${parts[1]}@`));
    if (info === undefined) return fail(404, "NOT_FOUND", "no such profile");
    const version = info.id.split("@")[1] ?? "";
    return [
      200,
      [{ version, state: "promoted", devices: info.devices, hash: "", addedAt: null, addedBy: "", origin: info.file }],
    ];
  }

  function post(parts: readonly string[], body: Record<string, unknown>, user: User): Answer {
    if (user.role === "viewer") return fail(403, "FORBIDDEN", "operators only");
    if (parts[0] === "quarantine") return decide(parts, body, user);
    const [, what, id, verb] = parts;
    if (what === "lint") return [200, lint(String(body.text))];
    if (what === "decode") return [200, decode(String(body.hex ?? body.text))];
    if (user.role !== "admin") return fail(403, "FORBIDDEN", "administrators only");
    if (what === "shadow") return [200, shadowOf(world, now) satisfies ShadowInfo];
    if (what === "promote" || what === "rollback")
      return [200, move(String(body.from ?? body.profile), body.to as string | undefined)];
    if (what === "redecode" && verb === "cancel") {
      const at = runs.findIndex((r) => String(r.id) === id);
      const run = runs[at];
      if (run === undefined) return fail(404, "NOT_FOUND", "no such run");
      runs[at] = { ...runOf(run), state: "cancelled", endedAt: Date.now(), begun: run.begun };
      return [200, { id: run.id, cancelled: true }];
    }
    if (what === "redecode") return [200, { id: startRun(body, user) }];
    return fail(404, "NOT_FOUND", parts.join("/"));
  }

  function decide(parts: readonly string[], body: Record<string, unknown>, user: User): Answer {
    const edge = `${parts[1]}/${parts[2]}`;
    const at = items.findIndex((i) => i.edge === edge && i.device === parts[3]);
    const item = items[at];
    if (item === undefined) return fail(404, "NOT_FOUND", "no such device");
    if (parts[4] === "ignore") {
      items = items.with(at, {
        ...item,
        ignored: body.ignored === true ? { by: user.username, at: Date.now() } : null,
      });
      return [200, { ignored: body.ignored }];
    }
    if (user.role !== "admin") return fail(403, "FORBIDDEN", "administrators only");
    if (item.device.endsWith("13")) return fail(409, "DEVICE_EXISTS", "exists already");
    items = items.toSpliced(at, 1);
    const bad = Math.floor(item.count / 9);
    return [
      200,
      {
        uid: `${parts[1]}/${item.device}`,
        profile: body.profile,
        replayed: item.count,
        stored: item.count - bad,
        refused: bad > 0 ? { frame_check: bad } : {},
        more: false,
      },
    ];
  }

  function decode(input: string): unknown {
    if (!input.startsWith("68"))
      return {
        readings: [],
        past: [],
        ts: 0,
        rejection: { reason: "frame_marker", detail: `expected 68 at 0, found ${input.slice(0, 2)}` },
      };
    const readings = [
      { metric: "pressure", value: 0.28, unit: "MPa", quality: 0 },
      { metric: "tilt", value: 1, unit: "deg", quality: 0 },
      { metric: "cap_open", value: false, unit: "1", quality: 0 },
      { metric: "battery", value: 3.6, unit: "V", quality: 16 },
    ];
    return { readings, past: [], ts: now, rejection: null };
  }

  function move(from: string, to: string | undefined): unknown {
    const list = versions.get("generic/hydrant-nb") ?? [];
    const source = list.find(({ version }) => from.endsWith(`@${version}`));
    const target = list.find(({ version }) =>
      to === undefined ? version !== source?.version : to.endsWith(`@${version}`),
    );
    const devices = source?.devices ?? 0;
    versions.set(
      "generic/hydrant-nb",
      list.map((v) =>
        v === target
          ? { ...v, devices: v.devices + devices, state: "promoted" as const }
          : v === source
            ? { ...v, devices: 0, state: "retired" as const }
            : v,
      ),
    );
    return { from, to: `generic/hydrant-nb@${target?.version}`, devices };
  }

  function startRun(body: Record<string, unknown>, user: User): number {
    const id = runs.length + 1;
    const total = 9600;
    runs.unshift({
      id,
      profile: String(body.profile),
      state: "running",
      dryRun: body.dry_run === true,
      from: Number(body.from),
      to: Number(body.to),
      devices: Array.isArray(body.devices) ? body.devices.length : 246,
      progress: { done: 0, total },
      counts: { frames: 0, added: 0, changed: 0, removed: 0, kept: 0, refused: 0, refusedBy: {}, events: 0 },
      createdAt: Date.now(),
      startedAt: Date.now(),
      endedAt: null,
      by: user.username,
      error: null,
      begun: Date.now(),
      differences: Array.from({ length: 12 }, (_, i) => ({
        device: `caiyuan/hydrant-${String(i + 6).padStart(4, "0")}`,
        metric: i % 4 === 3 ? "battery" : "pressure",
        ts: now - i * 3_600_000,
        before: i % 4 === 3 ? null : 0.14 + i / 500,
        after: i % 4 === 3 ? 3.6 : 0.28 + i / 250,
        what: i % 4 === 3 ? ("added" as const) : ("changed" as const),
      })),
    });
    return id;
  }

  function put(body: Record<string, unknown>, user: User): Answer {
    if (user.role !== "admin") return fail(403, "FORBIDDEN", "administrators only");
    const text = String(body.text);
    const { problems } = lint(text);
    const id = /^id: (\S+)@(\S+)/mu.exec(text);
    if (id === null || problems.some((p) => p.severity === "error"))
      return [200, { id: null, version: null, problems }];
    const [, model = "", version = ""] = id;
    const list = versions.get(model) ?? [];
    const info = {
      version,
      state: "file" as const,
      devices: 0,
      hash: "9f2c41aa",
      addedAt: Date.now(),
      addedBy: user.username,
      origin: "api",
      text,
    };
    versions.set(model, [info, ...list.filter((v) => v.version !== version)]);
    return [200, { id: model, version, problems }];
  }

  return { get, post, put };
}
