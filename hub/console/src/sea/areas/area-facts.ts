import type { Desk } from "../../desk.svelte.ts";
import { exact, value } from "../../format.ts";
import { shapeOf } from "../../map/shape-geojson.ts";
import { cornersOf, squareMetres } from "../../map/shape.ts";
import type { AreaBody } from "../grid-api.ts";
import type { Span } from "./area-form.ts";

const spans = (list: readonly Span[]) => list.map(({ from, to }) => `${from} – ${to}`).join(", ");

/** One field of an area as people read it; "–" where it limits nothing. */
export function factOf(desk: Desk, body: AreaBody, key: keyof AreaBody): string {
  const name = (id: string) => desk.grids.byId.get(id)?.name ?? id;
  const said = (() => {
    switch (key) {
      case "geometry": {
        const shape = shapeOf(body.geometry) ?? [];
        return desk.t("draw.size", { n: cornersOf(shape).length, a: value(squareMetres(shape) / 1852 ** 2, 2) });
      }
      case "kind":
        return desk.coded("area.kind", body.kind);
      case "parent":
        return name(body.parent);
      case "allow":
      case "formations":
        return (body[key] ?? []).map(name).join(", ");
      case "dates":
      case "hours":
        return spans(body[key] ?? []);
      case "weekdays":
        return (body.weekdays ?? []).map((d) => desk.coded("area.day", String(d))).join(" ");
      case "validFrom":
      case "validTo":
        return body[key] === undefined ? "" : exact(body[key]).slice(0, 16);
      case "transitKn":
      case "limitKn":
        return body[key] === undefined ? "" : `${body[key]} kn`;
      case "toleranceM":
        return body.toleranceM === undefined ? "" : `${body.toleranceM} m`;
      case "severity":
        return body.severity === undefined ? "" : `${body.severity} · ${desk.coded("severity", String(body.severity))}`;
      case "gear":
        return (body.gear ?? []).map((g) => desk.coded("gear", g)).join(", ");
      case "reportVisits":
      case "synthetic":
        return body[key] === true ? "✓" : "";
      default:
        return String(body[key] ?? "");
    }
  })();
  return said === "" ? "–" : said;
}

/** Fields that say something, in the order in which they are read. */
const ORDER = ["kind", "parent", "limitKn", "formations", "allow", "gear", "dates", "weekdays", "hours", "validFrom", "validTo", "transitKn", "toleranceM", "severity", "reportVisits", "geometry"] as const; // prettier-ignore

export function factsOf(desk: Desk, body: AreaBody): { readonly key: keyof AreaBody; readonly text: string }[] {
  return ORDER.filter((key) => body[key] !== undefined).map((key) => ({ key, text: factOf(desk, body, key) }));
}
