// Takes callbacks, with nothing but what Node brings: `node handler.mjs PORT`.

import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

const SECRET = process.env.RUNFLOW_CALLBACK_SECRET;
if (!SECRET) throw new Error("RUNFLOW_CALLBACK_SECRET is not set: anybody could sign");
const IS_DATED = process.env.RUNFLOW_SIGNATURE !== "bare";
const TOLERANCE_SECONDS = 300;
const seen = new Set();

function isGenuine(headers, body) {
  const stamp = headers["runflow-timestamp"] ?? "";
  const digest = createHmac("sha256", SECRET).update(IS_DATED ? `${stamp}.` : "").update(body).digest("hex");
  const expected = Buffer.from((IS_DATED ? "v1=" : "") + digest);
  const given = Buffer.from(headers["runflow-signature"] ?? "");
  const isFresh = !IS_DATED || Math.abs(Date.now() / 1000 - Number(stamp)) <= TOLERANCE_SECONDS;
  return isFresh && given.length === expected.length && timingSafeEqual(given, expected);
}

function take(request, body) {
  if (request.method !== "POST") return 405;
  if (!isGenuine(request.headers, body)) return 401;
  let event;
  try {
    event = JSON.parse(body).event;
  } catch {
    return 400;
  }
  const delivery = (request.headers["runflow-request-id"] ?? "").replace(/-\d+$/, "");
  if (event === undefined || delivery === "") return 400;
  if (!seen.has(delivery)) {
    seen.add(delivery);
    console.log(event, delivery);
  }
  return 204;
}

async function answer(request, response) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  response.writeHead(take(request, Buffer.concat(chunks))).end();
}

createServer((request, response) => {
  // Without this, whoever hangs up in the middle of a message ends the process.
  answer(request, response).catch((failed) => {
    console.error(failed);
    response.destroy();
  });
}).listen(Number(process.argv[2]), "127.0.0.1");
