import { describe, expect, it, vi } from "vitest";
import { violations } from "../../test/support/axe.ts";
import { browserMissing } from "../../test/support/browser.ts";
import { DEV_PASSWORD } from "./dev/mock.ts";
import { consoleScene } from "./scene.testing.ts";

const missing = browserMissing();

describe.skipIf(missing !== "")(`console in a browser ${missing}`, () => {
  const scene = consoleScene();
  const { at, open } = scene;
  async function live(state: string): Promise<void> {
    await scene.page.locator(`[data-testid=live-status][data-state=${state}]`).waitFor();
  }

  it("whistles for departments, asks for a reason to reject, shows what one incident is made of", async () => {
    await open();
    await live("live");
    await at("event-row").filter({ hasText: "疑似明火" }).first().click();
    await at("event-parts").getByText("渔港路 12 号烟感").waitFor();
    await at("event-ladder").getByText("上报至村社").waitFor();
    await at("action-whistle").click();
    await expect.poll(() => at("whistle-send").isDisabled()).toBe(true);
    await at("whistle-departments").fill("消防、应急");
    await at("whistle-send").click();
    await at("event-handling").getByText("已交办").waitFor();
    await at("action-reject").click();
    await scene.page.getByText("请先填写原因").waitFor();
    await at("action-note").fill("不属本部门");
    await at("action-reject").click();
    await at("event-handling").getByText("已退回").waitFor();
    await expect.poll(() => at("action-return").count()).toBe(1);
    expect(await violations(scene.page)).toEqual([]);
  });

  it("mutes an event's subject with a reason, lists the mute for others and ends it", async () => {
    await open("", "operator");
    await at("event-row").first().click();
    await at("event-quiet").click();
    await expect.poll(() => at("quiet-save").isDisabled()).toBe(true);
    await at("quiet-reason").fill("焊接作业");
    await at("quiet-save").click();
    await at("quiet-item").waitFor();
    await scene.page.keyboard.press("Escape");
    await at("nav-events").click();
    await at("quiet-open").click();
    await at("quiet-item").getByText("焊接作业").waitFor();
    expect(await violations(scene.page)).toEqual([]);
    await at("quiet-item").getByRole("button").click();
    await at("quiet-none").waitFor();
  });

  it("shows a recall, takes the word of the radio room, ends the recall and opens another", async () => {
    await open("", "operator");
    await scene.page.goto(`${scene.mock.url}/#/maritime/recall`);
    await at("recall-sum").getByText("/ 1,168 艘在港").waitFor();
    const before = await at("recall-sum").locator("b").innerText();
    await at("recall-formation").first().click();
    expect(await violations(scene.page)).toEqual([]);
    await scene.page.locator("tr", { hasText: "未动" }).getByTestId("recall-word").first().click();
    await scene.page.getByLabel("报告已在港").check();
    await at("recall-note").fill("靠泊枸杞");
    await at("recall-say").click();
    await vi.waitFor(async () => expect(await at("recall-sum").locator("b").innerText()).not.toBe(before));
    await scene.page.getByText("电台报告").waitFor();
    await at("recall-end").click();
    await at("recall-end-save").click();
    await at("recall-open").click();
    await expect.poll(() => at("recall-save").isDisabled()).toBe(true);
    await at("recall-title").fill("第 15 号台风");
    await at("recall-grid").nth(1).check();
    await scene.theme("light");
    expect(await violations(scene.page)).toEqual([]);
    await at("recall-save").click();
    await at("recall-sum").getByText("/ 170 艘在港").waitFor();
    await expect.poll(() => at("recall-sum").locator("select option").count()).toBe(2);
  });

  it("plays a vessel's track back, by button and by keyboard", async () => {
    await open();
    await scene.page.goto(`${scene.mock.url}/#/maritime/vessel/412400001`);
    const slider = at("track-player").getByRole("slider");
    await vi.waitFor(async () => expect(await slider.isDisabled()).toBe(false));
    const end = Number(await slider.inputValue());
    await at("track-play").click();
    await vi.waitFor(async () => expect(Number(await slider.inputValue())).toBeLessThan(end));
    await at("track-play").click();
    await slider.focus();
    await scene.page.keyboard.press("End");
    await vi.waitFor(async () => expect(Number(await slider.inputValue())).toBeGreaterThan(end - 20_000));
  });

  it("refuses a wrong password and says so", async () => {
    await scene.page.goto(scene.mock.url);
    await at("login-username").fill("admin");
    await at("login-password").fill("wrong");
    await at("login-submit").click();
    await scene.page.getByText("用户名或密码不正确").waitFor();
    expect(await violations(scene.page)).toEqual([]);
  });

  it("logs in, goes live, and takes an event from the list to its evidence and an acknowledgement", async () => {
    await open();
    await live("live");
    const row = at("event-row").first();
    await row.click();
    const panel = at("event-panel");
    await panel.locator("img").first().waitFor();
    await expect.poll(() => panel.locator("svg rect.box").count()).toBe(2);
    await at("action-note").fill("已派员");
    await at("action-acknowledge").click();
    await panel.getByTestId("event-handling").getByText("已确认").waitFor();
    await panel.getByText("已派员").waitFor();
    await row.getByText("已确认").waitFor();
    await expect.poll(() => at("action-acknowledge").count()).toBe(0);
    await expect.poll(() => at("action-hand_off").isDisabled()).toBe(false);
    await expect.poll(() => at("action-comment").isDisabled()).toBe(true);
    await at("action-note").fill("已通知物业");
    await at("action-comment").click();
    await panel.getByText("已通知物业").waitFor();
    await panel.getByTestId("event-handling").getByText("已确认").waitFor();
  });

  it("changes the password, and says what is wrong with one", async () => {
    await open();
    const attempt = async (current: string, next: string, again: string, says: string) => {
      await at("password-current").fill(current);
      await at("password-next").fill(next);
      await at("password-again").fill(again);
      await at("password-save").click();
      await scene.page.getByText(says).waitFor();
    };
    await at("user-menu").click();
    await at("password-open").click();
    await attempt(DEV_PASSWORD, "short", "short", "新密码至少 12 个字符");
    await attempt(DEV_PASSWORD, "a-long-enough-one", "another-long-one", "两次输入的新密码不一致");
    await attempt("wrong", "a-long-enough-one", "a-long-enough-one", "当前密码不正确");
    expect(await violations(scene.page)).toEqual([]);
    await attempt(DEV_PASSWORD, "a-long-enough-one", "a-long-enough-one", "其他 1 处登录已退出");
    await at("password-close").click();
    await at("password-current").waitFor({ state: "detached" });
  });

  it("draws a chart around the moment of a sensor event", async () => {
    await open();
    await at("event-row").filter({ hasText: "水压低" }).first().click();
    await at("event-panel").locator(".uplot canvas").waitFor();
  });

  it("switches language and theme and keeps both", async () => {
    await open();
    await at("lang-switch").click();
    await scene.page.getByRole("link", { name: "Events" }).waitFor();
    await at("theme-switch").click();
    await scene.page.reload();
    await scene.page.getByRole("link", { name: "Events" }).waitFor();
    await expect.poll(() => scene.page.getAttribute("html", "data-theme")).toBe("light");
    await expect.poll(() => scene.page.getAttribute("html", "lang")).toBe("en");
  });

  it("works through the inbox by keyboard alone", async () => {
    await open();
    await at("nav-events").click();
    await at("event-row").first().waitFor();
    await scene.page.keyboard.press("j");
    await scene.page.keyboard.press("j");
    await scene.page.keyboard.press("k");
    await at("event-panel").getByTestId("event-handling").getByText("未确认").waitFor();
    await scene.page.keyboard.press("a");
    await at("event-panel").getByTestId("event-handling").getByText("已确认").waitFor();
    await scene.page.keyboard.press("Escape");
    await at("event-panel").waitFor({ state: "detached" });
    await scene.page.keyboard.press("/");
    await scene.page.keyboard.type("没有这样的事件");
    await scene.page.getByText("没有符合条件的事件").waitFor();
  });

  it("loads further pages of the inbox as the list is scrolled", async () => {
    await open();
    await at("nav-events").click();
    await expect.poll(() => at("event-row").count()).toBe(60);
    await scene.page.locator(".scroll").evaluate((box) => box.scrollTo(0, box.scrollHeight));
    await expect.poll(() => at("event-row").count()).toBe(120);
  });

  it("shows a dead stream, repairs it from the last id and gets what it missed", async () => {
    await open();
    await live("live");
    scene.mock.stream.freeze(true);
    await live("stale");
    await scene.page.getByText("实时连接已中断").waitFor();
    const missed = scene.mock.openEvent();
    scene.mock.stream.freeze(false);
    await live("live");
    expect(scene.mock.stream.resumed.length).toBeGreaterThan(0);
    await scene.page.locator(`[data-testid=event-row][data-id="${missed.event.id}"]`).waitFor();
  });

  it("loads everything again upon a reset", async () => {
    await open();
    await live("live");
    await at("nav-devices").click();
    await at("health-tile").first().waitFor();
    // asked for after the reset, not still on its way from the beginning
    const again = scene.page.waitForRequest((r) => r.url().includes("/api/devices?"));
    scene.mock.stream.reset();
    expect((await (await again).response())?.ok()).toBe(true);
  });

  it("shows a device from its tile on the wall", async () => {
    await open();
    await at("nav-devices").click();
    await at("health-tile").first().waitFor();
    await expect.poll(() => at("health-tile").count()).toBe(608);
    await scene.page.locator("[data-testid=health-tile][data-health=offline]").first().click();
    await at("device-panel").locator(".uplot canvas").waitFor();
  });

  it("shows the token of a new edge once and replays a dead letter", async () => {
    await open();
    await at("nav-onboarding").click();
    await at("onboarding-edges").click();
    await at("edge-new").click();
    await at("edge-site").fill("caiyuan");
    await at("edge-name").fill("edge-99");
    await at("edge-create").click();
    await expect.poll(() => at("edge-token").textContent()).toMatch(/^ghe_/u);
    await scene.page.keyboard.press("Escape");
    await scene.page.getByRole("cell", { name: "caiyuan/edge-99" }).waitFor();
    await at("onboarding-dead").click();
    await at("dead-replay").nth(3).click();
    await scene.page.locator(".done").first().waitFor();
  });

  it("tells a viewer what the account may not do", async () => {
    await open("", "viewer");
    await at("event-row").first().click();
    await scene.page.getByText("当前账号为只读").waitFor();
    await expect.poll(() => at("action-close").count()).toBe(0);
    await at("nav-onboarding").click();
    await scene.page.getByText("没有查看权限").waitFor();
    for (const room of ["profiles", "dead"]) {
      await at(`onboarding-${room}`).click();
      await scene.page.getByText("没有查看权限").waitFor();
    }
    await at("onboarding-edges").click();
    await scene.page.getByText("仅管理员可新建凭据").waitFor();
    await expect.poll(() => at("edge-new").count()).toBe(0);
  });

  it.each(["dark", "light"])("has no accessibility violations on any page, %s", async (theme) => {
    await scene.page.addInitScript((t) => localStorage.setItem("gridhub.theme", t), theme);
    await open();
    await live("live");
    const found: string[] = [];
    const openEvent = async () => {
      await at("event-row").first().click();
      await at("event-panel").getByTestId("event-handling").waitFor();
    };
    // what is looked at is there before it is judged
    const pages: Record<string, () => Promise<unknown>> = {
      "#/map": openEvent,
      "#/events": openEvent,
      "#/devices": () => at("health-tile").first().waitFor(),
      "#/devices/caiyuan/hydrant-0006": () => at("device-depth").locator("dl").waitFor(),
      "#/maritime/vessel/412400000": () => at("track-play").waitFor(),
      "#/onboarding/dead": () => at("dead-replay").first().waitFor(),
      "#/onboarding/edges": () => scene.page.getByRole("cell", { name: "caiyuan/edge-01" }).waitFor(),
      "#/screen": () => scene.page.locator(".leaflet-container").waitFor(),
    };
    for (const [hash, ready] of Object.entries(pages)) {
      await scene.page.goto(`${scene.mock.url}/${hash}`);
      await live("live");
      await ready();
      found.push(...(await violations(scene.page)).map((v) => `${hash} ${v}`));
    }
    expect(found).toEqual([]);
  });
});
