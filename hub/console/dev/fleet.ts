import type { MockVessel, World } from "./world.ts";

type Answer = [status: number, body: unknown];
const MINUTE = 60_000;

/** What is asked about vessels, formations and receivers. */
export function fleetAnswer(world: World, parts: readonly string[], started: number): Answer {
  const [room, id, name, more] = parts;
  const missing: Answer = [404, { code: "NOT_FOUND", message: "no such vessel" }];
  if (room === "formations") return [200, { items: world.formations(), areas: world.rollUp() }];
  if (room === "receivers") {
    const stations = receivers(world);
    if (id === undefined) return [200, { items: stations.map(({ heard, ...r }) => ({ ...r, vessels: heard.length })) }];
    const station = stations.find(({ uid }) => uid === `${id}/${name}`);
    if (station === undefined || more !== "vessels") return missing;
    return [200, { items: station.heard.map(({ mmsi, ts }) => ({ mmsi, ts })) }];
  }
  if (id === undefined) return [200, { items: world.vessels.map(({ course: _c, speed: _s, ...v }) => v) }];
  const vessel = world.vessels.find(({ mmsi }) => mmsi === Number(id));
  if (vessel === undefined) return missing;
  if (name === "track") return [200, { rows: track(vessel) }];
  if (name === "visits") {
    const visit = {
      gridId: "h-1",
      name: "菜园渔港",
      enteredAt: started - 1900 * MINUTE,
      stoppedAt: null,
      resumedAt: null,
    };
    return [200, { items: [{ ...visit, leftAt: started - 1300 * MINUTE }] }];
  }
  const hearing = receivers(world).filter(({ heard }) => heard.includes(vessel));
  return [200, { items: hearing.map(({ uid }) => ({ uid, ts: vessel.ts })) }];
}

/** Five stations with a part of the fleet each; the last one is deaf. */
function receivers(world: World) {
  const devices = world.devices.filter(({ kind }) => kind === "ais_receiver").slice(0, 5);
  return devices.map(({ uid, gridId, lon, lat }, i) => {
    const deaf = i === 4;
    const miles = (v: MockVessel) =>
      Math.hypot((v.lon - (lon ?? 0)) * Math.cos(((lat ?? 0) * Math.PI) / 180), v.lat - (lat ?? 0)) * 60;
    const heard = deaf ? [] : world.vessels.filter((v) => v.state !== "dark" && miles(v) < 14 + i * 4);
    return {
      uid,
      gridId,
      heard,
      messagesPerMin: heard.length * 5.2,
      rangeNm: deaf ? null : Math.max(...heard.map(miles), 1),
      lastHeard: deaf ? Date.now() - 47 * MINUTE : Date.now() - 2000,
      state: deaf ? "offline" : "online",
      reason: deaf ? "expected" : "",
    };
  });
}

/** Two hours at a report a minute, with 16 minutes without reports and, for who is dark or strays, 48 minutes of silence. */
function track(v: MockVessel): [number, number, number, number, number][] {
  const last = v.state === "dark" ? v.ts : Date.now();
  const rows = Array.from({ length: 150 }, (_, i): [number, number, number, number, number] => {
    const back = ((149 - i) * Math.max(v.speed, 1)) / 3600;
    const a = ((v.course + Math.sin(i / 14) * 34) * Math.PI) / 180;
    const speed = Math.max(0, v.speed + Math.sin(i / 9) * 0.7);
    return [last - (149 - i) * MINUTE, v.lon - back * Math.sin(a) * 1.16, v.lat - back * Math.cos(a), speed, v.course];
  });
  const quiet = (i: number) => (i > 100 && i < 116) || (v.mmsi % 10 === 0 && i > 30 && i < 78);
  return rows.filter((_, i) => !quiet(i));
}
