/** Starts the sandbox as a process of its own: what a global setup of tests needs. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";

/** A sandbox that runs. */
export interface Sandbox {
  /** Where it is. */
  readonly url: string;
  /** The key of the tenant that is there from the start. */
  readonly key: string;
  /** Stops it, and returns once it has ended. */
  stop(): Promise<void>;
}

/**
 * Runs `runflow-mock serve` on a free port, and returns once it is ready.
 *
 * @param options further options of `serve`, such as `"--clock", "manual"`
 */
export async function startSandbox(...options: string[]): Promise<Sandbox> {
  const child = spawn("runflow-mock", ["serve", "--port", "0", "--json", ...options], { stdio: ["ignore", "pipe", "pipe"] });
  const failed = once(child, "error").then(([error]: unknown[]) => {
    throw new Error("runflow-mock is not on the PATH: docs/how-to/install.md says how it is installed", { cause: error });
  });
  const complaint = text(child.stderr);
  const lines = createInterface({ input: child.stdout });
  const [line] = (await Promise.race([once(lines, "line"), once(lines, "close"), failed])) as [string?];
  if (line === undefined) throw new Error(`runflow-mock did not start: ${await complaint}`);
  const { url, key } = JSON.parse(line) as { url: string; key: string };
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null) return;
    child.kill("SIGTERM");
    await once(child, "exit");
  };
  return { url, key, stop };
}
