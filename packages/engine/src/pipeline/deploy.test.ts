import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import {
  AppSource,
  DEPLOY_STEPS,
  DomainError,
  EnvironmentConfig,
  GitRef,
  HostName,
  type StartedInstance,
} from "@windlass/domain";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { EnginePorts, SourceRepository } from "../ports.ts";
import { targetOf } from "../router/target-of.ts";
import type { DeployRequest } from "../steps/deploy-request.ts";
import { FakeRouter } from "../testing/fake-router.ts";
import { createFakeRuntime, FakeEngine } from "../testing/fake-runtime.ts";
import { MemoryDisks } from "../testing/memory-disks.ts";
import { MemoryHistory, MemoryJournal } from "../testing/memory-journal.ts";
import { makeLabels } from "../testing/runtime-contract.ts";
import { writeTinyApp } from "../testing/tiny-app.ts";
import { createWorkspace } from "../workspace/create-workspace.ts";
import type { PipelineEnd } from "./define-pipeline.ts";
import { deploy } from "./deploy.ts";
import { rollback } from "./rollback.ts";

// Whole pipelines over and over: on a machine that has much else to do they take their time.
vi.setConfig({ testTimeout: 60_000 });

const HOST = "tiny.localhost";
const SHA = "0123456789abcdef0123456789abcdef01234567";
const TREE = "9876543210".repeat(4);

let engine: FakeEngine;
let router: FakeRouter;
let folder: string;
let history: MemoryHistory;
let environmentId: string;

beforeEach(async () => {
  engine = new FakeEngine();
  router = await new FakeRouter().listen();
  folder = await mkdtemp(path.join(tmpdir(), "windlass-pipeline-"));
  history = new MemoryHistory();
  disks = new MemoryDisks();
  environmentId = makeLabels("test").environmentId;
});
afterEach(async () => {
  await engine.close();
  router.close();
  await rm(folder, { recursive: true, force: true });
});

const source: SourceRepository = {
  resolve: async () => ({
    kind: "git",
    commit: { sha: SHA, message: "Make it so", author: "Ada", committedAt: new Date(0).toISOString() },
    tree: TREE,
  }),
  fetch: (_access, _commit, target) => writeTinyApp(target, { kind: "quick" }),
  history: async () => ({ commits: [], omitted: 0, isBackwards: false }),
  forget: async () => {},
  branches: async () => ({ branches: ["main"], defaultBranch: "main" }),
  read: async () => ({ files: {}, entries: [] }),
};

interface Scene {
  request: DeployRequest;
  journal: MemoryJournal;
  ports: EnginePorts;
  cancel: AbortController;
  abandon: AbortController;
  run(): Promise<PipelineEnd>;
}

let releases = 0;
let disks: MemoryDisks;

function scene(
  change: { variables?: Record<string, string>; live?: DeployRequest["live"]; health?: object; token?: number } = {},
): Scene {
  const releaseId = `00000000-0000-7000-8000-${String(++releases).padStart(12, "0")}`;
  const labels = { ...makeLabels("test"), environmentId, releaseId, deploymentId: releaseId };
  const health = { intervalSeconds: 0.1, retries: 2, startPeriodSeconds: 0, steadySeconds: 0, ...change.health };
  const request: DeployRequest = {
    deploymentId: releaseId,
    labels,
    fencingToken: change.token ?? 1,
    hosts: [HostName.parse(HOST)],
    ordinals: [1, 2, 3],
    config: EnvironmentConfig.parse({ build: { kind: "node" }, health, stopSeconds: 1, instances: 3 }),
    variables: change.variables ?? {},
    variableDigests: {},
    live: change.live ?? null,
    notice: null,
    access: {
      source: AppSource.parse({ kind: "git", url: "https://example.com/app.git" }),
      repositoryToken: null,
      deployKey: null,
      sshHostKeys: [],
    },
    ref: GitRef.parse("main"),
    allowOlder: false,
    rebuild: false,
  };
  const journal = new MemoryJournal();
  const fake = createFakeRuntime({ owner: "test", engine });
  const ports: EnginePorts = {
    source,
    router,
    history,
    record: journal.record,
    workspace: createWorkspace(folder),
    ...fake,
    everywhere: [fake],
    disks,
  };
  const cancel = new AbortController();
  const abandon = new AbortController();
  const run = () => deploy(request, ports, journal, { cancel: cancel.signal, abandon: abandon.signal });
  return { request, journal, ports, cancel, abandon, run };
}

