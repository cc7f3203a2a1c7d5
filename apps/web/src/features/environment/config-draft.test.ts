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
    EnvironmentConfig.parse({
      health: {
        path: "/up",
        body: "all well",
        headers: { host: "a.example.com", "x-check": "a: b" },
        steadySeconds: 3,
      },
    }),
    EnvironmentConfig.parse({ health: { kind: "command", command: ["sh", "-c", "test -f 'a b'"], retries: 3 } }),
    EnvironmentConfig.parse({ health: { kind: "uptime", seconds: 30 } }),
    EnvironmentConfig.parse({ health: { kind: "image" } }),
  ];
  for (const config of configs) {
    expect(EnvironmentConfig.parse(configFromDraft(draftFromConfig(config)))).toEqual(config);
  }
});
