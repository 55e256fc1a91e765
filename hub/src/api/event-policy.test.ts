import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { codesCommand } from "../cli/codes.ts";
import { startScene } from "./api.testing.ts";

let scene: Awaited<ReturnType<typeof startScene>>;
let admin: string;
let operator: string;
let scoped: string;
const dir = mkdtempSync(join(tmpdir(), "gridhub-codes-"));
beforeAll(async () => {
  scene = await startScene();
  admin = await scene.account("eva", "admin");
  operator = await scene.account("ope", "operator");
  scoped = await scene.account("sco", "operator", ["east"]);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  rmSync(dir, { recursive: true });
  await scene.close();
});

const HOUR = 3_600_000;
interface Answer {
  etag: string;
  etags: { fusion: string; ladder: string };
  items: { id: number; kind: string; open: boolean; grid: string; etag: string }[];
  problems: { line: number }[];
  written: boolean;
  code: string;
}
const call = (
  path: string,
  token: string,
  body?: object,
  method = body === undefined ? "GET" : "POST",
  etag?: string,
) =>
  scene.call<Answer>(method, path, {
    token,
    body,
    ...(etag !== undefined && { headers: { "if-match": `"${etag}"` } }),
  });
const codeOf = async (kind: string) =>
  (await call("/api/event-codes", admin)).body.items.find((row) => row.kind === kind)!;

describe("codes", () => {
  it("go out and come in as CSV, all or none, and the event book speaks them at once", async () => {
    vi.stubEnv("GRIDHUB_TOKEN", admin);
    const said = vi.spyOn(console, "log").mockImplementation(() => {});
    const file = join(dir, "codes.csv");
    expect(await codesCommand(["export", file, "--url", scene.address])).toBe(0);
    const csv = readFileSync(file, "utf8");
    expect(await codesCommand(["check", file])).toBe(0);
    writeFileSync(
      file,
      csv.replace(/^bin\.full,[^\r]*/m, "bin.full,01,0107,垃圾满溢,满溢,Bin is full,facility,3,0,false,east"),
    );
    expect(await codesCommand(["import", file, "--url", scene.address, "--dry-run"])).toBe(0);
    expect(scene.context.events.policy.codes.info("bin.full").provisional).toBe(true);
    expect(await codesCommand(["import", file, "--url", scene.address])).toBe(0);
    const { codes } = scene.context.events.policy;
    expect(codes.info("bin.full")).toMatchObject({ provisional: false, code: "0107" });
    expect([codes.refusal("bin.full", "east"), codes.refusal("bin.full", "west")]).toEqual([null, "code 0107 is not admitted in west"]); // prettier-ignore
    writeFileSync(file, csv.replace("bin.full,", "bin.full!,"));
    expect(await codesCommand(["import", file, "--url", scene.address])).toBe(1);
    expect(said.mock.calls.flat().join("\n")).toMatch(/codes\.csv:\d+: kind: "bin\.full!" is no kind/);
    // a new start writes the catalogue again, but not over what was edited
    await scene.context.eventPolicy.start();
    expect(scene.context.events.policy.codes.info("bin.full").code).toBe("0107");
    said.mockRestore();
  });

  it("row by row and as a file, are not written over what somebody else changed meanwhile", async () => {
    const { etag: table } = (await call("/api/event-codes", admin)).body;
    const { kind, etag, ...row } = await codeOf("bin.full");
    const path = `/api/event-codes/${kind}`;
    const put = (titleEn: string, tag?: string) => call(path, admin, { ...row, titleEn }, "PUT", tag);
    expect((await put("first", etag)).body.written).toBe(true);
    expect(await put("second", etag)).toMatchObject({ status: 412, body: { code: "CHANGED_MEANWHILE" } });
    expect(await put("blind")).toMatchObject({ status: 428, body: { code: "IF_MATCH_NEEDED" } });
    expect(scene.context.events.policy.codes.info(kind).titleEn).toBe("first");
    const csv = `kind,class,code,code_name,title_zh,title_en,group,severity,auto_hand_off,provisional,towns
bin.full,01,0107,满溢,满溢,third,facility,3,0,false,`;
    const file = (tag?: string) => call("/api/event-codes/import", admin, { csv }, "POST", tag);
    expect(await file(table)).toMatchObject({ status: 412, body: { code: "CHANGED_MEANWHILE" } });
    expect(await file()).toMatchObject({ status: 428, body: { code: "IF_MATCH_NEEDED" } });
    const { etag: now } = (await call("/api/event-codes", admin)).body;
    expect((await file(now)).body).toMatchObject({ rows: 1, written: true });
    expect(scene.context.events.policy.codes.info(kind).titleEn).toBe("third");
  });

  it("of a new kind need nothing that was looked at, and are made once", async () => {
    const { kind: _kind, etag: _etag, ...row } = await codeOf("bin.full");
    const put = (tag?: string) => call("/api/event-codes/bin.new", admin, row, "PUT", tag);
    const both = await Promise.all([put(), put()]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, expect.toBeOneOf([412, 428])]);
    expect((await put("nothing")).status).toBe(412);
  });

  it("are changed by administrators who see everything only", async () => {
    expect((await call("/api/event-codes/import", operator, { csv: "" })).status).toBe(403);
    expect((await call("/api/event-codes", operator)).body.items.length).toBeGreaterThan(50);
  });
});

