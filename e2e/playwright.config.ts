import { defineConfig } from "@playwright/test";

const CHROMIUM = process.env.WINDLASS_CHROMIUM ?? "/usr/bin/chromium";

export default defineConfig({
  testDir: "journeys",
  testMatch: "**/*.e2e.ts",
  outputDir: "results",
  timeout: 240_000,
  expect: { timeout: 30_000 },
  // Each journey has a stack of its own.
  workers: 2,
  forbidOnly: true,
  use: {
    viewport: { width: 1280, height: 900 },
    screenshot: "only-on-failure",
    trace: "retain-on-failure",
    launchOptions: {
      executablePath: CHROMIUM,
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
});
