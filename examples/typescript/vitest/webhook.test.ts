/** What the webhook handler does with callbacks as the service signs them, and with others. */

import { expect } from "vitest";

import { test } from "./fixtures.js";
import { Photos } from "./photos.js";

const SHOE = "https://cdn.example.com/shoe.jpg";
const never = (): Promise<never> => Promise.reject(new Error("nothing is asked twice here"));

test("a signed callback is taken, also three virtual hours later", async ({ runflow, webhook }) => {
  const runId = await new Photos(runflow.url, runflow.key, never).begin("order-1", SHOE, webhook.url);
  await runflow.clock.advance("3h");
  expect(webhook.told).toEqual([{ runId, status: "succeeded" }]);
});

test("a forged callback is refused, and the genuine one is taken", async ({ runflow, webhook }) => {
  await runflow.faults.add({ what: { kind: "callback.tamper" }, when: { times: 1 } });
  const runId = await new Photos(runflow.url, runflow.key, never).begin("order-1", SHOE, webhook.url);
  await runflow.clock.runUntilIdle();
  expect(webhook.told).toEqual([{ runId, status: "succeeded" }]);
  expect((await runflow.deliveries())[0]?.attempts.map((attempt) => attempt.status_code)).toEqual([401, 204]);
});

test("a callback that comes three times counts once", async ({ runflow, webhook }) => {
  await runflow.faults.add({ what: { kind: "callback.duplicate", copies: 3 } });
  const runId = await new Photos(runflow.url, runflow.key, never).begin("order-1", SHOE, webhook.url);
  await runflow.clock.runUntilIdle();
  expect(webhook.told).toEqual([{ runId, status: "succeeded" }]);
});
