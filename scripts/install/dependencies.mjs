// Whether the installed dependencies are those of package-lock.json and the database client is that of the schema, and
// `npm ci` or the generator when they are not.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { showProgress } from "./progress.mjs";

const stampFile = (root) => path.join(root, "node_modules", ".windlass-install");

/** What must be done before Windlass can run: "packages" (which generates the client too), "client", or "nothing". */
export function missingWork(root) {
  const wanted = fingerprint(root);
  const [packages, schema] = readOr(stampFile(root), "\n").split("\n");
  const isClientThere = existsSync(path.join(root, "packages/db/src/generated/client.ts"));
  // Without a stamp somebody ran npm by hand: npm's own record of node_modules tells.
  const isRecordThere = existsSync(path.join(root, "node_modules/.package-lock.json"));
  if (!isRecordThere || (packages !== wanted.packages && !agreesWithLock(root))) return "packages";
  if (!isClientThere || (schema !== "" && schema !== wanted.schema)) return "client";
  if (packages !== wanted.packages || schema !== wanted.schema) writeStamp(root);
  return "nothing";
}

function agreesWithLock(root) {
  const wanted = packagesIn(path.join(root, "package-lock.json"));
  const present = packagesIn(path.join(root, "node_modules/.package-lock.json"));
  if (!wanted || !present) return false;
  return Object.entries(wanted).every(([place, entry]) => {
    if (!place.includes("node_modules/") || entry.link) return true;
    const found = present[place];
    return found ? found.version === entry.version : entry.optional === true || entry.peer === true;
  });
}

function packagesIn(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8")).packages;
  } catch {
    return undefined;
  }
}

function fingerprint(root) {
  const hash = (name) =>
    createHash("sha256")
      .update(readOr(path.join(root, name), ""))
      .digest("hex");
  return { packages: hash("package-lock.json"), schema: hash("packages/db/prisma/schema.prisma") };
}

function writeStamp(root) {
  const { packages, schema } = fingerprint(root);
  try {
    writeFileSync(stampFile(root), `${packages}\n${schema}`);
  } catch {
    // A tree that somebody else installed: it is compared again the next time.
  }
}

function readOr(file, otherwise) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return otherwise;
  }
}

/**
 * Does that work with a line that moves on a terminal; output goes to a log, whose end is shown on a failure. `findNode`
 * names the Node that npm installed.
 */
export async function install(root, work, findNode) {
  const folder = mkdtempSync(path.join(tmpdir(), "windlass-install-"));
  const log = path.join(folder, "install.log");
  const isFirst = !existsSync(path.join(root, "node_modules"));
  const words =
    work === "client"
      ? ["Generating the database client", "Database client generated"]
      : [
          isFirst ? "Installing dependencies" : "Updating dependencies",
          isFirst ? "Dependencies installed" : "Dependencies updated",
        ];
  const progress = showProgress(words, () => (work === "client" ? "" : countFetched(root, log)));
  const code = await (work === "client"
    ? runLogged(root, log, [findNode() ?? process.execPath, "packages/db/generate.mjs"])
    : runLogged(root, log, [
        ...npmCommand(),
        "ci",
        "--no-audit",
        "--no-fund",
        "--loglevel=http",
        "--foreground-scripts",
      ]));
  if (code === 0) {
    progress.end(true);
    writeStamp(root);
    rmSync(folder, { recursive: true, force: true });
    return true;
  }
  progress.end(false);
  if (code !== "interrupted") explain(code, log);
  return false;
}

async function runLogged(root, log, [program, ...argv]) {
  const output = openSync(log, "w", 0o600);
  let isInterrupted = false;
  const code = await new Promise((resolve) => {
    const child = spawn(program, argv, { cwd: root, stdio: ["ignore", output, output], env: installEnvironment() });
    const stop = (signal) => {
      isInterrupted = true;
      child.kill(signal);
    };
    process.on("SIGINT", stop).on("SIGTERM", stop);
    child.on("error", () => resolve(127));
    child.on("exit", (exit) => {
      process.off("SIGINT", stop).off("SIGTERM", stop);
      resolve(isInterrupted ? "interrupted" : (exit ?? 1));
    });
  });
  closeSync(output);
  return code;
}

function explain(code, log) {
  const lines = readOr(log, "").split("\n");
  const tail = lines.filter((line) => line.trim() !== "" && !/npm http (fetch|cache)/.test(line)).slice(-12);
  process.stderr.write(`\nThe dependencies could not be installed (npm ended with ${code}). Its last lines:\n\n`);
  process.stderr.write(`${tail.map((line) => `    ${line}`).join("\n")}\n\n`);
  process.stderr.write(`${advice(tail.join("\n"))}\nThe whole output is in ${log}.\n`);
}

function advice(text) {
  if (/ENOSPC/.test(text)) return "The disk is full: free some space and run this again.";
  if (/EACCES|EPERM|EROFS/.test(text)) return "npm may not write here: run this as the owner of the folder.";
  if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ECONNRESET|network/i.test(text)) {
    return "npm's registry could not be reached: check the network, then run this again.";
  }
  if (/SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|certificate/i.test(text)) {
    return "The registry's certificate is not trusted here: name your authority's file in NODE_EXTRA_CA_CERTS.";
  }
  return "Run this again; if it fails the same way, the log tells more.";
}

/** npm as the caller ran it, with the Node that ran it: the one in node_modules goes away during the install. */
function npmCommand() {
  const script = process.env.npm_execpath;
  const isUsable = script && /npm-cli\.c?js$/.test(script) && existsSync(script);
  const node = [process.env.npm_node_execpath, process.execPath].find(
    (file) => file && existsSync(file) && !file.includes(`${path.sep}node_modules${path.sep}`),
  );
  return isUsable && node ? [node, script] : ["npm"];
}

function installEnvironment() {
  const env = { ...process.env };
  // What npm tells its scripts about this run would reach the inner npm as its settings.
  for (const name of Object.keys(env)) {
    if (/^npm_(lifecycle|package|command|config_(port|host|data_dir|router_port|global|production|omit))/i.test(name)) {
      delete env[name];
    }
  }
  const isOurs = (folder) => folder.endsWith(path.join("node_modules", ".bin"));
  const folders = (env.PATH ?? "").split(path.delimiter).filter((folder) => !isOurs(folder));
  // The tools that build the console are development dependencies: NODE_ENV=production would leave them out.
  return { ...env, PATH: folders.join(path.delimiter), NODE_ENV: "development", npm_config_update_notifier: "false" };
}

function countFetched(root, log) {
  const total = Object.keys(packagesIn(path.join(root, "package-lock.json")) ?? {}).length;
  const fetched = readOr(log, "").split(/npm http (?:fetch GET 200|cache) \S+\.tgz/).length - 1;
  return fetched > 0 ? `${Math.min(fetched, total)} of ${total} packages` : "asking the registry";
}
