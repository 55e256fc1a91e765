import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { requireOrSkip } from "./require.ts";

const CHROMIUM = "/usr/bin/chromium";
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** "" where a browser is installed, else the reason to skip (throws under GRIDHUB_REQUIRE_ALL=1). */
export function browserMissing(): string {
  return requireOrSkip("chromium", { program: CHROMIUM });
}

export interface TestPage {
  readonly page: Page;
  /** uncaught errors, console errors (also of the content security policy) and requests that leave the loopback */
  readonly problems: string[];
}

export interface TestBrowser extends AsyncDisposable {
  /** A page in a context of its own: no cookies or storage shared with other pages. 1440x900, zh-CN unless told otherwise. */
  newPage(options?: BrowserContextOptions): Promise<TestPage>;
  close(): Promise<void>;
}

/** Starts headless Chromium with a fresh profile. Close it, or hold it with `await using`. */
export async function openBrowser(): Promise<TestBrowser> {
  const browser: Browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  const close = (): Promise<void> => browser.close();
  return {
    newPage: async (options = {}) => {
      const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: "zh-CN", ...options });
      const page = await context.newPage();
      return { page, problems: watch(page) };
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function watch(page: Page): string[] {
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(`uncaught: ${error.message}`));
  page.on("console", (message) => {
    // A status that is not 2xx is logged by the browser as an error; whether it is one is for the test to say.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource"))
      problems.push(`console: ${message.text()}`);
  });
  page.on("request", (request) => {
    const { protocol, hostname } = new URL(request.url());
    if (protocol.startsWith("http") && !["127.0.0.1", "localhost", "[::1]"].includes(hostname))
      problems.push(`external request: ${request.url()}`);
  });
  return problems;
}
