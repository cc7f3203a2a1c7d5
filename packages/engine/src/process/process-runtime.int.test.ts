import { type ChildProcess, execFile, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { appendFile, chmod, copyFile, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type Artifact, BuildConfig, EnvironmentConfig, Secret } from "@windlass/domain";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { BuildRequest, OwnerLabels, RuntimePorts, StartRequest } from "../ports.ts";
import { readProcess } from "../programs/list-processes.ts";
import { makeProcessHarness, type ProcessHarness } from "../testing/process-harness.ts";
import { describeRuntimeContract, makeContext, makeLabels, until } from "../testing/runtime-contract.ts";
import { writeTinyApp } from "../testing/tiny-app.ts";
import { createProcessRuntime } from "./create-process-runtime.ts";
import { canReach } from "./ensure-unprivileged-account.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });

const isRoot = process.getuid?.() === 0;
describeRuntimeContract("process", makeProcessHarness, {
  can: { showProcesses: process.platform === "linux", dropPrivileges: isRoot, limitMemory: false, runCommands: true },
});

describe("process runtime", () => {
  const owner = `process-${randomUUID()}`;
  let harness: ProcessHarness;
  let ports: RuntimePorts;
  let artifact: Artifact;

  beforeAll(async () => {
    harness = await makeProcessHarness();
    ports = harness.portsFor(owner);
    const sourceFolder = await harness.createFolder();
    await writeTinyApp(sourceFolder);
    artifact = await ports.builder.build(buildRequest(sourceFolder), makeContext());
  });
  afterAll(async () => {
    await harness?.close();
  });

  const buildRequest = (
    sourceFolder: string,
    build: BuildConfig = BuildConfig.parse({ kind: "node" }),
    labels: OwnerLabels = makeLabels(owner),
  ): BuildRequest => ({ labels, build, sourceFolder, image: null, command: undefined, isFromStart: false });

  const startRequest = (variables: StartRequest["variables"] = {}, built = artifact): StartRequest => ({
    labels: makeLabels(owner),
    ordinal: 1,
    artifact: built,
    config: EnvironmentConfig.parse({}),
    variables,
  });

  const answer = (address: { host: string; port: number }, path = "/") =>
    until(
      () =>
        fetch(`http://${address.host}:${address.port}${path}`).then(
          (response) => response.text(),
          () => undefined,
        ),
      (seen) => seen !== undefined,
    );

  const makeSource = async (files: Record<string, string>): Promise<string> => {
    const folder = await harness.createFolder();
    for (const [path, text] of Object.entries(files)) {
      await mkdir(join(folder, path, ".."), { recursive: true });
      await writeFile(join(folder, path), text);
    }
    return folder;
  };

  it("removes the rest of an instance that a killed worker had begun to remove", async () => {
    const instances = join(harness.options(owner).folder, "instances");
    const name = "wl-tiny-production-0123456789ab";
    await mkdir(join(instances, name, "home", ".npm"), { recursive: true });
    await ports.runtime.stop(name, 0);
    expect(await readdir(instances)).not.toContain(name);
  });

  it("keeps instances running when the worker is killed, and adopts and stops them afterwards", async () => {
    const request = startRequest({ VERSION: "survivor" });
    const { child, instance } = await startInOtherProcess(request);
    const before = JSON.parse((await answer(instance.address, "/identity")) ?? "");
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(await answer(instance.address)).toBe("ok survivor");
    expect(await ports.runtime.inspect(instance.name)).toMatchObject({ state: "running" });
    expect(await ports.runtime.start(request, makeContext())).toEqual(instance);
    expect(JSON.parse((await answer(instance.address, "/identity")) ?? "").pid).toBe(before.pid);
    await ports.runtime.stop(instance.name, 5);
    expect(await ports.runtime.inspect(instance.name)).toEqual({ state: "missing" });
    expect(await readProcess(before.pid)).toBeUndefined();
  });

  it("says that an exit code is not known when the worker that saw the start is gone", async () => {
    const request = startRequest();
    const { child, instance } = await startInOtherProcess(request);
    const { pid } = JSON.parse((await answer(instance.address, "/identity")) ?? "");
    child.kill("SIGKILL");
    await once(child, "exit");
    // A worker that was frozen writes down the end of the one before it only now.
    const exit = { process: { pid, startedAt: "earlier" }, exitCode: 7, signal: null };
    await writeFile(join(harness.options(owner).folder, "instances", instance.name, "exit.json"), JSON.stringify(exit));
    process.kill(pid, "SIGKILL");
    const state = await until(
      () => ports.runtime.inspect(instance.name),
      (seen) => seen.state === "exited",
    );
    expect(state).toMatchObject({ exitCode: null, signal: null });
    await ports.runtime.stop(instance.name, 0);
  });

  it("removes an instance while another worker writes down how it ended", async () => {
    const instance = await ports.runtime.start(startRequest(), makeContext());
    const instances = join(harness.options(owner).folder, "instances");
    const folder = join(instances, instance.name);
    const write = async (writer: string) => {
      let until = Number.POSITIVE_INFINITY;
      for (let n = 0; performance.now() < until; n++) {
        const isBeingRemoved = (await stat(join(folder, "output.log")).catch(() => null)) === null;
        if (isBeingRemoved) until = Math.min(until, performance.now() + 50);
        await writeFile(join(folder, `exit.json.${writer}.${n}`), "{}").catch(() => {});
      }
    };
    await Promise.all([...["a", "b", "c", "d"].map(write), ports.runtime.stop(instance.name, 0)]);
    expect(await readdir(instances)).not.toContain(instance.name);
  });

  it("does not mistake a process that has the pid by now for the instance, nor end it", async () => {
    const request = startRequest();
    const instance = await ports.runtime.start(request, makeContext());
    await answer(instance.address);
    const statePath = join(harness.options(owner).folder, "instances", instance.name, "state.json");
    const record = JSON.parse(await readFile(statePath, "utf8"));
    const stranger = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], {
      stdio: "ignore",
      detached: true,
    });
    await once(stranger, "spawn");
    // As after a reboot: the pid is a stranger's. The instance itself is still found by its mark.
    await writeFile(statePath, JSON.stringify({ ...record, process: { pid: stranger.pid, startedAt: "1" } }));
    expect(await ports.runtime.inspect(instance.name)).toMatchObject({ state: "exited" });
    expect(await ports.runtime.listOwned(request.labels.environmentId)).toMatchObject([{ isRunning: true }]);
    await ports.runtime.stop(instance.name, 1);
    expect(await readProcess(record.process.pid)).toBeUndefined();
    expect(stranger.exitCode).toBe(null);
    expect(stranger.signalCode).toBe(null);
    stranger.kill("SIGKILL");
  });

  it("never calls an instance stopped while a child of a dead one lives", async () => {
    const mark = `mark-${randomUUID()}`;
    const request = startRequest({ BEHAVIOUR: "family", MARK: mark });
    const instance = await ports.runtime.start(request, makeContext());
    const { pid } = JSON.parse((await answer(instance.address, "/identity")) ?? "");
    await until(
      () => countProcesses(mark),
      (count) => count === 3,
    );
    process.kill(pid, "SIGKILL");
    await until(
      () => ports.runtime.inspect(instance.name),
      (seen) => seen.state === "exited",
    );
    expect(await ports.runtime.listOwned(request.labels.environmentId)).toMatchObject([{ isRunning: true }]);
    await ports.runtime.stop(instance.name, 0.1);
    expect(await countProcesses(mark)).toBe(0);
  });

  it("gives instances that start at once ports of their own, and takes them back", async () => {
    const requests = Array.from({ length: 6 }, () => startRequest());
    const instances = await Promise.all(requests.map((request) => ports.runtime.start(request, makeContext())));
    expect(new Set(instances.map(({ address }) => address.port)).size).toBe(6);
    await Promise.all(instances.map(({ name }) => ports.runtime.stop(name, 5)));
    const kept = await readdir(join(harness.options(owner).folder, "ports"));
    for (const { address } of instances) expect(kept).not.toContain(String(address.port));
  });

  it("writes no variable to the disk", async () => {
    const instance = await ports.runtime.start(
      startRequest({ TOKEN: new Secret("canary-variable-value") }),
      makeContext(),
    );
    await answer(instance.address);
    const { folder } = harness.options(owner);
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      expect(await readFile(join(entry.parentPath, entry.name), "utf8")).not.toContain("canary-variable-value");
    }
    await ports.runtime.stop(instance.name, 5);
  });

  it("bounds what an instance prints without stopping it, and keeps the last lines", async () => {
    const instance = await ports.runtime.start(startRequest(), makeContext());
    await answer(instance.address);
    const path = join(harness.options(owner).folder, "instances", instance.name, "output.log");
    await appendFile(path, `${"x".repeat(1023)}\n`.repeat(17 * 1024));
    await appendFile(path, "the last line\n");
    expect((await ports.runtime.logs(instance.name, 2)).at(-1)).toBe("the last line");
    expect((await stat(path)).size).toBe(0);
    expect((await ports.runtime.logs(instance.name, 500)).length).toBe(500);
    expect(await answer(instance.address)).toBe("ok ");
    await ports.runtime.stop(instance.name, 5);
  });

  it("serves a static folder, after its build script when there is one", async () => {
    const plain = await makeSource({ "index.html": "plain" });
    const built = await makeSource({
      "package.json": JSON.stringify({ scripts: { build: "node build.js" } }),
      "build.js": 'const fs = require("fs"); fs.mkdirSync("dist"); fs.writeFileSync("dist/index.html", "built");',
    });
    for (const [folder, served, text] of [
      [plain, ".", "plain"],
      [built, "dist", "built"],
    ] as const) {
      const build = BuildConfig.parse({ kind: "static", folder: served });
      const site = await ports.builder.build(buildRequest(folder, build), makeContext());
      const instance = await ports.runtime.start(startRequest({}, site), makeContext());
      expect(await answer(instance.address)).toBe(text);
      await ports.runtime.stop(instance.name, 5);
    }
  });

  it("installs what the lock file says with npm, and starts through npm what a shell must read", async () => {
    const source = await makeSource({
      "package.json": JSON.stringify({
        name: "with-lock",
        version: "1.0.0",
        scripts: {
          start: "GREETING=hello node server.js",
          postinstall: "node -e \"require('fs').writeFileSync('installed', process.env.HOME)\"",
        },
        dependencies: { own: "file:own" },
      }),
      "package-lock.json": JSON.stringify({
        name: "with-lock",
        version: "1.0.0",
        lockfileVersion: 3,
        packages: {
          "": { name: "with-lock", version: "1.0.0", hasInstallScript: true, dependencies: { own: "file:own" } },
          "node_modules/own": { resolved: "own", link: true },
          own: { version: "1.0.0" },
        },
      }),
      "own/package.json": JSON.stringify({ name: "own", version: "1.0.0", main: "index.js" }),
      "own/index.js": 'module.exports = "from a dependency";',
      "server.js":
        'require("http").createServer((q, s) => s.end(process.env.GREETING + " " + require("own"))).listen(process.env.PORT);',
    });
    const context = makeContext();
    const labels = makeLabels(owner);
    const app = await ports.builder.build(buildRequest(source, undefined, labels), context);
    expect(app).toMatchObject({ command: ["npm", "start"] });
    expect(context.lines).toContainEqual({ stream: "system", text: "npm ci --omit=dev" });
    const installed = await readFile(join(app.kind === "folder" ? app.path : "", "app/installed"), "utf8");
    expect(installed).toBe(join(harness.options(owner).folder, "environments", labels.environmentId));
    const instance = await ports.runtime.start(startRequest({}, app), makeContext());
    expect(await answer(instance.address)).toBe("hello from a dependency");
    await ports.runtime.stop(instance.name, 5);
  });

  it("gives up a build that hangs, and ends what it started", async () => {
    const hurried = createProcessRuntime({ ...harness.options(owner), buildLimitMs: 2000 });
    const mark = randomUUID();
    const hang = `node -e "setTimeout(() => {}, 30000)" ${mark}`;
    const source = await makeSource({
      "package.json": JSON.stringify({ scripts: { build: hang, start: "node x.js" } }),
    });
    await expect(hurried.builder.build(buildRequest(source), makeContext())).rejects.toMatchObject({
      code: "build_failed",
      message: expect.stringContaining("given up"),
    });
    const { stdout } = await promisify(execFile)("ps", ["-eo", "args"]);
    expect(stdout).not.toContain(mark);
  });

  it("gives scripts node and npm by these names, whatever their files are called", async () => {
    const options = harness.options(owner);
    const renamed = join(options.folder, "node-0.0.0");
    await copyFile(options.node, renamed);
    await chmod(renamed, 0o755);
    const other = createProcessRuntime({ ...options, folder: join(options.folder, "other"), node: renamed });
    const source = await makeSource({
      "package.json": JSON.stringify({
        scripts: { build: "./tool.js && npm --version > npm-version", start: "./tool.js" },
      }),
      "tool.js": `#!/usr/bin/env node
        const fs = require("fs");
        if (!process.env.PORT) fs.writeFileSync("built-with", process.execPath);
        else require("http").createServer((q, s) => s.end(process.execPath)).listen(process.env.PORT);`,
    });
    await chmod(join(source, "tool.js"), 0o755);
    const app = await other.builder.build(buildRequest(source), makeContext());
    const built = await readFile(join(app.kind === "folder" ? app.path : "", "app/built-with"), "utf8");
    expect(built).toBe(renamed);
    const instance = await other.runtime.start(startRequest({}, app), makeContext());
    expect(await answer(instance.address)).toBe(renamed);
    await other.runtime.stop(instance.name, 5);
  });

  it("removes what a killed build left, and keeps complete releases", async () => {
    const source = await makeSource({ "index.html": "page" });
    const labels = makeLabels(owner);
    const first = await ports.builder.build(
      buildRequest(source, BuildConfig.parse({ kind: "static" }), labels),
      makeContext(),
    );
    const environment = join(harness.options(owner).folder, "releases", labels.environmentId);
    await mkdir(join(environment, randomUUID(), "app"), { recursive: true });
    const next = { ...labels, releaseId: randomUUID() };
    await ports.builder.build(buildRequest(source, BuildConfig.parse({ kind: "static" }), next), makeContext());
    expect((await readdir(environment)).sort()).toEqual([labels.releaseId, next.releaseId].sort());
    expect(await ports.builder.inspect(first)).toEqual({ exists: true });
  });

  it("removes the rest of a release that a killed worker had begun to remove", async () => {
    const source = await makeSource({ "index.html": "page" });
    const labels = makeLabels(owner);
    const build = BuildConfig.parse({ kind: "static" });
    const artifact = await ports.builder.build(buildRequest(source, build, labels), makeContext());
    const environment = join(harness.options(owner).folder, "releases", labels.environmentId);
    await rm(join(environment, labels.releaseId, "manifest.json"));
    await ports.builder.remove(artifact);
    expect(await readdir(environment).catch(() => [])).toEqual([]);
  });

  it("says in a sentence what it cannot build, and what to do", async () => {
    const source = await makeSource({ Dockerfile: "FROM scratch" });
    const failing = async (build: object, folder = source) =>
      ports.builder.build(buildRequest(folder, BuildConfig.parse(build)), makeContext());
    await expect(failing({ kind: "dockerfile" })).rejects.toMatchObject({
      code: "build_failed",
      message: expect.stringContaining("needs Docker"),
    });
    await expect(failing({ kind: "none" })).rejects.toMatchObject({ message: expect.stringContaining("needs Docker") });
    await expect(failing({ kind: "node" })).rejects.toMatchObject({ message: expect.stringContaining("start script") });
    await expect(failing({ kind: "static", folder: "dist" })).rejects.toMatchObject({
      message: expect.stringContaining("no folder dist"),
    });
    await expect(failing({ kind: "node", context: "nowhere" })).rejects.toMatchObject({
      field: "config.build.context",
    });
  });

  it("reads and serves nothing that a link in the source leads to", async () => {
    const source = await makeSource({ "index.html": "page" });
    await symlink("/etc", join(source, "linked"));
    await symlink("/etc/passwd", join(source, "package.json"));
    const failing = (build: object) =>
      ports.builder
        .build(buildRequest(source, BuildConfig.parse(build)), makeContext())
        .catch((error: unknown) => error);
    const errors = [
      await failing({ kind: "static", folder: "linked" }),
      await failing({ kind: "static", context: "linked" }),
      await failing({ kind: "node" }),
    ];
    for (const error of errors) {
      expect(error).toMatchObject({ code: "build_failed" });
      expect(JSON.stringify(error)).not.toContain("root:");
    }
  });

  it("starts Node.js whatever limits are asked for, for it sets none that Node.js would not survive", async () => {
    const request = startRequest();
    request.config = EnvironmentConfig.parse({ resources: { memoryMb: 64, processes: 8 } });
    const instance = await ports.runtime.start(request, makeContext());
    expect(await answer(instance.address)).toBe("ok ");
    const { pid } = JSON.parse((await answer(instance.address, "/identity")) ?? "");
    expect(await readFile(`/proc/${pid}/limits`, "utf8")).toMatch(/Max core file size\s+0\s+0/);
    await ports.runtime.stop(instance.name, 5);
  });

  /** A worker of its own, so that it can be killed. */
  async function startInOtherProcess(request: StartRequest) {
    const path = (file: string) => JSON.stringify(fileURLToPath(new URL(file, import.meta.url)));
    const script = `
      import { createProcessRuntime } from ${path("./create-process-runtime.ts")};
      const [options, request] = JSON.parse(process.argv[1]);
      const { runtime } = createProcessRuntime(options);
      const context = { signal: new AbortController().signal, log: () => {} };
      process.stdout.write(JSON.stringify(await runtime.start(request, context)) + "\\n");
      setInterval(() => {}, 1000);
    `;
    const child: ChildProcess = spawn(
      process.execPath,
      ["--input-type=module", "-e", script, JSON.stringify([harness.options(owner), request])],
      { stdio: ["ignore", "pipe", "inherit"], cwd: fileURLToPath(new URL(".", import.meta.url)) },
    );
    const [line] = (await once(child.stdout as NodeJS.ReadableStream, "data")) as [Buffer];
    return { child, instance: JSON.parse(line.toString()) as Awaited<ReturnType<RuntimePorts["runtime"]["start"]>> };
  }
});

describe("canReach", () => {
  it("tells a folder that an account can pass from one below a closed folder", async () => {
    const harness = await makeProcessHarness();
    const closed = await harness.createFolder();
    const stranger = { uid: 64_321, gid: 64_321 };
    await mkdir(join(closed, "inside"));
    expect(await canReach(join(closed, "inside"), stranger)).toBe(false);
    expect(await canReach(join(closed, "inside"), null)).toBe(true);
    expect(await canReach("/usr/bin/env", stranger)).toBe(true);
    expect(await canReach("/nowhere/at/all", stranger)).toBe(false);
    await chmod(closed, 0o755);
    await harness.close();
  });
});

async function countProcesses(mark: string): Promise<number> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const commands = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")));
  return commands.filter((command) => command.includes(mark)).length;
}
