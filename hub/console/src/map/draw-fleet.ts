import type { FormationInfo, VesselInfo } from "../../../src/api/schema.ts";
import type { TrackRow } from "../api.ts";
import { duration } from "../format.ts";
import { type Moment, silencesOf } from "../sea/playback.ts";
import type { Lang } from "../words/words.ts";
import type { Pen } from "./canvas-layer.ts";
import { hull, type XY } from "./hull.ts";
import { linkage } from "./linkage.ts";
import type { Palette } from "./palette.ts";

export interface FleetPicture {
  readonly vessels: ReadonlyMap<number, VesselInfo>;
  readonly formations: readonly FormationInfo[];
  readonly trails: ReadonlyMap<number, number[]>;
  readonly selectedFormation: string | null;
  readonly selectedVessel: number | null;
  readonly track: readonly TrackRow[] | null;
  /** the selected vessel at a moment of its track */
  readonly play: Moment | null;
  /** MMSIs in distress: marked by markers of their own */
  readonly sos: ReadonlySet<number>;
  readonly word: { dark(age: string): string };
  readonly now: number;
  readonly lang: Lang;
  /** the map is about vessels: drawn at full strength and stragglers named; else they stay behind events and devices */
  readonly foremost: boolean;
  /** these stand out and all others step back; null = none do */
  readonly stressed: ReadonlySet<number> | null;
}

const DARK: ReadonlySet<string> = new Set(["dark", "gap", "suspected_disabling"]);

/** Single linkage as the fleet has it unless a grid says otherwise, nautical miles. */
const SPLIT_NM = 2;
/** Under way if faster than this, knots; otherwise drawn as a point without heading. */
const UNDER_WAY = 0.5;

export function drawFleet(pen: Pen, f: FleetPicture, c: Palette): void {
  const byFormation = new Map<string, VesselInfo[]>();
  for (const v of f.vessels.values()) {
    if (v.formationId === null) continue;
    const own = byFormation.get(v.formationId);
    if (own === undefined) byFormation.set(v.formationId, [v]);
    else own.push(v);
  }
  const away = new Set<number>();
  for (const formation of f.formations) {
    for (const mmsi of formation.stragglers) away.add(mmsi);
    drawFormation(
      pen,
      formation,
      byFormation.get(formation.gridId) ?? [],
      f.selectedFormation === formation.gridId,
      f.foremost ? 1 : 0.55,
      c,
    );
  }
  if (pen.zoom >= 11.5) for (const [mmsi, trail] of f.trails) drawTrail(pen, trail, away.has(mmsi) ? c.s3 : c.vessel);
  if (f.track !== null) drawTrack(pen, f.track, f, c);
  for (const v of f.vessels.values())
    drawVessel(
      pen,
      v,
      {
        away: away.has(v.mmsi),
        selected: f.selectedVessel === v.mmsi,
        foremost: f.foremost,
        faint: f.stressed !== null && !f.stressed.has(v.mmsi),
      },
      c,
    );
  // last, so that nothing lies over them
  for (const v of f.vessels.values()) if (!f.sos.has(v.mmsi) && DARK.has(v.state)) drawDark(pen, v, f, c);
  if (f.play !== null) drawPlay(pen, f.play, c);
}