type Instances = { instances: StartedInstance[] } | null;
const liveTarget = () => router.services.get(environmentId)?.target?.addresses;
const addressesOf = (made: Instances) => made?.instances.map(({ address }) => address);
const namesOf = (made: Instances) => made?.instances.map(({ name }) => name).sort();
const both = (...made: NonNullable<Instances>[]) => made.flatMap((one) => namesOf(one) ?? []).sort();
const running = () => [...engine.instances.keys()].sort();

async function deployFirst(): Promise<NonNullable<DeployRequest["live"]>> {
  const first = scene({ variables: { VERSION: "1" } });
  expect(await first.run()).toMatchObject({ status: "succeeded" });
  const live = history.live;
  if (!live) throw new Error("nothing is live");
  return {
    releaseId: first.request.labels.releaseId,
    artifact: live.artifact,
    instances: live.instances,
    config: first.request.config,
    commitSha: SHA,
    variableDigests: {},
  };
}

describe("a deployment", () => {
  it("builds, starts, gates and switches, then stops the old release", async () => {
    const live = await deployFirst();
    const next = scene({ live });
    expect(await next.run()).toEqual({ status: "succeeded", warnings: [] });
    expect(liveTarget()).toEqual(addressesOf(history.live));
    expect(history.retiredNames.toSorted()).toEqual(namesOf(live));
    expect(running()).toEqual(namesOf(history.live));
    expect(next.journal.facts.plan).toMatchObject({ zeroDowntime: true });
  });

  it("fetches nothing on a disk that is short, and says what holds the space", async () => {
    const live = await deployFirst();
    disks.freeBytes = 4e9;
    const next = scene({ live });
    next.ports.source = { ...source, fetch: () => expect.unreachable() };
    expect(await next.run()).toMatchObject({
      status: "failed",
      step: "check disk",
      error: {
        code: "disk_full",
        message:
          "The disk of /data has too little space left for a deployment, so this one did not go on. Free at least 1.0 GB on it, or give it more space, and deploy again.",
        evidence: ["/data: 4.0 GB of 100 GB are free, 5.0 GB shall stay free", "Kept releases: 40 GB", "Others: 58 GB"],
      },
    });
    expect(liveTarget()).toEqual(addressesOf(live));
    expect(disks.rooms).toBe(1);
  });

  it("goes on once what nobody needs was removed", async () => {
    await deployFirst();
    disks.freeBytes = 4e9;
    disks.removableBytes = 2e9;
    const next = scene();
    expect(await next.run()).toMatchObject({ status: "succeeded" });
    expect(next.journal.lines.map(({ text }) => text)).toContain("There is room again");
  });

  it("counts what the live release took, unless that was built from the same", async () => {
    const live = await deployFirst();
    const took = { ...live, artifact: { ...live.artifact, bytes: 46e9, sourceBytes: 1e9 } };
    const error = { evidence: expect.arrayContaining([expect.stringContaining("needs about 48 GB")]) };
    const other = { ...took, artifact: { ...took.artifact, builtFrom: "another commit" } };
    expect(await scene({ live: other }).run()).toMatchObject({ status: "failed", step: "check disk", error });
    expect(await scene({ live: took }).run()).toMatchObject({ status: "succeeded" });
  });

  it("keeps the old release serving when the new one never becomes healthy, and says why", async () => {
    const live = await deployFirst();
    const broken = scene({ live, variables: { BEHAVIOUR: "crash" } });
    const end = await broken.run();
    expect(end).toMatchObject({ status: "failed", step: "await healthy", error: { code: "unhealthy" } });
    if (end.status !== "failed") throw new Error("unreachable");
    expect(end.error.evidence.join("\n")).toMatch(/Exit code: 3/);
    expect(liveTarget()).toEqual(addressesOf(live));
    expect(running()).toEqual(namesOf(live));
    expect(engine.artifacts.size).toBe(1);
    expect(broken.journal.names("succeeded").filter((name) => name.startsWith("undo"))).toEqual([
      "undo: remove new release",
      "undo: remove artifact",
      "undo: remove source",
    ]);
  });

  it("checks the first instance alone, and the others once that one is healthy", async () => {
    const crashing = scene({ variables: { BEHAVIOUR: "crash" } });
    await crashing.run();
    const checked = (lines: MemoryJournal["lines"]) =>
      new Set(lines.flatMap(({ text }) => /(?:^|of )(wl-\S+?)(?: is healthy|:)/.exec(text)?.[1] ?? []));
    expect(checked(crashing.journal.lines).size).toBe(1);
    const next = scene();
    await next.run();
    const told = next.journal.lines.filter(({ text }) => text.includes("is healthy"));
    expect(told).toHaveLength(3);
    expect(told[0]?.text).toContain(next.request.labels.releaseId.slice(-12));
  });

  it("gives no traffic to a release that was well and ended, and leaves it none that ends as it takes it", async () => {
    const live = await deployFirst();
    for (const moment of ["open switch traffic", "switched"]) {
      const liar = scene({ live });
      const crash = async () => {
        const mine = [...engine.instances.values()].find(
          ({ labels }) => labels.releaseId === liar.request.labels.releaseId,
        );
        await engine.crash(mine?.name ?? "", 9);
      };
      const closing: Promise<void>[] = [];
      liar.journal.onMoment = (now) => {
        if (now === moment) closing.push(crash());
      };
      liar.ports.router = Object.create(router, {
        switch: {
          value: async (command: Parameters<typeof router.switch>[0]) => {
            const result = await router.switch(command);
            if (moment === "switched") await crash();
            return result;
          },
        },
      });
      const end = await liar.run();
      await Promise.all(closing);
      expect(end, moment).toMatchObject({ status: "failed", step: "switch traffic", error: { code: "unhealthy" } });
      if (end.status !== "failed") throw new Error("unreachable");
      expect(end.error.failure, moment).toMatchObject({ code: "crash_loop" });
      expect(end.error.evidence.join("\n"), moment).toMatch(/Exit code: 9/);
      expect(liveTarget(), moment).toEqual(addressesOf(live));
      expect(running(), moment).toEqual(namesOf(live));
    }
  });

  it("puts the traffic back when the switch was made and its proof failed", async () => {
    const live = await deployFirst();
    router.failAfterSwitch = new DomainError("router_unavailable", "The router does not answer.");
    const end = await scene({ live }).run();
    expect(end).toMatchObject({ status: "failed", step: "switch traffic" });
    expect(liveTarget()).toEqual(addressesOf(live));
    expect(running()).toEqual(namesOf(live));
  });

  it("that is cancelled takes back what it made, at whichever step it was", async () => {
    const live = await deployFirst();
    for (const step of [
      "resolve source",
      "plan",
      "check disk",
      "fetch source",
      "build",
      "start release",
      "await healthy",
      "switch traffic",
    ]) {
      for (const moment of [`open ${step}`, `effect ${step}`]) {
        const cancelled = scene({ live });
        cancelled.journal.onMoment = (now) => {
          if (now === moment) cancelled.cancel.abort(new DomainError("cancelled", "Cancelled by Ada."));
        };
        const end = await cancelled.run();
        expect(end, moment).toMatchObject({ status: "cancelled", error: { message: "Cancelled by Ada." } });
        expect(liveTarget(), moment).toEqual(addressesOf(live));
        expect(running(), moment).toEqual(namesOf(live));
        expect(engine.artifacts.size, moment).toBe(1);
      }
    }
  });

  it("goes on with another worker wherever the first one died, and nothing is left over", async () => {
    const moments = (name: string) => [`open ${name}`, `effect ${name}`, `close ${name}`];
    const steps = DEPLOY_STEPS;
    for (const moment of steps.flatMap(moments)) {
      const live = await deployFirst();
      const victim = scene({ live });
      victim.journal.onMoment = (now) => {
        if (now === moment) victim.abandon.abort(new DomainError("lease_lost", "Killed."));
      };
      expect(await victim.run(), moment).toEqual({ status: "abandoned" });
      victim.journal.onMoment = () => {};
      const heir = await deploy({ ...victim.request, fencingToken: 2 }, victim.ports, victim.journal, {
        cancel: new AbortController().signal,
        abandon: new AbortController().signal,
      });
      expect(heir, moment).toMatchObject({ status: "succeeded" });
      expect(running(), moment).toEqual(namesOf(history.live));
      expect(liveTarget(), moment).toEqual(addressesOf(history.live));
      await engine.close();
      router.services.clear();
    }
  });

  it("whose worker lost the lease can no longer switch", async () => {
    const live = await deployFirst();
    const stale = scene({ live });
    await router.apply({
      service: environmentId,
      token: 5,
      hosts: [HostName.parse(HOST)],
      target: targetOf(live.releaseId, live.instances),
    });
    expect(await stale.run()).toEqual({ status: "abandoned" });
    expect(liveTarget()).toEqual(addressesOf(live));
  });

  it("succeeds with a warning when cleaning up fails after the traffic has moved", async () => {
    const live = await deployFirst();
    engine.failNext("stop", new Error("stuck"));
    const next = scene({ live });
    const end = await next.run();
    expect(end).toMatchObject({ status: "succeeded", warnings: [expect.stringMatching(/^retire previous/)] });
    expect(liveTarget()).toEqual(addressesOf(history.live));
  });

  describe("of a commit that is not ahead of the live one", () => {
    const behind = { commits: [], omitted: 0, isBackwards: true };
    const OLD = { sha: "a".repeat(40), message: "Before", author: "Ada", committedAt: new Date(0).toISOString() };
    const older = (live: DeployRequest["live"], history: Awaited<ReturnType<SourceRepository["history"]>>) => {
      const next = scene({ live });
      const resolve = async () => ({ kind: "git" as const, commit: OLD, tree: TREE });
      next.ports.source = { ...source, resolve, history: async () => history };
      return next;
    };

    it("ends superseded when what is live contains it, and nothing was touched", async () => {
      const live = await deployFirst();
      const next = older(live, behind);
      const end = await next.run();
      expect(end).toMatchObject({ status: "superseded", step: "plan", error: { code: "superseded" } });
      expect(end).toMatchObject({ error: { message: expect.stringMatching(/^The live release \(0123456\) already/) } });
      expect(liveTarget()).toEqual(addressesOf(live));
      expect(running()).toEqual(namesOf(live));
      expect(next.journal.facts.plan).toMatchObject({ isBackwards: true });
    });

    it("goes on when it was asked for on purpose", async () => {
      const next = older(await deployFirst(), behind);
      next.request.allowOlder = true;
      expect(await next.run()).toMatchObject({ status: "succeeded" });
    });

    it("goes on after the branch was rewritten, and says so", async () => {
      const next = older(await deployFirst(), { commits: [OLD], omitted: 0, isBackwards: true });
      expect(await next.run()).toMatchObject({ status: "succeeded" });
      expect(next.journal.lines.map(({ text }) => text)).toContain(
        "The branch was rewritten: what is live is not an ancestor of this commit.",
      );
      expect(next.journal.facts.plan).toMatchObject({ isBackwards: true, commits: [OLD] });
    });
  });

  it("builds nothing again that an earlier release was built from, and takes back only its own name for it", async () => {
    history.findsBuilt = true;
    const live = await deployFirst();
    const builds = () => engine.calls.filter((call) => call.startsWith("build")).length;
    const again = scene({ live, variables: { BEHAVIOUR: "crash" } });
    expect(await again.run()).toMatchObject({ status: "failed", step: "await healthy" });
    expect(builds()).toBe(1);
    expect(engine.artifacts.size).toBe(1);
    expect(await scene({ live, variables: { VERSION: "2" } }).run()).toMatchObject({ status: "succeeded" });
    expect(builds()).toBe(1);
    expect(engine.artifacts.size).toBe(2);
    const other = scene({ live });
    other.request.config = EnvironmentConfig.parse({ ...other.request.config, build: { kind: "static" } });
    expect(await other.run()).toMatchObject({ status: "succeeded" });
    expect(builds()).toBe(2);
  });

  it("builds another commit with the same files no more than another one of the same, and one with others anew", async () => {
    history.findsBuilt = true;
    const live = await deployFirst();
    const builds = () => engine.calls.filter((call) => call.startsWith("build")).length;
    const deployAs = (sha: string, tree: string | null) => {
      const next = scene({ live });
      const commit = { sha, message: "Next", author: "Ada", committedAt: new Date(0).toISOString() };
      next.ports.source = { ...source, resolve: async () => ({ kind: "git", commit, tree }) };
      return next.run();
    };
    expect(await deployAs("b".repeat(40), TREE)).toMatchObject({ status: "succeeded" });
    expect(builds()).toBe(1);
    expect(await deployAs("c".repeat(40), "d".repeat(40))).toMatchObject({ status: "succeeded" });
    expect(builds()).toBe(2);
    expect(await deployAs("e".repeat(40), null)).toMatchObject({ status: "succeeded" });
    expect(builds()).toBe(3);
    const anew = scene({ live });
    anew.request.rebuild = true;
    expect(await anew.run()).toMatchObject({ status: "succeeded" });
    expect(builds()).toBe(4);
  });

  it("of what serves already need not be well for as long as when that was new", async () => {
    history.findsBuilt = true;
    const live = await deployFirst();
    const health = { ...live.config.health, steadySeconds: 300 };
    const again = scene({ live: { ...live, config: { ...live.config, health } }, health });
    expect(await again.run()).toMatchObject({ status: "succeeded" });
  });

  it("removes releases past the kept count", async () => {
    const next = scene();
    const gone = { kind: "image" as const, imageId: "sha256:0", tag: "old", origin: "node" };
    history.past = [{ releaseId: "old", artifact: gone }];
    await next.run();
    expect(history.forgotten).toEqual(["old"]);
  });
});

