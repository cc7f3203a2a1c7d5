import { randomUUID } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import {
  type Artifact,
  type BuildConfig,
  DomainError,
  EnvironmentConfig,
  type LogStream,
  Secret,
} from "@windlass/domain";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import type { BuildRequest, CommandRequest, EffectContext, OwnerLabels, RuntimePorts, StartRequest } from "../ports.ts";
import { type TinyAppBehaviour, type TinyAppBuild, writeTinyApp } from "./tiny-app.ts";

// What every pair of builder and runtime keeps, whatever runs beneath. Adapters differ only in what `RuntimeHarness.can`
// says; everything else the pipeline may rely on.

export interface RuntimeHarness {
  /** New adapters of one owner on the harness's one engine: calling it twice is a worker that was restarted. */
  portsFor(owner: string): RuntimePorts;
  /** A new empty folder for an app's source, removed by `close`. */
  createFolder(): Promise<string>;
  /** How the tiny app is built here; its folder has a package.json with start and build scripts, and a Dockerfile. */
  build: BuildConfig;
  /** Removes all that is left of every owner it gave ports for. */
  close(): Promise<void>;
}

/** What a runtime can do on this machine; what it cannot is no part of its contract. */
export interface RuntimeAbilities {
  /** Instances are processes that this machine's /proc shows */
  showProcesses: boolean;
  /** The app does not run as root */
  dropPrivileges: boolean;
  /** A release's commands really run */
  runCommands: boolean;
  /** An app that takes more than its memory is ended, and that is told */
  limitMemory: boolean;
}

export interface RuntimeContractOptions {
  can: RuntimeAbilities;
  /** When the machine lacks what the runtime needs */
  skip?: boolean;
}

