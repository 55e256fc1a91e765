import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["{device-profiles,edge-agent,hub,simulators,test}/**/*.test.ts"],
    exclude: ["**/node_modules/**", "hub/console/dist/**"],
    setupFiles: ["test/support/patience.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 15_000 } },
    pool: "forks",
    maxWorkers: 2,
  },
});
