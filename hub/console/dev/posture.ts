import type { PostureChangeInfo, PostureInfo, TownPostureInfo, WarningInfo } from "../../src/api/posture-schema.ts";
import type { User } from "../../src/api/schema.ts";
import { DEFAULT_EFFECTS, NORMAL_EFFECTS, POSTURE_LEVELS } from "../../src/posture/posture-level.ts";
import { readCap } from "../../src/weather/cap.ts";
import { TOWNS } from "./world.ts";

type Answer = [status: number, body: unknown];
type Level = TownPostureInfo["level"];
const HOUR = 3_600_000;
const LONGEST_HOURS = 72;
const SUGGESTED = { blue: "IV", yellow: "III", orange: "II", red: "I" } as const;
const rank = (level: Level) => POSTURE_LEVELS.indexOf(level);
const fail = (status: number, code: string): Answer => [status, { code, message: code.toLowerCase() }];

/** Levels of the towns and a typhoon that comes: two towns are raised, one gateway waits, one refuses. */
export function makePosture(started: number) {
  const history = new Map<string, PostureChangeInfo[]>(TOWNS.map(([code]) => [code, []]));
  const change = (town: string, to: Level, until: number | null, reason: string, who: string, ts: number) => {
    const list = history.get(town) ?? [];
    list.unshift({ ts, from: list[0]?.to ?? "normal", to, until, reason, who });
    history.set(town, list);
  };
  const [caiyuan = "", shengshan = "", , , , gouqi = ""] = TOWNS.map(([code]) => code);
  change(shengshan, "alert", started - 20 * HOUR, "海浪蓝色预警", "operator", started - 27 * HOUR);
  change(shengshan, "normal", null, "", "hub", started - 20 * HOUR);
  change(shengshan, "III", started + 9.4 * HOUR, "台风黄色预警，县防汛指挥部令", "admin", started - 2.6 * HOUR);
  change(gouqi, "III", started + 9.4 * HOUR, "台风黄色预警，县防汛指挥部令", "admin", started - 2.5 * HOUR);
  let warnings: WarningInfo[] = [
    warning(started, {
      id: "typhoon-7",
      event: "台风",
      colour: "yellow",
      headline: "嵊泗县气象台发布台风黄色预警信号",
      description: "受今年第 12 号台风影响，未来 24 小时嵊泗县沿海海面将有 9 到 10 级大风，阵风 11 级。",
      instruction: "停止海上作业，回港避风；加固港口设施，防止船只走锚、搁浅和碰撞；居民减少外出。",
      until: started + 18 * HOUR,
      towns: [shengshan, gouqi, caiyuan],
    }),
    warning(started, {
      id: "fog-3",
      event: "大雾",
      colour: "blue",
      headline: "嵊泗县气象台发布海上大雾蓝色预警信号",
      description: "今天夜里沿海海面能见度小于 1000 米。",
      instruction: "船舶注意瞭望，降低航速。",
      until: started + 5 * HOUR,
      towns: TOWNS.map(([code]) => code),
    }),
  ];

  function view([town, name]: (typeof TOWNS)[number], now: number): TownPostureInfo {
    const last = history.get(town)?.[0] ?? null;
    const level = last?.to ?? "normal";
    const worst = warnings
      .filter((w) => w.towns.includes(town) && w.endedAt === null && w.from <= now && w.status === "actual")
      .sort((a, b) => rank(SUGGESTED[b.colour]) - rank(SUGGESTED[a.colour]))[0];
    const above = worst !== undefined && rank(SUGGESTED[worst.colour]) > rank(level);
    const wished = level !== "normal" && level !== "alert" && level !== "IV";
    return {
      ...{ town, name, level, change: last },
      suggestion: above
        ? { level: SUGGESTED[worst.colour], colour: worst.colour, headline: worst.headline, warning: worst.id }
        : null,
      edges: {
        total: 3,
        confirmed: wished ? (town === gouqi ? 1 : 2) : 0,
        pending: wished ? 1 : 0,
        refused: wished && town === gouqi ? 1 : 0,
      },
    };
  }

  const seenBy = (user: User) => TOWNS.filter(([code]) => user.grids.length === 0 || user.grids.includes(code));

  return {
    /** for tests: what the weather office says */
    warn: (w: Partial<WarningInfo> & { id: string }) => {
      warnings = [warning(Date.now(), w), ...warnings.filter(({ id }) => id !== w.id)];
    },
    get(parts: readonly (string | undefined)[], user: User): Answer {
      const towns = seenBy(user);
      if (parts[0] === "warnings") {
        const own = (ids: string[]) => ids.filter((id) => towns.some(([code]) => code === id));
        const items = warnings.map((w) => ({ ...w, towns: own(w.towns) }));
        return [200, { items: items.filter((w) => w.towns.length > 0 || user.grids.length === 0) }];
      }
      if (parts[2] === "history") return [200, { items: history.get(parts[1] ?? "") ?? [] }];
      const answer: PostureInfo = {
        towns: towns.map((town) => view(town, Date.now())),
        effects: {
          ...DEFAULT_EFFECTS,
          I: { ...NORMAL_EFFECTS, ...DEFAULT_EFFECTS.I, interval_ms: 2000, limits: { min_pressure: 0.12 } },
        },
        longestHours: LONGEST_HOURS,
      };
      return [200, answer];
    },
    put(id: string, body: unknown, user: User): Answer {
      const { level, until = null, reason = "" } = body as { level: Level; until?: number | null; reason?: string };
      const town = seenBy(user).find(([code]) => code === id);
      if (user.role === "viewer") return fail(403, "FORBIDDEN");
      if (town === undefined) return fail(404, "NOT_FOUND");
      const now = Date.now();
      if (level !== "normal") {
        if (reason.trim() === "") return fail(422, "REASON_NEEDED");
        if (until === null) return fail(422, "UNTIL_NEEDED");
        if (until <= now) return fail(422, "UNTIL_PAST");
        if (until - now > LONGEST_HOURS * HOUR) return fail(422, "UNTIL_TOO_LATE");
      }
      change(id, level, level === "normal" ? null : until, reason, user.username, now);
      return [200, view(town, now)];
    },
    post({ cap }: { cap?: unknown }, user: User): Answer {
      if (user.role === "viewer" || user.grids.length > 0) return fail(403, "FORBIDDEN");
      const read = readCap(typeof cap === "string" ? cap : JSON.stringify(cap));
      if ("code" in read) return [422, read];
      const { references: _r, areas: _a, ...rest } = read;
      const made: WarningInfo = { ...rest, receivedAt: Date.now(), endedAt: null, towns: TOWNS.map(([code]) => code) };
      const taken = !warnings.some(({ id }) => id === made.id);
      if (taken) warnings = [made, ...warnings];
      return [200, { taken, warning: made }];
    },
  };
}

function warning(now: number, w: Partial<WarningInfo> & { id: string }): WarningInfo {
  return {
    ...{ sender: "嵊泗县气象台", status: "actual", action: "alert", event: "台风", colour: "blue", headline: "" },
    ...{ description: "", instruction: "", sentAt: now - 3 * HOUR, from: now - 3 * HOUR, until: now + HOUR },
    ...{ receivedAt: now - 3 * HOUR, endedAt: null, towns: [] },
    ...w,
  };
}
