import { writeFile } from "node:fs/promises";
import { join } from "node:path";

// The app that runtimes are tested with: one file of Node without dependencies. What it does is chosen by the variable
// BEHAVIOUR, so that one artifact serves every test:
//   (none)    answers
//   crash     prints "about to crash" and exits with code 3
//   hog       takes memory until it is stopped from outside
//   deaf      ignores SIGTERM
//   family    starts a child and a grandchild in a session of its own, both deaf, all with MARK in their argv
//   chatty    prints "line 1" … "line 50"
// check.js prints "check" and VERSION; with "broken" it ends with 4, with "hang" it never ends.
// GET / answers "ok" and VERSION, /env its environment, /identity { pid, uid, gid, groups }.

export type TinyAppBehaviour = "crash" | "hog" | "deaf" | "family" | "chatty";

/** What the build of the tiny app does beside copying. */
export type TinyAppBuild =
  | { kind: "quick" }
  /** Prints "building slowly" and never ends; a process with `mark` in its argv shows that it runs */
  | { kind: "slow"; mark: string }
  /** Prints "the build broke here" and exits with 7 */
  | { kind: "broken" };

const SERVER = `
const http = require("node:http");
const { spawn } = require("node:child_process");
const { BEHAVIOUR, MARK, PORT, VERSION } = process.env;

if (BEHAVIOUR === "crash") {
  console.error("about to crash");
  process.exit(3);
}
if (BEHAVIOUR === "deaf" || BEHAVIOUR === "family") process.on("SIGTERM", () => {});
if (BEHAVIOUR === "family") {
  const deaf = 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000);';
  const grand = JSON.stringify(deaf);
  spawn(process.execPath, ["-e", deaf, MARK], { stdio: "ignore" });
  spawn(
    process.execPath,
    ["-e", deaf + 'require("node:child_process").spawn(process.execPath, ["-e", ' + grand + ', process.argv[1]], { stdio: "ignore" });', MARK],
    { stdio: "ignore", detached: true },
  );
}

http
  .createServer((request, response) => {
    if (request.url === "/env") return response.end(JSON.stringify(process.env));
    if (request.url === "/identity") {
      const { pid } = process;
      return response.end(JSON.stringify({ pid, uid: process.getuid(), gid: process.getgid(), groups: process.getgroups() }));
    }
    response.end("ok " + (VERSION ?? ""));
  })
  .listen(Number(PORT), "0.0.0.0", () => {
    console.log("listening on " + PORT);
    if (BEHAVIOUR === "chatty") for (let n = 1; n <= 50; n++) console.log("line " + n);
    if (BEHAVIOUR === "hog") {
      const held = [];
      setInterval(() => held.push(Buffer.alloc(16 * 1024 * 1024, 1)), 5);
    }
  });
`;

const BUILD = `
const [, , kind] = process.argv;
if (kind === "broken") {
  console.error("the build broke here");
  process.exit(7);
}
if (kind === "slow") {
  console.log("building slowly");
  setInterval(() => {}, 1000);
}
`;

const CHECK = `
const [, , how = "well"] = process.argv;
console.log("check " + (process.env.VERSION ?? ""));
if (how === "broken") process.exit(4);
if (how === "hang") {
  console.log("hanging");
  setInterval(() => {}, 1000);
}
`;

export const TEST_LABEL = "io.windlass.test=tiny-app";

/** Writes the tiny app's source; it can be built from its Dockerfile and from its package.json alike. */
export async function writeTinyApp(folder: string, build: TinyAppBuild = { kind: "quick" }): Promise<void> {
  const argv = ["node", "build.js", build.kind, ...(build.kind === "slow" ? [build.mark] : [])];
  const scripts = { ...(build.kind === "quick" ? {} : { build: argv.join(" ") }), start: "node server.js" };
  const manifest = { name: "tiny-app", version: "1.0.0", private: true, scripts };
  const dockerfile = [
    "FROM node:22-slim",
    // On all layers that it leaves behind, so that they can be found and removed.
    `LABEL ${TEST_LABEL}`,
    "WORKDIR /app",
    "COPY . .",
    ...(build.kind === "quick" ? [] : [`RUN ${JSON.stringify(argv)}`]),
    'CMD ["node", "server.js"]',
    "",
  ];
  await writeFile(join(folder, "server.js"), SERVER);
  await writeFile(join(folder, "build.js"), BUILD);
  await writeFile(join(folder, "check.js"), CHECK);
  await writeFile(join(folder, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  await writeFile(join(folder, "Dockerfile"), dockerfile.join("\n"));
}
