/** What the webhook handler does with callbacks as the service signs them, and with others. */

import { once } from "node:events";
import { connect } from "node:net";

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

test("a signature of as many characters, but other bytes, is refused", async ({ webhook }) => {
  const headers = { "Runflow-Timestamp": "1", "Runflow-Signature": "v1=" + "é".repeat(64) };
  expect((await fetch(webhook.url, { method: "POST", headers, body: "{}" })).status).toBe(401);
});

test("whoever hangs up in the middle of a message ends that one only", async ({ webhook }) => {
  const connection = connect(Number(new URL(webhook.url).port), "127.0.0.1");
  connection.end("POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n{").resume();
  await once(connection, "close");
  expect((await fetch(webhook.url, { method: "POST", body: "{}" })).status).toBe(401);
});

test("a callback that comes three times counts once", async ({ runflow, webhook }) => {
  await runflow.faults.add({ what: { kind: "callback.duplicate", copies: 3 } });
  const runId = await new Photos(runflow.url, runflow.key, never).begin("order-1", SHOE, webhook.url);
  await runflow.clock.runUntilIdle();
  expect(webhook.told).toEqual([{ runId, status: "succeeded" }]);
});
