import type { RecordBuffer } from "../reading.ts";
import { evaluate, type Formula, TEMPORARIES } from "./formula.ts";

/** What happens to a value after scale and offset. */
export interface Calibration {
  readonly poly: Float64Array | null;
  /** points of a piecewise linear curve: x0, y0, x1, y1 ... by ascending x; beyond them the ends hold */
  readonly curve: Float64Array | null;
  readonly formula: Formula | null;
  /** from the field's unit to the metric's */
  readonly factor: number;
  readonly shift: number;
}

export function calibrate(after: Calibration, x: number, out: RecordBuffer): number {
  let value = x;
  if (after.poly !== null) value = polynomial(after.poly, value);
  else if (after.curve !== null) value = interpolate(after.curve, value);
  else if (after.formula !== null) value = evaluate(after.formula, value, out);
  return value * after.factor + after.shift;
}

function interpolate(points: Float64Array, x: number): number {
  const last = points.length - 2;
  if (x <= points[0]) return points[1];
  if (x >= points[last]) return points[last + 1];
  let i = 0;
  while (points[i + 2] < x) i += 2;
  const [x0, y0, x1, y1] = points.subarray(i, i + 4);
  return y0 + ((x - x0) * (y1 - y0)) / (x1 - x0);
}

function polynomial(c: Float64Array, x: number): number {
  let y = 0;
  for (let i = c.length - 1; i >= 0; i--) y = y * x + c[i];
  return y;
}

/** Whether the record holds all that a formula needs besides x. */
export function present(formula: Formula, out: RecordBuffer): boolean {
  for (const metric of formula.metrics) {
    let found = false;
    for (let i = 0; i < out.n && !found; i++) found = out.metric[i] === metric;
    if (!found) return false;
  }
  for (const slot of formula.temporaries) if (TEMPORARIES[slot] !== TEMPORARIES[slot]) return false;
  return true;
}