describe("settings", () => {
  const LADDER = "/api/event-settings/ladder";
  const step = (kind: string) => [{ kind, severity: 1, village_s: 60, town_s: 60 }];
  const etags = async () => (await call("/api/event-settings", admin)).body.etags;

  it("are lists that are taken as a whole, checked, and given back to the defaults by null", async () => {
    const ladder = step("flood.*");
    const taken = await call(LADDER, admin, { value: ladder }, "PUT", (await etags()).ladder);
    expect(taken.body).toMatchObject({ ladder });
    expect(scene.context.events.policy.ladder.of("flood.warning", 1)).toMatchObject(ladder[0]);
    const { ladder: etag } = taken.body.etags;
    const bad = await call(LADDER, admin, { value: [{ kind: "flood.*" }] }, "PUT", etag);
    expect([bad.status, bad.body.code]).toEqual([400, "INVALID"]);
    expect((await call(LADDER, admin, { value: null }, "PUT", etag)).status).toBe(200);
    expect(scene.context.events.policy.ladder.of("vessel.sos", 1)).toMatchObject({ kind: "*" });
  });

  it("of two people who looked at the same, the second is refused, and another list is nobody's business", async () => {
    const seen = await etags();
    const put = (kind: string, etag?: string) => call(LADDER, admin, { value: step(kind) }, "PUT", etag);
    const both = await Promise.all([put("fire.*", seen.ladder), put("bin.*", seen.ladder)]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 412]);
    const late = both.find(({ status }) => status === 412)!;
    expect(late.body.code).toBe("CHANGED_MEANWHILE");
    const [first] = both.filter(({ status }) => status === 200);
    expect((await call("/api/event-settings", admin)).body).toEqual(first.body);
    const blind = await put("bin.*");
    expect([blind.status, blind.body.code]).toEqual([428, "IF_MATCH_NEEDED"]);
    const other = await call("/api/event-settings/fusion", admin, { value: [] }, "PUT", seen.fusion);
    expect(other.status).toBe(200);
    expect((await call(LADDER, admin, { value: null }, "PUT", first.body.etags.ladder)).status).toBe(200);
  });
});

describe("mutes and windows", () => {
  it("keep an event quiet until they are ended, within the caller's grids", async () => {
    const to = Date.now() + HOUR;
    const muted = await call("/api/event-quiet", scoped, { type: "mute", grid: "east", to, reason: "works" });
    expect(muted.body.items).toMatchObject([{ grid: "east", open: true }]);
    expect(scene.context.events.policy.quiet.of("bench.hot", "x", ["east"], Date.now())?.reason).toBe("works");
    expect((await call("/api/event-quiet", scoped, { type: "mute", grid: "west", to, reason: "x" })).status).toBe(404);
    expect((await call("/api/event-quiet", scoped, { type: "mute", kind: "*", to, reason: "x" })).status).toBe(403);
    const [{ id }] = muted.body.items;
    const foreign = await scene.account("wes", "operator", ["west"]);
    expect((await call("/api/event-quiet", foreign)).body.items).toEqual([]);
    expect((await call(`/api/event-quiet/${id}/end`, foreign, {})).status).toBe(404);
    expect((await call(`/api/event-quiet/${id}/end`, scoped, {})).body.items).toEqual([]);
    expect((await call("/api/event-quiet?past=true", operator)).body.items).toMatchObject([{ id, open: false }]);
    expect(scene.context.events.policy.quiet.of("bench.hot", "x", ["east"], Date.now())).toBeNull();
  });

  it("are audited whatever is typed: half a surrogate pair is no text for the database", async () => {
    const reason = "works \ud800";
    const made = await call("/api/event-quiet", operator, {
      type: "mute",
      grid: "east",
      to: Date.now() + HOUR,
      reason,
    });
    expect(made.status).toBe(200);
    const { rows } = await scene.pool.query("SELECT detail->>'reason' AS reason FROM audit ORDER BY seq DESC LIMIT 1");
    expect(rows).toEqual([{ reason: "works \ufffd" }]);
    await call(`/api/event-quiet/${made.body.items[0].id}/end`, operator, {});
  });

  it.each<[string, object]>([
    ["nothing named", {}],
    ["a mute for ever", { kind: "*", to: Date.now() + 40 * 24 * HOUR }],
    ["a mute that recurs", { kind: "*", weekly: { days: [1], from: "09:00", minutes: 60 } }],
    ["an end before the beginning", { kind: "*", from: Date.now() + 2 * HOUR }],
    ["an hour that is none", { type: "window", kind: "*", weekly: { days: [1], from: "25:00", minutes: 60 } }],
  ])("are refused: %s", async (_name, body) => {
    const { status, body: answer } = await call("/api/event-quiet", operator, { type: "mute", to: Date.now() + HOUR, reason: "x", ...body }); // prettier-ignore
    expect([status, answer.code]).toEqual([400, "INVALID"]);
  });
});
