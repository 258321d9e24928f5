/** One sandbox for the whole run: its own, or the one at RUNFLOW_MOCK_URL, such as a service container of CI. */

import type { TestProject } from "vitest/node";

import { startSandbox } from "../src/sandbox.js";

declare module "vitest" {
  interface ProvidedContext {
    runflowUrl: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env["RUNFLOW_MOCK_URL"];
  if (given !== undefined) {
    project.provide("runflowUrl", given);
    return async () => undefined;
  }
  const sandbox = await startSandbox();
  project.provide("runflowUrl", sandbox.url);
  return sandbox.stop;
}
