import { type Circle, circleRing, type Corner, inserted, metres, middleAfter, moved, type Point, pointAt, removed, type Ring, round, type Shape } from "./shape.ts"; // prettier-ignore

/** steps that can be taken back */
const HISTORY = 100;
/** a circle smaller than this is a click that was not meant, metres */
const LEAST_RADIUS = 20;

export type Tool = "edit" | "polygon" | "circle";

/** Where the drawing of a shape stands. Every step gives another one; none changes what it is given. */
export interface DrawingState {
  readonly shape: Shape;
  readonly tool: Tool;
  /** corners of the ring that is being drawn; of a circle its centre */
  readonly points: Ring;
  readonly selected: Corner | null;
  /** a circle is shown by centre and radius until somebody wants its corners */
  readonly asCorners: boolean;
  readonly past: readonly Shape[];
  readonly future: readonly Shape[];
  /** the shape before a drag, as long as it lasts */
  readonly before: Shape | null;
}

export function opened(shape: Shape): DrawingState {
  const tool = shape.length === 0 ? "polygon" : "edit";
  return { shape, tool, points: [], selected: null, asCorners: false, past: [], future: [], before: null };
}

export function changed(s: DrawingState, shape: Shape): DrawingState {
  if (shape === s.shape && s.before === null) return s;
  return {
    ...s,
    past: [...s.past, s.before ?? s.shape].slice(-HISTORY),
    before: null,
    future: [],
    shape,
    selected: s.selected !== null && pointAt(shape, s.selected) === undefined ? null : s.selected,
  };
}
/** While something is dragged: shown, but no step of its own. */
function previewed(s: DrawingState, shape: Shape): DrawingState {
  return { ...s, before: s.before ?? s.shape, shape };
}
const put = (s: DrawingState, shape: Shape, done: boolean) => (done ? changed(s, shape) : previewed(s, shape));

export function taken(s: DrawingState, tool: Tool): DrawingState {
  return { ...s, tool, points: [], selected: null };
}

/** A click on the map, or a point by the keyboard. */
export function tapped(s: DrawingState, [lon, lat]: Point): DrawingState {
  const p: Point = [round(lon), round(lat)];
  const [centre] = s.points;
  if (s.tool === "edit") return { ...s, selected: null };
  if (s.tool === "polygon" || centre === undefined) return { ...s, points: [...s.points, p] };
  return withCircle(s, { centre, radius: metres(centre, p) });
}
/** Closes the ring; too short a one stays open. */
export function finished(s: DrawingState): DrawingState {
  if (s.tool !== "polygon" || s.points.length < 3) return s;
  return taken(changed(s, [...s.shape, [s.points]]), "edit");
}
/** A circle that was drawn. */
export function withCircle(s: DrawingState, circle: Circle): DrawingState {
  if (!(circle.radius >= LEAST_RADIUS)) return s;
  const next = taken(changed(s, [...s.shape, [circleRing(circle)]]), "edit");
  return { ...next, asCorners: next.shape.length > 1 };
}
/** Centre or radius of a circle that is there. */
export function circled(s: DrawingState, circle: Circle, done: boolean): DrawingState {
  return put(s, [[circleRing({ ...circle, radius: Math.max(LEAST_RADIUS, circle.radius) })]], done);
}
export function cornerMoved(s: DrawingState, corner: Corner, [lon, lat]: Point, done: boolean): DrawingState {
  return put(s, moved(s.shape, corner, [round(lon), round(lat)]), done);
}
/** A corner between this one and the next, half way unless told where; it is selected. */
export function cornerInserted(s: DrawingState, corner: Corner, at = middleAfter(s.shape, corner)): DrawingState {
  if (at === undefined) return s;
  const [p, r, i] = corner;
  return { ...changed(s, inserted(s.shape, corner, [round(at[0]), round(at[1])])), selected: [p, r, i + 1] };
}
export function cornerRemoved(s: DrawingState, corner: Corner): DrawingState {
  const next = changed(s, removed(s.shape, corner));
  if (next.shape.length === 0) return taken(next, "polygon");
  const [p, r, i] = corner;
  const before: Corner = [p, r, Math.max(0, i - 1)];
  return { ...next, selected: pointAt(next.shape, before) === undefined ? null : before };
}

/** Takes back the last corner while drawing, else the last change. */
export function undone(s: DrawingState): DrawingState {
  if (s.points.length > 0) return { ...s, points: s.points.slice(0, -1) };
  const last = s.past.at(-1);
  return last === undefined ? s : { ...shown(s, last), past: s.past.slice(0, -1), future: [...s.future, s.shape] };
}
export function redone(s: DrawingState): DrawingState {
  const next = s.future.at(-1);
  return next === undefined ? s : { ...shown(s, next), past: [...s.past, s.shape], future: s.future.slice(0, -1) };
}
/** What Escape does: leaves what is being drawn, then the tool, then the corner. */
export function cancelled(s: DrawingState): DrawingState {
  if (s.points.length > 0) return { ...s, points: [] };
  return s.tool !== "edit" && s.shape.length > 0 ? taken(s, "edit") : { ...s, selected: null };
}

function shown(s: DrawingState, shape: Shape): DrawingState {
  return { ...s, shape, selected: null, tool: shape.length === 0 ? "polygon" : "edit" };
}
