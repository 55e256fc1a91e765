import { expect, it } from "vitest";
import { byModel } from "./models.ts";

const info = (id: string, devices: number, file: string) => ({
  id,
  kind: "hydrant",
  titleZh: `消火栓 ${id}`,
  titleEn: id,
  file,
  devices,
  newest: true,
  promoted: false,
});

it("gathers versions under their model, newest first, used models before the others", () => {
  const problem = { file: "b.yaml", line: 1, column: 1, path: "kind", message: "is missing", level: "error" as const };
  const models = byModel({
    items: [info("a/one@1.0.0", 0, "a.yaml"), info("m/two@1.9.0", 4, "b.yaml"), info("m/two@1.10.0", 2, "c.yaml")],
    problems: [problem, { ...problem, file: "elsewhere.yaml" }],
  });
  expect(models.map(({ id, devices }) => [id, devices])).toEqual([
    ["m/two", 6],
    ["a/one", 0],
  ]);
  expect(models[0]).toMatchObject({ titleEn: "m/two@1.10.0", problems: [problem] });
  expect(models[0]?.versions.map(({ version }) => version)).toEqual(["1.10.0", "1.9.0"]);
  expect(models[1]?.problems).toEqual([]);
});