describe("a release that stays warm", () => {
  /** Two releases, of which the first stays warm; and how to roll back to it. */
  async function warmScene() {
    history.keepsWarm = true;
    const first = scene({ variables: { VERSION: "1" } });
    await first.run();
    const kept = history.live;
    if (!kept) throw new Error("nothing is live");
    const was = { config: first.request.config, commitSha: SHA, variableDigests: {} };
    const second = scene({ live: { ...was, ...kept, releaseId: first.request.labels.releaseId } });
    await second.run();
    const now = history.live;
    if (!now) throw new Error("nothing is live");
    const live = { ...was, ...now, releaseId: second.request.labels.releaseId };
    const rest = { deploymentId: "back", commitSha: SHA, warm: kept.instances, hasServed: true, live };
    const request = { ...first.request, ...kept, ...rest };
    const journal = new MemoryJournal();
    const [cancel, abandon] = [new AbortController(), new AbortController()];
    const run = () => rollback(request, second.ports, journal, { cancel: cancel.signal, abandon: abandon.signal });
    return { warm: kept, live: now, journal, cancel, run };
  }

  it("runs on out of the traffic, and takes it again without a start", async () => {
    const { warm, live, run } = await warmScene();
    expect(liveTarget()).toEqual(addressesOf(live));
    expect(running()).toEqual(both(live, warm));
    const starts = () => engine.calls.filter((call) => call.startsWith("start")).length;
    const before = starts();
    expect(await run()).toMatchObject({ status: "succeeded" });
    expect(starts()).toBe(before);
    expect(liveTarget()).toEqual(addressesOf(warm));
    expect(history.warmNames.toSorted()).toEqual(namesOf(live));
    expect(history.retiredNames).toEqual([]);
  });

  it("is started anew when it does not answer any more", async () => {
    const { warm, live, run, journal } = await warmScene();
    await engine.crash(warm.instances[1]?.name ?? "");
    const starts = () => engine.calls.filter((call) => call.startsWith("start")).length;
    const before = starts();
    expect(await run()).toMatchObject({ status: "succeeded" });
    expect(starts()).toBe(before + 1);
    expect(journal.lines.map(({ text }) => text).join("\n")).toMatch(/stayed warm but does not answer/);
    expect(liveTarget()).toEqual(addressesOf(history.live));
    expect(namesOf(history.live)).toEqual(namesOf(warm));
    expect(running()).toEqual(both(live, warm));
  });

  it("stays warm when the rollback to it is cancelled, at whichever step", async () => {
    for (const step of ["plan", "start release", "await healthy", "switch traffic"]) {
      await engine.close();
      router.services.clear();
      const again = await warmScene();
      again.journal.onMoment = (now) => {
        if (now === `effect ${step}`) again.cancel.abort(new DomainError("cancelled", "Cancelled by Ada."));
      };
      expect(await again.run(), step).toMatchObject({ status: "cancelled" });
      expect(liveTarget(), step).toEqual(addressesOf(again.live));
      expect(history.warmNames.toSorted(), step).toEqual(namesOf(again.warm));
      expect(running(), step).toEqual(both(again.live, again.warm));
    }
  });
});

