import type { HeartbeatMessage } from "@gridhub/device-profiles/envelope.ts";
import { LANE_LIMIT } from "@gridhub/device-profiles/envelope.ts";
import type { Spool } from "./spool.ts";

const MAX_GAPS = 48;
const ROOM_FOR_REST = 512;

/**
 * The heartbeat within the contract's size. What fails comes first: a source that is not mentioned counts as working.
 * @param sources device -> "ok" or a reason code
 */
export function composeHeartbeat(spool: Spool, ts: number, sources: ReadonlyMap<string, string>): string {
  const { queue, bytes, oldest, disk } = spool.stats();
  const gaps = spool.gaps(MAX_GAPS);
  let room = LANE_LIMIT.heartbeat - ROOM_FOR_REST - Buffer.byteLength(JSON.stringify(gaps));
  const told: Record<string, string> = {};
  const tell = (device: string, code: string) => {
    room -= device.length + code.length + 6;
    if (room > 0) told[device] = code;
  };
  for (const [device, code] of sources) if (code !== "ok") tell(device, code);
  for (const [device, code] of sources) if (code === "ok") tell(device, code);
  const beat: HeartbeatMessage = {
    b: spool.boot,
    ts,
    queue,
    bytes,
    oldest,
    disk: Number.isNaN(disk) ? undefined : disk,
    gaps,
    sources: told,
  };
  return JSON.stringify(beat);
}