export function describeRuntimeContract(
  name: string,
  makeHarness: () => Promise<RuntimeHarness>,
  { can, skip = false }: RuntimeContractOptions,
): void {
  describe.skipIf(skip)(`runtime contract: ${name}`, { timeout: 60_000 }, () => {
    const itCan = (ability: keyof RuntimeAbilities, title: string, test: () => Promise<void>) => {
      if (can[ability]) it(title, test);
    };
    const owner = `contract-${randomUUID()}`;
    let harness: RuntimeHarness;
    let ports: RuntimePorts;
    let artifact: Artifact;
    const started: string[] = [];

    beforeAll(async () => {
      harness = await makeHarness();
      ports = harness.portsFor(owner);
      artifact = await ports.builder.build(await buildRequest(makeLabels(owner)), makeContext());
    }, 120_000);

    afterEach(async () => {
      vi.unstubAllEnvs();
      for (const instance of started.splice(0)) await ports.runtime.stop(instance, 0);
    });

    afterAll(async () => {
      await harness?.close();
    }, 60_000);

    async function buildRequest(labels: OwnerLabels, build?: TinyAppBuild): Promise<BuildRequest> {
      const sourceFolder = await harness.createFolder();
      await writeTinyApp(sourceFolder, build);
      return { labels, build: harness.build, sourceFolder, image: null, command: undefined, isFromStart: false };
    }

    function startRequest(
      behaviour: TinyAppBehaviour | undefined,
      variables: StartRequest["variables"] = {},
      labels = makeLabels(owner),
    ): StartRequest {
      const config = EnvironmentConfig.parse({ resources: { memoryMb: 128, cpus: 1, processes: 64 } });
      return {
        labels,
        ordinal: 1,
        artifact,
        config,
        variables: { ...(behaviour ? { BEHAVIOUR: behaviour } : {}), ...variables },
      };
    }

    async function start(request: StartRequest, context = makeContext()) {
      const instance = await ports.runtime.start(request, context);
      started.push(instance.name);
      return { ...instance, url: `http://${instance.address.host}:${instance.address.port}` };
    }

    const isOwned = async (releaseId: string) =>
      (await ports.runtime.listOwned()).some((instance) => instance.labels.releaseId === releaseId);

    describe("start", () => {
      it("leads to an app that answers on the address it returned", async () => {
        const instance = await start(startRequest(undefined, { VERSION: "one" }));
        expect(await answer(`${instance.url}/`)).toBe("ok one");
        expect(await ports.runtime.inspect(instance.name)).toEqual({
          state: "running",
          address: instance.address,
          restarts: 0,
        });
      });

      it("adopts the release's instance when it runs already, also after the worker was restarted", async () => {
        const request = startRequest(undefined);
        const first = await start(request);
        const before = await answer(`${first.url}/identity`);
        const again = await harness.portsFor(owner).runtime.start(request, makeContext());
        expect(again).toEqual({ name: first.name, ordinal: 1, address: first.address });
        expect(await answer(`${first.url}/identity`)).toBe(before);
        const owned = await ports.runtime.listOwned(request.labels.environmentId);
        expect(owned).toEqual([{ name: first.name, labels: request.labels, ordinal: 1, isRunning: true }]);
      });

      it("runs several instances of a release beside each other, started at once, each ended by itself", async () => {
        const request = startRequest(undefined, { VERSION: "many" });
        const ordinals = [1, 2, 3, 4];
        const all = await Promise.all(ordinals.map((ordinal) => start({ ...request, ordinal })));
        expect(all.map(({ ordinal }) => ordinal)).toEqual(ordinals);
        expect(new Set(all.map(({ url }) => url)).size).toBe(4);
        for (const { url } of all) expect(await answer(`${url}/`)).toBe("ok many");
        const owned = await ports.runtime.listOwned(request.labels.environmentId);
        expect(owned.map(({ ordinal }) => ordinal).sort()).toEqual(ordinals);
        await ports.runtime.stop(all[1]?.name ?? "", 5);
        expect(await ports.runtime.listOwned(request.labels.environmentId)).toHaveLength(3);
        expect(await answer(`${all[2]?.url}/`)).toBe("ok many");
      });

      it("keeps two releases of one environment running beside each other", async () => {
        const labels = makeLabels(owner);
        const next = { ...labels, releaseId: randomUUID(), deploymentId: randomUUID() };
        const old = await start(startRequest(undefined, { VERSION: "old" }, labels));
        const young = await start(startRequest(undefined, { VERSION: "young" }, next));
        expect(await answer(`${old.url}/`)).toBe("ok old");
        expect(await answer(`${young.url}/`)).toBe("ok young");
        expect(await ports.runtime.listOwned(labels.environmentId)).toHaveLength(2);
      });

      it("gives the app its variables and the PORT it must listen on", async () => {
        const instance = await start(
          startRequest(undefined, { GREETING: 'two words, a "quote" and $HOME', TOKEN: new Secret("s3cret=value") }),
        );
        expect(JSON.parse(await answer(`${instance.url}/env`))).toMatchObject({
          GREETING: 'two words, a "quote" and $HOME',
          TOKEN: "s3cret=value",
          PORT: String(instance.address.port),
        });
      });

      it("lets nothing of the platform's own environment reach the app", async () => {
        vi.stubEnv("CONTRACT_CANARY", "canary-in-the-platform");
        const instance = await start(startRequest(undefined));
        expect(await answer(`${instance.url}/env`)).not.toContain("canary-in-the-platform");
      });

      itCan("dropPrivileges", "runs the app without privileges", async () => {
        const instance = await start(startRequest(undefined));
        const identity = JSON.parse(await answer(`${instance.url}/identity`));
        expect(identity.uid).not.toBe(0);
        expect(identity.gid).not.toBe(0);
        expect(identity.groups).not.toContain(0);
      });

      it("replaces the start command by the environment's own", async () => {
        const request = startRequest(undefined, { VERSION: "by command" });
        request.config = { ...request.config, command: ["node", "server.js", "--marked"] };
        const instance = await start(request);
        expect(await answer(`${instance.url}/`)).toBe("ok by command");
      });

      it("rejects with start_failed, and leaves nothing, when the program does not exist", async () => {
        const request = startRequest(undefined);
        request.config = { ...request.config, command: ["no-such-program-here"] };
        await expect(ports.runtime.start(request, makeContext())).rejects.toMatchObject({
          code: "start_failed",
          message: expect.stringContaining("no-such-program-here"),
        });
        expect(await isOwned(request.labels.releaseId)).toBe(false);
      });

      it("does nothing when it is cancelled before it begins", async () => {
        const request = startRequest(undefined);
        const context = makeContext(AbortSignal.abort());
        await expect(ports.runtime.start(request, context)).rejects.toMatchObject({ code: "cancelled" });
        expect(await isOwned(request.labels.releaseId)).toBe(false);
      });

      it("leaves nothing when it is cancelled while it starts", async () => {
        for (const waitMs of [1, 10, 40, 120]) {
          const request = startRequest(undefined);
          const controller = new AbortController();
          const starting = start(request, makeContext(controller.signal)).then(
            () => "started" as const,
            (error: unknown) => error,
          );
          await delay(waitMs);
          controller.abort();
          const outcome = await starting;
          if (outcome === "started") continue;
          expect(outcome).toMatchObject({ code: "cancelled" });
          expect(await isOwned(request.labels.releaseId)).toBe(false);
        }
      });
    });

    describe("inspect", () => {
      it("tells the exit code of an app that ends by itself", async () => {
        const instance = await start(startRequest("crash"));
        const state = await until(
          () => ports.runtime.inspect(instance.name),
          (seen) => seen.state === "exited",
        );
        expect(state).toMatchObject({ state: "exited", exitCode: 3, outOfMemory: false });
      });

      itCan("limitMemory", "tells when an app was ended because it took more memory than it may", async () => {
        const instance = await start(startRequest("hog"));
        const state = await until(
          () => ports.runtime.inspect(instance.name),
          (seen) => seen.state === "exited",
        );
        expect(state).toMatchObject({ state: "exited", outOfMemory: true });
      });

      it("says missing of an instance that never was", async () => {
        expect(await ports.runtime.inspect("wl-never-was-000000000000")).toEqual({ state: "missing" });
      });
    });

    describe("logs", () => {
      it("gives the last lines, oldest first", async () => {
        const instance = await start(startRequest("chatty"));
        const lines = await until(
          () => ports.runtime.logs(instance.name, 3),
          (seen) => seen.at(-1) === "line 50",
        );
        expect(lines).toEqual(["line 48", "line 49", "line 50"]);
      });

      it("keeps what an app said before it crashed", async () => {
        const instance = await start(startRequest("crash"));
        const lines = await until(
          () => ports.runtime.logs(instance.name, 10),
          (seen) => seen.includes("about to crash"),
        );
        expect(lines).toContain("about to crash");
      });

      it("gives no lines for an instance that never was", async () => {
        expect(await ports.runtime.logs("wl-never-was-000000000000", 10)).toEqual([]);
      });
    });

    describe("examiner", () => {
      it("runs a program as the app, with its variables, and tells how it ended and what it printed", async () => {
        const instance = await start(startRequest(undefined, { VERSION: "seven" }));
        await answer(`${instance.url}/`);
        const { signal } = new AbortController();
        expect(await ports.examiner.run(instance.name, ["node", "check.js"], 15_000, signal)).toEqual({
          exitCode: 0,
          isTooSlow: false,
          lines: ["check seven"],
        });
        expect(await ports.examiner.run(instance.name, ["node", "check.js", "broken"], 15_000, signal)).toMatchObject({
          exitCode: 4,
          isTooSlow: false,
        });
      });

      it("ends a program that takes too long, and says so", async () => {
        const mark = `mark-${randomUUID()}`;
        const instance = await start(startRequest(undefined));
        await answer(`${instance.url}/`);
        const { signal } = new AbortController();
        const outcome = await ports.examiner.run(instance.name, ["node", "check.js", "hang", mark], 1500, signal);
        expect(outcome).toMatchObject({ exitCode: null, isTooSlow: true });
        if (can.showProcesses) {
          await until(
            () => countProcesses(mark),
            (count) => count === 0,
          );
        }
        expect(await answer(`${instance.url}/`)).toBe("ok ");
      });

      it("runs no program that does not exist, and nothing in an instance that never was", async () => {
        const instance = await start(startRequest(undefined));
        await answer(`${instance.url}/`);
        const { signal } = new AbortController();
        const outcome = await ports.examiner.run(instance.name, ["no-such-program-here"], 5000, signal);
        expect(outcome.exitCode).not.toBe(0);
        expect(outcome.lines.length).toBeGreaterThan(0);
        const gone = await ports.examiner.run("wl-never-was-000000000000", ["node", "-v"], 5000, signal);
        expect(gone).toMatchObject({ exitCode: null });
      });

      it("finds what the app listens on, and knows nothing of an instance that never was", async () => {
        const instance = await start(startRequest(undefined));
        await answer(`${instance.url}/`);
        const { listeners } = await ports.examiner.examine(instance.name);
        expect(listeners?.map(({ port }) => port)).toEqual([instance.address.port]);
        const gone = await ports.examiner.examine("wl-never-was-000000000000");
        expect(gone.listeners ?? []).toEqual([]);
      });
    });

    describe("stop", () => {
      it("resolves when the instance is gone, and again when it is missing", async () => {
        const request = startRequest(undefined);
        const instance = await start(request);
        await answer(`${instance.url}/`);
        await ports.runtime.stop(instance.name, 5);
        expect(await ports.runtime.inspect(instance.name)).toEqual({ state: "missing" });
        expect(await isOwned(request.labels.releaseId)).toBe(false);
        await expect(fetch(instance.url, { signal: AbortSignal.timeout(2000) })).rejects.toThrow();
        await ports.runtime.stop(instance.name, 5);
      });

      it("removes an instance that ended by itself", async () => {
        const instance = await start(startRequest("crash"));
        await until(
          () => ports.runtime.inspect(instance.name),
          (seen) => seen.state === "exited",
        );
        await ports.runtime.stop(instance.name, 5);
        expect(await ports.runtime.inspect(instance.name)).toEqual({ state: "missing" });
      });

      it("ends an app that ignores the polite signal, once its time is over", async () => {
        const instance = await start(startRequest("deaf"));
        await answer(`${instance.url}/`);
        const begun = performance.now();
        await ports.runtime.stop(instance.name, 1);
        const tookMs = performance.now() - begun;
        expect(await ports.runtime.inspect(instance.name)).toEqual({ state: "missing" });
        expect(tookMs).toBeGreaterThan(900);
        expect(tookMs).toBeLessThan(5000);
      });

      itCan(
        "showProcesses",
        "ends the app's children too, those that left its group and ignore signals included",
        async () => {
          const mark = `mark-${randomUUID()}`;
          const instance = await start(startRequest("family", { MARK: mark }));
          await answer(`${instance.url}/`);
          await until(
            () => countProcesses(mark),
            (count) => count === 3,
          );
          await ports.runtime.stop(instance.name, 0.2);
          expect(await countProcesses(mark)).toBe(0);
        },
      );
    });

    describe("owners", () => {
      it("see only what is theirs", async () => {
        const other = `contract-${randomUUID()}`;
        const request = startRequest(undefined);
        const instance = await start(request);
        const others = harness.portsFor(other);
        expect(await others.runtime.listOwned()).toEqual([]);
        expect(await others.runtime.listOwned(request.labels.environmentId)).toEqual([]);
        expect(await others.builder.listOwned(request.labels.environmentId)).toEqual([]);
        expect(await ports.runtime.listOwned()).toContainEqual({
          name: instance.name,
          labels: request.labels,
          ordinal: 1,
          isRunning: true,
        });
      });

      it("cannot stop, read or remove what belongs to another", async () => {
        const labels = makeLabels(owner);
        const mine = await ports.builder.build(await buildRequest(labels), makeContext());
        const instance = await start({ ...startRequest(undefined, { VERSION: "mine" }, labels), artifact: mine });
        const others = harness.portsFor(`contract-${randomUUID()}`);
        await others.runtime.stop(instance.name, 0).catch(() => {});
        await others.builder.remove(mine).catch(() => {});
        await others.runtime.removeEnvironment(labels.environmentId).catch(() => {});
        expect(await others.runtime.inspect(instance.name)).toEqual({ state: "missing" });
        expect(await others.runtime.logs(instance.name, 10)).toEqual([]);
        expect(await answer(`${instance.url}/`)).toBe("ok mine");
        expect(await ports.builder.inspect(mine)).toEqual({ exists: true });
      });
    });

    describe("removeEnvironment", () => {
      it("is safe while an instance runs, after the last one, and twice", async () => {
        const request = startRequest(undefined, { VERSION: "still here" });
        const instance = await start(request);
        await ports.runtime.removeEnvironment(request.labels.environmentId).catch(() => {});
        expect(await answer(`${instance.url}/`)).toBe("ok still here");
        await ports.runtime.stop(instance.name, 5);
        await ports.runtime.removeEnvironment(request.labels.environmentId);
        await ports.runtime.removeEnvironment(request.labels.environmentId);
        const again = await start(request);
        expect(await answer(`${again.url}/`)).toBe("ok still here");
      });
    });

    describe("build", () => {
      it("gives the same release's artifact when it runs twice, and lists it", async () => {
        const labels = makeLabels(owner);
        const request = await buildRequest(labels);
        await ports.builder.build(request, makeContext());
        const second = await ports.builder.build(request, makeContext());
        expect(await ports.builder.inspect(second)).toEqual({ exists: true });
        expect(await ports.builder.listOwned(labels.environmentId)).toEqual([
          { releaseId: labels.releaseId, artifact: expect.objectContaining({ kind: second.kind }) },
        ]);
      });

      it("rejects with build_failed and the build's last lines when the build breaks", async () => {
        const labels = makeLabels(owner);
        const context = makeContext();
        const failing = ports.builder.build(await buildRequest(labels, { kind: "broken" }), context);
        await expect(failing).rejects.toMatchObject({
          code: "build_failed",
          fault: "user",
          evidence: expect.arrayContaining([expect.stringContaining("the build broke here")]),
        });
        expect(context.lines.some(({ text }) => text.includes("the build broke here"))).toBe(true);
        expect(await ports.builder.listOwned(labels.environmentId)).toEqual([]);
      });

      it("ends within seconds of being cancelled and leaves neither process nor artifact", async () => {
        const mark = `mark-${randomUUID()}`;
        const labels = makeLabels(owner);
        const controller = new AbortController();
        const context = makeContext(controller.signal);
        const building = ports.builder.build(await buildRequest(labels, { kind: "slow", mark }), context).then(
          () => "built" as const,
          (error: unknown) => error,
        );
        await until(
          async () => context.lines.some(({ text }) => text.includes("building slowly")),
          (seen) => seen,
          30_000,
        );
        const begun = performance.now();
        controller.abort();
        expect(await building).toMatchObject({ code: "cancelled" });
        expect(performance.now() - begun).toBeLessThan(2000);
        if (can.showProcesses) {
          await until(
            () => countProcesses(mark),
            (count) => count === 0,
            2000,
          );
        }
        expect(await ports.builder.listOwned(labels.environmentId)).toEqual([]);
      });
    });

    const describeCommands = () => {
      const commandRequest = (script: string, change: Partial<CommandRequest> = {}): CommandRequest => ({
        ...startRequest(undefined, { GREETING: "hello", TOKEN: new Secret("s3cret") }),
        purpose: "release",
        argv: ["node", "-e", script],
        timeoutMs: 30_000,
        ...change,
      });
      const nothingIsLeft = async ({ labels }: CommandRequest) => {
        await ports.commands.remove(labels);
        await ports.commands.remove(labels);
        expect(await ports.runtime.listOwned(labels.environmentId)).toEqual([]);
        await ports.runtime.removeEnvironment(labels.environmentId);
      };

      it("run in the release with its variables, and their output is in the log", async () => {
        const request = commandRequest("console.log(process.env.GREETING, process.cwd()); console.error('beside')");
        const context = makeContext();
        await ports.commands.run(request, context);
        expect(context.lines).toContainEqual({ stream: "stdout", text: expect.stringMatching(/^hello .*app$/) });
        expect(context.lines).toContainEqual({ stream: "stderr", text: "beside" });
        await nothingIsLeft(request);
      });

      it("that fail are told with exit code and last lines", async () => {
        const request = commandRequest("console.log('no such table'); process.exit(3)");
        await expect(ports.commands.run(request, makeContext())).rejects.toMatchObject({
          code: "command_failed",
          message: expect.stringContaining("exit code 3"),
          evidence: ["no such table"],
        });
        const missing = commandRequest("", { argv: ["no-such-program-here"] });
        await expect(ports.commands.run(missing, makeContext())).rejects.toMatchObject({ code: "command_failed" });
        await nothingIsLeft(request);
        await nothingIsLeft(missing);
      });

      it("are ended when their time is over, and when they are cancelled", async () => {
        const mark = `mark-${randomUUID()}`;
        const argv = ["node", "-e", "console.log('begun'); setInterval(() => {}, 1000)", mark];
        const slow = commandRequest("", { argv, timeoutMs: 1000 });
        await expect(ports.commands.run(slow, makeContext())).rejects.toMatchObject({
          code: "command_failed",
          message: expect.stringContaining("longer than its 1 seconds"),
        });
        await nothingIsLeft(slow);
        const cancel = new AbortController();
        const context = makeContext(cancel.signal);
        const cancelled = commandRequest("", { argv, purpose: "post-deploy" });
        const running = ports.commands.run(cancelled, context).then(
          () => "ended",
          (error: unknown) => error,
        );
        await until(
          async () => context.lines.some(({ text }) => text === "begun"),
          (seen) => seen,
        );
        cancel.abort(new DomainError("cancelled", "Cancelled."));
        expect(await running).toMatchObject({ code: "cancelled" });
        if (can.showProcesses) expect(await countProcesses(mark)).toBe(0);
        await nothingIsLeft(cancelled);
      });

      it("that had ended when their worker died are not run a second time", async () => {
        const request = commandRequest("console.log('once')");
        await ports.commands.run(request, makeContext());
        const heir = makeContext();
        await harness.portsFor(owner).commands.run(request, heir);
        expect(heir.lines.map(({ text }) => text)[0]).toMatch(/not run a second time/);
        await nothingIsLeft(request);
      });
    };
    if (can.runCommands) describe("commands", describeCommands);

    describe("remove", () => {
      it("takes the artifact away, and is fine with one that is gone", async () => {
        const labels = makeLabels(owner);
        const built = await ports.builder.build(await buildRequest(labels), makeContext());
        await ports.builder.remove(built);
        expect(await ports.builder.inspect(built)).toEqual({ exists: false });
        expect(await ports.builder.listOwned(labels.environmentId)).toEqual([]);
        await ports.builder.remove(built);
      });

      it("leaves a second release that was built from the same source", async () => {
        const labels = makeLabels(owner);
        const next = { ...labels, releaseId: randomUUID(), deploymentId: randomUUID() };
        const request = await buildRequest(labels);
        const first = await ports.builder.build(request, makeContext());
        const second = await ports.builder.build({ ...request, labels: next }, makeContext());
        await ports.builder.remove(first);
        expect(await ports.builder.inspect(second)).toEqual({ exists: true });
        const instance = await start({ ...startRequest(undefined, { VERSION: "second" }, next), artifact: second });
        expect(await answer(`${instance.url}/`)).toBe("ok second");
      });

      it("leaves a second release that was given the first one's artifact", async () => {
        const labels = makeLabels(owner);
        const next = { ...labels, releaseId: randomUUID(), deploymentId: randomUUID() };
        const first = await ports.builder.build(await buildRequest(labels), makeContext());
        const again = await ports.builder.reuse(first, next);
        await ports.builder.remove(first);
        expect(await ports.builder.reuse(first, { ...next, releaseId: randomUUID() })).toBeNull();
        const left = again === null ? [] : [{ releaseId: next.releaseId, artifact: expect.anything() }];
        expect(await ports.builder.listOwned(labels.environmentId)).toEqual(left);
        if (again === null) return;
        const instance = await start({ ...startRequest(undefined, { VERSION: "again" }, next), artifact: again });
        expect(await answer(`${instance.url}/`)).toBe("ok again");
      });

      it("does not disturb an instance that still runs from the artifact", async () => {
        const labels = makeLabels(owner);
        const built = await ports.builder.build(await buildRequest(labels), makeContext());
        const instance = await start({ ...startRequest(undefined, { VERSION: "running" }, labels), artifact: built });
        await ports.builder.remove(built).catch(() => {});
        expect(await answer(`${instance.url}/`)).toBe("ok running");
        expect(await ports.runtime.inspect(instance.name)).toMatchObject({ state: "running", restarts: 0 });
      });
    });
  });
}

