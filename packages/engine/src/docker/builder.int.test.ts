import { randomUUID } from "node:crypto";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Artifact, BuildConfig, EnvironmentConfig, ImageRef } from "@windlass/domain";
import type Dockerode from "dockerode";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { BuildRequest, ImageBuilder, RuntimePorts } from "../ports.ts";
import { removeOwned } from "../testing/docker-harness.ts";
import { makeContext, makeLabels, until } from "../testing/runtime-contract.ts";
import { TEST_LABEL } from "../testing/tiny-app.ts";
import { createDockerRuntime } from "./create-docker-runtime.ts";
import { findDockerEngine } from "./find-engine.ts";
import { readLogFrames } from "./log-lines.ts";
import { buildPurpose, networkNames } from "./names.ts";
import { parseSubnet } from "./network.ts";

const found = await findDockerEngine({ socketPath: "/var/run/docker.sock" });

describe.skipIf("problem" in found)("docker builder [needs docker]", { timeout: 60_000 }, () => {
  const owner = `builder-${randomUUID()}`;
  const folders: string[] = [];
  let engine: Dockerode;
  let ports: RuntimePorts;
  let builder: ImageBuilder;

  beforeAll(() => {
    if ("problem" in found) throw new Error(found.problem);
    engine = found.engine;
    ports = createDockerRuntime({ engine, owner });
    builder = ports.builder;
  });

  afterAll(async () => {
    await removeOwned(engine, owner);
    await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })));
  });

  async function sourceOf(files: Record<string, string>): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), "windlass-builder-"));
    folders.push(folder);
    for (const [name, contents] of Object.entries(files)) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), contents);
    }
    return folder;
  }

  async function requestOf(files: Record<string, string>, build: object = {}): Promise<BuildRequest> {
    return {
      labels: makeLabels(owner),
      build: BuildConfig.parse({ kind: "dockerfile", ...build }),
      sourceFolder: await sourceOf(files),
      image: null,
      command: undefined,
      isFromStart: false,
    };
  }

  const imageRequest = (image: string): BuildRequest => ({
    labels: makeLabels(owner),
    build: { kind: "none" },
    sourceFolder: null,
    image: ImageRef.parse(image),
    command: undefined,
    isFromStart: false,
  });

  const dockerfile = (...lines: string[]) => ["FROM busybox:1", `LABEL ${TEST_LABEL}`, ...lines, ""].join("\n");

  async function output(artifact: Artifact): Promise<string> {
    if (artifact.kind !== "image") throw new Error("not an image");
    const container = await engine.createContainer({
      Image: artifact.imageId,
      Labels: { "io.windlass.owner": owner },
      HostConfig: { NetworkMode: "none" },
    });
    await container.start();
    await container.wait();
    return readLogFrames(await container.logs({ stdout: true, stderr: true })).join("\n");
  }

  it("sends what .dockerignore leaves, with the exceptions it makes", async () => {
    const request = await requestOf({
      Dockerfile: dockerfile("COPY . /app", 'CMD ["find", "/app", "-type", "f"]'),
      ".dockerignore": "Dockerfile\nsecrets\nnode_modules\nlogs/*\n!logs/keep.txt\n",
      "index.js": "",
      "secrets/key.pem": "",
      "node_modules/left/index.js": "",
      "logs/drop.txt": "",
      "logs/keep.txt": "",
    });
    const files = (await output(await builder.build(request, makeContext()))).split("\n").sort();
    expect(files).toEqual(["/app/index.js", "/app/logs/keep.txt"]);
  });

  it("begins again when what it stands on goes with another release while it copies", async () => {
    const shared = `WORKDIR /${randomUUID()}`;
    const small = await requestOf({ Dockerfile: dockerfile(shared, "COPY . ."), "file.txt": "small" });
    const first = await builder.build(small, makeContext());
    const large = "x".repeat(200 * 1024 * 1024);
    const request = await requestOf({ Dockerfile: dockerfile(shared, "COPY . ."), "file.txt": large });
    const context = makeContext();
    let removing: Promise<void> | undefined;
    const told: string[] = [];
    const log = async (_: string, text: string): Promise<void> => {
      told.push(text);
      if (/^Step .* COPY/.test(text)) removing ??= builder.remove(first);
    };
    expect(await builder.build(request, { ...context, log })).toMatchObject({ kind: "image" });
    await removing;
    expect(told.join("\n")).toMatch(/the build begins again/);
    expect(await builder.inspect(first)).toEqual({ exists: false });
  });

  it("uses the context, the Dockerfile, the stage and the arguments that are configured", async () => {
    const request = await requestOf(
      {
        "service/docker/Own.dockerfile": [
          "FROM busybox:1 AS first",
          `LABEL ${TEST_LABEL}`,
          "ARG GREETING=unset",
          "COPY here.txt /here.txt",
          "RUN echo $GREETING > /greeting",
          'CMD ["cat", "/here.txt", "/greeting"]',
          "FROM first AS second",
          'CMD ["echo", "the wrong stage"]',
        ].join("\n"),
        "service/here.txt": "in the context\n",
      },
      { context: "service", dockerfile: "docker/Own.dockerfile", target: "first", args: { GREETING: "hello" } },
    );
    expect(await output(await builder.build(request, makeContext()))).toBe("in the context\nhello");
  });

  it("builds the same files from the cache, whenever and by whom they were written", async () => {
    const files = { Dockerfile: dockerfile("COPY . /app", "RUN echo once > /made"), "index.js": "1" };
    await builder.build(await requestOf(files), makeContext());
    const context = makeContext();
    await builder.build(await requestOf(files), context);
    // The owner's label included.
    expect(context.lines.filter(({ text }) => text.includes("unchanged since an earlier build"))).toHaveLength(4);
  });

  it("runs every command again when it is to build from the start", async () => {
    const files = { Dockerfile: dockerfile("RUN cat /proc/uptime /proc/sys/kernel/random/uuid > /made") };
    const built = async (isFromStart: boolean) => {
      const artifact = await builder.build({ ...(await requestOf(files)), isFromStart }, makeContext());
      return artifact.kind === "image" ? artifact.imageId : undefined;
    };
    const first = await built(false);
    expect(await built(false)).toBe(first);
    expect(await built(true)).not.toBe(first);
  });

  it("tells the steps and what they print, and which of it is an error's", async () => {
    const request = await requestOf({
      Dockerfile: dockerfile('RUN echo plain; echo loud >&2; printf "10%%\\r50%%\\r100%%\\n"'),
    });
    const context = makeContext();
    await builder.build(request, context);
    expect(context.lines).toContainEqual({ stream: "system", text: "Step 1/4 : FROM busybox:1" });
    expect(context.lines).toContainEqual({ stream: "stdout", text: "plain" });
    expect(context.lines).toContainEqual({ stream: "stderr", text: "loud" });
    expect(context.lines).toContainEqual({ stream: "stdout", text: "100%" });
    expect(context.lines.some(({ text }) => /--->|Removing intermediate/.test(text))).toBe(false);
  });

  describe("leaves for the next build", () => {
    const layersOf = async (of = ports.inventory) =>
      (await of.list({ isMeasured: true })).filter(({ kind }) => kind === "layer");
    const unique = () => `RUN head -c 1000000 /dev/urandom > /${randomUUID()}`;

    it("layers of a stage that is no part of the image, which can go while the image stays", async () => {
      const before = new Set((await layersOf()).map(({ name }) => name));
      const lines = [`FROM busybox:1 AS tools`, `LABEL ${TEST_LABEL}`, unique(), dockerfile(unique())];
      const artifact = await builder.build(await requestOf({ Dockerfile: lines.join("\n") }), makeContext());
      const [layer, ...more] = (await layersOf()).filter(({ name }) => !before.has(name));
      expect(more).toEqual([]);
      if (!layer) return expect.unreachable();
      expect(layer.bytes).toBeGreaterThanOrEqual(1_000_000);
      expect(layer.bytes).toBeLessThan(2_000_000);
      await ports.inventory.remove(layer);
      expect((await layersOf()).map(({ name }) => name)).not.toContain(layer.name);
      expect(await builder.inspect(artifact)).toEqual({ exists: true });
      await ports.inventory.remove({ ...layer, name: artifact.kind === "image" ? artifact.imageId : "" });
      expect(await builder.inspect(artifact)).toEqual({ exists: true });
    });

    it("layers of a build that failed, which another owner neither sees nor removes", async () => {
      const before = new Set((await layersOf()).map(({ name }) => name));
      const broken = await requestOf({ Dockerfile: dockerfile(unique(), "RUN exit 3") });
      await expect(builder.build(broken, makeContext())).rejects.toMatchObject({ code: "build_failed" });
      const [layer] = (await layersOf()).filter(({ name }) => !before.has(name));
      if (!layer) return expect.unreachable();
      const other = createDockerRuntime({ engine, owner: `other-${randomUUID()}` }).inventory;
      expect(await layersOf(other)).toEqual([]);
      await other.remove(layer);
      expect((await layersOf()).map(({ name }) => name)).toContain(layer.name);
      await ports.inventory.remove(layer);
      expect((await layersOf()).map(({ name }) => name)).not.toContain(layer.name);
    });
  });

  it("names the step that broke the build", async () => {
    const request = await requestOf({ Dockerfile: dockerfile("RUN echo nearly; exit 7") });
    await expect(builder.build(request, makeContext())).rejects.toMatchObject({
      code: "build_failed",
      message: expect.stringMatching(/line 3 of Dockerfile, "RUN echo nearly; exit 7", .* exit code 7/),
      evidence: ['line 3 of Dockerfile, "RUN echo nearly; exit 7"', "nearly"],
      failure: { code: "build_step_failed", place: "app" },
    });
  });

  it("says what is wrong with a Dockerfile that cannot be read", async () => {
    const unknown = await requestOf({ Dockerfile: "FROM busybox:1\nRUNN true\n" });
    await expect(builder.build(unknown, makeContext())).rejects.toMatchObject({
      code: "build_failed",
      fault: "user",
      message: expect.stringContaining("RUNN"),
    });
    const stage = await requestOf({ Dockerfile: "FROM busybox:1\n" }, { target: "nowhere" });
    await expect(builder.build(stage, makeContext())).rejects.toMatchObject({
      code: "build_failed",
      message: expect.stringContaining("nowhere"),
    });
    const missing = await requestOf({ "index.js": "" });
    await expect(builder.build(missing, makeContext())).rejects.toMatchObject({
      code: "build_failed",
      message: expect.stringContaining('The Dockerfile "Dockerfile" does not exist'),
    });
  });

  it("refuses a context and a Dockerfile that lead out of the source", async () => {
    const outside = await sourceOf({ Dockerfile: dockerfile() });
    const context = await requestOf({ "index.js": "" }, { context: "sub" });
    await symlink(outside, join(context.sourceFolder ?? "", "sub"));
    await expect(builder.build(context, makeContext())).rejects.toMatchObject({ code: "source_refused" });
    const file = await requestOf({ "index.js": "" });
    await symlink(join(outside, "Dockerfile"), join(file.sourceFolder ?? "", "Dockerfile"));
    await expect(builder.build(file, makeContext())).rejects.toMatchObject({ code: "source_refused" });
  });

  it("copies a link as a link, never what it points at on the machine", async () => {
    const request = await requestOf({ Dockerfile: dockerfile("COPY . /app", 'CMD ["readlink", "/app/sneaky"]') });
    await symlink("/etc/hostname", join(request.sourceFolder ?? "", "sneaky"));
    expect(await output(await builder.build(request, makeContext()))).toBe("/etc/hostname");
  });

  it("names the base image that cannot be had", async () => {
    const request = await requestOf({ Dockerfile: "FROM registry.invalid/team/base:1\n" });
    await expect(builder.build(request, makeContext())).rejects.toMatchObject({
      code: "image_unavailable",
      message: expect.stringContaining("registry.invalid/team/base:1"),
    });
  });

  it("serves an image source from the server when its registry does not answer, and says so", async () => {
    const tag = "registry.invalid/team/app:1";
    await engine.getImage("busybox:1").tag({ repo: "registry.invalid/team/app", tag: "1" });
    try {
      const context = makeContext();
      const request = imageRequest(tag);
      const { bytes, ...artifact } = await builder.build(request, context);
      expect(bytes).toBeGreaterThan(1_000_000);
      expect(artifact).toMatchObject({ kind: "image", origin: tag, imageId: expect.stringMatching(/^sha256:/) });
      expect(context.lines.some(({ text }) => text.includes("registry does not answer"))).toBe(true);
      expect(await builder.listOwned(request.labels.environmentId)).toEqual([
        { releaseId: request.labels.releaseId, artifact: { ...artifact, origin: "" } },
      ]);
      await builder.remove(artifact);
      expect(await builder.inspect(artifact)).toEqual({ exists: false });
    } finally {
      await engine.getImage(tag).remove();
    }
    expect((await engine.getImage("busybox:1").inspect()).Id).toMatch(/^sha256:/);
  });

  it("says that an image cannot be had when neither server nor registry has it, or it is Windlass's own", async () => {
    await expect(builder.build(imageRequest("registry.invalid/none:1"), makeContext())).rejects.toMatchObject({
      code: "image_unavailable",
      retryable: true,
      message: expect.stringContaining("registry.invalid/none:1"),
    });
    await expect(builder.build(imageRequest("windlass/other-production:1"), makeContext())).rejects.toMatchObject({
      code: "image_unavailable",
    });
  });

  it("gives nobody what Windlass built for another, by its id neither", async () => {
    const secret = dockerfile("RUN echo theirs > /theirs.txt");
    const theirs = await builder.build(await requestOf({ Dockerfile: secret }), makeContext());
    if (theirs.kind !== "image") throw new Error("not an image");
    const id = theirs.imageId.slice("sha256:".length);
    for (const base of [id.slice(0, 12), theirs.imageId, theirs.tag]) {
      const request = await requestOf({ Dockerfile: `FROM ${base}\nLABEL ${TEST_LABEL}\nRUN cat /theirs.txt\n` });
      const context = makeContext();
      await expect(builder.build(request, context), base).rejects.toMatchObject({
        code: "build_failed",
        message: expect.stringContaining("names an image on this server"),
      });
    }
    await expect(builder.build(imageRequest(id.slice(0, 12)), makeContext())).rejects.toMatchObject({
      code: "image_unavailable",
      message: expect.stringContaining("names an image on this server"),
    });
  });

  it("gives up a build that hangs", async () => {
    const hurried = createDockerRuntime({ engine, owner, buildLimitMs: 1500 }).builder;
    const request = await requestOf({ Dockerfile: dockerfile("RUN echo begun && sleep 30") });
    await expect(hurried.build(request, makeContext())).rejects.toMatchObject({
      code: "build_failed",
      message: expect.stringContaining("given up"),
    });
  });

  it("knows what a build left whose engine ended, and can remove it", async () => {
    const request = await requestOf({ Dockerfile: dockerfile("RUN true") });
    await builder.build(request, makeContext());
    const { network } = networkNames(owner, buildPurpose(request.labels.teamId));
    const left = await engine.createContainer({
      Image: "busybox:1",
      Cmd: ["true"],
      HostConfig: { NetworkMode: network },
    });
    const isKnown = async () => (await ports.inventory.list()).find(({ name }) => name === left.id);
    expect(await isKnown()).toBeUndefined();
    await left.start();
    await left.wait();
    const thing = await until(isKnown, (seen) => seen !== undefined);
    expect(thing).toMatchObject({ kind: "build", environmentId: null });
    if (thing) await ports.inventory.remove(thing);
    expect(await isKnown()).toBeUndefined();
  });

  it("keeps the builds of different teams on different networks", async () => {
    const address = async (teamId: string) => {
      const request = await requestOf({
        Dockerfile: dockerfile(`RUN echo ${teamId}; hostname -i > /address.txt`, 'CMD ["cat", "/address.txt"]'),
      });
      return output(await builder.build({ ...request, labels: { ...request.labels, teamId } }, makeContext()));
    };
    const block = (ip: string) => parseSubnet(`${ip.trim()}/28`).base;
    const [one, other] = [randomUUID(), randomUUID()];
    const first = block(await address(one));
    expect(block(await address(other))).not.toBe(first);
  });

  describe("presets", () => {
    const runs: string[] = [];

    afterEach(async () => {
      for (const name of runs.splice(0)) await ports.runtime.stop(name, 0);
    });

    async function firstAnswer(request: BuildRequest, path: string): Promise<string> {
      const artifact = await builder.build(request, makeContext());
      const start = {
        labels: request.labels,
        ordinal: 1,
        artifact,
        config: EnvironmentConfig.parse({}),
        variables: {},
      };
      const { name, address } = await ports.runtime.start(start, makeContext());
      runs.push(name);
      return until(
        () =>
          fetch(`http://${address.host}:${address.port}${path}`).then(
            (response) => response.text(),
            () => "",
          ),
        (seen) => seen !== "",
      );
    }

    it("build and run a Node app that was detected in a folder of the repository", async () => {
      const server = 'require("http").createServer((_, r) => r.end("from node")).listen(process.env.PORT)';
      const request = await requestOf(
        {
          "web/package.json": JSON.stringify({ name: "web", version: "1.0.0", scripts: { start: "node server.js" } }),
          "web/server.js": server,
          "web/.dockerignore": "*.md\n.windlass\n",
        },
        { kind: "auto", context: "web" },
      );
      expect(await firstAnswer(request, "/")).toBe("from node");
    });

    it("build and serve a folder of files", async () => {
      const request = await requestOf({ "index.html": "from a file" }, { kind: "static" });
      expect(await firstAnswer(request, "/")).toBe("from a file");
    });

    it("say what is missing when nothing can be detected", async () => {
      const request = await requestOf({ "readme.md": "" }, { kind: "auto" });
      await expect(builder.build(request, makeContext())).rejects.toMatchObject({
        code: "build_failed",
        message: expect.stringContaining("no Dockerfile, no package.json and no index.html"),
      });
    });
  });

  it("limits the memory of a build's commands when told to", async () => {
    const limited = createDockerRuntime({ engine, owner, buildMemoryMb: 64 }).builder;
    const request = await requestOf({
      Dockerfile: dockerfile(
        "RUN cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null || true",
      ),
    });
    const context = makeContext();
    await limited.build(request, context);
    expect(context.lines).toContainEqual({ stream: "stdout", text: String(64 * 1024 * 1024) });
  });

  it("lets apps go first while processors are short", async () => {
    const request = await requestOf({
      Dockerfile: dockerfile("RUN cat /sys/fs/cgroup/cpu/cpu.shares 2>/dev/null || cat /sys/fs/cgroup/cpu.weight"),
    });
    const context = makeContext();
    await builder.build(request, context);
    // Shares, or the weight that the newer control groups make of them.
    const told = context.lines.filter(({ stream, text }) => stream === "stdout" && /^(256|10)$/.test(text));
    expect(told).toHaveLength(1);
  });

  it("says what it does not know of an engine that is not there", async () => {
    expect(await findDockerEngine({ socketPath: "/nonexistent/docker.sock" })).toEqual({
      problem: expect.stringContaining("There is no Docker engine at /nonexistent/docker.sock"),
    });
    const { default: Engine } = await import("dockerode");
    const gone = createDockerRuntime({ engine: new Engine({ socketPath: "/nonexistent/docker.sock" }), owner });
    await expect(gone.runtime.listOwned()).rejects.toMatchObject({ code: "runtime_unavailable", retryable: true });
  });
});
