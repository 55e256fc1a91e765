import type { AisBits } from "./bits.ts";
import type { AisMessage } from "./decode.ts";
import { isAuxiliary } from "./fields.ts";

/*
 * The types that make nine tenths of the traffic (1, 2, 3, 5, 18, 24) as object literals: an object of one fixed shape costs a
 * third of one that grows field by field out of the table. The offsets are those of fields.ts; frequent.test.ts holds the two
 * against each other bit by bit.
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

function positionA(bits: AisBits, type: number): AisMessage {
  const { length } = bits;
  return {
    type,
    repeat: bits.uint(6, 2),
    mmsi: bits.uint(8, 30),
    status: bits.uint(38, 4),
    turn: bits.int(42, 8),
    speed: bits.uint(50, 10),
    accuracy: bits.uint(60, 1) === 1,
    lon: bits.int(61, 28),
    lat: bits.int(89, 27),
    course: bits.uint(116, 12),
    heading: bits.uint(128, 9),
    second: bits.uint(137, 6),
    maneuver: bits.uint(143, 2),
    raim: bits.uint(148, 1) === 1,
    // some transmitters cut the radio status: what is left of it is what was sent
    radio: length < 168 ? bits.uint(149, length - 149) : bits.uint(149, 19),
  };
}

function positionB(bits: AisBits): AisMessage {
  return {
    type: 18,
    repeat: bits.uint(6, 2),
    mmsi: bits.uint(8, 30),
    reserved: bits.uint(38, 8),
    speed: bits.uint(46, 10),
    accuracy: bits.uint(56, 1) === 1,
    lon: bits.int(57, 28),
    lat: bits.int(85, 27),
    course: bits.uint(112, 12),
    heading: bits.uint(124, 9),
    second: bits.uint(133, 6),
    regional: bits.uint(139, 2),
    cs: bits.uint(141, 1) === 1,
    display: bits.uint(142, 1) === 1,
    dsc: bits.uint(143, 1) === 1,
    band: bits.uint(144, 1) === 1,
    msg22: bits.uint(145, 1) === 1,
    raim: bits.uint(147, 1) === 1,
    radio: bits.uint(148, 20),
  };
}

function voyage(bits: AisBits): AisMessage {
  return {
    type: 5,
    repeat: bits.uint(6, 2),
    mmsi: bits.uint(8, 30),
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
  return { type: 24, repeat: bits.uint(6, 2), mmsi: bits.uint(8, 30), part: "A", shipname: bits.text(40, 20) };
}

function partB(bits: AisBits): AisMessage {
  const mmsi = bits.uint(8, 30);
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

function pad(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}
