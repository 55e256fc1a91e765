import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type NoticeTemplate, readNotice } from "./notice-template.ts";

/** The words that come along. */
export function noticeIn(language: "zh" | "en"): NoticeTemplate {
  const file = `notice.${language}.yaml`;
  return readNotice(readFileSync(join(import.meta.dirname, "../../../mappings", file), "utf8"), file, "Asia/Shanghai");
}
