import type { AreaInfo } from "../../../../src/api/grid-schema.ts";
import { Drawing } from "../../map/drawing.svelte.ts";
import { propertiesOf, shapeOf } from "../../map/shape-geojson.ts";
import { Loading } from "../../stores/loading.svelte.ts";
import type { AreaBody, AreaChanged, GridApi } from "../grid-api.ts";
import { type AreaForm, bodyOf, differences, emptyForm, formOf } from "./area-form.ts";

/** An area that is being drawn; it outlives the page, so that a look elsewhere costs no work. */
export class Editing {
  /** null = a new one; another state of it where somebody else was first */
  of = $state.raw<AreaInfo | null>(null);
  readonly drawing = new Drawing();
  form = $state<AreaForm>(emptyForm(""));
  readonly body = $derived(bodyOf(this.form, this.drawing.shape));
  readonly #first: AreaBody;
  readonly dirty = $derived.by(() => differences(this.#first, this.body).length > 0);

  constructor(of: AreaInfo | null, parent: string) {
    this.of = of;
    const body = of === null ? null : bodyOfArea(of);
    this.form = body === null ? emptyForm(parent) : formOf(body);
    this.drawing.open(body === null ? [] : (shapeOf(body.geometry) ?? []));
    this.#first = bodyOf(this.form, this.drawing.shape);
  }

  /** The border of a file, and its name where there is none yet. @returns whether there was a polygon in it */
  async takeFile(file: Blob): Promise<boolean> {
    let json: unknown;
    try {
      json = JSON.parse(await file.text());
    } catch {
      return false;
    }
    const shape = shapeOf(json);
    if (shape === null) return false;
    this.drawing.change(shape);
    this.drawing.take("edit");
    const { name } = propertiesOf(json);
    if (this.form.name === "" && typeof name === "string") this.form.name = name;
    return true;
  }
}

/** The areas at sea with their drafts. */
export class Areas {
  readonly loading = new Loading();
  list = $state.raw<readonly AreaInfo[]>([]);
  /** of the grids in force */
  version = $state(0);
  editing = $state.raw<Editing | null>(null);
  readonly #api: GridApi;

  constructor(api: GridApi) {
    this.#api = api;
  }

  load(): Promise<boolean> {
    return this.loading.run(async () => {
      const { version, items } = await this.#api.areas();
      this.version = version;
      this.list = items;
    });
  }

  /** What a change answered. @param id that was changed; gone where no area came back */
  take(id: string, { area, version }: AreaChanged): void {
    this.version = version;
    const others = this.list.filter((a) => a.id !== (area?.id ?? id));
    this.list = area === null ? others : [...others, area];
  }

  leave(): void {
    this.list = [];
    this.editing = null;
    this.loading.state = "idle";
  }
}

/** What people work on: the draft where there is one. */
export function bodyOfArea({ area, draft }: AreaInfo): AreaBody | null {
  return draft?.area ?? area;
}
