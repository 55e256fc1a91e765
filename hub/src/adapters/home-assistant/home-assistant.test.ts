import { isRejection } from "@gridhub/device-profiles/rejection.ts";
import { describe, expect, it } from "vitest";
import { GateScene, NOW } from "../gate.testing.ts";
import { compileValueTemplate, StatePayload } from "./value-template.ts";

const config = { kind: "home_assistant", topics: ["home/{device}/{what...}"] };
const LEVEL = {
  "~": "home/gauge7",
  stat_t: "~/state",
  val_tpl: "{{ value_json.level | float / 100 }}",
  unit_of_meas: "m",
  dev_cla: "distance",
  obj_id: "gauge7_water_level",
  uniq_id: "g7l",
  avty_t: "~/lwt",
  dev: { ids: ["gauge7"], mf: "Own", mdl: "G7" },
};
const DOOR = {
  state_topic: "home/gauge7/state",
  value_template: "{{ value_json['door'] }}",
  payload_on: "OPEN",
  payload_off: "SHUT",
  device_class: "door",
  device: { identifiers: "gauge7" },
};
const LEVEL_AT = "homeassistant/sensor/gauge7/level/config";
const DOOR_AT = "homeassistant/binary_sensor/gauge7_door/config";

describe("value templates", () => {
  const value = (template: string | null, payload: string) => {
    const read = compileValueTemplate(template);
    return isRejection(read) ? read.reason : read(new StatePayload(Buffer.from(payload), 8));
  };

  it.each([
    [null, "21.5", "21.5"],
    ["{{ value }}", "on", "on"],
    ["{{ value | float }}", "21.5", 21.5],
    ["{{ value | int }}", "21.9", 21],
    ["{{value_json.a.b}}", '{"a":{"b":3}}', 3],
    [`{{ value_json["a b"][1]['c'] }}`, '{"a b":[0,{"c":"x"}]}', "x"],
    ["{{ value_json.t | float(0) | round(1) }}", '{"t":"21.46"}', 21.5],
    ["{{ (value_json.p / 10) | round(2) }}", '{"p":123}', 12.3],
    ["{{ value_json.p * 0.1 + 2 }}", '{"p":10}', 3],
    ["{{ value_json.missing }}", "{}", undefined],
    ["{{ value_json.toString }}", "{}", undefined],
    ["{{ value_json.a }}", "no json", undefined],
  ])("%s of %s", (template, payload, expected) => {
    expect(value(template, payload)).toEqual(expected);
  });

  it.each([
    "{% if value == 'x' %}1{% endif %}",
    "{{ states('sensor.x') }}",
    "{{ value_json.a if value_json.b else 0 }}",
    "{{ value | regex_replace('a', 'b') }}",
    "text {{ value }}",
    "{{ value_json[x] }}",
    "{{ value_json.x / 10 | round(1) }}",
    "{{ value_json.x + 1 * 2 }}",
    "{{ (value_json.x }}",
    "{{ self.__init__.__globals__ }}",
  ])("does not run %s", (template) => {
    expect(value(template, "{}")).toBe("foreign_unsupported");
  });
});

describe("Home Assistant discovery", () => {
  const discovered = () => {
    const s = new GateScene(config);
    s.send(LEVEL_AT, LEVEL);
    s.send(DOOR_AT, DOOR);
    expect(s.take().map(({ lane }) => lane)).toEqual(["twin", "twin"]);
    return s;
  };

  it("turns states into canonical metrics of one device", () => {
    const s = discovered();
    s.send("home/gauge7/state", { level: "345", door: "OPEN" });
    expect(s.take()).toMatchObject([
      { lane: "telemetry", device: "gauge7", body: { r: [{ ts: NOW, m: { water_level: 3.45, door_open: true } }] } },
    ]);
    s.send("home/gauge7/state", { level: null, door: "SHUT" });
    expect(s.take()).toMatchObject([{ body: { r: [{ m: { door_open: false } }] } }]);
  });

  it("converts the published unit", () => {
    const s = new GateScene(config);
    s.send("homeassistant/sensor/t/config", { ...LEVEL, dev_cla: "temperature", unit_of_meas: "°F", obj_id: "x" });
    s.take();
    s.send("home/gauge7/state", { level: 7000 });
    expect(s.take()).toMatchObject([{ body: { r: [{ m: { air_temperature: 21.1111111111 } }] } }]);
  });

  it("keeps what it discovered over a restart, and forgets an entity that is taken back", () => {
    const s = discovered();
    const later = new GateScene(config, s.rows());
    later.send("home/gauge7/state", { level: 100 });
    expect(later.take()).toMatchObject([{ body: { r: [{ m: { water_level: 1 } }] } }]);
    later.send(LEVEL_AT, "");
    expect(later.take()).toMatchObject([{ lane: "twin" }]);
    expect(later.rows()).toEqual([
      { room: "adapters", key: `town/gw home_assistant 0 entity sensor/gauge7/level`, state: null },
    ]);
    later.send("home/gauge7/state", { level: 100 });
    expect(later.take()).toEqual([]);
  });

  it("writes everything again after a commit that failed", () => {
    const s = discovered();
    const rows = s.rows();
    s.gate.load([]);
    expect(s.rows()).toEqual(expect.arrayContaining(rows));
  });

  it("says which device is unavailable", () => {
    const s = discovered();
    s.send("home/gauge7/lwt", "offline");
    s.send("home/gauge7/lwt", "online", { retained: true });
    expect(s.take().map(({ body }) => body.sources)).toEqual([{ gauge7: "unavailable" }, {}]);
  });

  it("leaves commands, other components and states of unknown age alone", () => {
    const s = discovered();
    s.send("homeassistant/switch/x/config", { command_topic: "home/x/set" });
    s.send("home/gauge7/set", "1");
    s.send("home/gauge7/state", { level: 1 }, { retained: true });
    expect(s.take()).toEqual([]);
  });

  it.each([
    ["a state topic that is not the adapter's", { ...LEVEL, stat_t: "other/x" }, "topic_forbidden"],
    ["no state topic", { ...LEVEL, stat_t: undefined }, "foreign_invalid"],
    ["a wildcard", { ...LEVEL, stat_t: "home/#" }, "foreign_invalid"],
    ["no device", { ...LEVEL, dev: undefined }, "foreign_unsupported"],
    ["a class that is no metric", { ...LEVEL, dev_cla: "monetary", obj_id: "x" }, "foreign_unsupported"],
    ["a unit of something else", { ...LEVEL, unit_of_meas: "°C" }, "foreign_unsupported"],
    ["a template that is a program", { ...LEVEL, val_tpl: "{% set x = 1 %}" }, "foreign_unsupported"],
    ["no JSON", "{", "json_invalid"],
  ])("refuses %s", (_what, body, reason) => {
    const s = new GateScene(config);
    s.send(LEVEL_AT, body);
    expect(s.reasons()).toEqual([reason]);
  });

  it("refuses a second entity of one metric, and a state that is no value", () => {
    const s = discovered();
    s.send("homeassistant/sensor/gauge7/level2/config", LEVEL);
    s.send("home/gauge7/state", { level: "high", door: "AJAR" });
    expect(s.take()).toMatchObject([{ reason: "foreign_unsupported" }, { reason: "value_invalid" }]);
  });

  it("asks devices to announce themselves when the hub starts", () => {
    const s = new GateScene(config);
    s.gate.greet();
    expect(s.replies).toEqual([{ topic: "homeassistant/status", payload: Buffer.from("online") }]);
  });
});
