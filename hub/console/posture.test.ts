import { describe, expect, it } from "vitest";
import { violations } from "../../test/support/axe.ts";
import { browserMissing } from "../../test/support/browser.ts";
import { consoleScene } from "./scene.testing.ts";

const missing = browserMissing();
const CAP = (id: string) => `<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>${id}</identifier>
  <sender>county</sender><sent>2026-01-01T08:00:00+08:00</sent><status>Actual</status><msgType>Alert</msgType>
  <scope>Public</scope><info><language>zh-CN</language><category>Met</category><event>台风</event><urgency>Immediate</urgency>
  <severity>Extreme</severity><certainty>Observed</certainty><onset>2026-01-01T08:00:00+08:00</onset>
  <expires>2099-01-01T08:00:00+08:00</expires><headline>台风红色预警信号</headline></info></alert>`;

describe.skipIf(missing !== "")(`posture in a browser ${missing}`, () => {
  const scene = consoleScene();
  const { at, open, shot } = scene;
  const town = (name: string) => at("posture-town").filter({ hasText: name });

  it("names the gravest level, and applies what the weather suggests after saying what it changes", async () => {
    await open("", "operator");
    await at("posture-chip").getByText("2 个乡镇").waitFor();
    await shot("posture-chip");
    await at("posture-chip").click();
    await at("posture-town").first().waitFor();
    await expect.poll(() => at("posture-town").count()).toBe(7);
    await shot("posture-sheet");
    await scene.page.getByRole("button", { name: "采纳对菜园镇的建议" }).click();
    await expect.poll(() => at("posture-reason").inputValue()).toContain("台风黄色预警");
    await at("posture-effects").getByText("识别阈值降为平时的 90%").waitFor();
    await shot("posture-dialog");
    await at("posture-save").click();
    await at("posture-chip").getByText("3 个乡镇").waitFor();
    await expect.poll(() => town("菜园镇").getAttribute("data-level")).toBe("III");
    await town("嵊山镇").getByTestId("posture-history").click();
    await at("posture-history-rows").getByText("海浪蓝色预警").waitFor();
    await shot("posture-history");
    await at("posture-apply-many").click();
    await scene.page.getByRole("heading", { name: "调整所选 4 个乡镇" }).waitFor();
  });

  it("raises several towns at once, and refuses an end beyond the bound and no reason", async () => {
    await open("", "admin");
    await at("posture-chip").click();
    await at("posture-all").check();
    await at("posture-change-many").click();
    await at("posture-levels").getByText("一级响应").click();
    await at("posture-effects").getByText("最低水压").waitFor();
    await expect.poll(() => at("posture-save").isDisabled()).toBe(true);
    await at("posture-reason").fill("台风登陆");
    await expect.poll(() => at("posture-save").isDisabled()).toBe(false);
    const until = await at("posture-until").inputValue();
    await at("posture-until").fill("2099-01-01T00:00");
    await scene.page.getByText("结束时间超过允许的最长时限").waitFor();
    await expect.poll(() => at("posture-save").isDisabled()).toBe(true);
    await at("posture-until").fill(until);
    await at("posture-hours").filter({ hasText: "24 小时" }).click();
    await shot("posture-many");
    await at("posture-save").click();
    await at("posture-chip").getByText("7 个乡镇").waitFor();
    await expect.poll(() => at("posture-chip").getAttribute("data-level")).toBe("I");
  });

  it("shows a viewer the levels and lets nobody without the right change them", async () => {
    await open("", "viewer");
    await expect.poll(() => at("posture-chip").getAttribute("data-level")).toBe("normal");
    await at("posture-chip").click();
    await at("posture-summary").getByText("只读账号").waitFor();
    await expect.poll(() => at("posture-town").count()).toBe(1);
    for (const id of ["posture-change", "posture-apply", "posture-change-many", "cap-open"])
      await expect.poll(() => at(id).count(), { message: id }).toBe(0);
    await shot("posture-viewer");
  });

  it("shows the gravest warning, all of them when opened, and none that was dismissed until it changes", async () => {
    await open("", "operator");
    const banner = at("warning-banner");
    await banner.getByText("台风黄色预警信号").waitFor();
    await expect.poll(() => at("warning").count()).toBe(1);
    await at("warning-expand").click();
    await expect.poll(() => at("warning").count()).toBe(2);
    await banner.getByText("停止海上作业").waitFor();
    await shot("posture-banner-open");
    await at("warning-dismiss").first().click();
    await at("warning-dismiss").first().click();
    await banner.waitFor({ state: "detached" });
    await scene.page.reload();
    await at("posture-chip").waitFor();
    await expect.poll(() => banner.count()).toBe(0);
    scene.mock.posture.warn({ id: "typhoon-7", colour: "orange", headline: "台风橙色预警信号", towns: ["330922101"] });
    await scene.page.reload();
    await banner.getByText("台风橙色预警信号").waitFor();
    await expect.poll(() => at("warning").count()).toBe(1);
  });

  it("takes a pasted warning, says what is wrong with one, and that one is known", async () => {
    await open("", "admin");
    await at("posture-chip").click();
    await at("cap-open").click();
    await at("cap-text").fill("<alert></alert>");
    await at("cap-send").click();
    await scene.page.getByText("预警文件内容不完整").waitFor();
    await at("cap-text").fill(CAP("red-1"));
    await at("cap-send").click();
    await at("cap-done").getByText("已录入").waitFor();
    await at("cap-text").fill(CAP("red-1"));
    await at("cap-send").click();
    await at("cap-done").getByText("没有变化").waitFor();
    await shot("posture-cap");
  });

  it.each(["dark", "light"] as const)("has no accessibility violations, %s", async (theme) => {
    await open("", "admin");
    await scene.theme(theme);
    await at("warning-expand").click();
    expect(await violations(scene.page), "banner").toEqual([]);
    await shot(`posture-banner-${theme}`);
    await at("posture-chip").click();
    await at("posture-history").first().click();
    await at("posture-history-rows").waitFor();
    expect(await violations(scene.page), "sheet").toEqual([]);
    await shot(`posture-sheet-${theme}`);
    await at("posture-change").first().click();
    await at("posture-effects").waitFor();
    expect(await violations(scene.page), "dialog").toEqual([]);
    await scene.page.keyboard.press("Escape");
    await at("cap-open").click();
    expect(await violations(scene.page), "cap").toEqual([]);
  });
});
