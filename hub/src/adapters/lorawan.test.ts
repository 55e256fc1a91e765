import { describe, expect, it } from "vitest";
import { GateScene, NOW } from "./gate.testing.ts";

const AT = "2025-11-22T02:00:00.123456789Z";
const FRAME = Buffer.from("0175580367be000468780500 00".replace(" ", ""), "hex").toString("base64");

function ttn(change: object = {}, ids: object = {}): object {
  return {
    end_device_ids: {
      device_id: "leak-1",
      application_ids: { application_id: "pumps" },
      dev_eui: "24E124136B502217",
      dev_addr: "260B6A4E",
      ...ids,
    },
    correlation_ids: ["as:up:01KAMT"],
    received_at: "2025-11-22T02:00:00.400Z",
    uplink_message: {
      session_key_id: "AZq3/0x=",
      f_port: 85,
      f_cnt: 17,
      frm_payload: FRAME,
      decoded_payload: { leak: false },
      rx_metadata: [
        { gateway_ids: { gateway_id: "roof" }, rssi: -101, channel_rssi: -101, snr: 3.5 },
        { gateway_ids: { gateway_id: "mast" }, rssi: -87, channel_rssi: -87, snr: 9.25 },
      ],
      settings: { data_rate: { lora: { bandwidth: 125000, spreading_factor: 9 } }, frequency: "868300000" },
      version_ids: { band_id: "EU_863_870" },
      received_at: AT,
      ...change,
    },
  };
}
const UP = "v3/pumps@town/devices/leak-1/up";

describe("The Things Stack", () => {
  const scene = () => new GateScene({ kind: "the_things_stack" });

  it("gives the bytes with their port, time and link to the profile's codec", () => {
    const s = scene();
    s.send(UP, ttn());
    expect(s.taken[0].once).toMatchObject({ ts: NOW + 123, repeat: "key_and_time" });
    expect(s.take()).toEqual([
      {
        lane: "raw",
        device: "leak-1",
        topic: "gridhub/v1/town/gw/d/leak-1/raw",
        body: {
          v: 1,
          r: [
            {
              ts: NOW + 123,
              x: FRAME,
              p: 85,
              l: { gateways: 2, rssi: -87, snr: 9.25, data_rate: 3, frame_counter: 17 },
            },
          ],
        },
      },
    ]);
  });

  it("takes what the server decoded only where the profile takes records, or where there are no bytes", () => {
    const s = scene();
    s.profiles.set("leak-1", { uplink: "telemetry" });
    s.send(UP, ttn());
    expect(s.take()).toMatchObject([{ lane: "telemetry", body: { r: [{ m: { leak: false } }] } }]);
    s.profiles.set("leak-1", { uplink: "raw" });
    s.send(UP, ttn());
    s.send(UP, ttn({ frm_payload: undefined }));
    expect(s.take().map(({ lane }) => lane)).toEqual(["raw", "telemetry"]);
  });

  it("gives a repeat of the same frame the same identity, and another frame another", () => {
    const s = scene();
    s.send(UP, ttn());
    s.send(UP, ttn({ received_at: "2025-11-22T02:00:03Z" }), { dup: true });
    s.send(UP, ttn({ f_cnt: 18 }));
    s.send(UP, ttn({ session_key_id: "other" }));
    const keys = s.taken.map(({ once }) => once?.key);
    expect(keys[1]).toBe(keys[0]);
    expect(new Set(keys).size).toBe(3);
  });

  it("acknowledges commands of the network and stores nothing", () => {
    const s = scene();
    s.send(UP, ttn({ f_port: undefined, frm_payload: undefined, decoded_payload: undefined }));
    s.send(UP, ttn({ f_port: 0 }));
    expect([s.take().length, s.settled]).toEqual([0, 2]);
  });

  it.each([
    ["no JSON", "{", "json_invalid"],
    ["a list", "[]", "foreign_invalid"],
    ["too deep", "[".repeat(40), "json_too_deep"],
    ["a join", { end_device_ids: { device_id: "leak-1" }, join_accept: {} }, "foreign_invalid"],
    ["another device than the topic's", ttn({}, { device_id: "leak-2" }), "foreign_invalid"],
    ["another application", ttn({}, { application_ids: { application_id: "x" } }), "foreign_invalid"],
    ["bytes that are no base64", ttn({ frm_payload: "%%" }), "foreign_invalid"],
    ["a port that is none", ttn({ f_port: 300 }), "foreign_invalid"],
  ])("refuses %s and keeps it", (_what, body, reason) => {
    const s = scene();
    s.send(UP, body);
    expect(s.taken[0]).toMatchObject({ topic: UP, refused: { reason } });
    expect(s.settled).toBe(0); // not before the letter is stored
  });
});

describe("ChirpStack", () => {
  const EUI = "24e124136b502217";
  const up = `application/7/device/${EUI}/event/up`;
  const v4 = {
    deduplicationId: "3ac7e3c4-4401-4b8d-9386-a5c902f9202d",
    time: AT,
    deviceInfo: { applicationId: "7", deviceName: "leak 1", devEui: EUI },
    devAddr: "00189440",
    adr: true,
    dr: 5,
    fCnt: 4,
    fPort: 85,
    data: FRAME,
    rxInfo: [{ gatewayId: "0016c001f153a14c", rssi: -57, snr: 10.2 }],
  };
  const v3 = {
    applicationID: "7",
    devEUI: "JOEkE2tQIhc=",
    devAddr: "ABiUQA==",
    rxInfo: [{ gatewayID: "AAA=", time: AT, rssi: -60, loRaSNR: 7 }],
    dr: 2,
    fCnt: 4,
    fPort: 85,
    data: FRAME,
    objectJSON: '{"leak":true}',
  };

  it.each([
    ["4", v4, { gateways: 1, rssi: -57, snr: 10.2, data_rate: 5, frame_counter: 4 }],
    ["3", v3, { gateways: 1, rssi: -60, snr: 7, data_rate: 2, frame_counter: 4 }],
  ])("reads version %s", (_version, body, link) => {
    const s = new GateScene({ kind: "chirpstack" });
    s.send(up, body);
    expect(s.take()).toMatchObject([
      { lane: "raw", device: EUI, body: { r: [{ ts: NOW + 123, x: FRAME, p: 85, l: link }] } },
    ]);
  });

  it("uses the arrival where no clock was there, and still knows the repeat by its counter", () => {
    const s = new GateScene({ kind: "chirpstack" });
    const body = { ...v3, rxInfo: [] };
    s.send(up, body);
    s.send(up, body, { rx: NOW + 5000 });
    expect(s.taken.map(({ once }) => once?.ts)).toEqual([NOW, NOW + 5000]);
    expect(s.taken[1].once?.key).toBe(s.taken[0].once?.key);
  });

  it("uses the text that version 3's codec made, for a profile of records", () => {
    const s = new GateScene({ kind: "chirpstack" });
    s.profiles.set(EUI, { uplink: "telemetry" });
    s.send(up, v3);
    expect(s.take()).toMatchObject([{ body: { r: [{ m: { leak: true } }] } }]);
  });

  it("refuses an EUI that is not the topic's, and leaves other events alone", () => {
    const s = new GateScene({ kind: "chirpstack" });
    s.send(up.replace("2217", "0000"), v4);
    s.send(up, { ...v4, deviceInfo: {} });
    expect(s.reasons()).toEqual(["foreign_invalid", "foreign_invalid"]);
    expect(s.send(`application/7/device/${EUI}/event/join`, {})).toBe(false);
  });
});
