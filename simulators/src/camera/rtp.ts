import type { AccessUnit } from "./h264.ts";

/** RTP payload of one packet; with 12 bytes of header and 4 of interleaving it stays below an Ethernet frame. */
const MAX_PAYLOAD = 1400;
const FU_A = 28;
const PAYLOAD_TYPE = 96;

/**
 * H.264 pictures as RTP packets (RFC 3550, RFC 6184: single NAL units and FU-A fragments), each in the frame of RTSP's interleaved
 * transport (RFC 2326 section 10.12). The clock runs at 90 kHz.
 */
export class RtpPacketizer {
  private readonly ssrc: number;
  private readonly channel: number;
  private sequence: number;

  constructor(channel: number, ssrc: number, sequence = 0) {
    this.channel = channel;
    this.ssrc = ssrc;
    this.sequence = sequence;
  }

  /** @param timestamp 90 kHz */
  packets(unit: AccessUnit, timestamp: number): Buffer {
    const out: Buffer[] = [];
    unit.nals.forEach((nal, i) => {
      const last = i === unit.nals.length - 1;
      if (nal.length <= MAX_PAYLOAD) {
        out.push(this.header(nal.length, last, timestamp), nal);
        return;
      }
      for (let from = 1; from < nal.length; from += MAX_PAYLOAD - 2) {
        const part = nal.subarray(from, from + MAX_PAYLOAD - 2);
        const end = from + part.length >= nal.length;
        const flags = (from === 1 ? 0x80 : 0) | (end ? 0x40 : 0) | (nal[0] & 31);
        out.push(this.header(part.length + 2, last && end, timestamp));
        out.push(Buffer.from([(nal[0] & 0xe0) | FU_A, flags]), part);
      }
    });
    return Buffer.concat(out);
  }

  private header(payload: number, marker: boolean, timestamp: number): Buffer {
    const header = Buffer.alloc(16);
    header[0] = 0x24; // "$"
    header[1] = this.channel;
    header.writeUInt16BE(payload + 12, 2);
    header[4] = 0x80; // version 2
    header[5] = (marker ? 0x80 : 0) | PAYLOAD_TYPE;
    header.writeUInt16BE(this.sequence, 6);
    header.writeUInt32BE(timestamp >>> 0, 8);
    header.writeUInt32BE(this.ssrc, 12);
    this.sequence = (this.sequence + 1) & 0xffff;
    return header;
  }
}
