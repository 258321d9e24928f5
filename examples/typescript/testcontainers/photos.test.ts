/** The client of the Vitest recipe against the sandbox in a container. Deliveries are pulled: no route leads back to the test. */

import { expect, inject, test } from "vitest";

import { Control } from "../src/control.js";
import { Photos } from "../vitest/photos.js";
import { isGenuine } from "../vitest/webhook.js";

const SECRET = "rf_whsec_of_the_shop";

test("a run is told by a signed callback, and paid", async () => {
  const control = new Control(inject("runflowUrl"));
  const runflow = await control.tenant({ clock: "manual", deliveries: "pull", callback_secret: SECRET });
  const photos = new Photos(runflow.url, runflow.key, () => Promise.reject(new Error("nothing is asked twice here")));
  await photos.begin("order-1", "https://cdn.example.com/shoe.jpg", "https://shop.example/callbacks");
  await runflow.clock.advance("3h");
  const [pulled, ...others] = await runflow.pull();
  expect(others).toEqual([]);
  const { "Runflow-Timestamp": stamp = "", "Runflow-Signature": signature = "" } = pulled?.headers ?? {};
  expect(isGenuine(Buffer.from(pulled?.base64 ?? "", "base64"), stamp, signature, SECRET)).toBe(true);
  expect(await runflow.ledger()).toMatchObject({ charged: "0.270000" });
});
