// A Node client: creates a run, polls it to its end, and prints how it ended.
const { RUNFLOW_BASE_URL: base, RUNFLOW_API_KEY: key } = process.env;
const headers = { Authorization: `Bearer ${key}`, "Content-Type": "application/json" };
const body = JSON.stringify({ input: { image_url: "https://cdn.example.com/shirt.jpg" } });
let run = await (await fetch(`${base}/v1/models/runflow/background-removal/runs`, { method: "POST", headers, body })).json();
while (run.completed_at === null) run = await (await fetch(`${base}/v1/runs/${run.id}`, { headers })).json();
console.log(run.status_code);