function drawFormation(
  pen: Pen,
  f: FormationInfo,
  members: readonly VesselInfo[],
  selected: boolean,
  strength: number,
  c: Palette,
): void {
  const { ctx } = pen;
  const away = new Set(f.stragglers);
  const points: XY[] = [];
  for (const v of members)
    if ((v.freshness === "fresh" || v.freshness === "late") && !away.has(v.mmsi)) points.push(pen.at(v.lon, v.lat));
  if (!points.some(([x, y]) => pen.visible(x, y)) && !selected) return;
  const alert = f.stragglers.length > 0 || f.split;
  const colour = f.outage ? c.unk : alert ? c.s3 : selected ? c.acc : c.vessel;
  const [ax, ay] = pen.at(f.lon ?? 0, f.lat ?? 0);
  const [bx, by] = pen.at(f.lon ?? 0, (f.lat ?? 0) + SPLIT_NM / 60);
  const groups = f.split ? linkage(points, Math.hypot(ax - bx, ay - by)) : [points];
  const rings = groups.map((group) => hull(group));
  ctx.strokeStyle = colour;
  ctx.fillStyle = colour;
  ctx.lineWidth = selected ? 1.6 : 1;
  // a formation of which nothing comes in any more is a broken line: its place is that of before
  if (f.outage) ctx.setLineDash([6, 4]);
  for (const ring of rings) {
    ctx.beginPath();
    ring.forEach(([x, y], i) => (i === 0 ? ctx.moveTo(x, y) : ctx.lineTo(x, y)));
    ctx.closePath();
    ctx.globalAlpha = selected ? 0.2 : (alert ? 0.12 : 0.07) * strength;
    ctx.fill();
    ctx.globalAlpha = selected ? 1 : (alert || f.outage ? 0.8 : 0.28) * strength;
    ctx.stroke();
  }
  if (f.split && rings.length > 1) {
    ctx.setLineDash([2, 4]);
    ctx.beginPath();
    rings.forEach((ring, i) => {
      const [x, y] = [mean(ring, 0), mean(ring, 1)];
      if (i === 0) ctx.moveTo(x, y);
      else ctx.lineTo(x, y);
    });
    ctx.stroke();
  }
  ctx.setLineDash([]);
  if (alert && f.lon !== null && f.lat !== null) {
    const [cx, cy] = pen.at(f.lon, f.lat);
    ctx.setLineDash([4, 4]);
    for (const v of members) {
      if (!away.has(v.mmsi)) continue;
      ctx.beginPath();
      ctx.moveTo(cx, cy);
      ctx.lineTo(...pen.at(v.lon, v.lat));
      ctx.stroke();
    }
    ctx.setLineDash([]);
  }
  ctx.globalAlpha = 1;
  const corners = rings.flat();
  if (selected && corners.length > 0) {
    const top = corners.reduce((best, p) => (p[1] < best[1] ? p : best));
    label(ctx, f.name, top[0] - 40, top[1] - 12, c.acc, c.sea);
  }
}

function mean(ring: readonly XY[], axis: 0 | 1): number {
  return ring.reduce((sum, p) => sum + p[axis], 0) / Math.max(1, ring.length);
}

function drawTrail(pen: Pen, trail: readonly number[], colour: string): void {
  const { ctx } = pen;
  const [x, y] = pen.at(trail[0] ?? 0, trail[1] ?? 0);
  if (!pen.visible(x, y)) return;
  ctx.globalAlpha = 0.35;
  ctx.strokeStyle = colour;
  ctx.lineWidth = 1;
  ctx.beginPath();
  ctx.moveTo(x, y);
  for (let i = 2; i < trail.length; i += 2) ctx.lineTo(...pen.at(trail[i] ?? 0, trail[i + 1] ?? 0));
  ctx.stroke();
  ctx.globalAlpha = 1;
}

function drawTrack(pen: Pen, track: readonly TrackRow[], f: FleetPicture, c: Palette): void {
  const { ctx } = pen;
  const silences = silencesOf(track);
  const kindBefore = new Map(silences.map(({ index, kind }) => [index, kind]));
  ctx.lineJoin = "round";
  // solid where it was heard, dashed where nobody knows, in another colour where it was silent for long
  for (const [kind, dash, colour] of [
    [undefined, [], c.acc],
    ["gap", [3, 5], c.acc],
    ["dark", [9, 6], c.late],
  ] as const) {
    ctx.strokeStyle = colour;
    ctx.lineWidth = kind === "dark" ? 2.5 : 2;
    ctx.setLineDash(dash);
    ctx.beginPath();
    track.forEach(([, lon, lat], i) => {
      if (i > 0 && kindBefore.get(i) === kind) ctx.lineTo(...pen.at(lon, lat));
      else ctx.moveTo(...pen.at(lon, lat));
    });
    ctx.stroke();
  }
  ctx.setLineDash([]);
  for (const { kind, from, to, index } of silences) {
    const [a, b] = [track[index - 1], track[index]];
    if (kind !== "dark" || a === undefined || b === undefined) continue;
    const [x, y] = pen.at((a[1] + b[1]) / 2, (a[2] + b[2]) / 2);
    label(ctx, f.word.dark(duration(to - from, f.lang)), x + 8, y - 8, c.late, c.sea);
  }
  ctx.strokeStyle = c.acc;
  ctx.fillStyle = c.sea;
  ctx.lineWidth = 1.2;
  for (let i = 0; i < track.length; i += Math.max(1, Math.ceil(track.length / 12))) {
    const row = track[i];
    if (row === undefined) continue;
    const [x, y] = pen.at(row[1], row[2]);
    ctx.beginPath();
    ctx.arc(x, y, 2.6, 0, 7);
    ctx.fill();
    ctx.stroke();
  }
}

