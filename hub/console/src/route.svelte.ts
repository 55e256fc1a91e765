/* eslint-disable svelte/prefer-svelte-reactivity -- plain on purpose: what is published is $state.raw */
export const PAGES = [
  "map",
  "events",
  "devices",
  "vision",
  "maritime",
  "reports",
  "onboarding",
  "settings",
  "screen",
] as const;
export type PageName = (typeof PAGES)[number];

export interface Place {
  readonly page: PageName;
  /** path after the page, decoded: `#/map/event/0193` -> ["event", "0193"] */
  readonly rest: readonly string[];
  readonly query: URLSearchParams;
}

/** `#/page/rest...?query`; `/screen` is the big screen whatever the hash says. */
export function parse(pathname: string, hash: string): Place {
  const [path = "", query = ""] = hash.replace(/^#\/?/u, "").split("?", 2);
  const [first = "", ...rest] = path.split("/").map(decode);
  const known = PAGES.find((p) => p === first) ?? "map";
  return { page: /\/screen\/?$/u.test(pathname) ? "screen" : known, rest, query: new URLSearchParams(query) };
}

export function href(
  page: PageName,
  rest: readonly string[] = [],
  query: Readonly<Record<string, string>> = {},
): string {
  const path = [page, ...rest].map(encodeURIComponent).join("/");
  const search = new URLSearchParams(query).toString();
  return `#/${path}${search === "" ? "" : `?${search}`}`;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export class Route {
  place = $state.raw<Place>(parse(location.pathname, location.hash));

  start(): void {
    addEventListener("hashchange", () => (this.place = parse(location.pathname, location.hash)));
  }

  go(page: PageName, rest: readonly string[] = [], query: Readonly<Record<string, string>> = {}): void {
    location.hash = href(page, rest, query);
  }

  /** Changes the address without a step in the history: for selections inside a page. */
  replace(page: PageName, rest: readonly string[] = [], query: Readonly<Record<string, string>> = {}): void {
    history.replaceState(null, "", href(page, rest, query));
    this.place = parse(location.pathname, location.hash);
  }
}
