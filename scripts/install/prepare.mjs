// Gets from a fresh clone on Node 20 to Windlass's own Node with everything installed. Plain JavaScript without
// dependencies: nothing is installed yet when it runs.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import nodeModule from "node:module";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { findProgram } from "../system.mjs";
import { install, missingWork } from "./dependencies.mjs";
import { provideLibatomic } from "./libatomic.mjs";

export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const NEEDED_NODE = 26;

/** Installs what is missing, then runs the script (relative to the repository) on Node 26: in this process when it is one. */
export async function prepareAndContinue(script, argv) {
  const installed = await prepare();
  if (installed === "failed") process.exit(1);
  const file = path.join(ROOT, script);
  // After an install the binary that runs this may have been replaced under it.
  if (installed === "present" && isNewEnough(process.versions.node)) {
    process.argv = [process.argv[0], file, ...argv];
    // A supervisor whose types were stripped before is a third smaller: the stripper is never loaded.
    nodeModule.enableCompileCache(path.join(ROOT, "node_modules", ".cache", "windlass"));
    await import(pathToFileURL(file).href);
    return;
  }
  const node = ownNode();
  if (!node) {
    complain(
      `Windlass runs on Node ${NEEDED_NODE}, and npm has no build of it for ${process.platform}-${process.arch}.`,
      `Install Node ${NEEDED_NODE} or newer from https://nodejs.org and run this again.`,
    );
    process.exit(1);
  }
  handOver(node, [file, ...argv]);
}

async function prepare() {
  const missing = ["git", "npm"].filter((name) => !findProgram(name) && !(name === "npm" && process.env.npm_execpath));
  if (missing.length > 0) {
    complain(
      `Windlass needs ${missing.join(" and ")}, which ${missing.length > 1 ? "were" : "was"} not found on PATH.`,
      `Install ${missing.length > 1 ? "them" : "it"} (on Debian: apt-get install ${missing.join(" ")}) and run this again.`,
    );
    return "failed";
  }
  if (!isNewEnough(process.versions.node)) {
    const problem = await provideLibatomic();
    if (problem) {
      complain(problem.what, problem.todo);
      return "failed";
    }
  }
  const work = missingWork(ROOT);
  if (work === "nothing") return "present";
  return (await install(ROOT, work, ownNode)) ? "installed" : "failed";
}

const isNewEnough = (version) => Number(version.split(".")[0]) >= NEEDED_NODE;

/** The Node that npm installed for this platform. */
function ownNode() {
  const file = process.platform === "win32" ? "node.exe" : "node";
  const builds = [`node-${process.platform}-${process.arch}`, `node-bin-${process.platform}-${process.arch}`];
  return builds.map((name) => path.join(ROOT, "node_modules", name, "bin", file)).find((binary) => existsSync(binary));
}

/**
 * As near to exec as it gets: the very process where Node can do that, otherwise a child that gets every signal and
 * learns through its channel when this process is killed.
 */
function handOver(node, argv) {
  const env = { ...process.env, PATH: withOwnPrograms(process.env.PATH) };
  if (process.execve) {
    try {
      process.execve(node, [node, ...argv], env);
    } catch {
      // Not on this platform: a child, then.
    }
  }
  const child = spawn(node, argv, { stdio: ["inherit", "inherit", "inherit", "ipc"], env });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR2"]) process.on(signal, () => child.kill(signal));
  child.on("error", (error) => {
    complain(`${node} could not be started: ${error.message}.`, "Delete node_modules and run this again.");
    process.exit(1);
  });
  child.on("exit", (code, signal) => {
    if (signal) {
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
    } else process.exit(code ?? 1);
  });
}

function withOwnPrograms(PATH = "") {
  const own = path.join(ROOT, "node_modules", ".bin");
  return PATH.split(path.delimiter).includes(own) ? PATH : `${own}${path.delimiter}${PATH}`;
}

function complain(what, todo) {
  process.stderr.write(`${what}\n${todo}\n`);
}
