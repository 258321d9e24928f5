/** One sandbox in a container for the whole run. */

import { GenericContainer, Wait } from "testcontainers";
import type { TestProject } from "vitest/node";

const IMAGE = process.env["RUNFLOW_MOCK_IMAGE"] ?? "runflow-mock";
const PORT = 8787;
// Podman tells of every port of the image, and Testcontainers waits for all that it is told of.
const TLS_PORT = 8443;

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const container = await new GenericContainer(IMAGE)
    .withExposedPorts(PORT, TLS_PORT)
    .withWaitStrategy(Wait.forHttp("/_mock/health", PORT))
    .start();
  project.provide("runflowUrl", `http://${container.getHost()}:${container.getMappedPort(PORT)}`);
  return async () => {
    await container.stop();
  };
}
