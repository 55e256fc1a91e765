import { readdirSync, readFileSync } from "node:fs";

const TICKS_PER_SECOND = 100;

/** CPU seconds and resident memory of a process and all below it, from /proc. */
export function usageOf(pid: number): { readonly cpuSeconds: number; readonly memoryMb: number } {
  const children = new Map<number, number[]>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const parent = Number(statOf(Number(name))[1]);
      children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
    } catch {
      // ended meanwhile
    }
  }
  let ticks = 0;
  let pages = 0;
  const visit = (id: number) => {
    try {
      const stat = statOf(id);
      ticks += Number(stat[11]) + Number(stat[12]);
      // Shared memory would count once a backend: take what is private.
      const [, resident, shared] = readFileSync(`/proc/${id}/statm`, "utf8").split(" ").map(Number);
      pages += resident - shared;
    } catch {
      return;
    }
    for (const child of children.get(id) ?? []) visit(child);
  };
  visit(pid);
  return { cpuSeconds: ticks / TICKS_PER_SECOND, memoryMb: Math.round((pages * 4096) / 1e6) };
}

/** Fields of /proc/PID/stat from the state on (the name before it may hold spaces). */
function statOf(pid: number): string[] {
  const text = readFileSync(`/proc/${pid}/stat`, "utf8");
  return text.slice(text.lastIndexOf(")") + 2).split(" ");
}
