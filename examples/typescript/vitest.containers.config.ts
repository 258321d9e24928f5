import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    globalSetup: ["testcontainers/global-setup.ts"],
    include: ["testcontainers/**/*.test.ts"],
  },
});
