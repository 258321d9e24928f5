/**
 * A run, a batch, a webhook and what else is read of an account through openapi-fetch and the types that openapi-typescript generates from the contract, without one assertion;
 * see tests/test_generated_client.py. Started with the address of a sandbox and a key; ends with what it saw, as JSON.
 */
import createClient from "openapi-fetch";

import type { components, paths } from "./api.js";

type Run = components["schemas"]["Run"];
type Batch = components["schemas"]["Batch"];

const MODEL = "runflow/background-removal";
const TERMINAL: readonly string[] = ["succeeded", "partial_succeeded", "failed", "cancelled", "canceled"];
const [, , url = "", key = ""] = process.argv;
const client = createClient<paths>({ baseUrl: url, headers: { Authorization: `Bearer ${key}` } });

function given<T>(answer: { data?: T; error?: { message: string } }): T {
  if (answer.data === undefined) throw new Error(answer.error?.message ?? "no answer");
  return answer.data;
}

async function runOnce(image_url: string): Promise<Run> {
  const path = { model_id: MODEL };
  let run: Run = given(await client.POST("/v1/models/{model_id}/runs", { params: { path }, body: { input: { image_url }, client_ref: "typed" } }));
  while (!TERMINAL.includes(run.status_code)) {
    run = given(await client.GET("/v1/runs/{id}", { params: { path: { id: run.id } } }));
  }
  return run;
}

async function runBatch(image_urls: string[]): Promise<Batch> {
  const body = { input: image_urls.map((image_url) => ({ image_url })) };
  let batch: Batch = given(await client.POST("/v1/models/{model_id}/batches", { params: { path: { model_id: MODEL } }, body }));
  while (!TERMINAL.includes(batch.status_code)) {
    batch = given(await client.GET("/v1/batches/{id}", { params: { path: { id: batch.id } } }));
  }
  return batch;
}

async function readAccount(): Promise<(string | number | boolean)[]> {
  const body = { url: "https://app.example/hooks", secret: "example_not_a_real_secret", event_subscriptions: [{ event_type_code: "run.completed" as const }] };
  const made = given(await client.POST("/v1/webhooks", { body }));
  const webhook = given(await client.GET("/v1/webhooks/{id}", { params: { path: { id: made.id } } }));
  const user = given(await client.GET("/v1/auth/me"));
  const balance = given(await client.GET("/v1/billing/balance"));
  const model = given(await client.GET("/v1/models/{model_id}", { params: { path: { model_id: MODEL } } }));
  const secret = given(await client.POST("/v1/callback-secrets", { body: { label: "typed" } }));
  const page = given(await client.GET("/v1/webhooks", { params: { query: { limit: 1 } } }));
  const host: string = new URL(webhook.url).host;
  const events: string[] = webhook.event_subscriptions.map((each) => each.event_type_code.toUpperCase());
  const names: string = user.memberships.map((each) => each.org.name.trim()).join();
  const next: string | null = page.next;
  return [host, ...events, names !== "", Number(balance.balance), model.slug.trim(), secret.key_prefix.length, next === null];
}

const run = await runOnce("https://cdn.example.com/shirt.jpg");
const batch = await runBatch(["https://cdn.example.com/a.jpg", "https://cdn.example.com/b.jpg"]);
const lasted: number = new Date(run.created_at).getTime() - new Date(run.created_at.trim()).getTime();
const inputs: string[] = Object.keys(run.input);
const ended: number = batch.items_succeeded + batch.items_failed + batch.items_cancelled;
const indexes: number[] = batch.items.map((item) => item.sequence_index);
process.stdout.write(JSON.stringify({ run: [run.status_code, run.client_ref, run.cost, lasted, inputs], batch: [batch.status_code, ended, indexes], account: await readAccount() }));
