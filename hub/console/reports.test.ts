import { execFileSync } from "node:child_process";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { violations } from "../../test/support/axe.ts";
import { browserMissing, openBrowser, type TestBrowser } from "../../test/support/browser.ts";
import { DEV_PASSWORD, type Mock, startMock } from "./dev/mock.ts";

const HERE = import.meta.dirname;
const missing = browserMissing();
/** a folder for pictures to look at; none are taken without it */
const SHOTS = process.env.GRIDHUB_SCREENSHOTS ?? "";

describe.skipIf(missing !== "")(`reports in a browser ${missing}`, () => {
  let browser: TestBrowser;
  let mock: Mock;
  let page: Page;
  let problems: string[];

  const at = (id: string) => page.getByTestId(id);
  async function open(hash: string): Promise<void> {
    await page.goto(`${mock.url}/${hash}`);
    await at("login-username").fill("viewer");
    await at("login-password").fill(DEV_PASSWORD);
    await at("login-submit").click();
    await at("nav-map").waitFor();
  }
  async function shot(name: string): Promise<void> {
    if (SHOTS !== "") await page.screenshot({ path: join(SHOTS, `${name}.png`) });
  }

  beforeAll(async () => {
    execFileSync(process.execPath, [join(HERE, "build.ts")]);
    browser = await openBrowser();
  });
  afterAll(() => browser?.close());
  beforeEach(async () => {
    mock = await startMock({ dist: join(HERE, "dist") });
    ({ page, problems } = await browser.newPage());
  });
  afterEach(async () => {
    await page.context().close();
    await mock.close();
    expect(problems).toEqual([]);
  });

  it("goes from a town down to its devices, sorts, and exports what is shown", async () => {
    await open("#/map");
    await at("nav-reports").click();
    const table = at("report");
    await table.waitFor();
    await shot("reports-town");
    await at("report-by").selectOption("device");
    await table.getByRole("columnheader", { name: "设备", exact: true }).waitFor();
    expect(await table.locator("tbody tr").count()).toBeGreaterThan(50);
    await table.getByRole("button", { name: "离线次数" }).click();
    await page.waitForURL(/sort=outages/);
    const file = (await at("report-csv").getAttribute("href")) ?? "";
    expect(file).toMatch(/^\/api\/reports\/availability\.csv\?/);
    for (const word of ["by=device", "sort=outages", "order=desc", "lang=zh"]) expect(file).toContain(word);
    await shot("reports-device");
    await at("report-by").selectOption("town");
    await table.locator("tbody a").first().click();
    await page.waitForURL(/by=device&grid=/);
  });

  it("counts events and lists batteries by the days that are left", async () => {
    await open("#/reports/events");
    await at("report").waitFor();
    await shot("reports-events");
    await at("reports-batteries").click();
    await page.getByText("更换 · 0 天").waitFor();
    await shot("reports-batteries");
  });

  it("tells on the wall what gateways hold back", async () => {
    await open("#/devices");
    await at("wall-spool").waitFor();
    await shot("wall");
    expect(await violations(page)).toEqual([]);
    await at("wall-spool").click();
    await page.waitForURL(/onboarding\/edges/);
  });

  it("shows what is near an event, with the direction in which a camera has to look", async () => {
    await open("#/events");
    await page.getByTestId("event-row").first().click();
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
    await open("#/reports");
    await page.evaluate((t) => (document.documentElement.dataset.theme = t), theme);
    for (const room of ["availability", "events", "batteries"]) {
      await at(`reports-${room}`).click();
      await at("report").waitFor();
      expect(await violations(page), room).toEqual([]);
      await shot(`reports-${room}-${theme}`);
    }
  });
});
