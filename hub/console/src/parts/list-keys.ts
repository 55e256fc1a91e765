/**
 * j/k or arrows move through a list, Escape leaves it. Typing in a field is left alone; arrows on the map belong to the map.
 */
export function listKeys(
  e: KeyboardEvent,
  ids: readonly string[],
  selected: string | null,
  select: (id: string | null) => void,
): void {
  // A dialog that is open has the keys, also where its focused button just went away.
  if (document.querySelector("dialog[open]") !== null) return;
  const target = e.target as HTMLElement | null;
  if (e.ctrlKey || e.metaKey || e.altKey || target?.closest("input, select, textarea, dialog") != null) return;
  const onMap = target?.closest(".leaflet-container") != null;
  if (e.key === "Escape" && selected !== null) return select(null);
  const step =
    e.key === "j" || (e.key === "ArrowDown" && !onMap) ? 1 : e.key === "k" || (e.key === "ArrowUp" && !onMap) ? -1 : 0;
  if (step === 0 || ids.length === 0) return;
  e.preventDefault();
  const at = selected === null ? -1 : ids.indexOf(selected);
  const next = at < 0 ? (step > 0 ? 0 : ids.length - 1) : Math.min(ids.length - 1, Math.max(0, at + step));
  select(ids[next] ?? null);
}
