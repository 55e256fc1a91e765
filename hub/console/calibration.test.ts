import { describe, expect, it } from "vitest";
import { violations } from "../../test/support/axe.ts";
import { browserMissing } from "../../test/support/browser.ts";
import { offset, seenAt } from "../src/vision/calibration/world.testing.ts";
import { cameraOf } from "./dev/calibration.ts";
import { consoleScene } from "./scene.testing.ts";

const missing = browserMissing();

describe.skipIf(missing !== "")(`calibration in a browser ${missing}`, () => {
  const scene = consoleScene();
  const { at, open, shot } = scene;

  async function openCamera(username: string): Promise<{ lon: number; lat: number }> {
    await open("", username);
    const camera = await scene.page.evaluate(async () => {
      const { items } = (await (await fetch("/api/devices?limit=5000")).json()) as {
        items: { uid: string; kind: string; lon: number; lat: number }[];
      };
      return items.find((d) => d.kind === "camera");
    });
    if (camera === undefined) throw new Error("the mock has no camera");
    await scene.page.goto(`${scene.mock.url}/#/devices/${camera.uid}`);
    await at("calibrate").click();
    await at("cal-picture").waitFor();
    return camera;
  }

  async function clickPicture(x: number, y: number): Promise<void> {
    const box = await at("cal-picture").boundingBox();
    if (box === null) throw new Error("no picture");
    await scene.page.mouse.click(box.x + x * box.width, box.y + y * box.height);
  }

  it("takes four points in the picture and on the map, shows residuals and net, tests a place, saves and forgets", async () => {
    const device = await openCamera("admin");
    const camera = cameraOf(device);
    await at("cal-state").getByText("还需 4 个完整的点").waitFor();
    const map = scene.page.locator(".leaflet-container");
    const mapBox = await map.boundingBox();
    if (mapBox === null) throw new Error("no map");
    // the map shows the camera in its middle at zoom 18.5
    const metres = (156_543.034 * Math.cos((device.lat * Math.PI) / 180)) / 2 ** 18.5;
    const b = (camera.bearing * Math.PI) / 180;
    for (const [across, along] of [
      [-7, 14],
      [7, 14],
      [9, 52],
      [-10, 52],
    ] as const) {
      // prettier-ignore
      const east = along * Math.sin(b) + across * Math.cos(b);
      const north = along * Math.cos(b) - across * Math.sin(b);
      const place = offset(device.lon, device.lat, east, north);
      const [x, y] = seenAt(camera, place.lon, place.lat) ?? [0, 0];
      await clickPicture(x, y);
      await scene.page.mouse.click(
        mapBox.x + mapBox.width / 2 + east / metres,
        mapBox.y + mapBox.height / 2 - north / metres,
      );
    }
    await at("cal-state").getByText("地面方格 10 m").waitFor();
    await expect.poll(() => scene.page.locator("polyline").count()).toBeGreaterThan(10);
    await expect.poll(() => at("cal-mark").count()).toBe(4);

    // by keyboard: a point moves in the picture and on the map, and goes
    const before = await at("cal-mark")
      .first()
      .evaluate((e) => e.style.left);
    await at("cal-mark").first().focus();
    await scene.page.keyboard.press("Shift+ArrowRight");
    await expect
      .poll(() =>
        at("cal-mark")
          .first()
          .evaluate((e) => e.style.left),
      )
      .not.toBe(before);
    await scene.page.keyboard.press("Shift+ArrowLeft");
    const pin = scene.page.locator('[data-mark="2"]');
    await pin.focus();
    await scene.page.keyboard.press("ArrowUp");
    await expect.poll(() => scene.page.evaluate(() => document.activeElement?.getAttribute("data-mark"))).toBe("2");
    await scene.page.keyboard.press("ArrowDown");

    await at("cal-test").click();
    await clickPicture(0.5, 0.55);
    await at("cal-result")
      .getByText(/误差 .+ 以内/u)
      .waitFor();
    await shot("points-dark");
    expect(await violations(scene.page)).toEqual([]);
    await at("theme-switch").click();
    await shot("points-light");
    expect(await violations(scene.page)).toEqual([]);

    await at("cal-save").click();
    await scene.page.getByText("已保存为第 1 版").waitFor();
    await expect.poll(() => at("cal-save").isDisabled()).toBe(true);
    await at("cal-mark").nth(3).focus();
    await scene.page.keyboard.press("Delete");
    await at("cal-state").getByText("还需 1 个完整的点").waitFor();
    await at("cal-discard").click();
    await at("cal-state").getByText("地面方格 10 m").waitFor();
    await scene.page.reload();
    await at("cal-state").getByText("地面方格 10 m").waitFor();
    await expect.poll(() => at("cal-mark").count()).toBe(4);
  });

  it("keeps a calibration for each preset of a camera that turns", async () => {
    await scene.page.route("**/calibration", async (route) => {
      const response = await route.fetch();
      const info = (await response.json()) as { frame: object };
      await route.fulfill({ response, json: { ...info, frame: { ...info.frame, preset: "north" } } });
    });
    await openCamera("admin");
    const preset = scene.page.getByLabel("预置位");
    await expect.poll(() => preset.inputValue()).toBe("north");
    await at("cal-pose").click();
    const height = scene.page.getByLabel("高度(米)").last();
    await height.fill("9");
    await at("cal-save").click();
    await scene.page.getByText("已保存为第 1 版").waitFor();
    // the fixed view has none: its draft begins anew
    await preset.selectOption({ label: "固定画面" });
    await at("cal-state").getByText("还需 4 个完整的点").waitFor();
    await preset.selectOption("north");
    await expect.poll(() => height.inputValue()).toBe("9");
    await scene.page.reload();
    await expect.poll(() => height.inputValue()).toBe("9");
    expect(await violations(scene.page)).toEqual([]);
  });

  it("takes height and direction, and says of the sky that only a bearing is known; a viewer may look and not save", async () => {
    await openCamera("operator");
    await at("cal-pose").click();
    await scene.page.getByLabel("方位角(°)").last().fill("25");
    await scene.page.getByLabel("高度(米)").last().fill("7");
    await at("cal-state").getByText("地面方格").waitFor();
    await clickPicture(0.5, 0.7);
    await at("cal-result")
      .getByText(/误差 .+ 以内/u)
      .waitFor();
    await clickPicture(0.5, 0.02);
    await at("cal-result").getByText("只知方位").waitFor();
    await shot("pose-dark");
    await expect.poll(() => at("cal-save").count()).toBe(0);
    await scene.page.getByText("仅管理员可保存").waitFor();
    expect(await violations(scene.page)).toEqual([]);
    await at("lang-switch").click();
    await scene.page.setViewportSize({ width: 1920, height: 1080 });
    await scene.page.getByText("Height and direction").first().waitFor();
    await shot("pose-en-1920");
    expect(await violations(scene.page)).toEqual([]);
  });
});
