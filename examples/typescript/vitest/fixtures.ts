/** `test` with a tenant of its own for each test; a client that broke the contract fails its test. */

import { expect, inject, test as base } from "vitest";

import { Control, type Tenant } from "../src/control.js";
import { startWebhook, type Webhook } from "./webhook.js";

export const SECRET = "rf_whsec_of_the_shop";

interface Fixtures {
  runflow: Tenant;
  webhook: Webhook;
}

export const test = base.extend<Fixtures>({
  runflow: async ({}, use) => {
    const tenant = await new Control(inject("runflowUrl")).tenant({ clock: "manual", callback_secret: SECRET });
    await use(tenant);
    const report = await tenant.report();
    await tenant.drop();
    expect(report, "the report on this test's tenant").toMatchObject({ violations: [], unfired_faults: [], unmatched_requests: [] });
  },
  webhook: async ({}, use) => {
    const webhook = await startWebhook(SECRET);
    await use(webhook);
    await webhook.stop();
  },
});
