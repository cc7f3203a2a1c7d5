// What a start does once the programs are ready: a set-up link while nobody has set up, and the sample app.

import { setTimeout as sleep } from "node:timers/promises";
import { openLive } from "@windlass/api/live";
import {
  createSampleApp,
  deploySampleApp,
  findSampleApp,
  issueSetupLink,
  openQueue,
  readRuntimes,
  type Services,
} from "@windlass/api/operations";
import { createDatabase } from "@windlass/db";
import { createCipher } from "@windlass/db/encryption";
import { isEnded } from "@windlass/domain";
import { makeSampleRepository } from "../make-sample-repository.ts";
import { errorMessage } from "../start-failure.ts";
import { report, reportProgress } from "./report.ts";

export interface FirstRun {
  /** Null once somebody has set up */
  setupKey: string | null;
  /** Null when there is none, or nothing of it is live */
  sampleUrl: string | null;
}

export type FirstRunProgress =
  | { kind: "deploying"; runtime: "docker" | "process" }
  | {
      kind: "step";
      name: string;
      status: "running" | "succeeded" | "failed" | "cancelled";
      startedAt: number;
      ms: number;
    }
  | { kind: "note"; text: string }
  | { kind: "ended"; isWell: boolean; message: string; evidence: string[] };

const say = (progress: FirstRunProgress) => reportProgress(progress);

const REPORT_WITHIN_MS = 5_000;

interface SampleSettings {
  wanted: boolean;
  source: string;
  repository: string;
  hosts: string[];
}

async function firstRun(): Promise<FirstRun> {
  const services = await openServices();
  const setupKey = await issueSetupLink(services.db);
  try {
    await provideSample(services, JSON.parse(process.env.WINDLASS_SAMPLE ?? "{}"), setupKey !== null);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
    await say({ kind: "ended", isWell: false, message: errorMessage(error), evidence: [] });
  }
  return { setupKey, sampleUrl: await liveSampleUrl(services) };
}

async function openServices(): Promise<Services> {
  const url = process.env.DATABASE_URL ?? "";
  return {
    db: createDatabase(url, 3),
    cipher: createCipher(new Map([[1, Buffer.from(process.env.WINDLASS_SECRET_KEY ?? "", "hex")]])),
    queue: await openQueue(url),
    live: openLive(url),
    addresses: {
      appsDomain: process.env.WINDLASS_APPS_DOMAIN ?? "localhost",
      appsPort: Number(process.env.WINDLASS_APPS_PORT),
      appsScheme: process.env.WINDLASS_APPS_SCHEME === "https" ? "https" : "http",
    },
  };
}

async function provideSample(services: Services, settings: SampleSettings, isFirstRun: boolean): Promise<void> {
  const found = await findSampleApp(services);
  if (found) return continueSample(services, found.environmentId, isFirstRun);
  if (!isFirstRun || !settings.wanted || (await services.db.app.count()) > 0) return;
  await makeSampleRepository(settings.source, settings.repository);
  const runtime = await defaultRuntime(services);
  await say({ kind: "deploying", runtime });
  const { repository, hosts } = settings;
  const sample = await createSampleApp(services, { repository, branch: "main", runtime, hosts });
  await followToItsEnd(services, sample.deploymentId);
  await deployWithoutDocker(services, sample.environmentId, sample.deploymentId);
}

/** A start that was cut short left it half done: what is under way is followed, what never went live is tried again. */
async function continueSample(services: Services, environmentId: string, isFirstRun: boolean): Promise<void> {
  const environment = await services.db.environment.findUniqueOrThrow({ where: { id: environmentId } });
  const open = await services.db.deployment.findFirst({
    where: { environmentId, status: { in: ["queued", "running"] } },
    orderBy: { number: "desc" },
  });
  if (!open && (environment.currentReleaseId || !isFirstRun)) return;
  await say({ kind: "deploying", runtime: environment.runtime });
  const deploymentId = open?.id ?? (await deploySampleApp(services, environmentId, await defaultRuntime(services)));
  await followToItsEnd(services, deploymentId);
  await deployWithoutDocker(services, environmentId, deploymentId);
}

/** Without a registry in reach Docker has no base image; the sample needs none to run as a process. */
async function deployWithoutDocker(services: Services, environmentId: string, deploymentId: string): Promise<void> {
  const ended = await services.db.deployment.findUniqueOrThrow({
    where: { id: deploymentId },
    include: { environment: true },
  });
  if (ended.endReason !== "image_unavailable" || ended.environment.runtime !== "docker") return;
  await say({ kind: "note", text: "Its base image cannot be pulled here, so it runs as a process instead." });
  await say({ kind: "deploying", runtime: "process" });
  await followToItsEnd(services, await deploySampleApp(services, environmentId, "process"));
}

async function defaultRuntime(services: Services): Promise<"docker" | "process"> {
  const deadline = Date.now() + REPORT_WITHIN_MS;
  for (;;) {
    const runtimes = await readRuntimes(services);
    if (runtimes.workers > 0 || Date.now() > deadline) return runtimes.default;
    await sleep(100);
  }
}

async function followToItsEnd(services: Services, deploymentId: string): Promise<void> {
  const told = new Map<string, string>();
  const watch = services.live.watch([`deployment:${deploymentId}`], new AbortController().signal);
  while (await watch.next()) {
    const { db } = services;
    const deployment = await db.deployment.findUniqueOrThrow({ where: { id: deploymentId } });
    const steps = await db.step.findMany({ where: { deploymentId }, orderBy: { position: "asc" } });
    for (const step of steps) {
      if (told.get(step.name) === step.status) continue;
      told.set(step.name, step.status);
      const startedAt = step.startedAt.getTime();
      const ms = (step.endedAt?.getTime() ?? startedAt) - startedAt;
      await say({ kind: "step", name: step.name, status: step.status, startedAt, ms });
    }
    if (!isEnded(deployment.status)) continue;
    const detail = deployment.endDetail as { message?: string; evidence?: string[] } | null;
    const isWell = deployment.status === "succeeded";
    const message = detail?.message ?? `The deployment was ${deployment.status}.`;
    // Without a base image it is tried again as a process: not yet the end.
    if (deployment.endReason !== "image_unavailable") {
      await say({ kind: "ended", isWell, message, evidence: detail?.evidence ?? [] });
    }
    break;
  }
  watch.close();
}

async function liveSampleUrl(services: Services): Promise<string | null> {
  const sample = await findSampleApp(services);
  if (!sample) return null;
  const environment = await services.db.environment.findUnique({ where: { id: sample.environmentId } });
  return environment?.currentReleaseId ? sample.url : null;
}

await report(firstRun);
