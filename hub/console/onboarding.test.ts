import { describe, expect, it } from "vitest";
import { violations } from "../../test/support/axe.ts";
import { browserMissing } from "../../test/support/browser.ts";
import { consoleScene } from "./scene.testing.ts";

const missing = browserMissing();
const HYDRANT = "#/onboarding/profiles/generic%2Fhydrant-nb";

describe.skipIf(missing !== "")(`onboarding in a browser ${missing}`, () => {
  const scene = consoleScene();
  const { at, open } = scene;
  const row = (device: string) => scene.page.locator(`[data-testid=quarantine-row][data-device=${device}]`);
  const tab = async (room: string) => (await at(`onboarding-${room}`).locator("b").textContent()) ?? "";

  it("adopts an unknown device with the profile that fits, and says what became of its messages", async () => {
    await open("#/onboarding");
    await expect.poll(() => tab("quarantine")).toBe("18");
    await row("hydrant-903").click();
    const panel = at("quarantine-panel");
    await panel.getByRole("cell", { name: "压力" }).waitFor();
    await panel.getByText("68 01 01 18 00 0a 00 b4").waitFor();
    await expect.poll(() => at("suggestion").first().isChecked()).toBe(true);

    await at("adopt-open").click();
    await at("adopt-lon").fill("122.45");
    await at("adopt-do").click();
    await scene.page.getByText("经度和纬度要么都填").waitFor();
    await at("adopt-lat").fill("30.72");
    await scene.page.getByText(/位于 .+ 网格/u).waitFor();
    await at("adopt-name").fill("海滨路消火栓");
    await at("adopt-do").click();
    const result = at("adopt-result");
    await result.getByText("共重放 18 条").waitFor();
    await result.getByText("已入库 16 条").waitFor();
    await result.getByText("校验码不符 2").waitFor();
    await scene.page.keyboard.press("Escape");
    await row("hydrant-903").waitFor({ state: "detached" });
    await expect.poll(() => tab("quarantine")).toBe("17");
  });

  it("adopts all devices with one suggestion; one that fails says why and stays", async () => {
    await open("#/onboarding");
    await scene.page.getByText("14 台建议相同").waitFor();
    await at("bulk-open").first().click();
    await at("bulk-do").click();
    await scene.page.getByText("已完成 14 / 14").waitFor();
    await scene.page
      .getByRole("row", { name: /hydrant-913/u })
      .getByText("已有同名设备")
      .waitFor();
    await expect.poll(() => at("bulk-do").textContent()).toContain("1");
    await scene.page.keyboard.press("Escape");
    await expect.poll(() => tab("quarantine")).toBe("5");
    await expect.poll(() => row("hydrant-913").count()).toBe(1);
  });

  it("sets a device aside and takes it back", async () => {
    await open("#/onboarding/quarantine/caiyuan%2Fedge-03%2Funknown-modem", "operator");
    await scene.page.getByText("没有模型能解码这些样本").waitFor();
    await expect.poll(() => at("adopt-open").count()).toBe(0);
    await at("quarantine-ignore").click();
    await row("unknown-modem").waitFor({ state: "detached" });
    await at("quarantine-ignored").click();
    await row("unknown-modem").click();
    await scene.page.getByText(/operator 于 .+ 忽略/u).waitFor();
    await at("quarantine-ignore").click();
    await row("unknown-modem").waitFor({ state: "detached" });
  });

  it("checks a text while it is typed, leads to the line, and saves a new version", async () => {
    await open(`${HYDRANT}/text?version=1.2.0`);
    const editor = at("profile-editor");
    await expect.poll(() => editor.inputValue()).toContain("id: generic/hydrant-nb@1.2.0");
    const text = await editor.inputValue();
    await editor.fill(text.replace("scale: 0.001", "scael: 0.001"));
    await scene.page.locator("[data-testid=lint-state][data-state=checked][data-errors='1']").waitFor();
    await expect.poll(() => at("profile-save").isDisabled()).toBe(true);
    await at("lint-problem").click();
    const chosen = () =>
      editor.evaluate((area: HTMLTextAreaElement) => area.value.slice(area.selectionStart, area.selectionEnd));
    await expect.poll(chosen).toContain("scael");
    expect(await violations(scene.page)).toEqual([]);

    await editor.fill(text.replace("scale: 0.001", "scale: 0.002"));
    await at("profile-bump").click();
    await expect.poll(() => editor.inputValue()).toContain("id: generic/hydrant-nb@1.4.0");
    await scene.page.locator("[data-testid=lint-state][data-state=checked][data-errors='0']").waitFor();
    await at("profile-save").click();
    await scene.page.getByRole("combobox", { name: "版本" }).getByText("1.4.0").waitFor({ state: "attached" });
    await expect.poll(() => editor.inputValue()).toContain("scale: 0.002");
  });

  it("gives the tabulator back after Escape: nobody is caught in the editor", async () => {
    await open("#/onboarding/profiles/new");
    await at("profile-template").click();
    const editor = at("profile-editor");
    await editor.focus();
    await scene.page.keyboard.press("Tab");
    await expect.poll(() => editor.evaluate((area) => area === document.activeElement)).toBe(true);
    await scene.page.keyboard.press("Escape");
    await scene.page.keyboard.press("Tab");
    await expect.poll(() => editor.evaluate((area) => area === document.activeElement)).toBe(false);
  });

  it("compares a new version in the shadow, moves the devices, and moves them back", async () => {
    await open(`${HYDRANT}/shadow`);
    await at("shadow-start").click();
    const report = at("shadow-report");
    await report.getByText("有差异").waitFor();
    await report.getByRole("row", { name: /压力 12 976/u }).waitFor();
    await report.getByText("hydrant.low_pressure").waitFor();
    expect(await violations(scene.page)).toEqual([]);

    await at("profile-versions").click();
    await at("version-promote").first().click();
    await at("version-do").click();
    const newest = at("version-row").first();
    await newest.getByText("使用中").waitFor();
    await newest.getByTestId("version-rollback").click();
    await at("version-do").click();
    await newest.getByText("已停用").waitFor();
  });

  it("decodes history again: dry first, with progress and differences, and can be cancelled", async () => {
    await open(`${HYDRANT}/redecode`);
    await scene.page.getByText("还没有重解任务").waitFor();
    await at("redecode-start").click();
    const job = at("redecode-job").first();
    await job.getByRole("progressbar").waitFor();
    await job.getByRole("row", { name: /hydrant-0006 压力 0.14 0.28/u }).waitFor();
    expect(await violations(scene.page)).toEqual([]);
    await job.getByTestId("redecode-cancel").click();
    await scene.page.locator("[data-testid=redecode-job][data-state=cancelled]").waitFor();

    await at("redecode-dry").uncheck();
    await at("redecode-start").click();
    await scene.page.getByText("建议先试算").waitFor();
    expect(await violations(scene.page)).toEqual([]);
    await at("redecode-confirm").click();
    await scene.page.locator("[data-testid=redecode-job][data-state=running]").getByText("正式").waitFor();
  });

  it("brings a sample to the bench, and explains a frame that is refused", async () => {
    await open("#/onboarding");
    await row("hydrant-901").click();
    await at("quarantine-panel").getByRole("link", { name: "试解码" }).click();
    const out = at("try-out");
    await out.getByRole("cell", { name: "0.28" }).waitFor();
    await at("try-input").fill("69 01");
    await at("try-do").click();
    await out.getByText("帧起止符缺失").waitFor();
    await at("try-input").fill("69 0");
    await scene.page.getByText("不是完整的十六进制字节").waitFor();
    await expect.poll(() => at("try-do").isDisabled()).toBe(true);
    expect(await violations(scene.page)).toEqual([]);
  });

  it("says what went wrong when the hub does not answer, and loads again when asked", async () => {
    // away until somebody asks for it: the page asks again by itself, too, every ten seconds
    await scene.page.addInitScript(() =>
      addEventListener("click", (e) => (document.title = (e.target as HTMLElement).innerText), true),
    );
    await scene.page.route("**/api/quarantine", async (route) => {
      if ((await scene.page.title()) === "重试") await route.continue();
      else await route.fulfill({ status: 503, json: { code: "DB_UNAVAILABLE", message: "the database is away" } });
    });
    await open("#/onboarding");
    await scene.page.getByText("加载失败").waitFor();
    expect(await violations(scene.page)).toEqual([]);
    await scene.page.getByRole("button", { name: "重试" }).click();
    await row("hydrant-901").waitFor();
  });

  it("says what would appear where nothing is yet", async () => {
    await scene.page.route("**/api/quarantine", (route) => route.fulfill({ json: { items: [] } }));
    await scene.page.route("**/api/profiles", (route) => route.fulfill({ json: { items: [], problems: [] } }));
    await open("#/onboarding");
    await scene.page.getByText("没有待接入的设备").waitFor();
    expect(await violations(scene.page)).toEqual([]);
    await at("onboarding-profiles").click();
    await scene.page.getByText("还没有设备模型").waitFor();
    expect(await violations(scene.page)).toEqual([]);
  });

  it("lets an operator read profiles and change none", async () => {
    await open(`${HYDRANT}/text`, "operator");
    await expect.poll(() => at("profile-editor").getAttribute("readonly")).not.toBeNull();
    await expect.poll(() => at("profile-new").count()).toBe(0);
    await at("profile-versions").click();
    await at("version-row").first().waitFor();
    await expect.poll(() => at("version-promote").count()).toBe(0);
    await at("profile-redecode").click();
    await scene.page.getByText("仅管辖全域的管理员可操作").waitFor();
    expect(await violations(scene.page)).toEqual([]);
  });

  it.each(["dark", "light"])("has no accessibility violations in any room, %s", async (theme) => {
    await scene.page.addInitScript((t) => localStorage.setItem("gridhub.theme", t), theme);
    await open("#/onboarding");
    const found: string[] = [];
    const check = async (what: string) => found.push(...(await violations(scene.page)).map((v) => `${what} ${v}`));
    await row("hydrant-902").click();
    await at("suggestion").first().waitFor();
    await check("quarantine");
    await at("adopt-open").click();
    await check("adopt");
    await at("adopt-do").click();
    await at("adopt-result").waitFor();
    await check("adopted");
    await scene.page.keyboard.press("Escape");
    await at("bulk-open").first().click();
    await check("bulk");
    await scene.page.keyboard.press("Escape");
    await at("onboarding-profiles").click();
    await scene.page.getByText("选择左侧模型").waitFor();
    await check("profiles");
    await at("profile-row").first().click();
    for (const section of ["versions", "text", "shadow", "redecode", "try"]) {
      await at(`profile-${section}`).click();
      await scene.page.locator(`[data-testid=profile-${section}][aria-current=page]`).waitFor();
      await check(section);
    }
    await at("profile-new").click();
    await at("profile-template").click();
    await check("new profile");
    expect(found).toEqual([]);
  });
});
