import type { OutboxItem } from "./outbox.ts";

/** CloudEvents `type` of a test message: no receiver has to do anything about it. */
export const TEST_TYPE = "gridhub.test";
/** No event ever has this id. */
const TEST_EVENT = "00000000-0000-4000-8000-000000000000";

/**
 * A message that only shows whether the way to a target works: a whole cloud event, so that every mapping and notice can be
 * filled in, which says in its title that it is a test, is over and closed, and has the lowest severity.
 * @param who asked for it  @param now ms UTC
 */
export function testMessage(target: string, who: string, now: number): OutboxItem {
  const at = new Date(now).toISOString();
  const data = {
    event: TEST_EVENT,
    revision: 0,
    kind: "system.test",
    title: { zh: "测试消息，无需处置", en: "Test message, nothing to be done" },
    code: { class: "", name: "测试", provisional: true },
    group: "system",
    severity: 4,
    sensing: "cleared",
    handling: "closed",
    late: false,
    about: `target:${target}`,
    device: null,
    grid: { id: null, match: "unmatched", version: 0, path: [] },
    position: null,
    opened: at,
    updated: at,
    cleared: at,
    occurrences: 0,
    source: "test",
    transition: { what: "test", who, note: "测试消息 / test message" },
    evidence: {},
    media: [],
  };
  const body = {
    specversion: "1.0",
    id: `test:${now}`,
    source: "/gridhub",
    type: TEST_TYPE,
    time: at,
    datacontenttype: "application/json",
    data,
  };
  return { id: 0, eventId: TEST_EVENT, revision: 0, type: TEST_TYPE, target, body, attempts: 1, ageMs: 0 };
}
