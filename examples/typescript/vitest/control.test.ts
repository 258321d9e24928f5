/** What the control client says where something is not as asked. */

import { expect } from "vitest";

import { Control, ControlError } from "../src/control.js";
import { test } from "./fixtures.js";
import { Photos } from "./photos.js";

const SHOE = "https://cdn.example.com/shoe.jpg";

test("a wait ends with the run, and a move of the clock tells what happened", async ({ runflow }) => {
  const photos = new Photos(runflow.url, runflow.key, () => Promise.resolve());
  const run = await photos.begin("order-1", SHOE);
  const [waited, steps] = await Promise.all([runflow.wait({ run }, "5s"), runflow.clock.runUntilIdle()]);
  expect(waited.held).toBe(true);
  expect(steps.filter((step) => step.id === run).map((step) => step.to)).toEqual(["dispatching", "running", "succeeded"]);
});

test("an assertion that does not hold tells the nearest miss", async ({ runflow }) => {
  await new Photos(runflow.url, runflow.key, () => Promise.resolve()).begin("order-1", SHOE);
  const refused = await runflow.verify({ operation: "create_run", client_ref: "order-2" }).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(ControlError);
  expect(refused).toMatchObject({ status: 409, body: { nearest: { differences: [{ field: "client_ref", expected: "order-2", seen: "order-1" }] } } });
});

test("a fault that cannot be is refused by the compiler, and by the server with the way out", async ({ runflow }) => {
  // @ts-expect-error: the document knows no such kind
  const refused = await runflow.faults.add({ what: { kind: "explode" } }).catch((error: unknown) => error);
  expect(String(refused)).toMatch(/ControlError: .*explode/);
});

test("a tenant's name is taken once", async ({ runflow }) => {
  await expect(new Control(runflow.url).tenant({ name: runflow.name })).rejects.toThrow(/exists already/);
});