describe("a rollback", () => {
  it("brings a kept release back through the same gate", async () => {
    const first = scene({ variables: { VERSION: "1" } });
    await first.run();
    const kept = history.live;
    if (!kept) throw new Error("nothing is live");
    const live = {
      releaseId: first.request.labels.releaseId,
      ...kept,
      config: first.request.config,
      commitSha: SHA,
      variableDigests: {},
    };
    const second = scene({ live });
    await second.run();
    const now = history.live;
    if (!now) throw new Error("nothing is live");
    const { config } = first.request;
    const back = {
      ...first.request,
      deploymentId: "back",
      // As long as it had to be well when it was new: not again.
      config: { ...config, health: { ...config.health, steadySeconds: 300 } },
      artifact: kept.artifact,
      commitSha: SHA,
      warm: [],
      hasServed: true,
      live: { ...live, ...now, releaseId: second.request.labels.releaseId },
    };
    const journal = new MemoryJournal();
    const signals = { cancel: new AbortController().signal, abandon: new AbortController().signal };
    expect(await rollback(back, second.ports, journal, signals)).toMatchObject({ status: "succeeded" });
    expect(history.live?.artifact).toEqual(kept.artifact);
    expect(running()).toEqual(namesOf(history.live));
    expect(liveTarget()).toEqual(addressesOf(history.live));
  });

  it("says so when what the release was made of is gone", async () => {
    const first = scene();
    await first.run();
    const gone = { kind: "image" as const, imageId: "sha256:gone", tag: "gone", origin: "node" };
    const signals = { cancel: new AbortController().signal, abandon: new AbortController().signal };
    const end = await rollback(
      { ...first.request, artifact: gone, commitSha: SHA, warm: [], hasServed: true },
      first.ports,
      new MemoryJournal(),
      signals,
    );
    expect(end).toMatchObject({ status: "failed", step: "plan", error: { code: "image_unavailable" } });
  });
});
