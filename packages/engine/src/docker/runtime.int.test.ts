import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { type Artifact, EnvironmentConfig, ImageRef } from "@windlass/domain";
import type Dockerode from "dockerode";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { OwnerLabels, RuntimePorts, StartRequest } from "../ports.ts";
import { makeDockerHarness, removeOwned } from "../testing/docker-harness.ts";
import { makeContext, makeLabels, until } from "../testing/runtime-contract.ts";
import { writeTinyApp } from "../testing/tiny-app.ts";
import { createDockerRuntime } from "./create-docker-runtime.ts";
import { findDockerEngine } from "./find-engine.ts";
import { ensureNetwork } from "./network.ts";

const found = await findDockerEngine({ socketPath: "/var/run/docker.sock" });

describe.skipIf("problem" in found)("docker runtime [needs docker]", { timeout: 60_000 }, () => {
  const owner = `runtime-${randomUUID()}`;
  let engine: Dockerode;
  let ports: RuntimePorts;
  let artifact: Artifact;
  const started: string[] = [];

  beforeAll(async () => {
    if ("problem" in found) throw new Error(found.problem);
    engine = found.engine;
    ports = createDockerRuntime({ engine, owner });
    artifact = await buildTinyApp();
  });

  afterEach(async () => {
    for (const name of started.splice(0)) await ports.runtime.stop(name, 0);
  });

  afterAll(() => removeOwned(engine, owner));

  async function buildTinyApp(): Promise<Artifact> {
    const harness = makeDockerHarness(engine);
    const sourceFolder = await harness.createFolder();
    try {
      await writeTinyApp(sourceFolder);
      const request = {
        labels: makeLabels(owner),
        build: harness.build,
        sourceFolder,
        image: null,
        command: undefined,
        isFromStart: false,
      };
      return await ports.builder.build(request, makeContext());
    } finally {
      await rm(sourceFolder, { recursive: true, force: true });
    }
  }

  function requestOf(labels: OwnerLabels = makeLabels(owner), config: object = {}): StartRequest {
    return { labels, ordinal: 1, artifact, config: EnvironmentConfig.parse(config), variables: {} };
  }

  async function start(request: StartRequest, context = makeContext()) {
    const instance = await ports.runtime.start(request, context);
    started.push(instance.name);
    return { ...instance, details: await engine.getContainer(instance.name).inspect() };
  }

  it("gives a container only what its environment allows", async () => {
    const config = { resources: { memoryMb: 64, cpus: 0.5, processes: 32 } };
    const { details, address } = await start(requestOf(undefined, config));
    expect(details.HostConfig).toMatchObject({
      Memory: 64 * 1024 * 1024,
      MemorySwap: 64 * 1024 * 1024,
      NanoCpus: 500_000_000,
      PidsLimit: 32,
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges"],
      Privileged: false,
      Init: true,
      RestartPolicy: { Name: "always" },
      LogConfig: { Type: "json-file", Config: { "max-size": "10m", "max-file": "3" } },
    });
    expect(details.Config.User).toBe("65532:65532");
    expect(details.HostConfig.PortBindings ?? {}).toEqual({});
    expect(address.host).toMatch(/^10\.213\./);
  });

  it("gives no more processors than the machine has", async () => {
    const { details } = await start(requestOf(undefined, { resources: { cpus: 256 } }));
    expect(details.HostConfig.NanoCpus).toBe((await engine.info()).NCPU * 1e9);
  });

  it("tells in the log when an image would run as root and does not", async () => {
    const context = makeContext();
    await start(requestOf(), context);
    expect(context.lines).toEqual([{ stream: "system", text: expect.stringContaining("unprivileged user 65532") }]);
  });

  it("keeps an app's address when the app crashes and comes back, and counts it", async () => {
    const labels = makeLabels(owner);
    const first = await start(requestOf(labels));
    await start(requestOf({ ...labels, releaseId: randomUUID() }));
    const main = first.details.State.Pid;
    process.kill(main, "SIGKILL");
    const state = await until(
      () => ports.runtime.inspect(first.name),
      (seen) => seen.state === "running" && seen.restarts > 0,
    );
    expect(state).toEqual({ state: "running", address: first.address, restarts: 1 });
    const details = await engine.getContainer(first.name).inspect();
    expect(Object.values(details.NetworkSettings.Networks)[0]?.IPAddress).toBe(first.address.host);
  });

  it("makes one container when two workers start the same release at once", async () => {
    const request = requestOf();
    const both = await Promise.all([start(request), start(request)]);
    expect(both[1].name).toBe(both[0].name);
    expect(await ports.runtime.listOwned(request.labels.environmentId)).toHaveLength(1);
    expect(await ports.runtime.inspect(both[0].name)).toMatchObject({ state: "running", address: both[0].address });
  });

  it("finishes what a worker left half done: created and never started, or ended and not removed", async () => {
    const request = requestOf();
    const first = await start(request);
    const { Config, HostConfig, NetworkSettings } = first.details;
    const [network = "", end] = Object.entries(NetworkSettings.Networks)[0] ?? [];
    await engine.getContainer(first.name).remove({ force: true });
    await engine.createContainer({
      name: first.name,
      Image: Config.Image,
      Env: Config.Env,
      User: Config.User,
      Labels: Config.Labels,
      HostConfig,
      NetworkingConfig: { EndpointsConfig: { [network]: { IPAMConfig: end?.IPAMConfig } } },
    });
    expect(await ports.runtime.inspect(first.name)).toMatchObject({ state: "exited", exitCode: null });
    expect(await start(request)).toMatchObject({ name: first.name, address: first.address });
    expect(await ports.runtime.inspect(first.name)).toMatchObject({ state: "running", restarts: 0 });
    await engine.getContainer(first.name).stop({ t: 0 });
    expect(await ports.runtime.inspect(first.name)).toMatchObject({ state: "exited" });
    expect(await start(request)).toMatchObject({ name: first.name, address: first.address });
    expect(await ports.runtime.inspect(first.name)).toMatchObject({ state: "running" });
  });

  it("touches no container of that name which it did not make", async () => {
    const request = requestOf();
    const { name } = await start(request);
    await ports.runtime.stop(name, 0);
    const foreign = await engine.createContainer({ name, Image: "busybox:1", Cmd: ["sleep", "60"] });
    try {
      await expect(ports.runtime.start(request, makeContext())).rejects.toMatchObject({ code: "start_failed" });
      await ports.runtime.stop(name, 0);
      expect((await foreign.inspect()).State.Status).toBe("created");
    } finally {
      await foreign.remove({ force: true });
    }
  });

  it("runs an image from a registry as the user it names", async () => {
    const labels = makeLabels(owner);
    const container = await engine.createContainer({ Image: "busybox:1", User: "1000:1000", Cmd: ["sleep", "60"] });
    await container.commit({ repo: "registry.invalid/team/user", tag: "1" });
    await container.remove();
    const image = ImageRef.parse("registry.invalid/team/user:1");
    try {
      const built = await ports.builder.build(
        { labels, build: { kind: "none" }, sourceFolder: null, image, command: undefined, isFromStart: false },
        makeContext(),
      );
      const context = makeContext();
      const { details, name } = await start({ ...requestOf(labels), artifact: built }, context);
      expect(details.Config.User).toBe("1000:1000");
      expect(context.lines).toEqual([]);
      await ports.runtime.stop(name, 0);
    } finally {
      await engine.getImage("registry.invalid/team/user:1").remove();
    }
  });

  it("says that the release's image is gone when it was removed", async () => {
    const gone: Artifact = { kind: "image", imageId: `sha256:${"0".repeat(64)}`, tag: "windlass/none:1", origin: "" };
    await expect(ports.runtime.start({ ...requestOf(), artifact: gone }, makeContext())).rejects.toMatchObject({
      code: "image_unavailable",
    });
  });

  it("makes one network for each environment, also when many are made at once", async () => {
    // Another one each time: what a run that was killed left would make it smaller.
    const subnetPool = `10.214.${4 * Math.floor(Math.random() * 64)}.0/22`;
    const options = { engine, owner, subnetPool };
    const purposes = Array.from({ length: 16 }, () => randomUUID());
    const networks = await Promise.all([...purposes, ...purposes.slice(0, 4)].map((id) => ensureNetwork(options, id)));
    expect(new Set(networks.map(({ base }) => base)).size).toBe(16);
    await expect(ensureNetwork(options, randomUUID())).rejects.toMatchObject({
      code: "runtime_unavailable",
      message: expect.stringContaining(`All 16 networks of ${subnetPool}`),
    });
    await Promise.all(purposes.map((id) => ports.runtime.removeEnvironment(id)));
    expect(await engine.listNetworks({ filters: { label: [`io.windlass.environment=${purposes[0]}`] } })).toEqual([]);
  });
});
