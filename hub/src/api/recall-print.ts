import type { RecallBoardInfo, RecallFormation, RecallVessel } from "./recall-schema.ts";

// The radio room's paper: A4 upright, black on white, Chinese; who is outside, with a box to tick and room to write. No script.

/** served on its own, since nothing inline runs under the content security policy */
export const printCss = `@page { size: A4 portrait; margin: 8mm 9mm; }
* { box-sizing: border-box; }
html { background: #fff; color: #000; }
body { margin: 0 auto; max-width: 192mm; font: 7.6pt/1.15 "Noto Sans CJK SC", "Source Han Sans SC", "Microsoft YaHei", "PingFang SC", sans-serif; }
h1 { font-size: 13pt; margin: 0; }
.head { display: flex; justify-content: space-between; align-items: baseline; gap: 4mm; }
.sum { margin: 1mm 0 1.5mm; font-size: 8.4pt; }
.sum b { font-size: 10pt; }
table { width: 100%; border-collapse: collapse; table-layout: fixed; }
thead { display: table-header-group; }
tr { break-inside: avoid; }
th, td { height: 3.15mm; padding: 0 0.8mm; text-align: left; white-space: nowrap; overflow: hidden; text-overflow: clip; border-bottom: 0.15mm solid #888; }
th { border-bottom: 0.3mm solid #000; border-top: 0.3mm solid #000; font-weight: 600; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
tbody tr.first td { border-top: 0.3mm solid #000; }
.c-tick { width: 5mm; } .c-name { width: 27mm; } .c-mmsi { width: 19mm; } .c-formation { width: 36mm; } .c-standing { width: 10mm; }
.c-sog { width: 12mm; } .c-port { width: 25mm; } .c-nm { width: 11mm; } .c-eta { width: 13mm; }
.box { display: inline-block; width: 2.4mm; height: 2.4mm; border: 0.25mm solid #000; vertical-align: middle; }
.box.on::after { content: "✓"; display: block; font-size: 7pt; line-height: 2mm; }
.foot { margin-top: 1mm; display: flex; justify-content: space-between; }
.none { padding: 6mm 0; font-size: 11pt; }
@media screen { html { background: #ddd; } body { background: #fff; padding: 8mm 9mm; max-width: 210mm; margin: 6mm auto; } }
`;

const STANDING: Readonly<Record<RecallVessel["standing"], string>> = {
  in_port: "在港",
  heading_in: "返航",
  staying: "未动",
  heading_out: "向外",
  silent: "静默",
  exempt: "免召",
};
/** the most urgent first */
const ORDER: readonly RecallVessel["standing"][] = ["silent", "heading_out", "staying", "heading_in"];

/** @param board as its reader sees it; @param timeZone IANA, of the room */
export function printPage(board: RecallBoardInfo, timeZone: string): string {
  const { recall, formations, now, detour, cruiseKn } = board;
  const day = new Intl.DateTimeFormat("zh-CN", { timeZone, month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" }); // prettier-ignore
  const clock = new Intl.DateTimeFormat("zh-CN", { timeZone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const time = (ts: number | null) => (ts === null ? "" : (ts - now < 43_200_000 && now - ts < 43_200_000 ? clock : day).format(ts)); // prettier-ignore
  const { in_port, heading_in, staying, heading_out, silent, exempt, total } = recall.counts;
  const share = total === 0 ? 100 : Math.floor((100 * in_port) / total);
  const rows = formations.flatMap((formation) => rowsOf(formation, time));
  const grids = recall.grids.map(({ name }) => name).join("、");
  return `<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><title>防台召回 ${text(recall.title)}</title>
<link rel="stylesheet" href="/api/recalls/print.css"></head><body>
<div class="head"><h1>防台召回 · ${text(recall.title)}</h1><span>打印 ${day.format(now)}${recall.state === "open" ? "" : recall.state === "closed" ? " · 已结束" : " · 已取消"}</span></div>
<p class="sum">截止 <b>${day.format(recall.deadline)}</b>&emsp;在港 <b>${in_port}/${total}</b>（${share}%）&emsp;返航 ${heading_in}&emsp;未动 ${staying}&emsp;向外 ${heading_out}&emsp;静默 ${silent}${exempt > 0 ? `&emsp;免召 ${exempt}` : ""}&emsp;范围：${text(grids)}</p>
${
  rows.length === 0
    ? `<p class="none">全部在港。</p>`
    : `<table>${COLUMNS}
<thead><tr><th></th><th>船名</th><th>MMSI</th><th>编组</th><th>状态</th><th class="n">航速kn</th><th>最近避风港</th><th class="n">海里</th><th class="n">预计</th><th>呼叫记录</th></tr></thead>
<tbody>
${rows.join("\n")}
</tbody></table>`
}
<div class="foot"><span>海里＝大圆距离×${detour}；未返航者“预计”按 ${cruiseKn} kn 立即返航计；静默者“末”为最后收到位置的时刻</span><span>呼叫员：＿＿＿＿＿＿&emsp;复核：＿＿＿＿＿＿</span></div>
</body></html>
`;
}

/** widths by class: inline styles do not pass the policy */
const COLUMNS = `<colgroup>${["tick", "name", "mmsi", "formation", "standing", "sog", "port", "nm", "eta", "note"].map((name) => `<col class="c-${name}">`).join("")}</colgroup>`; // prettier-ignore

function rowsOf(formation: RecallFormation, time: (ts: number | null) => string): string[] {
  const outside = formation.vessels
    .filter(({ standing }) => ORDER.includes(standing))
    .sort((a, b) => ORDER.indexOf(a.standing) - ORDER.indexOf(b.standing) || (a.name < b.name ? -1 : 1));
  return outside.map((v, i) => {
    const said = v.ack === null ? "" : `${time(v.ack.ts)} ${v.ack.note === "" ? "已应答" : v.ack.note}`;
    const eta = v.standing === "silent" ? (v.heardAt === null ? "" : `末${time(v.heardAt)}`) : v.etaAt === null ? "" : `${v.standing === "heading_in" ? "" : "≥"}${time(v.etaAt)}`; // prettier-ignore
    return `<tr${i === 0 ? ' class="first"' : ""}><td><span class="box${v.ack === null ? "" : " on"}"></span></td><td>${text(v.name)}</td><td>${v.mmsi}</td><td>${i === 0 ? `${text(formation.name)} ${outside.length}/${formation.counts.total}` : ""}</td><td>${STANDING[v.standing]}</td><td class="n">${v.sog?.toFixed(1) ?? ""}</td><td>${text(v.shelterName)}</td><td class="n">${v.distanceNm?.toFixed(1) ?? ""}</td><td class="n">${eta}</td><td>${text(said)}</td></tr>`;
  });
}

function text(value: string): string {
  return value.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
