import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { topics } from "@gridhub/device-profiles/topic.ts";
import { connectAsync, type MqttClient } from "mqtt";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type {
  AdoptionInfo,
  MovedInfo,
  ProfileList,
  QuarantineDetailInfo,
  QuarantineItem,
  ShadowInfo,
} from "../../hub/src/api/onboarding-schema.ts";
import type {
  DecodeInfo,
  LintInfo,
  RedecodeDetail,
  RedecodeList,
  UploadInfo,
  VersionInfo,
} from "../../hub/src/api/redecode-schema.ts";
import { type HubProcess, startHubProcess } from "../support/hub-process.ts";

const NB = "generic/hydrant-nb@1.2.0";
const NEXT = "generic/hydrant-nb@1.3.0";
const SHIPPED = join(import.meta.dirname, "../../device-profiles/profiles/generic/hydrant-nb.yaml");
const PATIENT = { timeout: 20_000, interval: 100 };

/** A frame of generic/hydrant-nb: sampled at `ts`, in seconds. @param pressure MPa */
function frame(ts: number, pressure: number, capOpen = false): Buffer {
  const body = Buffer.alloc(14);
  body.set([0x68, 0x01]);
  body.writeUInt16BE(Math.round(pressure * 1000), 2);
  body.writeInt16BE(10, 4);
  body[6] = capOpen ? 1 : 0;
  body[7] = 180;
  const local = new Date(ts + 8 * 3_600_000).toISOString(); // China Standard Time
  const digits = local.slice(2, 19).replaceAll(/\D/g, "");
  body.set(Buffer.from(digits, "hex"), 8);
  let crc = 0xffff;
  for (const byte of body) {
    crc ^= byte;
    for (let i = 0; i < 8; i++) crc = (crc >> 1) ^ (crc & 1 ? 0xa001 : 0);
  }
  return Buffer.concat([body, Buffer.from([crc & 0xff, crc >> 8])]);
}

