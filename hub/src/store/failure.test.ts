import { expect, it } from "vitest";
import { HubError } from "../errors.ts";
import { blame } from "./failure.ts";
import { RowRefused } from "./store.ts";

const answer = (code: string) => Object.assign(new Error(`server says ${code}`), { code });

it.each(["22003", "22P05", "23505", "23502", "54000"])("%s is the row's fault", (code) => {
  const error = blame(answer(code));
  expect(error).toBeInstanceOf(RowRefused);
  expect((error as RowRefused).sqlState).toBe(code);
});

it.each([
  "08006",
  "53300",
  "53100",
  "57014",
  "57P01",
  "57P03",
  "55P03",
  "40P01",
  "58030",
  "XX001",
  "25006",
  "42501",
  "26000",
])("%s is the environment's fault", (code) => expect(blame(answer(code))).toMatchObject({ code: "DB_UNAVAILABLE" }));

it("so is a socket that breaks or stays silent", () => {
  for (const error of [
    answer("ECONNREFUSED"),
    answer("EPIPE"),
    new Error("Connection terminated unexpectedly"),
    new Error("Query read timeout"),
  ]) {
    expect(blame(error)).toBeInstanceOf(HubError);
    expect(blame(error)).toMatchObject({ code: "DB_UNAVAILABLE", cause: error });
  }
});

it("our own mistakes stay what they are", () => {
  for (const error of [answer("42P01"), answer("42703"), new TypeError("x is not a function")])
    expect(blame(error)).toBe(error);
  const refused = new RowRefused("23505", "x");
  expect(blame(refused)).toBe(refused);
});
