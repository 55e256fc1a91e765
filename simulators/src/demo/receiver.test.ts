import { createHmac } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { GovernanceReceiver } from "./receiver.ts";

const SECRET = "a secret of the platform";
const NOW = 1_763_776_800;
let receiver: GovernanceReceiver;

beforeEach(async () => {
  receiver = new GovernanceReceiver(SECRET, () => NOW * 1000);
  await receiver.start();
});
afterEach(() => receiver.close());

const sign = (body: string, t = NOW, secret = SECRET): string =>
  `t=${t},v1=${createHmac("sha256", secret).update(`${t}.${body}`).digest("hex")}`;
const post = async (body: string, signature?: string): Promise<number> => {
  const headers: Record<string, string> = signature === undefined ? {} : { "Gridhub-Signature": signature };
  return (await fetch(receiver.url, { method: "POST", body, headers })).status;
};
const BODY = JSON.stringify({ specversion: "1.0", id: "e1", type: "event.opened", data: { 名: "消火栓" } });

describe("the stand-in governance platform", () => {
  it("accepts what is signed and notices repetition", async () => {
    expect(await post(BODY, sign(BODY))).toBe(202);
    expect(await post(BODY, sign(BODY))).toBe(202);
    expect(receiver).toMatchObject({ accepted: 2, refused: 0, repeated: 1, last: { id: "e1", type: "event.opened" } });
  });

  it.each([
    ["no signature", undefined],
    ["another secret", sign(BODY, NOW, "another")],
    ["another body", sign(`${BODY} `)],
    ["an old time", sign(BODY, NOW - 3600)],
    ["a time that was changed", sign(BODY).replace(`t=${NOW}`, `t=${NOW + 1}`)],
    ["nonsense", "t=,v1=zz"],
  ])("refuses %s", async (_, signature) => {
    expect(await post(BODY, signature)).toBe(401);
    expect(receiver).toMatchObject({ accepted: 0, refused: 1 });
  });
});
