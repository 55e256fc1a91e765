import { execFileSync } from "node:child_process";
import { join } from "node:path";
import type { Locator, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, vi } from "vitest";
import { openBrowser, type TestBrowser } from "../../test/support/browser.ts";
import { DEV_PASSWORD, type Mock, startMock } from "./dev/mock.ts";

const HERE = import.meta.dirname;
/** a folder for pictures to look at; none are taken without it */
const SHOTS = process.env.GRIDHUB_SCREENSHOTS ?? "";
const SIZES = [
  { width: 1920, height: 1080 },
  { width: 1440, height: 900 },
];

const PATIENCE_MS = 180_000;

/** What a test of the console stands on: the built console, a mock of the API of its own, one page. */
export interface ConsoleScene {
  readonly mock: Mock;
  readonly page: Page;
  at(testId: string): Locator;
  /** Opens a page of the console (`#/reports`) and logs in; `user` is admin, operator or viewer. */
  open(hash?: string, user?: string): Promise<void>;
  /** Switches the theme as a person does; also while a dialog is open. */
  theme(to: "dark" | "light"): Promise<void>;
  /** Pictures of the page as it is, at both sizes, when GRIDHUB_SCREENSHOTS names a folder. */
  shot(name: string): Promise<void>;
}

/**
 * Registers the hooks that build the console when it changed, open a browser for the file, and a mock and a page for each test.
 * After each test there must have been no uncaught error, no breach of the content security policy and no request elsewhere.
 */
export function consoleScene(): ConsoleScene {
  // A test is many steps, each with a patience of its own: together they may take long on a busy machine.
  vi.setConfig({ testTimeout: PATIENCE_MS });
  let browser: TestBrowser | undefined;
  let mock: Mock;
  let page: Page;
  let problems: string[];
  beforeAll(async () => {
    execFileSync(process.execPath, [join(HERE, "build.ts")], { stdio: ["ignore", "ignore", "inherit"] });
    browser = await openBrowser();
  }, 120_000);
  afterAll(() => browser?.close());
  beforeEach(async () => {
    mock = await startMock({ dist: join(HERE, "dist") });
    if (browser === undefined) throw new Error("no browser");
    ({ page, problems } = await browser.newPage());
  });
  afterEach(async () => {
    await page.context().close();
    await mock.close();
    expect(problems).toEqual([]);
  });
  const at = (testId: string): Locator => page.getByTestId(testId);
  return {
    get mock() {
      return mock;
    },
    get page() {
      return page;
    },
    at,
    async open(hash = "", user = "admin") {
      await page.goto(hash === "" ? mock.url : `${mock.url}/${hash}`);
      await at("login-username").fill(user);
      await at("login-password").fill(DEV_PASSWORD);
      await at("login-submit").click();
      await at("nav-map").waitFor();
    },
    async theme(to) {
      if ((await page.getAttribute("html", "data-theme")) === to) return;
      await at("theme-switch").dispatchEvent("click");
      await expect.poll(() => page.getAttribute("html", "data-theme")).toBe(to);
    },
    async shot(name) {
      if (SHOTS === "") return;
      for (const size of SIZES) {
        await page.setViewportSize(size);
        await page.waitForTimeout(400);
        await page.screenshot({ path: join(SHOTS, `${name}-${size.width}.png`) });
      }
    },
  };
}
