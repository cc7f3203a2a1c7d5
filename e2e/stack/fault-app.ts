import { EnvironmentConfig, type RuntimeKind } from "@windlass/domain";

/** On all layers that its builds leave behind. */
const TEST_LABEL = "io.windlass.test=tiny-app";

// An app whose build and start take long enough to be interrupted. It answers with its version; /hold answers once
// /release is asked for.
const server = (version: string, startMs: number, isBroken: boolean) => `
${isBroken ? "setTimeout(() => process.exit(3), 200);" : ""}
const http = require("node:http");
console.log("starting ${version}");
let waiting = [];
const app = http.createServer((request, response) => {
  if (request.url === "/hold") return waiting.push(response);
  if (request.url === "/release") {
    for (const one of waiting) one.end("held ${version}");
    waiting = [];
  }
  response.end("${version}");
});
process.on("SIGTERM", () => process.exit(0));
setTimeout(() => app.listen(Number(process.env.PORT), "0.0.0.0", () => console.log("listening")), ${isBroken ? 60_000 : startMs});
`;

const BUILD = `
console.log("building");
setTimeout(() => console.log("built"), 300);
`;

/** The app as files of a repository; one that `isBroken` ends before it listens. */
export function faultApp(
  version: string,
  { startMs = 250, hasBuild = true, isBroken = false } = {},
): Record<string, string> {
  const scripts = { ...(hasBuild && { build: "node build.js" }), start: "node server.js" };
  return {
    "server.js": server(version, startMs, isBroken),
    "build.js": BUILD,
    "package.json": JSON.stringify({ name: "fault-app", version: "1.0.0", private: true, scripts }),
    Dockerfile: [
      "FROM node:22-slim",
      `LABEL ${TEST_LABEL}`,
      "WORKDIR /app",
      "COPY . .",
      ...(hasBuild ? ['RUN ["node", "build.js"]'] : []),
      'CMD ["node", "server.js"]',
      "",
    ].join("\n"),
  };
}

export const faultConfig = (runtime: RuntimeKind, change: object = {}): EnvironmentConfig =>
  EnvironmentConfig.parse({
    build: { kind: runtime === "docker" ? "dockerfile" : "node" },
    health: { intervalSeconds: 0.1, startPeriodSeconds: 15, timeoutSeconds: 2 },
    resources: { memoryMb: 128, cpus: 1 },
    keepReleases: 2,
    // Faults are no reason to go back here.
    bakeMinutes: 0,
    drainSeconds: 10,
    stopSeconds: 3,
    ...change,
  });
