import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { sampleItem } from "../sample.testing.ts";
import { EVENT_FIELDS } from "./fields.ts";
import { readMapping } from "./mapping.ts";

const MAPPINGS = join(import.meta.dirname, "../../../mappings");
const GOLDEN = join(import.meta.dirname, "golden");
const body = (item = sampleItem()) => item.body as Record<string, unknown>;
const BARE = {
  gridId: null,
  lon: null,
  lat: null,
  deviceId: null,
  evidence: {},
  sensing: "cleared" as const,
  clearedAt: Date.UTC(2025, 10, 22, 3),
};

describe("mappings that come along", () => {
  const names = readdirSync(MAPPINGS).filter((name) => !name.startsWith("notice."));
  it.each(names)("%s makes what its golden file says", (name) => {
    const mapping = readMapping(readFileSync(join(MAPPINGS, name), "utf8"), name, "Asia/Shanghai");
    const cases = { full: body(), bare: body(sampleItem(BARE, { what: "clear", note: "", who: "hub" })) };
    const made = Object.entries(cases).map(([which, event]) => {
      const text = mapping.body(event);
      const shown = mapping.contentType.includes("json") ? JSON.stringify(JSON.parse(text), null, 2) : text;
      const headers = [...mapping.headers].map(([header, value]) => `${header}: ${value.text(event)}\n`).join("");
      return `# ${which}\n${headers}content-type: ${mapping.contentType}\n\n${shown}\n`;
    });
    const file = join(GOLDEN, name.replace(/\.yaml$/, ".txt"));
    // UPDATE_GOLDEN=1 writes them anew; look at the difference before it is kept
    if (process.env.UPDATE_GOLDEN === "1") writeFileSync(file, made.join("\n"));
    expect(existsSync(file)).toBe(true);
    expect(made.join("\n")).toBe(readFileSync(file, "utf8"));
  });
});

describe("fields that a template may name", () => {
  it("are those that the hub writes, each of them", () => {
    const event = body(sampleItem({}, { what: "whistle", evidence: { departments: ["水利站"] } }));
    const walk = (fields: unknown, value: unknown, path: string): void => {
      if (fields === "any") return;
      if (fields === null) return expect(typeof value === "object" && value !== null, path).toBe(false);
      if (Array.isArray(fields)) {
        expect(Array.isArray(value), path).toBe(true);
        return walk(fields[0], (value as unknown[])[0], `${path}[0]`);
      }
      expect(Object.keys(value as object).sort(), path).toEqual(Object.keys(fields as object).sort());
      for (const [name, inner] of Object.entries(fields as object))
        walk(inner, (value as Record<string, unknown>)[name], `${path}.${name}`);
    };
    walk(EVENT_FIELDS, event, "event");
  });
});

describe("a mapping", () => {
  const make = (yaml: string, event = body()) => {
    const mapping = readMapping(`mapping: v1\n${yaml}`, "m.yaml", "Asia/Shanghai");
    return JSON.parse(mapping.body(event)) as unknown;
  };

  it.each<[string, unknown]>([
    ["'{data.severity}'", 1],
    ["'{data.severity | text}'", "1"],
    ["'x{data.severity}'", "x1"],
    ["'{data.cleared}'", null],
    ["'{data.cleared | default:''-''}'", "-"],
    ["'{{{data.kind}}}'", "{flood.guarantee}"],
    ["'{data.grid.path[-1].name}'", "第三网格"],
    ["'{data.grid.path[9].name}'", null],
    ["'{data.grid.path | where:level,town | pick:codes | first | pick:gb}'", "330922100000"],
    ["'{data.grid.path | pick:name | join:'' / ''}'", "嵊泗县 / 菜园镇 / 基湖村 / 第三网格"],
    ["'{data.opened | date}'", "2025-11-22 09:58:30"],
    ["'{data.opened | date:''YYYYMMDDHHmmss''}'", "20251122095830"],
    ["'{data.opened | epoch:s}'", 1_763_776_710],
    ["'{data.position.lon | round:4}'", 122.4561],
    ["'{data.title.zh | cut:2 | upper}'", "水位"],
    ["'{data.evidence.water_level}'", 3.42],
    ["'{data.evidence | json}'", '{"water_level":3.42,"frames":[{"hash":"0123456789abcdef"}]}'],
    ["{a: {$when: data.cleared, b: 1}, c: [1, {$when: data.device, d: 2}]}", { c: [1, { d: 2 }] }],
    ["{$each: data.grid.path, $body: '{item.id}'}", ["330922", "330922100", "330922100-07", "330922100-07-3"]],
    ["{__proto__: {x: 1}, n: null, t: true}", expect.objectContaining({ n: null, t: true })],
  ])("renders %s", (yaml, expected) => {
    expect(make(`body: ${yaml}`)).toEqual(expected);
  });

  it.each([
    ["body: '{data.titel}'", /m\.yaml: body: data\.titel: data has no "titel"; it has event, revision, kind/],
    ["body: {a: {b: '{data.severity.x}'}}", /body\.a\.b: data\.severity\.x: data\.severity is a plain value/],
    ["body: '{data.grid.path.name}'", /is a list; write data\.grid\.path\[0\]\.name/],
    ["body: '{data.kind | shout}'", /there is no filter "shout"; there are default, table/],
    ["body: '{data.kind | table:level}'", /there is no table "level"; there are none/],
    ["body: '{data.kind | cut}'", /cut: expected characters, found 0/],
    ["body: '{data.kind | cut:-1}'", /cut: expected a whole number/],
    ["body: 'a {data.kind'", /the "\{" at 3 is never closed/],
    ["body: 'a }'", /a "\}" without its "\{" at 3/],
    ["body: '{data..kind}'", /"data\.\.kind" is no path/],
    ["body: {$each: data.media}", /\$each needs \$body/],
    ["body: {$if: x}", /there is no \$if; there are/],
    ["body: 1\nbodi: 2", /m\.yaml: .*unknown key bodi/],
    ["headers: {X-A: '{id}'}", /body/],
    ["body: 1\nheaders: {Host: x}", /headers\.Host: is set by the hub/],
    ["body: [\n", /m\.yaml/],
    ["body: x\ncontent_type: application/x-www-form-urlencoded", /a form needs a map of fields/],
  ])("refuses %j and says why", (yaml, message) => {
    expect(() => make(yaml)).toThrow(message);
  });
});