/** Silent at sea: a broken ring with a cross where it was heard last, and for how long. */
function drawDark(pen: Pen, v: VesselInfo, f: FleetPicture, c: Palette): void {
  const [x, y] = pen.at(v.lon, v.lat);
  if (!pen.visible(x, y)) return;
  const { ctx } = pen;
  const r = f.foremost ? 9 : 7;
  ctx.strokeStyle = c.s2;
  ctx.lineWidth = 1.8;
  ctx.setLineDash([3, 3]);
  ctx.beginPath();
  ctx.arc(x, y, r, 0, 7);
  ctx.stroke();
  ctx.setLineDash([]);
  ctx.beginPath();
  for (const d of [-1, 1]) {
    ctx.moveTo(x - 3, y - 3 * d);
    ctx.lineTo(x + 3, y + 3 * d);
  }
  ctx.stroke();
  if (f.foremost)
    label(ctx, `${v.name} · ${f.word.dark(duration(f.now - v.ts, f.lang))}`, x + r + 6, y + 4, c.text, c.sea);
}

/** Where the vessel was at the moment of the playback; hollow where that is a guess. */
function drawPlay(pen: Pen, { lon, lat, cog, inGap }: Moment, c: Palette): void {
  const [x, y] = pen.at(lon, lat);
  const { ctx } = pen;
  ctx.save();
  ctx.translate(x, y);
  ctx.rotate(((cog ?? 0) * Math.PI) / 180);
  ctx.beginPath();
  ctx.moveTo(0, -11);
  ctx.lineTo(7, 9);
  ctx.lineTo(0, 5);
  ctx.lineTo(-7, 9);
  ctx.closePath();
  ctx.lineWidth = 2;
  ctx.strokeStyle = inGap ? c.late : c.sea;
  ctx.fillStyle = inGap ? c.sea : c.late;
  ctx.fill();
  ctx.stroke();
  ctx.restore();
}

interface VesselLook {
  readonly away: boolean;
  readonly selected: boolean;
  readonly foremost: boolean;
  readonly faint: boolean;
}

function drawVessel(pen: Pen, v: VesselInfo, look: VesselLook, c: Palette): void {
  const [x, y] = pen.at(v.lon, v.lat);
  if (!pen.visible(x, y)) return;
  const { ctx, zoom } = pen;
  const { away, selected, foremost, faint } = look;
  const base = zoom < 10.5 ? 4 : zoom < 12 ? 5.5 : 7;
  const size = base * (foremost ? 1 : 0.8) * (selected || away ? 1.35 : 1);
  const colour = away ? c.s3 : selected ? c.acc : v.freshness === "fresh" ? c.vessel : c.unk;
  ctx.globalAlpha = faint ? 0.22 : foremost || selected || away || zoom >= 12.5 ? 1 : 0.6;
  const angle = ((v.heading ?? v.cog ?? 0) * Math.PI) / 180;
  ctx.fillStyle = colour;
  ctx.strokeStyle = colour;
  ctx.lineWidth = 1.2;
  ctx.beginPath();
  if (v.freshness === "lost" || v.freshness === "stale") {
    ctx.setLineDash([2, 2]);
    ctx.arc(x, y, size * 0.8, 0, 7);
    ctx.stroke();
    ctx.setLineDash([]);
  } else if ((v.sog ?? 0) < UNDER_WAY) {
    ctx.arc(x, y, size * 0.42, 0, 7);
    ctx.fill();
  } else {
    const [sin, cos] = [Math.sin(angle), Math.cos(angle)];
    const p = (ahead: number, right: number): [number, number] => [
      x + sin * ahead + cos * right,
      y - cos * ahead + sin * right,
    ];
    ctx.moveTo(...p(size, 0));
    ctx.lineTo(...p(-size * 0.8, size * 0.62));
    ctx.lineTo(...p(-size * 0.35, 0));
    ctx.lineTo(...p(-size * 0.8, -size * 0.62));
    ctx.closePath();
    if (v.freshness === "late") ctx.stroke();
    else ctx.fill();
  }
  ctx.globalAlpha = 1;
  if (selected) {
    ctx.beginPath();
    ctx.arc(x, y, size * 1.9, 0, 7);
    ctx.stroke();
  }
  if (selected || (away && foremost && zoom >= 10) || (foremost && zoom >= 13.5))
    label(ctx, v.name, x + size * 2.1, y + 4, away ? c.late : selected ? c.acc : c.mut, c.sea);
}

/** Text that stays readable on land, sea and lines. */
export function label(
  ctx: CanvasRenderingContext2D,
  text: string,
  x: number,
  y: number,
  colour: string,
  halo: string,
): void {
  ctx.font = `12px ${getComputedStyle(document.body).fontFamily}`;
  ctx.textAlign = "left";
  ctx.lineJoin = "round";
  ctx.lineWidth = 3;
  ctx.strokeStyle = halo;
  ctx.strokeText(text, x, y);
  ctx.fillStyle = colour;
  ctx.fillText(text, x, y);
}
