import * as steps from "./drawing-steps.ts";
import { asCircle, type Circle, type Corner, cornersOf, crossings, type Point, type Shape } from "./shape.ts";

/**
 * A shape that is being drawn or changed, with undo. It knows nothing of the map: the pen on the map and the table of corners
 * move it by the same calls.
 */
export class Drawing {
  #now = $state.raw(steps.opened([]));
  readonly circle = $derived(this.#now.asCorners ? null : asCircle(this.#now.shape));
  readonly crossings = $derived.by(() => {
    const { shape, tool, points } = this.#now;
    const drawn = tool === "polygon" && points.length > 0;
    return drawn ? crossings([...shape.flat(), points], true) : crossings(shape.flat());
  });
  readonly corners = $derived(cornersOf(this.#now.shape));

  get shape(): Shape {
    return this.#now.shape;
  }
  get tool(): steps.Tool {
    return this.#now.tool;
  }
  get points(): readonly Point[] {
    return this.#now.points;
  }
  get selected(): Corner | null {
    return this.#now.selected;
  }
  get mayUndo(): boolean {
    return this.#now.points.length > 0 || this.#now.past.length > 0;
  }
  get mayRedo(): boolean {
    return this.#now.future.length > 0;
  }

  /** Begins anew, with nothing to take back. */
  open(shape: Shape): void {
    this.#now = steps.opened(shape);
  }
  change(shape: Shape): void {
    this.#now = steps.changed(this.#now, shape);
  }
  take(tool: steps.Tool): void {
    this.#now = steps.taken(this.#now, tool);
  }
  select(corner: Corner | null): void {
    this.#now = { ...this.#now, selected: corner };
  }
  asCorners(): void {
    this.#now = { ...this.#now, asCorners: true };
  }
  tap(at: Point): void {
    this.#now = steps.tapped(this.#now, at);
  }
  finish(): void {
    this.#now = steps.finished(this.#now);
  }
  addCircle(circle: Circle): void {
    this.#now = steps.withCircle(this.#now, circle);
  }
  /** @param done false while it is dragged */
  setCircle(circle: Circle, done: boolean): void {
    this.#now = steps.circled(this.#now, circle, done);
  }
  /** @param done false while it is dragged */
  move(corner: Corner, to: Point, done: boolean): void {
    this.#now = steps.cornerMoved(this.#now, corner, to, done);
  }
  insert(corner: Corner, at?: Point): void {
    this.#now = steps.cornerInserted(this.#now, corner, at);
  }
  remove(corner: Corner): void {
    this.#now = steps.cornerRemoved(this.#now, corner);
  }
  clear(): void {
    this.#now = steps.taken(steps.changed(this.#now, []), "polygon");
  }
  undo(): void {
    this.#now = steps.undone(this.#now);
  }
  redo(): void {
    this.#now = steps.redone(this.#now);
  }
  cancel(): void {
    this.#now = steps.cancelled(this.#now);
  }
}
