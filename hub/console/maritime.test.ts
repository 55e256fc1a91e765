import { describe, expect, it, vi } from "vitest";
import { violations } from "../../test/support/axe.ts";
import { browserMissing } from "../../test/support/browser.ts";
import { consoleScene } from "./scene.testing.ts";

const missing = browserMissing();

describe.skipIf(missing !== "")(`maritime desk in a browser ${missing}`, () => {
  const scene = consoleScene();
  const { at, open } = scene;
  const inBothThemes = async (): Promise<string[]> => {
    await scene.theme("dark");
    const dark = await violations(scene.page);
    await scene.theme("light");
    return [...dark, ...(await violations(scene.page))];
  };
  const file = (name: string, content: unknown) => ({
    name,
    mimeType: "application/geo+json",
    buffer: Buffer.from(JSON.stringify(content)),
  });
  /** Clicks on the map, px from its corner, once it shows what it shows first. */
  async function tap(...places: readonly (readonly [number, number])[]): Promise<void> {
    const box = (await scene.page.locator("[data-fitted=true] .leaflet-container").boundingBox())!;
    for (const [x, y] of places) await scene.page.mouse.click(box.x + x, box.y + y);
  }

  it("lists formations by what is wrong, filters and sorts them, and opens one into its vessels", async () => {
    await open("#/maritime");
    const rows = at("formation-row");
    await rows.first().getByText("失联 1").waitFor();
    await at("formation-filter-split").click();
    await vi.waitFor(async () => expect(await rows.count()).toBe(1));
    await expect.poll(() => rows.first().innerText()).toContain("分裂");
    await at("formation-filter-split").click();
    await at("formation-under").selectOption("330922100");
    await vi.waitFor(async () => expect(await rows.count()).toBe(31));
    await scene.page.getByRole("button", { name: "散布" }).click();
    await vi.waitFor(async () => {
      const spreads = await rows.locator("td:nth-child(3)").allInnerTexts();
      const numbers = spreads.map(Number).filter((n) => !Number.isNaN(n));
      expect(numbers.length).toBeGreaterThan(10);
      expect(numbers).toEqual(numbers.toSorted((a, b) => b - a));
    });
    await scene.page.keyboard.press("j");
    await scene.page.locator("tr.member").first().waitFor();
    expect(await inBothThemes()).toEqual([]);
    await scene.shot("formations");
  });

  it("lets nobody overlook a call for help, and holds still for who asks for it", async () => {
    await open("#/maritime/areas");
    const { event } = scene.mock.callForHelp();
    await at("sos-call").getByText("SART 970012345").waitFor();
    const motion = () => scene.page.locator(".sos-mark i").evaluate((ring) => getComputedStyle(ring).animationName);
    await expect.poll(() => motion()).toBe("sos");
    await scene.page.emulateMedia({ reducedMotion: "reduce" });
    await expect.poll(() => motion()).toBe("none");
    await at("sos-call").click();
    await at("event-panel").getByText("示位标报警").waitFor();
    expect(scene.page.url()).toContain(event.id);
    expect(await inBothThemes()).toEqual([]);
    await scene.shot("sos");
  });

  it("tells where a vessel was silent, who hears it and where it lay", async () => {
    await open("#/maritime/vessel/412400040");
    await at("track-player")
      .getByRole("img", { name: /断报 2 处/u })
      .waitFor();
    await at("track-player").getByText("2 段,最长 48 分钟").waitFor();
    await at("vessel-panel").getByText("菜园渔港").waitFor();
    await at("vessel-panel").getByText("收到它的接收站").waitFor();
    expect(await inBothThemes()).toEqual([]);
  });

  it("shows what each receiver hears, the deaf one first", async () => {
    await open("#/maritime/receivers");
    const rows = at("receiver-row");
    await expect.poll(() => rows.first().locator("td").nth(2).innerText()).toBe("0");
    await rows.nth(1).click();
    await at("receiver-heard").locator("a").first().waitFor();
    await scene.page.locator(".scene-pin.t-off").first().waitFor();
    expect(await inBothThemes()).toEqual([]);
    await scene.shot("receivers");
  });

  it("draws an area, says at once that its border crosses itself, keeps a draft and activates it", async () => {
    await open("#/maritime/areas");
    await at("area-new").click();
    await tap([300, 250], [600, 270], [420, 480], [480, 150]);
    await at("draw-crossing").waitFor();
    await scene.page.keyboard.press("Control+z");
    await at("draw-crossing").waitFor({ state: "detached" });
    await at("area-review").click();
    await at("area-missing").getByText("还没有画边界 · 缺名称").waitFor();
    await at("draw-finish").click();
    await at("draw-size").getByText("3 个顶点").waitFor();
    // by mouse: a middle that is dragged becomes a corner, and one step takes it back
    const middle = (await scene.page.locator(".shape-middle").first().boundingBox())!;
    await scene.page.mouse.move(middle.x + 6, middle.y + 6);
    await scene.page.mouse.down();
    await scene.page.mouse.move(middle.x + 40, middle.y - 60, { steps: 4 });
    await scene.page.mouse.up();
    await at("draw-size").getByText("4 个顶点").waitFor();
    await at("draw-undo").click();
    await at("draw-size").getByText("3 个顶点").waitFor();
    // by keyboard: a corner is inserted, nudged and removed
    await scene.page.getByRole("button", { name: "第 1 个顶点" }).focus();
    await scene.page.keyboard.press("Insert");
    await at("draw-size").getByText("4 个顶点").waitFor();
    const size = await at("draw-size").innerText();
    await scene.page.keyboard.press("Shift+ArrowUp");
    await vi.waitFor(async () => expect(await at("draw-size").innerText()).not.toBe(size));
    await scene.page.keyboard.press("Delete");
    await at("draw-size").getByText("3 个顶点").waitFor();
    await at("area-name").fill("演习禁区");
    // for trawlers, on Saturdays, over midnight
    await scene.page.getByRole("button", { name: "拖网", exact: true }).click();
    await scene.page.getByRole("button", { name: "六", exact: true }).click();
    await scene.page.getByRole("button", { name: "全天有效,添加时段" }).click();
    await scene.page
      .getByLabel(/^时段\(每天\).*1$/u)
      .first()
      .fill("22:00");
    await scene.page
      .getByLabel(/^时段\(每天\).*1$/u)
      .last()
      .fill("05:00");
    await at("area-inside-now").waitFor();
    expect(await inBothThemes()).toEqual([]);
    await scene.shot("area-editor");
    await at("area-draft").click();
    await at("area-detail").getByText("草稿 · admin").waitFor();
    for (const [field, text] of [
      ["作业方式", "拖网"],
      ["星期", "六"],
      ["时段(每天)", "22:00 – 05:00"],
    ])
      // prettier-ignore
      await expect
        .poll(() => at("area-detail").locator(`dt:text-is("${field}") + dd`).innerText(), { message: field })
        .toBe(text);
    await at("area-activate").click();
    await at("area-inside").waitFor();
    expect(await violations(scene.page)).toEqual([]);
    await at("area-activate-do").click();
    await at("area-detail").getByText("生效中").waitFor();
    await at("area-detail").getByText("现有").waitFor();
  });

  it("draws a circle, keeps the work while one looks elsewhere, asks before it is dropped, and activates it at once", async () => {
    await open("#/maritime/areas");
    await at("area-new").click();
    await at("draw-circle").click();
    // by keyboard: centre at the cross, the map is moved, then the rim
    await scene.page.locator("[data-fitted=true] .leaflet-container").focus();
    await scene.page.keyboard.press("Space");
    await scene.page.keyboard.press("ArrowRight");
    await vi.waitFor(async () => {
      await scene.page.keyboard.press("Space");
      expect(await scene.page.getByText("圆,半径").count()).toBe(1);
    });
    await at("sea-tab-formations").click();
    await at("formation-row").first().waitFor();
    await at("sea-tab-areas").click();
    await scene.page.getByText("圆,半径").waitFor();
    await at("area-cancel").click();
    await at("area-cancel").getByText("放弃修改?").waitFor();
    await at("area-name").fill("临时禁区");
    await at("area-review").click();
    await at("area-activate-do").click();
    await at("area-detail").getByText("生效中").waitFor();
    await expect.poll(() => at("area-editor").count()).toBe(0);
  });

  it("says so when somebody else changed the area meanwhile, and takes a border from a file", async () => {
    await open("#/maritime/areas/d-1");
    await at("area-edit").click();
    await scene.page.evaluate(async () => {
      const { items } = (await (await fetch("/api/areas")).json()) as { items: { id: string; etag: string; draft: { area: object } }[] }; // prettier-ignore
      const { etag, draft } = items.find(({ id }) => id === "d-1")!;
      const body = JSON.stringify({ area: { ...draft.area, name: "别人的改动" }, state: "draft" });
      await fetch("/api/areas/d-1", { method: "PUT", body, headers: { "if-match": `"${etag}"` } });
    });
    await scene.page.getByText("坐标与导入").click();
    await at("draw-file").setInputFiles(file("a.geojson", {}));
    await scene.page.getByText("没有可用的多边形").waitFor();
    const coordinates = [[[122.4, 30.8], [122.5, 30.8], [122.5, 30.9], [122.45, 30.95], [122.4, 30.9], [122.4, 30.8]]]; // prettier-ignore
    const geometry = { type: "Polygon", coordinates };
    await at("draw-file").setInputFiles(file("a.geojson", { type: "Feature", properties: {}, geometry }));
    await at("draw-size").getByText("5 个顶点").waitFor();
    await at("area-draft").click();
    await scene.page.getByText("其他人刚刚改过").waitFor();
    await at("area-draft").click();
    await at("area-detail").getByText("5 个顶点").waitFor();
  });

  it("keeps the members of a formation: one more, a refusal explained, a table with its faults by line", async () => {
    await open("#/maritime/formation/m-008");
    await at("members-open").click();
    await vi.waitFor(async () => expect(await at("member-row").count()).toBe(6));
    await at("member-at").fill("2025-01-01T00:00");
    await scene.page.getByText("5 艘有效").waitFor();
    await at("member-mmsi").fill("412400010");
    await at("member-add").click();
    await scene.page.getByText("该船此时属于其他编组").waitFor();
    await at("member-mmsi").fill("412999999");
    await at("member-add").click();
    await vi.waitFor(async () => expect(await at("member-row").count()).toBe(7));
    expect(await violations(scene.page)).toEqual([]);
    await at("member-import").click();
    await at("member-csv").fill("mmsi,formation\n412400071,m-008\n4124,m-999");
    await at("member-send").click();
    await at("member-problem").nth(1).waitFor();
    await expect
      .poll(() => at("member-problem").allInnerTexts())
      .toEqual([expect.stringContaining("第 3 行"), expect.stringContaining("第 3 行")]);
    expect(await inBothThemes()).toEqual([]);
    await at("member-csv").fill("mmsi,formation\n412400071,m-008");
    await at("member-send").click();
    await at("member-send").getByText("写入").waitFor();
    await at("member-send").click();
    await at("member-result").getByText("已写入,网格版本").waitFor();
  });

  it("checks a file of grids before it is taken, shows each problem on the map, and goes back to a former version", async () => {
    const feature = (id: string) => ({ type: "Feature", geometry: null, properties: { id } });
    const features = [feature("33092210001"), feature("b")];
    await open("#/maritime/grids");
    await at("grid-upload").click();
    await at("grid-file").setInputFiles(file("grids.geojson", { type: "FeatureCollection", features }));
    await at("grid-check").click();
    await at("grid-report").getByText("1 个错误").waitFor();
    await expect.poll(() => at("grid-import").isDisabled()).toBe(true);
    await scene.page.locator(".scene-pin.t-removed").click();
    await scene.page.locator("li.on").getByText("网格重叠").waitFor();
    expect(await inBothThemes()).toEqual([]);
    await scene.shot("grid-upload");
    await at("grid-accept").check();
    await at("grid-check")
      .or(scene.page.getByRole("button", { name: "检查", exact: true }))
      .click();
    await at("grid-import").click();
    await at("version-row").first().getByText("现行").waitFor();
    await at("version-row").nth(3).click();
    await at("version-counts").getByText("新增 1").first().waitFor();
    expect(await violations(scene.page)).toEqual([]);
    await at("version-activate").click();
    await at("version-activate-do").click();
    await at("version-row").nth(3).getByText("现行").waitFor();
    // somebody else brings another version into force: the page follows the stream
    await scene.page.evaluate(() =>
      fetch("/api/grids/versions/1/activate", { method: "POST", body: "{}", headers: { "if-match": '"2"' } }),
    );
    await at("version-row").nth(4).getByText("现行").waitFor();
  });

  it("shows areas and members to who may only look, and no way to change them", async () => {
    await open("#/maritime/areas/n-1", "viewer");
    await at("area-detail").getByText("仅所属网格的管理员可以修改").waitFor();
    await expect.poll(() => at("area-edit").count()).toBe(0);
    await at("sea-tab-grids").click();
    await scene.page.getByText("没有查看权限").waitFor();
    await scene.page.goto(`${scene.mock.url}/#/maritime/formation/m-008`);
    await at("members-open").click();
    await at("member-row").first().waitFor();
    await expect.poll(() => at("member-add").count()).toBe(0);
  });
});
