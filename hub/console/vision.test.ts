import { describe, expect, it, vi } from "vitest";
import { violations } from "../../test/support/axe.ts";
import { browserMissing } from "../../test/support/browser.ts";
import { consoleScene } from "./scene.testing.ts";

const missing = browserMissing();

describe.skipIf(missing !== "")(`vision in a browser ${missing}`, () => {
  const scene = consoleScene();
  const { at, open, shot } = scene;

  it("shows every camera as a picture, finds those that are silent in a town, and one in depth", async () => {
    await open();
    await at("nav-vision").click();
    await at("camera").first().waitFor();
    await at("camera").locator("img").first().waitFor();
    await shot("vision-wall");
    const before = await at("camera").count();
    await at("vision-more").click();
    await vi.waitFor(async () => expect(await at("camera").count()).toBeGreaterThan(before));
    await scene.page.locator("[data-testid=camera][data-state=watching]", { hasText: "占道经营" }).first().click();
    const panel = at("camera-panel");
    await panel.getByText("疑似,持续").waitFor();
    await panel.getByTestId("precision").waitFor();
    await panel.locator("img").waitFor();
    await shot("vision-camera");
    expect(await violations(scene.page)).toEqual([]);
    await at("vision-state-silent").click();
    await vi.waitFor(async () => {
      const states = await at("camera").evaluateAll((all) => all.map((tile) => (tile as HTMLElement).dataset.state));
      expect(new Set(states)).toEqual(new Set(["silent"]));
    });
    await at("vision-town").selectOption({ label: "花鸟乡" });
    await at("vision-find").fill("没有这台");
    await scene.page.getByText("没有符合条件的摄像机").waitFor();
    await scene.page.getByRole("button", { name: "清除筛选" }).click();
    await vi.waitFor(async () => expect(await at("camera").count()).toBe(before));
    // the camera that is looked at stays, and leads to its events and its calibration
    await expect.poll(() => panel.count()).toBe(1);
    await at("camera-calibrate").click();
    await scene.page.waitForURL(/#\/devices\/.+\/calibration$/u);
  });

  it("shows models with what they were measured to do, and why one is refused", async () => {
    await open("#/vision/models", "viewer");
    const model = (name: string) => scene.page.locator(`[data-testid=model][data-name=${name}]`);
    await model("fire-smoke-waste").getByText("中位 19.4 毫秒").waitFor();
    await model("fire-smoke-waste").getByText("63.3%").waitFor();
    await model("helmet").getByText("sha256").waitFor();
    await at("vision-load").getByText("可处理 58.6").waitFor();
    await shot("vision-models");
    expect(await violations(scene.page)).toEqual([]);
    await scene.page.getByLabel("评价时段").selectOption("7");
    await scene.page.waitForURL(/models\?days=7/u);
  });

  it("is accessible in the light", async () => {
    await open("#/vision");
    await scene.theme("light");
    // one that turns says so, on the wall and beside it
    await at("camera").filter({ hasText: "转动中" }).first().click();
    await at("camera-panel").getByTestId("camera-moving").waitFor();
    await at("camera-panel").getByText("画面中的目标不定位").waitFor();
    await shot("vision-camera-light");
    expect(await violations(scene.page)).toEqual([]);
    await at("vision-models").click();
    await at("model").first().waitFor();
    await shot("vision-models-light");
    expect(await violations(scene.page)).toEqual([]);
  });
});
