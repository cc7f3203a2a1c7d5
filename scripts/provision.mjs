// `npm run provision`: installs what Windlass uses beside its own packages, on Debian and Ubuntu, and starts the Docker
// engine. Says first what it will do; safe to run again. With --test-images also makes the base images that tests build
// on, where no registry is in reach. Plain JavaScript for Node 20 without dependencies.
import { spawn } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { aptInstall, engineState, findProgram, hasSystemd, isDebian, isRoot, mustRun, run, say } from "./system.mjs";
import { provideTestImages } from "./test-images.mjs";

const ENGINE_LOG = "/var/log/windlass-dockerd.log";
const ENGINE_PIDFILE = "/var/run/docker.pid";
const ENGINE_START_LIMIT_MS = 60_000;

/** Units are services that a package would run at boot and that Windlass does not need: it starts its own processes. */
const PARTS = [
  { name: "Docker engine", programs: ["dockerd"], packages: ["docker.io"], version: ["--version"] },
  { name: "Docker command", programs: ["docker"], packages: ["docker-cli", "docker.io"], version: ["--version"] },
  { name: "iptables", programs: ["iptables"], packages: ["iptables"], version: ["--version"] },
  { name: "Caddy", programs: ["caddy"], packages: ["caddy"], version: ["version"], units: ["caddy"] },
  { name: "Chromium", programs: ["chromium", "chromium-browser"], packages: ["chromium"] },
  { name: "OpenSSH server", programs: ["sshd"], packages: ["openssh-server"], units: ["ssh.socket", "ssh"] },
  { name: "git", programs: ["git"], packages: ["git"], version: ["--version"] },
  { name: "util-linux", programs: ["nsenter"], packages: ["util-linux"], version: ["--version"] },
];

const SOCKET_STATES = { answers: "answers", denied: "refuses this user", down: "does not answer" };

const OPTIONS = ["--yes", "-y", "--test-images", "--help"];

async function main(argv) {
  const unknown = argv.find((word) => !OPTIONS.includes(word));
  if (unknown !== undefined || argv.includes("--help")) {
    if (unknown !== undefined) say(`Unknown option ${unknown}.`);
    say("Usage: npm run provision -- [--yes] [--test-images]");
    say("  --test-images   also make the base images that the tests build on, where they cannot be pulled");
    return unknown === undefined ? 0 : 2;
  }

  const missing = PARTS.filter(({ programs }) => !findProgram(...programs));
  const engine = await engineState();
  const isEngineUp = engine !== "down";
  if (missing.length > 0 || !isEngineUp) {
    say("Windlass needs:");
    if (missing.length > 0) say(`  - to install ${missing.map(({ name }) => name).join(", ")}`);
    if (!isEngineUp) say("  - to start the Docker engine");
    say();
    if (!isDebian()) {
      say("This is not Debian or Ubuntu. Install by hand, with your system's packages:");
      for (const { name, programs } of missing) say(`  - ${name} (the program ${programs[0]})`);
      if (!isEngineUp) say("and start the Docker engine.");
      return 1;
    }
    if (!isRoot()) {
      say("That takes root's rights. Run it again with sudo: sudo npm run provision");
      return 1;
    }
    if (missing.length > 0) await install(missing);
    if (!isEngineUp) await startEngine();
  } else if (engine === "denied") {
    say(
      "Everything is there, but this user may not use the Docker engine: sudo usermod -aG docker $USER, then sign in again.",
    );
  } else {
    say("Everything is there already.");
  }

  const images = argv.includes("--test-images") ? await provideTestImages() : [];
  return (await report(images)) ? 0 : 1;
}

async function install(parts) {
  const packages = [];
  for (const part of parts) packages.push(await choosePackage(part));
  await aptInstall([...new Set(packages)]);
  if (!hasSystemd()) return;
  // What was there before keeps running; what came with this installation does not start with the machine.
  for (const unit of parts.flatMap(({ units = [] }) => units)) await run(["systemctl", "disable", "--now", unit]);
}

/** Debian 13 split the command from the engine's package; before, one package has both. */
async function choosePackage({ packages }) {
  for (const name of packages) {
    const { output } = await run(["apt-cache", "policy", name]);
    if (/Candidate: (?!\(none\))/.test(output)) return name;
  }
  return packages.at(-1);
}

/** One engine only: systemd's where it runs; else one of our own, unless another is on its way up. */
async function startEngine() {
  if (hasSystemd()) {
    say("Starting the Docker engine through systemd …");
    await mustRun(["systemctl", "enable", "--now", "docker"]);
    await awaitEngine(() => false, "journalctl -u docker");
  } else if (isEngineStarting()) {
    say("A Docker engine is starting already …");
    await awaitEngine(() => !isEngineStarting(), ENGINE_LOG);
  } else {
    say(`Starting the Docker engine; its log is ${ENGINE_LOG} …`);
    const log = openSync(ENGINE_LOG, "a");
    const child = spawn(findProgram("dockerd"), [], { detached: true, stdio: ["ignore", log, log] });
    child.on("error", (error) => say(error.message));
    child.unref();
    closeSync(log);
    await awaitEngine(() => child.exitCode !== null, ENGINE_LOG);
  }
}

async function awaitEngine(hasEnded, where) {
  const deadline = Date.now() + ENGINE_START_LIMIT_MS;
  while ((await engineState()) !== "answers") {
    if (hasEnded()) throw new Error(`The Docker engine ended while it started. Look at ${where}.`);
    if (Date.now() > deadline) throw new Error(`The Docker engine did not answer within a minute. Look at ${where}.`);
    await delay(200);
  }
}

function isEngineStarting() {
  if (!existsSync(ENGINE_PIDFILE)) return false;
  const pid = readFileSync(ENGINE_PIDFILE, "utf8").trim();
  try {
    // A number that another program has by now does not count.
    return readFileSync(`/proc/${pid}/comm`, "utf8").trim() === "dockerd";
  } catch {
    return false;
  }
}

/** The closing table; true when no part is missing. */
async function report(images) {
  const rows = await Promise.all(
    PARTS.map(async ({ name, programs, packages, version }) => {
      const program = findProgram(...programs);
      if (program === undefined) return { name, state: "missing", isMissing: true };
      return { name, state: await versionOf(program, packages, version) };
    }),
  );
  const engine = await engineState();
  rows.push({ name: "Docker engine's socket", state: SOCKET_STATES[engine], isMissing: engine !== "answers" });
  for (const line of images) {
    const [tag, ...rest] = line.split(": ");
    rows.push({ name: tag, state: rest.join(": ") });
  }
  const width = Math.max(...rows.map(({ name }) => name.length));
  say();
  for (const { name, state } of rows) say(`  ${name.padEnd(width)}  ${state}`);
  return rows.every(({ isMissing }) => !isMissing);
}

/** Asks the program itself, or the package list where starting the program only for this would be slow or tell nothing. */
async function versionOf(program, packages, version) {
  if (version === undefined) {
    const { code, output } = await run(["dpkg-query", "-W", packages[0]]);
    return code === 0 ? (output.split("\t")[1] ?? program) : program;
  }
  const { output } = await run([program, ...version]);
  return /\d+(?:\.\d+)+\S*/.exec(output)?.[0].replace(/,$/, "") ?? program;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
