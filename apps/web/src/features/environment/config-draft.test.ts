import { EnvironmentConfig } from "@windlass/domain";
import { expect, test } from "vitest";
import { configFromDraft, DEFAULT_DRAFT, draftFromConfig } from "./config-draft";

test("an untouched form is the server's default", () => {
  expect(EnvironmentConfig.parse(configFromDraft(DEFAULT_DRAFT))).toEqual(EnvironmentConfig.parse({}));
});

test("settings survive the way into the form and back", () => {
  const configs = [
    EnvironmentConfig.parse({
      build: {
        kind: "dockerfile",
        context: "web",
        dockerfile: "Dockerfile.prod",
        target: "run",
        args: { A: "1", B: "x=y" },
      },
      port: 8080,
      command: ["sh", "-c", "exec node 'a b.js'"],
      health: { kind: "tcp", intervalSeconds: 0.5 },
    }),
    EnvironmentConfig.parse({ build: { kind: "static", folder: "dist" } }),
    EnvironmentConfig.parse({ build: { kind: "none" } }),
  ];
  for (const config of configs) {
    expect(EnvironmentConfig.parse(configFromDraft(draftFromConfig(config)))).toEqual(config);
  }
});
