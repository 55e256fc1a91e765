import { beforeAll, describe, expect, it } from "vitest";
import { loadText } from "../load.ts";
import { loadScriptEngine } from "../script/engine.ts";
import { decodeVector } from "../vector.ts";
import { render } from "./draft.ts";
import { readEdgex } from "./edgex.ts";

beforeAll(() => loadScriptEngine());

// A device profile in EdgeX' shape, written for these tests.
const PROFILE = `
name: Cabinet
manufacturer: Acme
model: C1
deviceResources:
  - {name: DoorState, isHidden: true, properties: {valueType: Int16, readWrite: R}}
  - {name: Temperature, isHidden: true, properties: {valueType: Float32, readWrite: R, units: "°C", minimum: "-40", maximum: "85"}}
  - {name: Mode, properties: {valueType: Int16, readWrite: R, scale: 10}}
  - {name: Humidity, isHidden: true, properties: {valueType: Float32, readWrite: R, units: "%"}}
deviceCommands:
  - name: Status
    readWrite: R
    resourceOperations:
      - {deviceResource: DoorState, mappings: {"0": closed, "1": open}}
      - {deviceResource: Temperature}
      - {deviceResource: Missing}
  - name: SetMode
    readWrite: W
    resourceOperations: [{deviceResource: Humidity}]
`;

function draft(text: string) {
  const [first] = readEdgex(text);
  if (typeof first === "string") throw new Error(first);
  const { profile } = loadText(render(first, "cabinet.yaml"), "cabinet");
  if (profile === null) throw new Error("the profile does not load");
  return { first, profile };
}

describe("commands of EdgeX", () => {
  it("read hidden resources, in the words that they are sent in", () => {
    const { profile } = draft(PROFILE);
    const decode = (json: Record<string, unknown>) => {
      const decoded = decodeVector(profile.compiled, { json });
      if (decoded.kind !== "readings") throw new Error("refused");
      return Object.fromEntries(decoded.readings.map((r) => [r.metric, r.value]));
    };
    expect(decode({ DoorState: "open", Temperature: 21.5 })).toEqual({ door_open: true, temperature: 21.5 });
    expect(decode({ DoorState: "closed" })).toEqual({ door_open: false });
  });

  it("leave out what nothing reads, and say so", () => {
    const { first } = draft(PROFILE);
    expect(first.notes.join("\n")).toContain("Humidity is hidden and no command reads it");
    expect(first.notes.join("\n")).toContain('a command reads "Missing", which is no resource');
    expect(first.unmapped.map((u) => u.path)).toContain("Humidity");
    expect(first.codec.json?.fields.map((f) => f.path)).not.toContain("Humidity");
  });

  it("and resources that are none do no harm", () => {
    const broken = PROFILE.replace("deviceResources:\n", "deviceResources:\n  - null\n  - 3\n").replace(
      "deviceCommands:\n",
      "deviceCommands:\n  - null\n  - {resourceOperations: [null, 4]}\n",
    );
    expect(draft(broken).first.codec).toEqual(draft(PROFILE).first.codec);
  });

  it("are found in the spelling of the first version", () => {
    const old = PROFILE.replace("    readWrite: R\n    resourceOperations:\n      - {deviceResource: DoorState", "    get:\n      - {object: DoorState").replace("deviceResource: Temperature", "object: Temperature"); // prettier-ignore
    expect(draft(old).first.codec).toEqual(draft(PROFILE).first.codec);
  });
});
