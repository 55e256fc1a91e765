import { expect, it } from "vitest";
import { CameraError } from "./camera-error.ts";
import { OnvifPtz } from "./onvif-ptz.ts";
import type { OnvifSoap } from "./onvif-soap.ts";
import { parseXml } from "./onvif-xml.ts";

const T = 1_763_776_800_000;
const at = (pan: string, tilt = "0.1", zoom = "0") => `<PanTilt x="${pan}" y="${tilt}"/><Zoom x="${zoom}"/>`;
const preset = (name: string, position: string, token = name) =>
  `<Preset token="${token}"><Name>${name}</Name>${position === "" ? "" : `<PTZPosition>${position}</PTZPosition>`}</Preset>`;
const status = (position: string, turns = "IDLE") =>
  `<PTZStatus><Position>${position}</Position><MoveStatus><PanTilt>${turns}</PanTilt><Zoom>IDLE</Zoom></MoveStatus></PTZStatus>`;

/** A head that answers as it is told, null = the operation is not known to it. */
function head(
  answers: { presets: string | null; status: string | null },
  code: "onvif" | "auth" | "timeout" = "onvif",
) {
  const asked: string[] = [];
  const soap = {
    call: ({ body }: { readonly body: string }) => {
      const operation = /^<(\w+)/.exec(body)?.[1] ?? "";
      asked.push(operation);
      const answer = operation === "GetPresets" ? answers.presets : answers.status;
      if (answer === null) return Promise.reject(new CameraError(code, "refused"));
      return Promise.resolve(parseXml(`<R>${answer}</R>`));
    },
  };
  return { ptz: new OnvifPtz(soap as unknown as OnvifSoap, "http://c/ptz", "p&1"), asked, answers };
}

it("names the preset whose position it has, over the seam of a full turn too, and asks once a second", async () => {
  const presets = preset("quay", at("-0.998")) + preset("street", at("0.5", "0.1", "0.3")) + preset("", at("0"), "7");
  const { ptz, asked, answers } = head({ presets, status: status(at("0.5", "0.105", "0.31")) });
  expect(await ptz.pointing(T)).toEqual({ preset: "street", moving: false });
  answers.status = status(at("0.997"));
  expect(await ptz.pointing(T + 999)).toEqual({ preset: "street", moving: false });
  expect(await ptz.pointing(T + 1000)).toEqual({ preset: "quay", moving: false });
  // a preset without a name has its token
  answers.status = status(at("0"));
  expect(await ptz.pointing(T + 2000)).toEqual({ preset: "7", moving: false });
  expect(asked).toEqual(["GetPresets", "GetStatus", "GetStatus", "GetStatus"]);
  // a clock set back must not leave it with what it knew
  answers.status = status(at("0.5", "0.1", "0.5"));
  expect(await ptz.pointing(T - 5000)).toEqual({ preset: "", moving: true });
  answers.status = status(at("0.5", "0.1", "0.3"), "MOVING");
  expect(await ptz.pointing(T + 5000)).toEqual({ preset: "", moving: true });
});

it("says that it does not know where it looks, rather than a preset, when positions are missing or no numbers", async () => {
  for (const position of ["", "<PanTilt/>", at("x"), at("")]) {
    expect(await head({ presets: preset("a", at("0")), status: status(position) }).ptz.pointing(T)).toEqual({
      preset: "",
      moving: true,
    });
    expect(await head({ presets: preset("a", position), status: status(at("0")) }).ptz.pointing(T)).toEqual({
      preset: "",
      moving: true,
    });
  }
  expect(await head({ presets: preset("a", at("0")), status: null }).ptz.pointing(T)).toEqual({
    preset: "",
    moving: true,
  });
});

it("counts as fixed without presets, unless it turns; one that knows neither operation is not asked again", async () => {
  const { ptz, answers } = head({ presets: "", status: status(at("0.3")) });
  expect(await ptz.pointing(T)).toBeNull();
  answers.status = status(at("0.4"), "MOVING");
  expect(await ptz.pointing(T + 1000)).toEqual({ preset: "", moving: true });
  const mute = head({ presets: null, status: null });
  expect(await mute.ptz.pointing(T)).toBeNull();
  expect(await mute.ptz.pointing(T + 10_000)).toBeNull();
  expect(mute.asked).toEqual(["GetPresets", "GetStatus"]);
  // nor one whose account may not ask; but who does not answer is no camera at all
  expect(await head({ presets: null, status: null }, "auth").ptz.pointing(T)).toBeNull();
  await expect(head({ presets: null, status: null }, "timeout").ptz.pointing(T)).rejects.toMatchObject({
    code: "timeout",
  });
});
