import type { DeviceHealthReport } from "../../../src/api/reports-schema.ts";
import { count, duration, unit, value } from "../format.ts";
import { coded, type Lang, word, type WordKey } from "../words/words.ts";

/** A line about one side of a device's health. `tone` says how loud it is. */
export interface DepthRow {
  readonly key: string;
  readonly label: string;
  readonly text: string;
  readonly note: string;
  readonly tone: "" | "late" | "offline";
  /** a trend, oldest first; fewer than two = none */
  readonly trend: readonly number[];
}

const percent = (share: number) => `${(100 * share).toFixed(share > 0.9995 || share === 0 ? 0 : 1)} %`;
/** Clocks that are off by less are right for what they are read for. */
const CLOCK_OFF_MS = 60_000;

/**
 * What there is to say of a device's last days, the most telling first; what has no data has no line.
 * @param charge battery over the last month, oldest first
 */
export function depthRows(report: DeviceHealthReport, charge: readonly number[], lang: Lang): DepthRow[] {
  const t = (key: WordKey, fill?: Readonly<Record<string, string | number>>) => word(lang, key, fill);
  const rows: DepthRow[] = [];
  const add = (key: string, text: string, more: Partial<Omit<DepthRow, "key" | "text">> = {}) =>
    rows.push({ key, label: coded(lang, "depth", key), text, note: "", tone: "", trend: [], ...more });
  const { availability: up, battery, radio, frames, expected, clock, metrics, firmware, firmwareDrift } = report;

  if (up.availability !== null) {
    const tone = up.availability < 0.9 ? "offline" : up.availability < 0.98 ? "late" : "";
    add("availability", percent(up.availability), { tone });
  }
  if (up.outages > 0)
    add("outages", t("depth.outagesOf", { n: up.outages, t: duration(up.downMs, lang) }), { tone: "late" });
  if (up.flaps > 0) add("flaps", t("depth.times", { n: up.flaps }), { tone: "late" });
  if (battery !== null) {
    const sign = battery.metric === "battery_percent" ? "%" : unit(battery.unit);
    const left =
      battery.daysLeft !== null
        ? t("depth.batteryLeft", { n: Math.floor(battery.daysLeft) })
        : t(battery.perDay === null ? "depth.batteryYoung" : "depth.batteryFlat");
    const month = battery.perDay === null ? 0 : 30 * battery.perDay;
    const change = Math.abs(month) < 0.005 ? "" : t("depth.perMonth", { v: `${value(month, 2)} ${sign}` });
    add("battery", `${value(battery.value, 2)} ${sign}`, {
      note: [left, change].filter((part) => part !== "").join(" · "),
      tone: battery.state === "replace" ? "offline" : battery.state === "soon" ? "late" : "",
      trend: charge,
    });
  }
  const heard = radio.filter(([, rssi, snr]) => rssi !== null || snr !== null);
  const last = heard.at(-1);
  if (last !== undefined) {
    const [, rssi, snr] = last;
    add("radio", rssi === null ? t("depth.snr", { n: value(snr, 1) }) : `${value(rssi, 0)} dBm`, {
      note: rssi !== null && snr !== null ? t("depth.snr", { n: value(snr, 1) }) : "",
      trend: heard.map(([, r, s]) => r ?? s ?? 0),
    });
  }
  if (frames !== null && frames.share !== null) {
    const resets = frames.resets > 0 ? ` · ${t("depth.resets", { n: frames.resets })}` : "";
    add("loss", percent(frames.share), {
      note: t("depth.lossOf", { n: count(frames.lost), of: count(frames.received) }) + resets,
      tone: frames.share > 0.2 ? "offline" : frames.share > 0.03 ? "late" : "",
    });
  }
  if (expected !== null && expected.share !== null)
    add("samples", percent(expected.share), {
      note: t("depth.samplesOf", { n: count(expected.samples), of: count(expected.expected) }),
      tone: expected.share < 0.7 ? "offline" : expected.share < 0.95 ? "late" : "",
    });
  const off = Math.max(Math.abs(clock.lagMs ?? 0), Math.abs(clock.behindMs ?? 0));
  const hints = [
    clock.ahead > 0 ? t("depth.ahead", { n: t("depth.rows", { n: count(clock.ahead) }) }) : "",
    off > CLOCK_OFF_MS ? t("depth.lag", { t: duration(off, lang) }) : "",
  ].filter((part) => part !== "");
  if (clock.late > 0 || hints.length > 0)
    add("late", t("depth.rows", { n: count(clock.late) }), {
      note: hints.join(" · "),
      tone: hints.length > 0 ? "late" : "",
    });
  for (const metric of metrics) {
    const wrong = (["outOfRange", "invalid", "jumps", "stuck"] as const)
      .filter((what) => metric[what] > 0)
      .map((what) => t(`depth.${what}`, { n: count(metric[what]) }));
    if (wrong.length > 0)
      add("quality", coded(lang, "metric", metric.metric), { note: wrong.join(" · "), tone: "late" });
  }
  if (report.duplicates > 0) add("duplicates", t("depth.rows", { n: count(report.duplicates) }));
  const running = firmware.at(-1);
  if (running !== undefined)
    add("firmware", running.version, {
      note: firmwareDrift === null ? "" : t("depth.drift", { v: firmwareDrift }),
      tone: firmwareDrift === null ? "" : "late",
    });
  return rows;
}
