import { describe, expect, it } from "vitest";
import { find, findAll, parseXml, textAt, writeXml } from "./onvif-xml.ts";

describe("onvif xml", () => {
  it("reads elements whatever their prefixes, with entities, CDATA, comments and quotes in attributes", () => {
    const root = parseXml(
      `\uFEFF<?xml version="1.0"?><!-- hello --><s:A xmlns:s="urn:s" q="a>b" r='1/2'><s:B/>x &amp; &#x4e2d;<![CDATA[<y>]]><C xmlns="urn:c"><B t="2">z</B></C></s:A>`,
    );
    expect(root).toMatchObject({
      name: "A",
      namespace: "urn:s",
      attributes: { q: "a>b", r: "1/2" },
      text: "x & 中<y>",
    });
    expect(findAll(root, "B").map(({ namespace }) => namespace)).toEqual(["urn:s", "urn:c"]);
    expect(textAt(root, "C", "B")).toBe("z");
    expect(textAt(root, "D", "B")).toBe("");
    expect(parseXml(writeXml(find(root, "C")!))).toMatchObject({ name: "C", namespace: "urn:c" });
  });

  it("refuses document types, open ends, strays and what is too deep or too large", () => {
    const deep = "<a>".repeat(200) + "</a>".repeat(200);
    const bomb = `<!DOCTYPE a [<!ENTITY b "ha">]><a>&b;</a>`;
    const wrong = [
      "",
      "text",
      "<a>",
      "<a></b>",
      "</a>",
      "<a/><b/>",
      `<a b="`,
      bomb,
      deep,
      `<a>${" ".repeat(2 ** 20)}</a>`,
    ];
    for (const text of wrong) expect(() => parseXml(text), text.slice(0, 30)).toThrow();
    expect(() => parseXml("<a>" + "<b/>".repeat(20_001) + "</a>")).toThrow();
  });

  it("takes time in proportion to the size of hostile text", () => {
    for (const piece of ['<a "', "<!--", "<a b='", "<![CDATA["])
      expect(() => parseXml("<r>" + piece.repeat(100_000))).toThrow();
  });
});
