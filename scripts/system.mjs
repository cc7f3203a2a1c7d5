// What the scripts that prepare a machine share: running programs as argv, asking the engine's socket, installing
// Debian packages. Plain JavaScript for Node 20 without dependencies: it runs before anything is installed.
import { spawn } from "node:child_process";
import { accessSync, constants, existsSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { delimiter, join } from "node:path";

const DOCKER_SOCKET = "/var/run/docker.sock";
const POLICY_FILE = "/usr/sbin/policy-rc.d";
const SYSTEM_FOLDERS = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

export const say = (line = "") => process.stdout.write(`${line}\n`);

/** Runs a program and resolves with its exit code and output; with `show` the output goes to the terminal instead. */
export function run(argv, { show = false, cwd, env } = {}) {
  const [program, ...rest] = argv;
  return new Promise((resolve) => {
    const child = spawn(program, rest, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ["ignore", show ? "inherit" : "pipe", show ? "inherit" : "pipe"],
    });
    const parts = [];
    child.stdout?.on("data", (part) => parts.push(part));
    child.stderr?.on("data", (part) => parts.push(part));
    child.on("error", (error) => resolve({ code: 127, output: error.message }));
    child.on("close", (code) => resolve({ code: code ?? 1, output: Buffer.concat(parts).toString("utf8").trim() }));
  });
}

/** As `run`, but a failure is thrown with the program's last lines. */
export async function mustRun(argv, options) {
  const { code, output } = await run(argv, options);
  if (code !== 0) {
    const last = output.split("\n").slice(-8).join("\n  ");
    throw new Error(`${argv.slice(0, 3).join(" ")} ended with ${code}${last ? `:\n  ${last}` : "."}`);
  }
  return output;
}

/** Absolute path of the first of these programs that can be run, also where root's folders are not in PATH. */
export function findProgram(...names) {
  const folders = [...(process.env.PATH ?? "").split(delimiter), ...SYSTEM_FOLDERS];
  for (const name of names) {
    for (const folder of folders) {
      const path = join(folder, name);
      try {
        accessSync(path, constants.X_OK);
        return path;
      } catch {}
    }
  }
  return undefined;
}

/** What a ping of the Docker engine's socket meets: "answers", "denied" (it is there, but not for this user) or "down". */
export function engineState() {
  return new Promise((resolve) => {
    const ask = request({ socketPath: DOCKER_SOCKET, path: "/_ping", timeout: 3000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200 ? "answers" : "down");
    });
    ask.on("error", (error) => resolve(error.code === "EACCES" ? "denied" : "down"));
    ask.on("timeout", () => ask.destroy());
    ask.end();
  });
}

export const isRoot = () => process.getuid?.() === 0;
export const isDebian = () => findProgram("apt-get") !== undefined && existsSync("/etc/debian_version");
export const hasSystemd = () => existsSync("/run/systemd/system");

let isIndexFresh = false;

/**
 * Installs packages without starting the services they bring: a policy file for invoke-rc.d (Debian policy 9.3.3.1)
 * forbids it for as long as this runs, unless the machine has one of its own.
 */
export async function aptInstall(packages) {
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  if (!isIndexFresh) {
    await mustRun(["apt-get", "update", "-q"], { env });
    isIndexFresh = true;
  }
  const isPolicyOurs = !existsSync(POLICY_FILE);
  const forget = () => {
    if (isPolicyOurs) rmSync(POLICY_FILE, { force: true });
  };
  const stopped = () => {
    forget();
    process.exit(130);
  };
  if (isPolicyOurs)
    writeFileSync(POLICY_FILE, "#!/bin/sh\n# Windlass installs packages; removed when done\nexit 101\n", {
      mode: 0o755,
    });
  process.once("SIGINT", stopped).once("SIGTERM", stopped);
  try {
    await mustRun(["apt-get", "install", "-y", "-q", "--no-install-recommends", "--", ...packages], {
      env,
      show: true,
    });
  } finally {
    forget();
    process.off("SIGINT", stopped).off("SIGTERM", stopped);
  }
}
