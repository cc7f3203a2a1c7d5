import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { type Artifact, DomainError, EnvironmentConfig, HostName, RELAUNCH_STEPS, STOP_STEPS } from "@windlass/domain";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { EnginePorts } from "../ports.ts";
import { targetOf } from "../router/target-of.ts";
import type { RelaunchRequest } from "../steps/deploy-request.ts";
import { FakeRouter } from "../testing/fake-router.ts";
import { createFakeRuntime, FakeEngine } from "../testing/fake-runtime.ts";
import { MemoryDisks } from "../testing/memory-disks.ts";
import { MemoryHistory, MemoryJournal } from "../testing/memory-journal.ts";
import { makeContext, makeLabels } from "../testing/runtime-contract.ts";
import { createWorkspace } from "../workspace/create-workspace.ts";
import type { Pipeline } from "./define-pipeline.ts";
import { relaunch } from "./relaunch.ts";
import { stop } from "./stop.ts";

let engine: FakeEngine;
let router: FakeRouter;
let folder: string;
let history: MemoryHistory;
let ports: EnginePorts;
let request: RelaunchRequest;
let journal: MemoryJournal;
let cancel: AbortController;
let abandon: AbortController;

/** A release with the instances 1 and 2, live. */
beforeEach(async () => {
  engine = new FakeEngine();
  router = await new FakeRouter().listen();
  folder = await mkdtemp(path.join(tmpdir(), "windlass-relaunch-"));
  history = new MemoryHistory();
  journal = new MemoryJournal();
  [cancel, abandon] = [new AbortController(), new AbortController()];
  const fake = createFakeRuntime({ owner: "test", engine });
  const labels = makeLabels("test");
  const build = { kind: "none" } as const;
  const artifact: Artifact = await fake.builder.build(
    { labels, build, sourceFolder: null, image: null, command: undefined, isFromStart: false },
    makeContext(),
  );
  const config = EnvironmentConfig.parse({ health: { intervalSeconds: 0.1, retries: 1, startPeriodSeconds: 0 } });
  const start = { labels, artifact, config, variables: {} };
  const instances = await Promise.all(
    [1, 2].map((ordinal) => fake.runtime.start({ ...start, ordinal }, makeContext())),
  );
  const hosts = [HostName.parse("tiny.localhost")];
  await router.apply({ service: labels.environmentId, token: 1, hosts, target: targetOf(labels.releaseId, instances) });
  history.live = { artifact, instances };
  // Nothing is fetched.
  const source = {} as EnginePorts["source"];
  const { record } = journal;
  const disks = new MemoryDisks();
  ports = { source, router, history, record, workspace: createWorkspace(folder), ...fake, everywhere: [fake], disks };
  request = {
    deploymentId: "again",
    labels,
    fencingToken: 1,
    hosts,
    ordinals: [3, 4],
    config,
    variables: {},
    variableDigests: {},
    live: { releaseId: labels.releaseId, artifact, instances, config, commitSha: null, variableDigests: {} },
    notice: null,
    artifact,
    commitSha: null,
    hasServed: true,
  };
});
afterEach(async () => {
  await engine.close();
  router.close();
  await rm(folder, { recursive: true, force: true });
});

const run = (pipeline: Pipeline<RelaunchRequest>, change: Partial<RelaunchRequest> = {}) =>
  pipeline({ ...request, ...change }, ports, journal, { cancel: cancel.signal, abandon: abandon.signal });
const ordinals = () => [...engine.instances.values()].map(({ ordinal }) => ordinal).sort();
const service = () => router.services.get(request.labels.environmentId);
const served = () => service()?.target?.addresses.length;

describe("a relaunch", () => {
  it("puts other instances of the release in place of those that run", async () => {
    expect(await run(relaunch)).toEqual({ status: "succeeded", warnings: [] });
    expect(ordinals()).toEqual([3, 4]);
    expect(served()).toBe(2);
    expect(history.retiredNames).toHaveLength(2);
  });

  it("leaves those that stay alone when it scales", async () => {
    const before = engine.calls.length;
    expect(await run(relaunch, { ordinals: [1, 2, 3] })).toMatchObject({ status: "succeeded" });
    expect(ordinals()).toEqual([1, 2, 3]);
    expect(served()).toBe(3);
    expect(engine.calls.slice(before).filter((call) => call.startsWith("stop"))).toEqual([]);
  });

  it("changes nothing when the new instances do not become healthy", async () => {
    const variables = { BEHAVIOUR: "crash" };
    const end = await run(relaunch, { ordinals: [1, 2, 3], variables });
    expect(end).toMatchObject({ status: "failed", step: "await healthy", error: { code: "unhealthy" } });
    expect(ordinals()).toEqual([1, 2]);
    expect(served()).toBe(2);
  });

  it("that is cancelled leaves what is live, at whichever step it was", async () => {
    for (const step of RELAUNCH_STEPS.slice(0, 4)) {
      journal = new MemoryJournal();
      cancel = new AbortController();
      journal.onMoment = (now) => {
        if (now === `effect ${step}`) cancel.abort(new DomainError("cancelled", "Cancelled by Ada."));
      };
      expect(await run(relaunch), step).toMatchObject({ status: "cancelled" });
      expect(ordinals(), step).toEqual([1, 2]);
      expect(served(), step).toBe(2);
    }
  });
});

describe("a stop", () => {
  const notice = { title: "tiny is stopped", text: "Stopped by Ada." };

  it("shows a notice, then ends everything", async () => {
    expect(await run(stop, { notice })).toEqual({ status: "succeeded", warnings: [] });
    expect(ordinals()).toEqual([]);
    expect(service()).toMatchObject({ target: null, notice });
    expect(history.isStopped).toBe(true);
  });

  it("that is cancelled before it began to stop opens the traffic again", async () => {
    journal.onMoment = (now) => {
      if (now === "effect close traffic") cancel.abort(new DomainError("cancelled", "Cancelled by Ada."));
    };
    expect(await run(stop, { notice })).toMatchObject({ status: "cancelled" });
    expect(ordinals()).toEqual([1, 2]);
    expect(served()).toBe(2);
    expect(history.isStopped).toBe(false);
  });

  it("is not told as done while an instance may still run", async () => {
    engine.failNext("stop", new DomainError("runtime_unavailable", "The engine does not answer."));
    expect(await run(stop, { notice })).toMatchObject({ status: "failed", step: "stop instances" });
    expect(service()?.target).toBeNull();
  });

  it("goes on with another worker wherever the first one died", async () => {
    for (const moment of STOP_STEPS.flatMap((step) => [`open ${step}`, `effect ${step}`, `close ${step}`])) {
      journal = new MemoryJournal();
      abandon = new AbortController();
      journal.onMoment = (now) => {
        if (now === moment) abandon.abort(new DomainError("lease_lost", "Killed."));
      };
      expect(await run(stop, { notice }), moment).toEqual({ status: "abandoned" });
      journal.onMoment = () => {};
      abandon = new AbortController();
      expect(await run(stop, { notice }), moment).toMatchObject({ status: "succeeded" });
      expect(ordinals(), moment).toEqual([]);
    }
  });
});
