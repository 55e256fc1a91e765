import { describe, expect, it, vi } from "vitest";
import { violations } from "../../test/support/axe.ts";
import { browserMissing } from "../../test/support/browser.ts";
import { consoleScene } from "./scene.testing.ts";

const missing = browserMissing();

describe.skipIf(missing !== "")(`settings in a browser ${missing}`, () => {
  const scene = consoleScene();
  const { at, open, shot } = scene;
  const csv = (text: string) => ({ name: "codes.csv", mimeType: "text/csv", buffer: Buffer.from(text) });
  const confirm = () => scene.page.locator("dialog[open]").getByTestId("confirm");
  const HEAD = "kind,class,code,code_name,title_zh,title_en,group,severity,auto_hand_off,provisional,towns\r\n";

  it("finds a code, changes and admits it for one town, and adds a kind", async () => {
    await open("#/settings");
    await at("codes-find").fill("flood.warning");
    await at("code-row").first().click();
    await at("code-title").fill("水位超过警戒线");
    await at("code-admitted").selectOption("some");
    await expect.poll(() => at("code-save").isDisabled()).toBe(true);
    await at("code-panel").getByLabel("嵊山镇").check();
    await shot("settings-codes");
    await at("code-save").click();
    await at("code-row").getByText("水位超过警戒线").waitFor();
    await scene.page.getByRole("cell", { name: "嵊山镇", exact: true }).waitFor();
    await at("codes-new").click();
    await at("code-kind").fill("flood.warning");
    await at("code-panel").getByText("已有这个种类").waitFor();
    expect(await violations(scene.page)).toEqual([]);
  });

  it("tells of a file what is wrong in which line, and writes one that is whole", async () => {
    await open("#/settings/codes");
    await at("codes-import").click();
    await at("import-file").setInputFiles(csv(`${HEAD}Flood!,04,0401,突发,水位,Water,flood,9,0,true,\r\n`));
    await at("import-problem").first().waitFor();
    await expect
      .poll(() => at("import-problem").allInnerTexts())
      .toEqual([expect.stringMatching(/^2\s+kind\s/u), expect.stringMatching(/^2\s+severity\s/u)]);
    await shot("settings-import");
    await expect.poll(() => at("import-write").isDisabled()).toBe(true);
    expect(await violations(scene.page)).toEqual([]);
    await at("import-file").setInputFiles(csv(`${HEAD}flood.drill,04,0499,突发,演练水情,Drill,flood,4,0,true,\r\n`));
    await at("import-result").getByText("1 行,没有问题").waitFor();
    await at("import-write").click();
    await at("import-result").getByText("已写入 1 行").waitFor();
    await scene.page.keyboard.press("Escape");
    await at("codes-find").fill("演练");
    await at("code-row").getByText("演练水情").waitFor();
    await expect.poll(() => at("codes-export").getAttribute("href")).toBe("/api/event-codes/export");
  });

  it("shows the ladder as steps, says which rule speaks, and saves a changed one as a whole list", async () => {
    await open("#/settings/ladder");
    await at("ladder-try").fill("device.silent");
    await scene.page.getByLabel("等级", { exact: true }).selectOption("2");
    await at("ladder-spoken").getByText("按「device.*」执行 · 5 小时").waitFor();
    await shot("settings-ladder");
    expect(await violations(scene.page)).toEqual([]);
    await at("ladder-edit").nth(1).click();
    await at("ladder-severity-2").getByTestId("ladder-village").fill("2");
    await at("ladder-apply").click();
    await at("ladder-spoken").getByText("6 小时").waitFor();
    await at("draft-revert").click();
    await at("ladder-spoken").getByText("5 小时").waitFor();
    await at("ladder-new").click();
    await at("ladder-kind").fill("vessel.*");
    await expect.poll(() => at("ladder-apply").isDisabled()).toBe(true);
    await at("ladder-severity-1").getByRole("checkbox").check();
    await shot("settings-ladder-edit");
    await at("ladder-apply").click();
    const sent = scene.page.waitForRequest((r) => r.method() === "PUT" && r.url().endsWith("/event-settings/ladder"));
    await at("draft-save").click();
    const { value } = (await sent).postDataJSON() as { value: object[] };
    expect(value).toHaveLength(7);
    expect(value).toContainEqual({ kind: "vessel.*", severity: 1, village_s: 900, town_s: 900 });
    await scene.page.getByText("已保存并生效").waitFor();
    await at("draft-defaults").click();
    await confirm().click();
    await vi.waitFor(async () => expect(await at("ladder-edit").count()).toBe(2));
  });

  it("says so when somebody else changed a list meanwhile, keeps what was edited, and saves it when asked again", async () => {
    await open("#/settings/ladder");
    await at("ladder-edit").nth(1).click();
    await at("ladder-severity-2").getByTestId("ladder-village").fill("2");
    await at("ladder-apply").click();
    await scene.page.evaluate(async () => {
      const { etags } = (await (await fetch("/api/event-settings")).json()) as { etags: { ladder: string } };
      const body = JSON.stringify({ value: [{ kind: "*", severity: 1, village_s: 60, town_s: 60 }] });
      await fetch("/api/event-settings/ladder", { method: "PUT", body, headers: { "if-match": `"${etags.ladder}"` } });
    });
    await at("draft-save").click();
    await at("draft-ladder").getByText("其他人刚刚改过").waitFor();
    await expect.poll(() => at("ladder-edit").count()).toBe(2);
    await shot("settings-ladder-conflict");
    await at("draft-save").click();
    await at("draft-ladder").getByText("已保存并生效").waitFor();
    await at("draft-defaults").click();
    await confirm().click();
    await confirm().waitFor({ state: "detached" });
  });

  it("says so when somebody else changed a code or the table meanwhile", async () => {
    await open("#/settings/codes/bin.full");
    await at("code-title").fill("垃圾桶已满");
    await at("codes-import").click();
    const row = "bin.full,01,0107,满溢,垃圾满了,Bin is full,facility,3,0,true,";
    await at("import-file").setInputFiles(csv(`${HEAD}${row}\r\n`));
    await at("import-result").getByText("1 行,没有问题").waitFor();
    await scene.page.evaluate(async () => {
      const { items } = (await (await fetch("/api/event-codes")).json()) as { items: { kind: string; etag: string }[] };
      const { kind, etag, ...code } = items.find((item) => item.kind === "bin.full")!;
      const body = JSON.stringify({ ...code, titleEn: "Somebody else's" });
      await fetch(`/api/event-codes/${kind}`, { method: "PUT", body, headers: { "if-match": `"${etag}"` } });
    });
    await at("import-write").click();
    await scene.page.locator("dialog[open]").getByText("其他人刚刚改过").waitFor();
    await scene.page.keyboard.press("Escape");
    await at("code-save").click();
    await at("code-panel").getByText("其他人刚刚改过").waitFor();
    await expect.poll(() => at("code-title").inputValue()).toBe("垃圾桶已满");
    await at("code-save").click();
    await at("code-row").getByText("垃圾桶已满").waitFor();
  });

  it("edits what is fused and what is held back", async () => {
    await open("#/settings/fusion");
    await at("fusion").getByTestId("rule-edit").first().click();
    await at("fusion-kinds").fill("fire.alarm, Fire!");
    await scene.page.getByText("不是种类代码:Fire!").waitFor();
    await expect.poll(() => at("fusion-apply").isDisabled()).toBe(true);
    await at("fusion-kinds").fill("fire.alarm vision.fire");
    await at("fusion-radius").fill("250");
    await at("fusion-apply").click();
    await at("fusion").getByText("250 m").waitFor();
    await at("parents").getByTestId("rule-remove").last().click();
    await shot("settings-fusion");
    expect(await violations(scene.page)).toEqual([]);
    await at("draft-fusion").getByTestId("draft-save").click();
    await at("draft-fusion").getByText("已保存并生效").waitFor();
    await at("draft-parents").getByText("有未保存的修改").waitFor();
  });

  it("lists who keeps what quiet until when, and ends it after a question", async () => {
    await open("#/settings/quiet", "operator");
    await at("quiet-new").click();
    await at("quiet-grid").selectOption({ index: 1 });
    await at("quiet-reason").fill("泵站检修");
    await at("quiet-save").click();
    await scene.page.keyboard.press("Escape");
    await at("quiet-row").getByText("泵站检修").waitFor();
    await shot("settings-quiet");
    expect(await violations(scene.page)).toEqual([]);
    await at("quiet-row-end").click();
    await confirm().click();
    await at("quiet-row").waitFor({ state: "detached" });
    await at("quiet-past").click();
    await at("quiet-row").getByText("提前结束").waitFor();
  });

  it("shows how targets fare, sends again what was given up, and tests the way", async () => {
    await open("#/settings/targets");
    const target = (name: string) => scene.page.locator(`[data-testid=target][data-name=${name}]`);
    await target("county-bus").getByText("不可达").waitFor();
    await target("county-bus").getByText("ECONNREFUSED").waitFor();
    await shot("settings-targets");
    expect(await violations(scene.page)).toEqual([]);
    await target("four-platforms").getByTestId("target-replay").click();
    await confirm().click();
    await scene.page.getByText("3 条重新排队").waitFor();
    await scene.page.locator("dialog[open]").getByTestId("confirm-close").click();
    await expect.poll(() => target("four-platforms").getByTestId("target-replay").isDisabled()).toBe(true);
    await target("county-bus").getByTestId("target-test").click();
    await shot("settings-target-test");
    await confirm().click();
    await at("confirm-done").getByText("未送达:HTTP 503").waitFor();
  });

  it("shows the audit, finds in it, loads earlier lines and verifies the chain", async () => {
    await open("#/settings/audit");
    await at("audit-line").first().waitFor();
    const before = await at("audit-line").count();
    await at("audit-more").click();
    await vi.waitFor(async () => expect(await at("audit-line").count()).toBeGreaterThan(before));
    await at("audit-verify").click();
    await at("audit-verdict").getByText("记录完整").waitFor();
    await shot("settings-audit");
    await at("audit-find").fill("登录失败");
    await vi.waitFor(async () => expect(await at("audit-line").count()).toBeLessThan(before));
    expect(await violations(scene.page)).toEqual([]);
  });

  it("lets others read and change nothing", async () => {
    await open("#/settings/codes/flood.warning", "viewer");
    await at("code-panel").waitFor();
    await at("settings-readonly").waitFor();
    await expect.poll(() => at("code-save").count()).toBe(0);
    await expect.poll(() => at("code-title").isDisabled()).toBe(true);
    await expect.poll(() => at("codes-import").count()).toBe(0);
    await at("settings-ladder").click();
    await at("ladder").waitFor();
    await expect.poll(() => at("ladder-edit").count()).toBe(0);
    await at("settings-targets").click();
    await scene.page.getByText("没有查看权限").waitFor();
  });

  it("is accessible in the light", async () => {
    await open("#/settings/codes/fire.alarm");
    await scene.theme("light");
    for (const room of ["codes", "ladder", "fusion", "targets", "audit"]) {
      if (room !== "codes") await at(`settings-${room}`).click();
      await scene.page.getByRole("table").or(at("target")).first().waitFor();
      await shot(`settings-${room}-light`);
      expect(await violations(scene.page), room).toEqual([]);
    }
  });
});
