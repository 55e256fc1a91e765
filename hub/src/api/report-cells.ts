import type { Cell } from "./csv.ts";
import type { AvailabilityInfo, BatteryInfo, EventStatistics } from "./reports-schema.ts";

// Reports as rows of a spreadsheet: shares in per cent, durations in hours.

type Heads = Readonly<Record<"zh" | "en", readonly string[]>>;

export const AVAILABILITY_HEAD: Heads = {
  zh: ["编号", "名称", "位置", "数量", "参与统计", "在线率 %", "含网关在线率 %", "离线次数", "抖动次数", "平均无故障时间 h", "平均恢复时间 h", "最长离线 h", "在线 h", "离线 h", "网关断开 h"], // prettier-ignore
  en: ["Key", "Name", "Place", "Devices", "Judged", "Availability %", "With gateway %", "Outages", "Flapping", "MTBF h", "MTTR h", "Longest h", "Up h", "Down h", "Gateway away h"], // prettier-ignore
};

export function availabilityCells(item: AvailabilityInfo): Cell[] {
  const { key, title, place, subjects, judged, availability, reach, outages, flaps } = item;
  const { mtbfMs, mttrMs, longestMs, upMs, downMs, edgeMs } = item;
  return [key, title, place, subjects, judged, percent(availability), percent(reach), outages, flaps, ...[mtbfMs, mttrMs, longestMs, upMs, downMs, edgeMs].map(hours)]; // prettier-ignore
}

export const EVENT_HEAD: Heads = {
  zh: ["编号", "名称", "发生", "未结束", "已办结", "误报", "误报率 %", "一级", "二级", "三级", "四级", "办结中位 h", "办结 90% h", "合并次数"], // prettier-ignore
  en: ["Key", "Name", "Opened", "Active", "Ended", "False alarms", "False %", "Severity 1", "Severity 2", "Severity 3", "Severity 4", "Median to end h", "90 % to end h", "Joined"], // prettier-ignore
};

export function eventCells(item: EventStatistics, lang: "zh" | "en"): Cell[] {
  const { key, titleZh, titleEn, opened, active, ended, falseAlarms, falseShare, severity, repeats } = item;
  const times = [item.closeP50Ms, item.closeP90Ms].map(hours);
  return [key, lang === "zh" ? titleZh : titleEn, opened, active, ended, falseAlarms, percent(falseShare), ...severity, ...times, repeats]; // prettier-ignore
}

export const BATTERY_HEAD: Heads = {
  zh: ["编号", "名称", "位置", "指标", "当前值", "单位", "更新时间", "每日变化", "耗尽值", "剩余天数", "建议"],
  en: ["Key", "Name", "Place", "Metric", "Value", "Unit", "As of", "Change a day", "Empty at", "Days left", "Advice"],
};

export function batteryCells(item: BatteryInfo, timeZone: string): Cell[] {
  const { uid, title, place, metric, value, unit, ts, perDay, empty, daysLeft, state } = item;
  const at = new Date(ts).toLocaleString("sv-SE", { timeZone });
  return [uid, title, place, metric, value, unit, at, round(perDay, 4), empty, round(daysLeft, 0), state];
}

const round = (value: number | null, digits: number): number | null =>
  value === null ? null : Number(value.toFixed(digits));
const percent = (share: number | null) => round(share === null ? null : share * 100, 2);
const hours = (ms: number | null) => round(ms === null ? null : ms / 3_600_000, 2);