describe("the life of a device type in a running hub", () => {
  let dir: string;
  let hub: HubProcess;
  let device: MqttClient;
  const start = Math.floor(Date.now() / 1000) * 1000 - 60_000;

  const send = (name: string, payload: Buffer) =>
    device.publishAsync(topics.raw("town", "gw", name), payload, { qos: 1 });
  const pressures = async (name: string) => {
    const path = `/api/devices/town/${name}/series?metric=pressure&from=${start - 60_000}&to=${start + 600_000}`;
    return (await hub.api<{ rows: [number, number][] }>(path)).rows.map(([, value]) => value);
  };

  const options = () => ({
    dataDir: dir,
    settings: { vision_workers: 0, log_level: "error", profiles: [join(dir, "profiles")] },
  });

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), "gridhub-onboarding-"));
    mkdirSync(join(dir, "profiles"));
    hub = await startHubProcess(options());
    const { username, token } = await hub.createEdge("town", "gw");
    device = await connectAsync(`mqtt://127.0.0.1:${hub.mqttPort}`, { username, password: token });
  });
  afterAll(async () => {
    await device?.endAsync(true);
    await hub?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  it("shows an unknown device with the profile that fits", async () => {
    for (let i = 0; i < 5; i++) await send("h1", frame(start + i * 1000, 0.28 + i / 100));
    const broken = frame(start + 9000, 0.3);
    broken[2] ^= 1;
    await send("h1", broken);
    await send("other", Buffer.from("no frame of anything"));

    const { items } = await hub.api<{ items: QuarantineItem[] }>("/api/quarantine");
    const found = items.find((item) => item.device === "h1");
    expect(items).toHaveLength(2);
    expect(found).toMatchObject({ edge: "town/gw", count: 6, lanes: ["raw"], registered: null });

    const detail = await hub.api<QuarantineDetailInfo>("/api/quarantine/town/gw/h1");
    expect(detail.samples).toHaveLength(6);
    const [best, second] = detail.suggestions;
    expect(best).toMatchObject({ profile: NB, certainty: 1, decoded: 0.833, problem: { reason: "frame_check" } });
    expect(best.score).toBeGreaterThan((second?.score ?? 0) + 0.2);
    expect(best.readings.find(({ metric }) => metric === "pressure")?.value).toBe(0.32);
  });

  it("sets a device aside for everybody, and takes it back", async () => {
    const ignore = (ignored: boolean) =>
      hub.api("/api/quarantine/town/gw/other/ignore", { method: "POST", body: { ignored } });
    const other = async () => {
      const { items } = await hub.api<{ items: QuarantineItem[] }>("/api/quarantine");
      return items.find((item) => item.device === "other");
    };
    await ignore(true);
    expect((await other())?.ignored?.by).toBe("admin");
    await ignore(false);
    expect(await other()).toMatchObject({ ignored: null, count: 1 });
    await expect(
      hub.api("/api/quarantine/town/nowhere/other/ignore", { method: "POST", body: { ignored: true } }),
    ).rejects.toThrow("404");
  });

  it("adopts it: what it sent before is stored in order, what it sends now is a reading and an alarm", async () => {
    const adopt = (body: object) => hub.api<AdoptionInfo>("/api/quarantine/town/gw/h1/adopt", { method: "POST", body });
    await expect(adopt({ profile: "generic/none" })).rejects.toThrow("PROFILE_UNKNOWN");
    const done = await adopt({ profile: NB, title: "消火栓 1", lon: 122.45, lat: 30.65 });
    expect(done).toEqual({
      uid: "town/h1",
      profile: NB,
      replayed: 6,
      stored: 5,
      refused: { frame_check: 1 },
      more: false,
    });
    expect(await pressures("h1")).toEqual([0.28, 0.29, 0.3, 0.31, 0.32]);
    const { items } = await hub.api<{ items: QuarantineItem[] }>("/api/quarantine");
    expect(items.map((item) => item.device)).toEqual(["other"]);
    await expect(adopt({ profile: NB })).resolves.toMatchObject({ replayed: 0, stored: 0 });
    await expect(adopt({ profile: "generic/hydrant-tlv" })).rejects.toThrow("DEVICE_EXISTS");

    await send("h1", frame(start + 20_000, 0.33, true));
    await vi.waitFor(async () => {
      const events = await hub.api<{ items: { kind: string; sensing: string }[] }>("/api/events?kind=hydrant.cap_open");
      expect(events.items).toMatchObject([{ kind: "hydrant.cap_open", sensing: "active" }]);
    }, PATIENT);
    expect(await pressures("h1")).toHaveLength(6);
  });

  it("loads a new version that is put into the folder; devices stay on theirs, also when they are declared again", async () => {
    // what the maker's second edition of the document says: pressure comes in 0.002 MPa
    const text = readFileSync(SHIPPED, "utf8");
    const vectors = text.indexOf("vectors:");
    const next = text.slice(0, vectors).replace(NB, NEXT).replace("scale: 0.001", "scale: 0.002");
    expect(next).not.toContain("scale: 0.001");
    writeFileSync(join(dir, "profiles/hydrant.yaml"), next);
    writeFileSync(join(dir, "profiles/broken.yaml"), "profile: v1\nid: [");
    await vi.waitFor(async () => {
      const { items, problems } = await hub.api<ProfileList>("/api/profiles");
      expect(items.find(({ id }) => id === NEXT)).toMatchObject({ devices: 0, newest: true });
      expect(items.find(({ id }) => id === NB)).toMatchObject({ devices: 1, newest: false });
      expect(problems.some(({ file, level }) => file.endsWith("broken.yaml") && level === "error")).toBe(true);
    }, PATIENT);
    const again = { agent: "test", devices: [{ id: "h1", profile: "generic/hydrant-nb", lon: 122.45, lat: 30.65 }] };
    await device.publishAsync(topics.meta("town", "gw"), JSON.stringify(again), { qos: 1 });
    await send("h1", frame(start + 25_000, 0.34));
    const { items } = await hub.api<ProfileList>("/api/profiles");
    expect(items.find(({ id }) => id === NB)?.devices).toBe(1);
    expect((await pressures("h1")).at(-1)).toBe(0.34);
  });

  it("tries the new version on stored frames, promotes it, and rolls it back", async () => {
    const post = <T>(what: string, body: object) => hub.api<T>(`/api/profiles/${what}`, { method: "POST", body });
    const declare = (profile: string) =>
      device.publishAsync(
        topics.meta("town", "gw"),
        JSON.stringify({ agent: "test", devices: [{ id: "h1", profile, lon: 122.45, lat: 30.65 }] }),
        { qos: 1 },
      );
    const report = await post<ShadowInfo>("shadow", { from: NB, to: NEXT });
    expect(report).toMatchObject({
      frames: 8,
      bothRefused: 1,
      newlyRefused: { count: 0 },
      newlyAccepted: { count: 0 },
    });
    const of = (name: string) => report.metrics.find(({ metric }) => metric === name);
    expect(of("pressure")).toMatchObject({ equal: 0, changed: 7, lost: 0, gained: 0 });
    expect(of("pressure")?.examples[0]).toMatchObject({ device: "town/h1", from: 0.34, to: 0.68 });
    expect(of("tilt")).toMatchObject({ equal: 7, changed: 0 });
    expect(await pressures("h1")).toHaveLength(7); // nothing was stored

    await expect(post("promote", { from: NB, to: "generic/hydrant-tlv@1.0.0" })).rejects.toThrow("NOT_MOVABLE");
    expect(await post<MovedInfo>("promote", { from: NB, to: NEXT })).toEqual({ from: NB, to: NEXT, devices: 1 });
    await declare(NB); // its edge knows nothing of it
    await send("h1", frame(start + 30_000, 0.3));
    expect((await pressures("h1")).at(-1)).toBe(0.6);

    expect(await post<MovedInfo>("rollback", { profile: NEXT })).toEqual({ from: NEXT, to: NB, devices: 1 });
    await declare("generic/hydrant-nb");
    await send("h1", frame(start + 35_000, 0.3));
    expect((await pressures("h1")).at(-1)).toBe(0.3);
    await expect(post("rollback", { profile: NEXT })).rejects.toThrow("NOT_MOVABLE");
  });

  it("decodes history again: the numbers change exactly where they should, over a kill in the middle", async () => {
    const redecode = (body: object) => hub.api<{ id: number }>("/api/profiles/redecode", { method: "POST", body });
    const detail = (id: number) => hub.api<RedecodeDetail>(`/api/profiles/redecode/${id}`);
    const ended = async (id: number) =>
      vi.waitFor(async () => {
        const job = await detail(id);
        expect(job.endedAt).not.toBeNull();
        return job;
      }, PATIENT);
    const metrics = ["pressure", "tilt", "cap_open", "battery"];
    /** every stored reading: metric and sample time -> value */
    const everything = async () => {
      const rows = new Map<string, number>();
      for (const metric of metrics) {
        for (let from = start - 7_200_000; from < start + 600_000; from += 1_500_000) {
          const range = `from=${from}&to=${from + 1_500_000}&points=2000`;
          const part = await hub.api<{ rows: [number, number][] }>(
            `/api/devices/town/h1/series?metric=${metric}&${range}`,
          );
          for (const [ts, value] of part.rows) rows.set(`${metric} ${ts}`, value);
        }
      }
      return rows;
    };
    const differs = (a: Map<string, number>, b: Map<string, number>) =>
      [...new Set([...a.keys(), ...b.keys()])].filter((key) => a.get(key) !== b.get(key));
    const FRAMES = 2000;
    for (let i = 0; i < FRAMES; i += 100)
      await Promise.all(
        Array.from({ length: 100 }, (_, k) => send("h1", frame(start - 7_200_000 + (i + k) * 1000, 0.2 + i / 1e4))),
      );
    const events = async () =>
      (await hub.api<{ items: { id: string; kind: string; late: boolean; handling: string }[] }>("/api/events")).items;
    const known = new Set((await events()).map(({ id }) => id));
    const mixed = await everything();
    expect(mixed.size).toBe(4 * (FRAMES + 9));

    // what was decoded while version 2 was in force is the only thing that version 1 reads differently
    const trial = await ended((await redecode({ profile: NB, dry_run: true })).id);
    expect(trial.differences).toEqual([
      { device: "town/h1", metric: "pressure", ts: start + 30_000, before: 0.6, after: 0.3, what: "changed" },
    ]);
    expect(differs(mixed, await everything())).toEqual([]);
    const first = await ended((await redecode({ profile: NB })).id);
    expect(first.counts).toEqual(trial.counts);
    expect(first.counts).toMatchObject({ frames: FRAMES + 10, added: 0, changed: 1, removed: 0, refused: 1 });
    const right = await everything();
    expect(differs(mixed, right)).toEqual([`pressure ${start + 30_000}`]);

    const { id } = await redecode({ profile: NEXT, devices: ["town/h1"] });
    const halfway = await vi.waitFor(
      async () => {
        const job = await detail(id);
        expect(job.progress.done).toBeGreaterThan(0);
        return job;
      },
      { timeout: 20_000, interval: 5 },
    );
    await device.endAsync(true);
    await hub.kill();
    expect(halfway.progress.done).toBeLessThan(FRAMES);
    hub = await startHubProcess(options());
    const job = await ended(id);
    expect(job).toMatchObject({ state: "done", by: "admin", progress: { done: FRAMES + 10, total: FRAMES + 10 } });
    expect(job.counts).toMatchObject({ frames: FRAMES + 10, added: 0, changed: FRAMES + 9, removed: 0, refused: 1 });
    const doubled = await everything();
    expect(differs(right, doubled).toSorted()).toEqual([...right.keys()].filter((key) => /^p/.test(key)).toSorted());
    for (const [key, value] of doubled)
      expect(value).toBeCloseTo(/^p/.test(key) ? 2 * right.get(key)! : right.get(key)!, 9);
    const again = await ended((await redecode({ profile: NEXT, devices: ["town/h1"] })).id);
    expect(again.counts).toMatchObject({ frames: FRAMES + 10, added: 0, changed: 0, removed: 0, events: 0 });
    // by version 2 the pressure fell fast enough for an alarm: told as history, to nobody
    const found = (await events()).filter(({ id }) => !known.has(id));
    expect(found).toMatchObject([{ kind: "hydrant.burst", late: true, handling: "new" }]);
    expect(job.counts.events).toBe(1);
    const { items } = await hub.api<RedecodeList>("/api/profiles/redecode");
    expect(items.map(({ state, dryRun }) => [state, dryRun])).toEqual([
      ["done", false],
      ["done", false],
      ["done", false],
      ["done", true],
    ]);
  }, 90_000);

  it("takes a version by the API, says what is wrong with one, and keeps what was used without any file", async () => {
    const put = (text: string) => hub.api<UploadInfo>("/api/profiles", { method: "PUT", body: { text } });
    const text = readFileSync(SHIPPED, "utf8");
    const broken = await put("profile: v1\nid: acme/probe@1.0.0\nkind: hydrant\n");
    expect(broken).toMatchObject({ id: null, version: null });
    expect(broken.problems[0]).toMatchObject({ severity: "error", line: expect.any(Number) as number });
    const stolen = await put(text.replace("scale: 0.001", "scale: 0.004"));
    expect(stolen.problems.at(-1)).toMatchObject({ advice: "raise the version", severity: "error" });
    const third = await put(text.replace(NB, "generic/hydrant-nb@1.4.0"));
    expect(third).toEqual({ id: "generic/hydrant-nb", version: "1.4.0", problems: [] });
    rmSync(join(dir, "profiles/hydrant.yaml"));
    await hub.api("/api/profiles/reload", { method: "POST", body: {} });
    const versions = await hub.api<VersionInfo[]>("/api/profiles/generic%2Fhydrant-nb/versions");
    expect(versions.map(({ version, state, devices }) => [version, state, devices])).toEqual([
      ["1.4.0", "file", 0],
      ["1.3.0", "retired", 0],
      ["1.2.0", "promoted", 1],
    ]);
    expect(versions[0]).toMatchObject({ addedBy: "admin", origin: "api" });
    const body = { profile: NEXT, hex: frame(start, 0.3).toString("hex") };
    const decoded = await hub.api<DecodeInfo>("/api/profiles/decode", { method: "POST", body });
    expect(decoded.readings).toContainEqual({ metric: "pressure", value: 0.6, unit: "MPa", quality: 0 });
    expect(decoded).toMatchObject({ ts: start, rejection: null });
    const lint = await hub.api<LintInfo>("/api/profiles/lint", {
      method: "POST",
      body: { text: text.replace("0.28, tilt", "0.3, tilt") },
    });
    expect(lint.problems).toMatchObject([{ field: "vectors[0]", severity: "warning" }]);
    expect(await hub.api("/api/audit/verify")).toEqual({ whole: true, broken: null });
    const { items } = await hub.api<{ items: { action: string }[] }>("/api/audit");
    const actions = items.map(({ action }) => action);
    expect(actions).toEqual(
      expect.arrayContaining(["profile_upload", "profile_redecode", "profile_promote", "profile_rollback"]),
    );
  });
});
