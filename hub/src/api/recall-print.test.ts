import { writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { browserMissing, openBrowser, type TestBrowser } from "../../../test/support/browser.ts";
import { printCss, printPage } from "./recall-print.ts";
import type { RecallBoardInfo, RecallVessel } from "./recall-schema.ts";

const NOW = Date.UTC(2026, 10, 22, 3, 5);
const COUNTS = { in_port: 0, heading_in: 0, staying: 0, heading_out: 0, silent: 0, exempt: 0, total: 0, acknowledged: 0 }; // prettier-ignore

function vessel(i: number, more: Partial<RecallVessel> = {}): RecallVessel {
  const place = { lon: 122.4, lat: 30.6, sog: 7.4, cog: 270, heardAt: NOW - 60_000, harbour: null, harbourName: "" };
  const way = { shelter: "h1", shelterName: "枸杞中心渔港", distanceNm: 23.4, etaAt: NOW + 11_000_000 };
  const base = {
    mmsi: 412_400_000 + i,
    name: `浙嵊渔 ${String(5000 + i)}`,
    formationId: "f",
    byWord: false,
    ack: null,
  };
  return { ...base, ...place, ...way, standing: "heading_in", ...more };
}

/** `n` boats outside in formations of six */
function board(n: number, more: Partial<RecallVessel> = {}): RecallBoardInfo {
  const formations = Array.from({ length: Math.ceil(n / 6) }, (_, f) => {
    const vessels = Array.from({ length: Math.min(6, n - f * 6) }, (_, i) => vessel(f * 6 + i, more));
    const counts = { ...COUNTS, heading_in: vessels.length, total: vessels.length };
    return {
      gridId: `f${f}`,
      name: `枸杞 · 拖网 ${f + 1} 编组`,
      parentName: "枸杞乡",
      counts,
      lastEtaAt: null,
      vessels,
    };
  });
  const counts = { ...COUNTS, heading_in: n, total: n };
  const recall = { id: "r", title: "第 14 号台风", grids: [{ id: "g", name: "枸杞乡" }], shelters: [], deadline: NOW + 9_000_000, raiseBy: "vessel", remindMin: [], state: "open", openedAt: NOW, endedAt: null, whole: true, changes: [], counts } as const; // prettier-ignore
  return {
    recall: { ...recall, grids: [...recall.grids], shelters: [], remindMin: [], changes: [] },
    now: NOW,
    detour: 1.25,
    cruiseKn: 7,
    formations,
    areas: [],
    trend: [],
  };
}

describe("the radio room's page", () => {
  it("names the most urgent first, in the room's time, and who has answered", () => {
    const one = board(2);
    one.formations[0].vessels[1] = vessel(1, {
      standing: "silent",
      etaAt: null,
      heardAt: NOW - 3_120_000,
      ack: { said: "coming", ts: NOW - 60_000, who: "radio", note: "<b>电话</b>" },
    });
    const html = printPage(one, "Asia/Shanghai");
    expect(html.indexOf("浙嵊渔 5001")).toBeLessThan(html.indexOf("浙嵊渔 5000"));
    expect(html).toContain("截止 <b>11/22 13:35</b>");
    expect(html).toContain('class="box on"');
    expect(html).toContain("11:04 &lt;b&gt;电话&lt;/b&gt;");
    expect(html).toContain("10:13");
    expect(html).not.toMatch(/style=|<script/);
  });

  it("says so when everybody is in", () => {
    expect(printPage(board(0), "Asia/Shanghai")).toContain("全部在港");
  });
});

const missing = browserMissing();
describe.skipIf(missing !== "")(`the radio room's page on paper ${missing}`, () => {
  let browser: TestBrowser;
  let folder: string;
  beforeAll(async () => {
    browser = await openBrowser();
    folder = await mkdtemp(join(tmpdir(), "gridhub-print-"));
  });
  afterAll(async () => {
    await browser?.close();
    await rm(folder, { recursive: true, force: true });
  });

  it("is one sheet of A4 for 75 boats outside, two when there are more", async () => {
    const { page } = await browser.newPage();
    const pages = async (n: number) => {
      const file = join(folder, `${n}.html`);
      const html = printPage(board(n), "Asia/Shanghai");
      writeFileSync(file, html.replace('<link rel="stylesheet" href="/api/recalls/print.css">', `<style>${printCss}</style>`)); // prettier-ignore
      await page.goto(`file://${file}`);
      const pdf = await page.pdf({ preferCSSPageSize: true });
      return [...pdf.toString("latin1").matchAll(/\/Type\s*\/Page\b/gu)].length;
    };
    expect(await pages(75)).toBe(1);
    expect(await pages(120)).toBe(2);
    await page.context().close();
  });
});
