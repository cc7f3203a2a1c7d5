import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { mkdir, rm, statfs, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { requestDeployment } from "@windlass/api/operations";
import { DeploymentEnd } from "@windlass/domain";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expectTruth } from "../stack/expect-truth.ts";
import { faultApp, faultConfig } from "../stack/fault-app.ts";
import { type Stack, startStack } from "../stack/start-stack.ts";
import { createTestRepository, type TestRepository } from "../stack/test-repository.ts";

// Deployments on a disk that is too full, or becomes so. The disk is a small one of the test's own; where none can be
// mounted it is the machine's, and its workers are told to leave more free than any disk has.

const LEASE_MS = 2000;
const MB = 1e6;
const LEAST_FREE_MB = 60;
const MORE_THAN_THERE_IS = String(1e12);

/** The folder of an empty disk, or null where none can be mounted. */
function mountSmallDisk(): string | null {
  const folder = mkdtempSync(path.join(tmpdir(), "windlass-e2e-disk-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=600m,mode=711", "tmpfs", folder], { stdio: "ignore" });
    return folder;
  } catch {
    rmSync(folder, { recursive: true });
    return null;
  }
}

const small = mountSmallDisk();

describe("a disk that is too full", { timeout: 240_000 }, () => {
  const versions = new Map<string, string>();
  let stack: Stack;
  let repository: TestRepository;
  let app: Awaited<ReturnType<Stack["createApp"]>>;

  beforeAll(async () => {
    repository = createTestRepository();
    stack = await startStack({
      runtime: "process",
      leaseMs: LEASE_MS,
      repositories: [repository.folder],
      settings: { WINDLASS_LEAST_FREE_MB: small ? String(LEAST_FREE_MB) : "0" },
      ...(small ? { dataFolder: small } : {}),
    });
    app = await stack.createApp({ name: "disk", url: repository.url, config: faultConfig("process") });
    expect(await deploy()).toMatchObject({ status: "succeeded" });
  }, 300_000);
  afterAll(async () => {
    await stack?.stop();
    repository?.remove();
    if (!small) return;
    execFileSync("umount", ["--lazy", small]);
    rmSync(small, { recursive: true });
  });

  async function deploy(files: Record<string, string> = {}) {
    const version = `version ${versions.size + 1}`;
    versions.set(repository.push({ ...faultApp(version), ...files }), version);
    const { environment } = app;
    return stack.awaitEnd(
      await requestDeployment(stack.ctx, { environment, kind: "deploy", ref: "main", trigger: "test" }),
      120_000,
    );
  }

  const stepsOf = async (deploymentId: string) =>
    (await stack.ctx.db.step.findMany({ where: { deploymentId }, orderBy: { position: "asc" } })).map(
      ({ name }) => name,
    );

  async function logOf(deploymentId: string): Promise<string[]> {
    const chunks = await stack.ctx.db.logChunk.findMany({ where: { deploymentId }, orderBy: { firstSeq: "asc" } });
    return chunks.flatMap(({ lines }) => (lines as { text: string }[]).map(({ text }) => text));
  }

  const removeFiller = () => rm(path.join(stack.dataFolder, "filler"), { force: true });

  /** Somebody else's file, so large that this much is left. */
  async function leaveFree(freeMb: number): Promise<void> {
    await removeFiller();
    const { bavail, bsize } = await statfs(stack.dataFolder);
    await writeFile(path.join(stack.dataFolder, "filler"), Buffer.alloc(Math.max(0, bavail * bsize - freeMb * MB)));
  }

  async function expectTooFull(end: Awaited<ReturnType<typeof deploy>>, step: string): Promise<DeploymentEnd> {
    expect(end).toMatchObject({ status: "failed", endReason: "disk_full" });
    const told = DeploymentEnd.parse(end.endDetail);
    expect(told).toMatchObject({ step, cause: { code: "disk_full", place: "server" } });
    await expectTruth(stack, app, versions);
    return told;
  }

  test("ends a deployment before it fetches anything, with what holds the space, and what is live goes on", async () => {
    if (small) await leaveFree(LEAST_FREE_MB - 20);
    else {
      await stack.worker.kill("SIGTERM");
      await stack.worker.start({ WINDLASS_LEAST_FREE_MB: MORE_THAN_THERE_IS });
    }
    const end = await deploy();
    const { evidence } = await expectTooFull(end, "check disk");
    expect(evidence[0]).toContain(`${stack.dataFolder}: `);
    expect(evidence).toContainEqual(expect.stringMatching(/^Live releases: \d/));
    expect(await stepsOf(end.id)).toEqual(["resolve source", "plan", "check disk"]);
  });

  test("is given room first by removing what nobody needs", async () => {
    const [first] = await stack.ctx.db.deployment.findMany({ orderBy: { number: "asc" } });
    await removeFiller();
    const left = path.join(stack.dataFolder, "work", first?.id ?? "");
    await mkdir(left, { recursive: true });
    await writeFile(path.join(left, "left.bin"), Buffer.alloc(80 * MB));
    if (small) await leaveFree(LEAST_FREE_MB - 20);
    const end = await deploy();
    const log = await logOf(end.id);
    expect(log).toContain("Removed: Fetched source of deployment 1 of disk, Production, 80 MB");
    if (small) {
      expect(log).toContain("There is room again");
      expect(end).toMatchObject({ status: "succeeded" });
      await expectTruth(stack, app, versions);
    } else await expectTooFull(end, "check disk");
  });

  test("ends a deployment before it builds, when that is found too large only then", async () => {
    const asset = randomBytes(8 * MB).toString("base64");
    if (small) await leaveFree(LEAST_FREE_MB + 24);
    const end = await deploy({ "asset.txt": asset });
    await expectTooFull(end, small ? "build" : "check disk");
  });

  test("is no matter once there is room", async () => {
    await removeFiller();
    if (!small) {
      await stack.worker.kill("SIGTERM");
      await stack.worker.start({ WINDLASS_LEAST_FREE_MB: "0" });
    }
    expect(await deploy()).toMatchObject({ status: "succeeded" });
    await expectTruth(stack, app, versions);
  });
});
