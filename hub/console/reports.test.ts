import { describe, expect, it } from "vitest";
import { violations } from "../../test/support/axe.ts";
import { browserMissing } from "../../test/support/browser.ts";
import { consoleScene } from "./scene.testing.ts";

const missing = browserMissing();

describe.skipIf(missing !== "")(`reports in a browser ${missing}`, () => {
  const scene = consoleScene();
  const { at, open, shot } = scene;

  it("goes from a town down to its devices, sorts, and exports what is shown", async () => {
    await open("#/map", "viewer");
    await at("nav-reports").click();
    const table = at("report");
    await table.waitFor();
    await shot("reports-town");
    await at("report-by").selectOption("device");
    await table.getByRole("columnheader", { name: "设备", exact: true }).waitFor();
    await expect.poll(() => table.locator("tbody tr").count()).toBeGreaterThan(50);
    await table.getByRole("button", { name: "离线次数" }).click();
    await scene.page.waitForURL(/sort=outages/);
    const file = (await at("report-csv").getAttribute("href")) ?? "";
    expect(file).toMatch(/^\/api\/reports\/availability\.csv\?/);
    for (const word of ["by=device", "sort=outages", "order=desc", "lang=zh"]) expect(file).toContain(word);
    await shot("reports-device");
    await at("report-by").selectOption("town");
    await table.locator("tbody a").first().click();
    await scene.page.waitForURL(/by=device&grid=/);
  });

  it("counts events and lists batteries by the days that are left", async () => {
    await open("#/reports/events", "viewer");
    await at("report").waitFor();
    await shot("reports-events");
    await at("reports-batteries").click();
    await scene.page.getByText("更换 · 0 天").waitFor();
    await shot("reports-batteries");
  });

  it("tells on the wall what gateways hold back", async () => {
    await open("#/devices", "viewer");
    await at("wall-spool").waitFor();
    await shot("wall");
    expect(await violations(scene.page)).toEqual([]);
    await at("wall-spool").click();
    await scene.page.waitForURL(/onboarding\/edges/);
  });

  it("shows what is near an event, with the direction in which a camera has to look", async () => {
    await open("#/events", "viewer");
    await scene.page.getByTestId("event-row").first().click();
    const panel = at("event-panel");
    await panel.getByText("周边").first().click();
    const near = at("nearby");
    await near.getByText("船舶").waitFor();
    await near.getByRole("combobox").selectOption("2000");
    await near.getByText("所在").waitFor();
    await near.scrollIntoViewIfNeeded();
    await shot("event-nearby");
  });

  it.each(["dark", "light"] as const)("has no accessibility violations, %s", async (theme) => {
    await open("#/reports", "viewer");
    await scene.theme(theme);
    for (const room of ["availability", "events", "batteries"]) {
      await at(`reports-${room}`).click();
      await at("report").waitFor();
      expect(await violations(scene.page), room).toEqual([]);
      await shot(`reports-${room}-${theme}`);
    }
  });
});
