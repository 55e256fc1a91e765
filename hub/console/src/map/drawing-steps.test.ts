import { describe, expect, it } from "vitest";
import { circled, cornerInserted, cornerMoved, cornerRemoved, type DrawingState, finished, opened, redone, taken, tapped, undone } from "./drawing-steps.ts"; // prettier-ignore
import { asCircle, crossings, type Point, type Shape } from "./shape.ts";

const CORNERS: Point[] = [[122, 30], [122.02, 30], [122.02, 30.02], [122, 30.02]]; // prettier-ignore
const drawn = (points: readonly Point[] = CORNERS): DrawingState => points.reduce(tapped, opened([]));

describe("drawing", () => {
  it("closes a ring of three corners or more, and takes the last corner back while drawing", () => {
    const two = drawn(CORNERS.slice(0, 2));
    expect(finished(two)).toBe(two);
    const taken3 = tapped(undone(tapped(two, CORNERS[3]!)), CORNERS[2]!);
    const closed = finished(taken3);
    expect([closed.tool, closed.shape[0]?.[0]?.length]).toEqual(["edit", 3]);
  });

  it("makes one step of a drag, undoes and redoes it, and forgets what was undone upon a change", () => {
    const before = finished(drawn());
    let s = before;
    for (const x of [122.001, 122.002, 122.003]) s = cornerMoved(s, [0, 0, 0], [x, 30], false);
    const after = cornerMoved(s, [0, 0, 0], [122.004, 30], true);
    expect(undone(after).shape).toBe(before.shape);
    expect(redone(undone(after)).shape).toBe(after.shape);
    const other = cornerInserted(undone(after), [0, 0, 0]);
    expect(other.selected).toEqual([0, 0, 1]);
    expect(redone(other)).toBe(other);
    const empty = undone(undone(other));
    expect([empty.shape.length, empty.tool]).toEqual([0, "polygon"]);
    expect(undone(empty)).toBe(empty);
  });

  it("counts a drag that ends where it began as one step, not as none that goes on", () => {
    const before = finished(drawn());
    const there = cornerMoved(before, [0, 0, 0], [122.001, 30], false);
    expect(cornerMoved(there, [0, 0, 0], [122, 30], true).before).toBeNull();
  });

  it("draws a circle by centre and rim and changes it as one", () => {
    const centre = tapped(taken(opened([]), "circle"), [122.5, 30.7]);
    expect(tapped(centre, [122.5, 30.7]).shape).toEqual([]);
    const circle = tapped(centre, [122.5, 30.71]);
    expect(asCircle(circle.shape)!.radius).toBeCloseTo(1112, -1);
    expect(asCircle(circled(circle, { centre: [122.6, 30.7], radius: 500 }, true).shape)).toMatchObject({
      radius: 500,
    });
  });

  it("goes back to drawing when the last corner that holds a shape is removed", () => {
    const triangle: Shape = [[CORNERS.slice(0, 3)]];
    const s = cornerRemoved({ ...opened(triangle), selected: [0, 0, 2] }, [0, 0, 2]);
    expect([s.shape.length, s.tool, s.selected]).toEqual([0, "polygon", null]);
    expect(undone(s).shape).toBe(triangle);
  });

  it("has crossing sides before the ring is closed", () => {
    const bow = [CORNERS[0]!, CORNERS[2]!, CORNERS[1]!, CORNERS[3]!];
    expect(crossings([drawn(bow).points], true).length).toBe(1);
    expect(crossings([undone(drawn(bow)).points], true).length).toBe(0);
  });
});