/** Labels of a new release of a new environment. */
export function makeLabels(owner: string): OwnerLabels {
  return {
    owner,
    teamId: randomUUID(),
    appId: randomUUID(),
    appSlug: "tiny",
    environmentId: randomUUID(),
    environmentSlug: "production",
    deploymentId: randomUUID(),
    releaseId: randomUUID(),
  };
}

export interface RecordingContext extends EffectContext {
  readonly lines: { stream: LogStream; text: string }[];
}

/** A context that keeps the log's lines. */
export function makeContext(signal: AbortSignal = new AbortController().signal): RecordingContext {
  const lines: RecordingContext["lines"] = [];
  return {
    signal,
    lines,
    log: (stream, text) => {
      lines.push({ stream, text });
    },
  };
}

/** Asks again until what is seen is good, and returns it; fails with the last thing seen. */
export async function until<T>(look: () => Promise<T>, isGood: (seen: T) => boolean, limitMs = 15_000): Promise<T> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const seen = await look();
    if (isGood(seen)) return seen;
    if (performance.now() > deadline) throw new Error(`Not within ${limitMs} ms; last seen: ${JSON.stringify(seen)}`);
    await delay(20);
  }
}

/** The body of the first answer; an app that is still starting is asked again. */
async function answer(url: string): Promise<string> {
  const body = await until(
    async () => {
      try {
        const response = await fetch(url, { signal: AbortSignal.timeout(2000) });
        return await response.text();
      } catch {
        return undefined;
      }
    },
    (seen) => seen !== undefined,
  );
  return body ?? "";
}

/** How many processes of this machine have the mark in their argv. */
async function countProcesses(mark: string): Promise<number> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const commands = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")));
  return commands.filter((command) => command.includes(mark)).length;
}
