/** The client under test: begins to remove the background of a photo, and asks how that ended. */

const MODEL = "runflow/background-removal";
const TRIES_MAX = 4;

interface Run {
  id: string;
  status_code: string;
  completed_at: string | null;
  cost: string | null;
}

export type Pause = (seconds: number) => Promise<void>;

export class Photos {
  constructor(
    private readonly baseUrl: string,
    private readonly key: string,
    private readonly pause: Pause,
  ) {}

  /** Creates a run, once, however often the answer gets lost; an order is begun under its own number. */
  async begin(order: string, imageUrl: string, callbackUrl?: string): Promise<string> {
    const body = { input: { image_url: imageUrl }, client_ref: order, ...(callbackUrl && { callback_url: callbackUrl }) };
    const run = await this.send("POST", `/v1/models/${MODEL}/runs`, { "Idempotency-Key": order }, JSON.stringify(body));
    return run.id;
  }

  /** Asks until the run has ended, and returns how. */
  async outcome(runId: string): Promise<string> {
    for (;;) {
      const run = await this.send("GET", `/v1/runs/${runId}`);
      if (run.completed_at !== null) return run.status_code;
      await this.pause(2);
    }
  }

  private async send(method: string, path: string, further: Record<string, string> = {}, body: string | null = null): Promise<Run> {
    const headers = { Authorization: `Bearer ${this.key}`, "Content-Type": "application/json", ...further };
    for (let tries = 1; ; tries += 1) {
      const answer = await fetch(this.baseUrl + path, { method, headers, body }).catch((error: unknown) => error as Error);
      if (answer instanceof Response && answer.ok) return (await answer.json()) as Run;
      const mayRecover = answer instanceof Error || answer.status === 429 || answer.status >= 500;
      if (!mayRecover || tries === TRIES_MAX) {
        throw answer instanceof Error ? answer : new Error(`${method} ${path} was answered with ${answer.status}`);
      }
      await this.pause(answer instanceof Error ? 2 ** tries : Number(answer.headers.get("Retry-After") ?? 2 ** tries));
    }
  }
}
