import type { Finding } from "../../finding.ts";
import { report } from "../waters.ts";
import type { Recall, VesselStanding } from "./recall.ts";
import { isOutside } from "./standing.ts";

const LISTED = 50;

/** What was said and not taken back: key -> how many were outside when it was said last. JSON, durable. */
export type Said = Readonly<Record<string, number>>;

/** A key names its grid, so that what is gone from the register can still be cleared. */
const keyOf = (recall: Recall, gridId: string, mmsi: number) =>
  recall.raiseBy === "vessel" ? `${gridId} mmsi:${mmsi}` : `${gridId} formation:${gridId}`;

/** After the deadline: raises what is outside, clears what came in. @returns what is said now; the same object = no change */
export function sayOverdue(
  recall: Recall,
  vessels: readonly VesselStanding[],
  said: Said,
  now: number,
  out: Finding[],
  why = "in_port",
): Said {
  const outside = new Map<string, VesselStanding[]>();
  for (const vessel of vessels) {
    if (!isOutside(vessel)) continue;
    const key = keyOf(recall, vessel.formationId, vessel.mmsi);
    const list = outside.get(key);
    if (list === undefined) outside.set(key, [vessel]);
    else list.push(vessel);
  }
  const after: Record<string, number> = {};
  let changed = false;
  for (const [key, list] of outside) {
    after[key] = list.length;
    if (said[key] === list.length) continue;
    changed = true;
    out.push(finding(recall, said[key] === undefined ? "raise" : "update", key, list, now, {}));
  }
  for (const key of Object.keys(said)) {
    if (key in after) continue;
    changed = true;
    const mmsi = Number(key.split("mmsi:")[1]);
    const came = vessels.find((vessel) => vessel.mmsi === mmsi);
    out.push(
      finding(recall, "clear", key, came === undefined ? [] : [came], now, {
        why: came?.standing === "exempt" ? "exempt" : why,
      }),
    );
  }
  return changed ? after : said;
}

function finding(
  recall: Recall,
  phase: Finding["phase"],
  key: string,
  vessels: readonly VesselStanding[],
  now: number,
  more: Readonly<Record<string, unknown>>,
): Finding {
  const space = key.lastIndexOf(" ");
  const [gridId, subject] = [key.slice(0, space), key.slice(space + 1)];
  const one = subject.startsWith("mmsi:") ? vessels.at(0) : undefined;
  const at = one?.lon == null || one.lat === null ? null : { lon: one.lon, lat: one.lat };
  const kind = subject.startsWith("mmsi:") ? "vessel.recall_overdue" : "formation.recall_overdue";
  return report(kind, phase, 2, now, subject, gridId, at, {
    recall: recall.id,
    title: recall.title,
    deadline: recall.deadline,
    overdueMs: Math.max(0, now - recall.deadline),
    ...(one === undefined
      ? { outside: phase === "clear" ? 0 : vessels.length, vessels: vessels.slice(0, LISTED).map(brief) }
      : { ...brief(one), formation: gridId, ack: one.ack }),
    ...more,
  });
}

function brief(v: VesselStanding) {
  const { mmsi, name, standing, shelter, distanceNm, etaAt, heardAt } = v;
  return { mmsi, name, standing, shelter, distanceNm, etaAt, heardAt };
}

/** One event a called grid, from the first reminder on: how many are still outside. */
export function reminder(
  recall: Recall,
  gridId: string,
  phase: Finding["phase"],
  outside: number,
  total: number,
  now: number,
): Finding {
  return report("formation.recall_due", phase, 3, now, `recall:${recall.id}`, gridId, null, {
    recall: recall.id,
    title: recall.title,
    deadline: recall.deadline,
    leftMs: Math.max(0, recall.deadline - now),
    outside,
    total,
  });
}
