import { describe, expect, it } from "vitest";
import { catalogueRows } from "./code-book.ts";
import { CODE_COLUMNS, formatCodes, parseCodes } from "./code-csv.ts";

const header = CODE_COLUMNS.join(",");
const row = "flood.warning,04,0412,积水,水位高,Water high,flood,2,0,true,";

describe("codes as CSV", () => {
  it("come back as they went", () => {
    const rows = catalogueRows().map((each, i) => ({
      ...each,
      titleEn: i === 0 ? 'a "b", c\nd' : each.titleEn,
      towns: i === 1 ? [] : i === 2 ? ["330922100", "330922101"] : null,
    }));
    expect(parseCodes(`\uFEFF${formatCodes(rows)}`)).toEqual({ rows, problems: [] });
  });

  it("take any order of columns and either line end", () => {
    const swapped = `${header.replace("kind,class", "class,kind")}\n04,flood.warning,0412,积水,水位高,Water high,flood,,1,false,-\n`;
    expect(parseCodes(swapped)).toMatchObject({
      rows: [{ kind: "flood.warning", class: "04", severity: null, towns: [] }],
    });
  });

  it.each<[string, string, object]>([
    ["no header", "", { line: 1 }],
    ["a column too few", `kind,class\n`, { line: 1, column: "code" }],
    ["a column too many", `${header},x\n`, { column: "x" }],
    ["a cell too few", `${header}\n${row}\nflood.x,1\n`, { line: 3 }],
    [
      "a kind twice",
      `${header}\n${row}\n\n${row}\n`,
      { line: 4, column: "kind", message: "flood.warning is on line 2 already" },
    ],
    ["no kind", `${header}\n${row.replace("flood.warning", "Flood!")}`, { line: 2, column: "kind" }],
    ["a severity of 5", `${header}\n${row.replace(",2,0", ",5,0")}`, { line: 2, column: "severity" }],
    ["an unknown group", `${header}\n${row.replace(",flood,", ",sea,")}`, { line: 2, column: "group" }],
    ["an empty town", `${header}\n${row}a;;b`, { line: 2, column: "towns" }],
    ["an open quote", `${header}\n${row}"a`, { line: 2, message: "a quote is not closed" }],
  ])("say where: %s", (_name, text, problem) => {
    expect(parseCodes(text).problems[0]).toMatchObject(problem);
  });
});
