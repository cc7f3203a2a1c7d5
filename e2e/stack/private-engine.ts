import { type ChildProcess, execFile as execFileWithCallback, spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { findDockerEngine } from "@windlass/engine";
import { openEngine } from "./holdings.ts";
import { waitFor } from "./wait-for.ts";

const MACHINE_SOCKET = "/var/run/docker.sock";
const FIRST_RANGE = 216;
const RANGES = 38;
const execFile = promisify(execFileWithCallback);

/** How an engine ends: of itself, as by a package's update, or without a moment's notice. */
export type EngineEnd = "SIGTERM" | "SIGKILL";

/**
 * A Docker engine of a test's own, to be ended and started again: its own data, sockets, containerd and networks, beside
 * the machine's engine, whose firewall rules it leaves alone.
 */
export interface PrivateEngine {
  readonly socketPath: string;
  /** A range for networks that the machine's engine, and other tests' engines, hardly meet */
  readonly subnetPool: string;
  /** Resolves when it is gone. Containers run on when it keeps them alive, or is killed. */
  end(how: EngineEnd): Promise<void>;
  /** Resolves when it answers, at once when it runs. `keepsAlive`: containers run on while there is no engine (its live-restore); as before unless said. */
  start(keepsAlive?: boolean): Promise<void>;
  /** Gives it an image that the machine's engine has. */
  copyImage(name: string): Promise<void>;
  remove(): Promise<void>;
}

/** Why there can be none here, in words, or undefined. */
export async function whyNoPrivateEngine(): Promise<string | undefined> {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return "It takes root's rights on Linux.";
  for (const program of ["dockerd", "containerd", "setpriv"]) {
    const isThere = await execFile(program, ["--version"]).then(
      () => true,
      () => false,
    );
    if (!isThere) return `There is no ${program}.`;
  }
  const found = await findDockerEngine({ socketPath: MACHINE_SOCKET });
  return "problem" in found ? found.problem : undefined;
}

export async function startPrivateEngine(): Promise<PrivateEngine> {
  // A socket's path has at most 107 characters.
  const folder = await mkdtemp(path.join(tmpdir(), "wl-engine-"));
  const at = (name: string) => path.join(folder, name);
  const socketPath = at("docker.sock");
  const children = new Set<ChildProcess>();
  let output = "";
  let keepsAlive = true;
  let engine: ChildProcess | undefined;

  const run = (program: string, argv: string[]): ChildProcess => {
    // It ends with this process, however that ends.
    const child = spawn("setpriv", ["--pdeathsig", "KILL", program, ...argv], { stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (chunk: Buffer) => {
        output = (output + chunk).slice(-20_000);
      });
    }
    children.add(child);
    child.once("exit", () => children.delete(child));
    return child;
  };
  const endAll = () => {
    for (const child of children) child.kill("SIGKILL");
  };
  process.once("exit", endAll);

  // Without a bridge of its own it would take the machine's engine's: with none at all it even removes that one.
  const machine = await openEngine(MACHINE_SOCKET);
  const bridge = `test-${folder.slice(-6)}`;
  const { network, range } = await makeBridge(machine, bridge);

  const containerd = { root: at("cd"), state: at("cs"), socket: at("cd.sock") };
  // By itself, as its own service: an engine that started its own would take that one for running while its end is not reaped.
  await writeFile(
    at("containerd.toml"),
    `version = 2
root = "${containerd.root}"
state = "${containerd.state}"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
address = "${containerd.socket}"
[ttrpc]
address = "${containerd.socket}.ttrpc"
`,
  );
  const shims = run("containerd", ["--config", at("containerd.toml"), "--log-level", "warn"]);

  async function start(lives = keepsAlive): Promise<void> {
    if (engine && children.has(engine)) return;
    keepsAlive = lives;
    const child = run("dockerd", [
      ...["--host", `unix://${socketPath}`, "--data-root", at("data"), "--exec-root", at("exec")],
      ...["--pidfile", at("pid"), "--containerd", containerd.socket, "--log-level", "warn"],
      // Rules of the host's firewall are the machine's engine's; from the host containers are reached without any.
      ...["--bridge", bridge, "--iptables=false", "--ip-forward=false", "--userland-proxy=false"],
      ...(keepsAlive ? ["--live-restore"] : []),
    ]);
    engine = child;
    await waitFor(
      "the private engine",
      async () => {
        if (child.exitCode !== null) throw new Error(`The private engine did not start:\n${output}`);
        return !("problem" in (await findDockerEngine({ socketPath })));
      },
      { withinMs: 60_000 },
    );
  }

  async function end(how: EngineEnd): Promise<void> {
    const child = engine;
    if (!child || !children.has(child)) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill(how);
    await gone;
  }

  try {
    await start();
  } catch (error) {
    endAll();
    await network.remove();
    throw error;
  }
  return {
    socketPath,
    subnetPool: `${range}.0.0/17`,
    start,
    end,
    async copyImage(name) {
      const to = await openEngine(socketPath);
      const stream = await to.loadImage(await machine.getImage(name).get());
      for await (const _ of stream) {
        // Until it has been loaded
      }
    },
    async remove() {
      await end("SIGTERM");
      const gone = new Promise((resolve) => shims.once("exit", resolve));
      if (children.has(shims)) {
        shims.kill("SIGTERM");
        await gone;
      }
      process.off("exit", endAll);
      await network.remove();
      // The engine mounts its folder on itself, and leaves the mount.
      const mounts = (await readFile("/proc/self/mountinfo", "utf8"))
        .split("\n")
        .map((line) => line.split(" ")[4] ?? "");
      for (const mount of mounts.filter((one) => one.startsWith(folder)).reverse()) {
        await execFile("umount", ["--lazy", mount]);
      }
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** A bridge as a network of the machine's engine, in the first range that is free. */
async function makeBridge(machine: Awaited<ReturnType<typeof openEngine>>, bridge: string) {
  const start = randomInt(RANGES);
  for (let step = 0; ; step++) {
    const range = `10.${FIRST_RANGE + ((start + step) % RANGES)}`;
    try {
      const network = await machine.createNetwork({
        Name: bridge,
        IPAM: { Config: [{ Subnet: `${range}.255.0/24` }] },
        Options: { "com.docker.network.bridge.name": bridge },
      });
      return { network, range };
    } catch (error) {
      // Of an interrupted run one may be left.
      if (step === RANGES) throw error;
    }
  }
}
