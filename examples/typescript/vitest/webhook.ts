/** The webhook handler under test: takes a callback if it is signed and fresh, and counts one that comes twice once. */

import { createHmac, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

const TOLERANCE_SECONDS = 300;

export interface Webhook {
  /** The address to give as `callback_url`. */
  readonly url: string;
  /** What was told of each run, in order, each delivery once. */
  readonly told: { runId: string; status: string }[];
  stop(): Promise<void>;
}

/** Returns whether the service signed exactly these bytes, a moment ago. */
export function isGenuine(body: Buffer, stamp: string, signature: string, secret: string): boolean {
  const expected = Buffer.from("v1=" + createHmac("sha256", secret).update(`${stamp}.`).update(body).digest("hex"));
  const given = Buffer.from(signature);
  const isSigned = given.length === expected.length && timingSafeEqual(given, expected);
  return isSigned && Math.abs(Date.now() / 1000 - Number(stamp)) <= TOLERANCE_SECONDS;
}

export async function startWebhook(secret: string): Promise<Webhook> {
  const told: Webhook["told"] = [];
  const seen = new Set<string>();
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await buffer(request);
    const header = (name: string): string => String(request.headers[name] ?? "");
    if (!isGenuine(body, header("runflow-timestamp"), header("runflow-signature"), secret)) {
      response.writeHead(401).end();
      return;
    }
    const event = JSON.parse(body.toString("utf8")) as { run_id: string; status: string };
    // Attempts of one delivery differ in what stands behind the last dash.
    const delivery = header("runflow-request-id").replace(/-\d+$/, "");
    if (!seen.has(delivery)) told.push({ runId: event.run_id, status: event.status });
    seen.add(delivery);
    response.writeHead(204).end();
  };
  const server = createServer((request, response) => {
    // Without this, whoever hangs up in the middle of a message ends the process.
    answer(request, response).catch(() => response.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const stop = async (): Promise<void> => {
    server.close();
    server.closeAllConnections();
    await once(server, "close");
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/callbacks`, told, stop };
}
