import { describe, expect, it, vi } from "vitest";
import { violations } from "../../test/support/axe.ts";
import { browserMissing } from "../../test/support/browser.ts";
import { consoleScene } from "./scene.testing.ts";

const missing = browserMissing();

describe.skipIf(missing !== "")(`upkeep of devices in a browser ${missing}`, () => {
  const scene = consoleScene();
  const { at, open, shot } = scene;

  it("tells the depth of a device's health, and opens a ticket once however often it is sent", async () => {
    await open("#/devices", "operator");
    await scene.page.locator("[data-testid=health-tile][data-health=offline]").first().click();
    await at("device-depth").getByText("约剩 10 天").waitFor();
    await at("device-depth").locator("svg path").first().waitFor();
    await at("device-depth").scrollIntoViewIfNeeded();
    await shot("device-depth");
    await at("ticket-open").click();
    await expect.poll(() => at("ticket-send").isDisabled()).toBe(true);
    await at("ticket-text").fill("阀杆锈死,需要扳手和两个人");
    await shot("device-ticket");
    expect(await violations(scene.page)).toEqual([]);
    const keys: string[] = [];
    let lost = true;
    await scene.page.route("**/tickets", (route) => {
      keys.push((route.request().postDataJSON() as { key: string }).key);
      // the hub took it, the answer is lost on the way
      return lost ? route.fetch().then(() => route.abort()) : route.continue();
    });
    await at("ticket-send").click();
    await scene.page.getByText("服务没有响应").waitFor();
    lost = false;
    await at("ticket-send").click();
    await scene.page.getByText("工单已提交").waitFor();
    expect(keys).toHaveLength(2);
    expect(new Set(keys).size).toBe(1);
    await at("ticket-see").click();
    await at("event-panel").getByText("人工报告").waitFor();
    await at("event-panel").getByText("阀杆锈死,需要扳手和两个人").first().waitFor();
    await at("nav-devices").click();
  });

  it("shows which firmware runs where, and the devices that are not on the usual one", async () => {
    await open("#/reports", "viewer");
    await at("reports-firmware").click();
    await at("firmware").getByText("2.3.7").first().waitFor();
    await shot("firmware");
    expect(await violations(scene.page)).toEqual([]);
    const all = await at("firmware-row").count();
    await at("firmware-mixed").click();
    await vi.waitFor(async () => expect(await at("firmware-row").count()).toBeLessThan(all));
    await at("firmware").locator("a").first().click();
    await at("device-depth").getByText("同型号多为 2.4.1").waitFor();
    await scene.theme("light");
    await shot("device-depth-light");
    expect(await violations(scene.page)).toEqual([]);
    await expect.poll(() => at("ticket-open").count()).toBe(0);
  });
});
