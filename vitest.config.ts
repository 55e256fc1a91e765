import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["{device-profiles,edge-agent,hub,simulators,test}/**/*.test.ts"],
    exclude: ["**/node_modules/**", "hub/console/dist/**"],
    setupFiles: ["test/support/patience.ts"],
    // against tests that hang, not a budget: some that need a second took 40 s on a busy machine; longer ones say so
    testTimeout: 90_000,
    hookTimeout: 90_000,
    expect: { poll: { timeout: 15_000 } },
    pool: "forks",
    maxWorkers: 2,
  },
});
