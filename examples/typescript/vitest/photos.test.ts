/** What the client does when things go wrong: its own clock is the tenant's, so that nothing waits. */

import { expect } from "vitest";

import type { Tenant } from "../src/control.js";
import { test } from "./fixtures.js";
import { Photos } from "./photos.js";

const SHOE = "https://cdn.example.com/shoe.jpg";

function photosOf(runflow: Tenant): Photos {
  return new Photos(runflow.url, runflow.key, async (seconds) => {
    await runflow.clock.advance(seconds);
  });
}

test("a photo is begun, polled and paid for", async ({ runflow }) => {
  const photos = photosOf(runflow);
  expect(await photos.outcome(await photos.begin("order-1", SHOE))).toBe("succeeded");
  expect(await runflow.ledger()).toMatchObject({ balance: "9.730000", charged: "0.270000" });
});

test("a lost answer creates no second run", async ({ runflow }) => {
  await runflow.faults.add({ where: { edge: "after_create_before_response" }, what: { kind: "reset" }, when: { times: 1 } });
  const photos = photosOf(runflow);
  await photos.outcome(await photos.begin("order-1", SHOE));
  await runflow.verify({ operation: "create_run", count: 2 });
  expect((await runflow.ledger()).entries.filter((entry) => entry.kind === "charge")).toHaveLength(1);
});

test("a run that fails is told, and costs nothing", async ({ runflow }) => {
  await runflow.faults.add({ what: { kind: "fail", failure_code: "NSFW_CONTENT" } });
  const photos = photosOf(runflow);
  expect(await photos.outcome(await photos.begin("order-1", SHOE))).toBe("failed");
  expect((await runflow.ledger()).charged).toBe("0.000000");
});

test("a busy service is asked again", async ({ runflow }) => {
  await runflow.faults.add({ where: { operation: "get_run" }, what: { kind: "answer", status: 503, retry_after: 30 }, when: { times: 2 } });
  const photos = photosOf(runflow);
  const runId = await photos.begin("order-1", SHOE);
  const before = Date.parse(await runflow.clock.now());
  expect(await photos.outcome(runId)).toBe("succeeded");
  expect(Date.parse(await runflow.clock.now()) - before).toBeGreaterThanOrEqual(60_000);
});
