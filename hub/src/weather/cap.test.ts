import { describe, expect, it } from "vitest";
import { MAX_CAP_BYTES, readCap } from "./cap.ts";

const XML = `<?xml version="1.0" encoding="UTF-8"?>
<cap:alert xmlns:cap="urn:oasis:names:tc:emergency:cap:1.2">
  <cap:identifier>00123</cap:identifier><cap:sender>zhoushan.example</cap:sender>
  <cap:sent>2025-08-01T08:00:00+08:00</cap:sent><cap:status>Actual</cap:status><cap:msgType>Update</cap:msgType>
  <cap:scope>Public</cap:scope>
  <cap:references>zhoushan.example,00121,2025-08-01T02:00:00+08:00 zhoushan.example,00122,2025-08-01T05:00:00+08:00</cap:references>
  <cap:info><cap:language>en</cap:language><cap:event>Typhoon</cap:event><cap:severity>Minor</cap:severity></cap:info>
  <cap:info>
    <cap:language>zh-CN</cap:language><cap:category>Met</cap:category><cap:event>台风</cap:event>
    <cap:urgency>Immediate</cap:urgency><cap:severity>Severe</cap:severity><cap:certainty>Likely</cap:certainty>
    <cap:onset>2025-08-01T09:00:00+08:00</cap:onset><cap:expires>2025-08-02T08:00:00+08:00</cap:expires>
    <cap:headline>台风红色预警 &amp; 风暴潮</cap:headline><cap:description>风力 &lt; 17 级</cap:description>
    <cap:area><cap:areaDesc>嵊泗</cap:areaDesc>
      <cap:polygon>30,122 31,122 31,123 30,123 30,122</cap:polygon><cap:circle>30.7,122.4 12.5</cap:circle>
      <cap:geocode><cap:valueName>CODE</cap:valueName><cap:value>330922</cap:value></cap:geocode></cap:area>
  </cap:info>
</cap:alert>`;

const json = (change: object = {}, info: object = {}) =>
  JSON.stringify({
    identifier: "a-1",
    sender: "s",
    sent: "2025-08-01T00:00:00Z",
    status: "Actual",
    msgType: "Alert",
    info: [{ event: "Gale", severity: "Moderate", area: [{ areaDesc: "all" }], ...info }],
    ...change,
  });

describe("a CAP 1.2 warning", () => {
  it("is read from XML, with prefixes, entities, the Chinese text and longitude first", () => {
    expect(readCap(XML)).toEqual({
      id: "00123",
      sender: "zhoushan.example",
      sentAt: Date.UTC(2025, 7, 1, 0),
      status: "actual",
      action: "update",
      references: ["00121", "00122"],
      event: "台风",
      colour: "red", // as the headline says, which is graver than the severity
      headline: "台风红色预警 & 风暴潮",
      description: "风力 < 17 级",
      instruction: "",
      from: Date.UTC(2025, 7, 1, 1),
      until: Date.UTC(2025, 7, 2, 0),
      areas: [
        {
          text: "嵊泗",
          polygons: [[[122, 30], [122, 31], [123, 31], [123, 30], [122, 30]]], // prettier-ignore
          circles: [{ lon: 122.4, lat: 30.7, radiusM: 12_500 }],
          codes: ["330922"],
        },
      ],
    });
  });

  it("is read from JSON; without an end it holds for a day", () => {
    const sentAt = Date.UTC(2025, 7, 1);
    expect(readCap(json())).toMatchObject({ colour: "yellow", from: sentAt, until: sentAt + 86_400_000, areas: [{}] });
    expect(readCap(json({}, { parameter: { valueName: "awareness_level", value: "3; orange" } }))).toMatchObject({
      colour: "orange",
    });
  });

  it.each([
    ["", "CAP_UNREADABLE"],
    ["{", "CAP_UNREADABLE"],
    ["<alert><identifier>", "CAP_UNREADABLE"],
    [`<!DOCTYPE a [<!ENTITY x "xx">]><alert>&x;</alert>`, "CAP_UNREADABLE"],
    ["<rss/>", "CAP_INVALID"],
    ["null", "CAP_UNREADABLE"],
    [json({ sent: "yesterday" }), "CAP_INVALID"],
    [json({ info: [] }), "CAP_INVALID"],
    [json({ status: "Draft" }), "CAP_UNSUPPORTED"],
    [json({ msgType: "Ack" }), "CAP_UNSUPPORTED"],
    [json({}, { severity: "Unknown" }), "CAP_INVALID"],
    [json({}, { area: [{ polygon: "30,122 31,122" }] }), "CAP_INVALID"],
    [json({}, { area: [{ polygon: "95,122 31,122 31,123 95,122" }] }), "CAP_INVALID"],
    [json({}, { area: [{ circle: "30,122 -4" }] }), "CAP_INVALID"],
    [json({}, { area: Array(201).fill({}) }), "CAP_TOO_LARGE"],
    [json({}, { area: [{ polygon: "30,122 ".repeat(20_001) }] }), "CAP_TOO_LARGE"],
    [" ".repeat(10) + "x".repeat(MAX_CAP_BYTES + 1), "CAP_TOO_LARGE"],
    [`<alert>${"<a>".repeat(5000)}</alert>`, "CAP_UNREADABLE"],
  ])("is refused with a reason: %.40s", (document, code) => {
    expect(readCap(document)).toMatchObject({ code, message: expect.stringMatching(/\w/) as string });
  });
});
