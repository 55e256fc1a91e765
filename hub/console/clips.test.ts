import { describe, expect, it, vi } from "vitest";
import { violations } from "../../test/support/axe.ts";
import { browserMissing } from "../../test/support/browser.ts";
import { consoleScene } from "./scene.testing.ts";

const missing = browserMissing();

describe.skipIf(missing !== "")(`clips in a browser ${missing}`, () => {
  const scene = consoleScene();
  const { at, open, shot } = scene;
  const event = async (title: string): Promise<void> => {
    await at("nav-events").click();
    await at("event-row").filter({ hasText: title }).first().click();
    await at("event-clips").waitFor();
  };
  const clip = (state: string) => scene.page.locator(`[data-testid=clip][data-state=${state}]`);
  const shown = () => at("clip-count").textContent();

  it("plays the clip that the hub fetched by itself, with keys alone, and says what another camera's waits for", async () => {
    await open();
    await event("疑似明火");
    await clip("here").getByText("系统自动请求").waitFor();
    await clip("wanted").getByText("网关离线,上线后自动取回").waitFor();
    await at("clip-watch").click();
    await vi.waitFor(async () => expect(await shown()).toBe("1 / 38"));
    await expect.poll(() => at("clip-time").textContent()).toContain("发生前 10 秒");
    await shot("clips-fire");
    const face = at("clip-face");
    await face.focus();
    for (let i = 0; i < 20; i++) await scene.page.keyboard.press("ArrowRight");
    await vi.waitFor(async () => expect(await shown()).toBe("21 / 38"));
    // boxes stand over the very picture that they were found in
    const boxes = at("clip-player").locator("svg rect.box");
    await boxes.first().waitFor();
    await expect.poll(() => at("clip-time").textContent()).toContain("事件发生时刻");
    await shot("clips-boxes");
    await scene.page.keyboard.press("b");
    await vi.waitFor(async () => expect(await boxes.count()).toBe(0));
    await scene.page.keyboard.press("End");
    await vi.waitFor(async () => expect(await shown()).toBe("38 / 38"));
    // from the beginning, since it was at its end: watched in the page, which misses none however busy the machine is
    const counts = await at("clip-count").evaluateHandle((label) => {
      const seen: string[] = [];
      new MutationObserver(() => seen.push(label.textContent)).observe(label, { characterData: true, subtree: true });
      return seen;
    });
    await scene.page.keyboard.press("Space");
    await vi.waitFor(async () => expect(await counts.jsonValue()).toContain("3 / 38"));
    await scene.page.keyboard.press("Space");
    expect((await counts.jsonValue()).slice(0, 3)).toEqual(["1 / 38", "2 / 38", "3 / 38"]);
    await at("clip-slider").fill("36");
    await at("clip-player").getByText("间隔 11 秒").waitFor();
    expect(await violations(scene.page)).toEqual([]);
    await scene.theme("light");
    await shot("clips-light");
    expect(await violations(scene.page)).toEqual([]);
  });

  it("fetches a clip on an operator's word and follows it until it is there", async () => {
    await scene.page.emulateMedia({ reducedMotion: "reduce" });
    await open("", "operator");
    await event("疑似占道摊贩");
    await clip("at_edge").getByRole("link", { name: "在网关上打开" }).waitFor();
    await shot("clips-at-edge");
    // each look at the clip is a step further: the next one waits until this one was seen
    let [looks, allowed] = [0, 0];
    await scene.page.route("**/api/events/*/clips", async (route) => {
      const look = route.request().method() === "GET" ? ++looks : 0;
      await vi.waitFor(() => expect(look).toBeLessThanOrEqual(allowed), { timeout: 120_000 });
      await route.continue();
    });
    await at("clip-fetch").click();
    await clip("wanted").getByText("operator 请求").waitFor();
    allowed = 1;
    await clip("coming").getByText("已到 0.4 MB").waitFor();
    await shot("clips-coming");
    expect(await violations(scene.page)).toEqual([]);
    allowed = 2;
    await clip("coming").getByText("已到 1.2 MB").waitFor();
    allowed = Infinity;
    await at("clip-player").getByText("每秒最多一幅").waitFor();
    await at("clip-next").click();
    await vi.waitFor(async () => expect(await shown()).toBe("2 / 38"));
    await scene.page.route("**/frames/37", (route) => route.abort());
    await at("clip-slider").press("End");
    await at("clip-player").getByText("这一幅无法读取").waitFor();
  });

  it("lets a viewer look, and says when a clip is gone or the hub cannot tell", async () => {
    await scene.page.route("**/api/clips/*", (route) =>
      route.fulfill({ status: 404, contentType: "application/json", body: '{"code":"NOT_FOUND","message":"clip"}' }),
    );
    await scene.page.route("**/api/events/*/clips", (route) => route.abort(), { times: 1 });
    await open("", "viewer");
    await event("疑似明火");
    await at("event-clips").getByRole("button", { name: "重试" }).click();
    await at("clip-watch").click();
    await at("event-clips").getByText("录像已过保存期或已被删除").waitFor();
    await event("疑似占道摊贩");
    await at("event-clips").getByText("值班员可以取回录像").waitFor();
    await expect.poll(() => at("clip-fetch").count()).toBe(0);
  });
});
