// Orders one photo without its background, waits for it, and ends with exit code 0 if it came. Node alone is used.

import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";

const BASE = process.env.RUNFLOW_BASE_URL;
const HEADERS = { Authorization: `Bearer ${process.env.RUNFLOW_API_KEY}`, "Content-Type": "application/json" };
const PASSES = [408, 429, 500, 502, 503, 504];
const ENDS = ["succeeded", "partial_succeeded", "failed", "cancelled", "canceled"];

async function call(method, path, headers, body) {
  for (let attempt = 0; attempt < 4; attempt++) {
    let seconds = 2 ** attempt;
    try {
      const answer = await fetch(BASE + path, { method, headers, body, signal: AbortSignal.timeout(20_000) });
      const text = await answer.text();
      if (!PASSES.includes(answer.status)) {
        if (!answer.ok) throw new Refused(answer.status);
        return JSON.parse(text);
      }
      seconds = Number(answer.headers.get("Retry-After") ?? seconds);
    } catch (error) {
      if (error instanceof Refused) throw error;
    }
    if (attempt < 3) await pause(seconds * 1000);
  }
  throw new Refused("too many failures");
}

class Refused extends Error {}

let run = await call("POST", "/v1/models/runflow/background-removal/runs", { ...HEADERS, "Idempotency-Key": randomUUID() },
  JSON.stringify({ input: { image_url: "https://cdn.example.com/shoe.jpg" } }));
for (let seconds = 0.6; !ENDS.includes(run.status_code); seconds = Math.min(seconds * 1.5, 10)) {
  await pause(seconds * 1000);
  run = await call("GET", `/v1/runs/${run.id}`, HEADERS);
}
process.exit(run.status_code.endsWith("succeeded") ? 0 : 1);
