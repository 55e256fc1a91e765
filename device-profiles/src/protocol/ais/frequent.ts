import type { AisBits } from "./bits.ts";
import type { AisMessage } from "./decode.ts";
import { isAuxiliary } from "./fields.ts";

/*
 * The types that make nine tenths of the traffic (1, 2, 3, 5, 18, 24) as object literals: an object of one fixed shape costs
 * far less than one that grows field by field out of the table. Position reports are cut from the sextets directly: sextet n holds the
 * bits 6n to 6n + 5. The offsets are those of fields.ts; frequent.test.ts holds the two against each other bit by bit.
 */

/** @param bits a message whose length was checked. @returns null for the types that the table reads */
export function readFrequent(bits: AisBits, type: number): AisMessage | null {
  switch (type) {
    case 1:
    case 2:
    case 3:
      return positionA(bits, type);
    case 5:
      return voyage(bits);
    case 18:
      return positionB(bits);
    case 24:
      return bits.uint(38, 2) === 0 ? partA(bits) : partB(bits);
  }
  return null;
}

/** bits 8-37, as in every message */
function mmsiOf(s: Uint8Array): number {
  return ((s[1] & 15) << 26) | (s[2] << 20) | (s[3] << 14) | (s[4] << 8) | (s[5] << 2) | (s[6] >> 4);
}

function positionA(bits: AisBits, type: number): AisMessage {
  const { six: s, length } = bits;
  return {
    type,
    repeat: s[1] >> 4,
    mmsi: mmsiOf(s),
    status: s[6] & 15,
    turn: (((s[7] << 2) | (s[8] >> 4)) << 24) >> 24,
    speed: ((s[8] & 15) << 6) | s[9],
    accuracy: s[10] > 31,
    lon: (((s[10] & 31) << 27) | (s[11] << 21) | (s[12] << 15) | (s[13] << 9) | ((s[14] >> 1) << 4)) >> 4,
    lat:
      (((s[14] & 1) << 31) | (s[15] << 25) | (s[16] << 19) | (s[17] << 13) | (s[18] << 7) | ((s[19] >> 4) << 5)) >> 5,
    course: ((s[19] & 15) << 8) | (s[20] << 2) | (s[21] >> 4),
    heading: ((s[21] & 15) << 5) | (s[22] >> 1),
    second: ((s[22] & 1) << 5) | (s[23] >> 1),
    maneuver: ((s[23] & 1) << 1) | (s[24] >> 5),
    raim: (s[24] & 2) !== 0,
    // some transmitters cut the radio status: what is left of it is what was sent
    radio: length < 168 ? bits.uint(149, length - 149) : ((s[24] & 1) << 18) | (s[25] << 12) | (s[26] << 6) | s[27],
  };
}

function positionB({ six: s }: AisBits): AisMessage {
  return {
    type: 18,
    repeat: s[1] >> 4,
    mmsi: mmsiOf(s),
    reserved: ((s[6] & 15) << 4) | (s[7] >> 2),
    speed: ((s[7] & 3) << 8) | (s[8] << 2) | (s[9] >> 4),
    accuracy: (s[9] & 8) !== 0,
    lon: (((s[9] & 7) << 29) | (s[10] << 23) | (s[11] << 17) | (s[12] << 11) | (s[13] << 5) | ((s[14] >> 5) << 4)) >> 4,
    lat: (((s[14] & 31) << 27) | (s[15] << 21) | (s[16] << 15) | (s[17] << 9) | ((s[18] >> 2) << 5)) >> 5,
    course: ((s[18] & 3) << 10) | (s[19] << 4) | (s[20] >> 2),
    heading: ((s[20] & 3) << 7) | (s[21] << 1) | (s[22] >> 5),
    second: ((s[22] & 31) << 1) | (s[23] >> 5),
    regional: (s[23] >> 3) & 3,
    cs: (s[23] & 4) !== 0,
    display: (s[23] & 2) !== 0,
    dsc: (s[23] & 1) !== 0,
    band: s[24] > 31,
    msg22: (s[24] & 16) !== 0,
    raim: (s[24] & 4) !== 0,
    radio: ((s[24] & 3) << 18) | (s[25] << 12) | (s[26] << 6) | s[27],
  };
}

function voyage(bits: AisBits): AisMessage {
  return {
    type: 5,
    repeat: bits.uint(6, 2),
    mmsi: mmsiOf(bits.six),
    ais_version: bits.uint(38, 2),
    imo: bits.uint(40, 30),
    callsign: bits.text(70, 7),
    shipname: bits.text(112, 20),
    shiptype: bits.uint(232, 8),
    to_bow: bits.uint(240, 9),
    to_stern: bits.uint(249, 9),
    to_port: bits.uint(258, 6),
    to_starboard: bits.uint(264, 6),
    epfd: bits.uint(270, 4),
    eta: `${pad(bits.uint(274, 4))}-${pad(bits.uint(278, 5))}T${pad(bits.uint(283, 5))}:${pad(bits.uint(288, 6))}Z`,
    draught: bits.uint(294, 8),
    destination: bits.text(302, 20),
    dte: bits.uint(422, 1),
  };
}

function partA(bits: AisBits): AisMessage {
  return { type: 24, repeat: bits.uint(6, 2), mmsi: mmsiOf(bits.six), part: "A", shipname: bits.text(40, 20) };
}

function partB(bits: AisBits): AisMessage {
  const mmsi = mmsiOf(bits.six);
  const repeat = bits.uint(6, 2);
  const shiptype = bits.uint(40, 8);
  const vendorid = bits.text(48, 7);
  const model = bits.uint(66, 4);
  const serial = bits.uint(70, 20);
  const callsign = bits.text(90, 7);
  if (isAuxiliary(mmsi)) {
    const mothership_mmsi = bits.uint(132, 30);
    return { type: 24, repeat, mmsi, part: "B", shiptype, vendorid, model, serial, callsign, mothership_mmsi };
  }
  return {
    type: 24,
    repeat,
    mmsi,
    part: "B",
    shiptype,
    vendorid,
    model,
    serial,
    callsign,
    to_bow: bits.uint(132, 9),
    to_stern: bits.uint(141, 9),
    to_port: bits.uint(150, 6),
    to_starboard: bits.uint(156, 6),
  };
}

/** "00" to "63" */
const TWO_DIGITS = Array.from({ length: 64 }, (_, value) => String(value).padStart(2, "0"));

function pad(value: number): string {
  return TWO_DIGITS[value];
}
