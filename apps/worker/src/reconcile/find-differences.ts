import type { Prisma } from "@windlass/db";
import { Artifact, type FindingKind, type RouterTable, RuntimeKind, type Target } from "@windlass/domain";
import { type InstanceState, isEngineAway, type RuntimePorts, targetOf } from "@windlass/engine";
import { hostsOf, instanceOf } from "../deployment/load-release.ts";
import type { Worker } from "../wiring.ts";
import type { RestartCount } from "./count-restarts.ts";

/** Something is not as the rows say. */
export interface Difference {
  kind: FindingKind;
  /** The instance, host or artifact it is about */
  subject: string;
  /** What was seen, in a sentence */
  seen: string;
  runtime: RuntimeKind;
  releaseId?: string;
  artifact?: Artifact;
}

const WITH_KEPT = {
  app: true,
  routes: { orderBy: { createdAt: "asc" } },
  releases: {
    where: { removedAt: null },
    include: { instances: { where: { status: { not: "stopped" } }, orderBy: { ordinal: "asc" } } },
  },
} satisfies Prisma.EnvironmentInclude;

type Environment = Prisma.EnvironmentGetPayload<{ include: typeof WITH_KEPT }>;
type Release = Environment["releases"][number];

/** What the rows say should be, against what the runtimes and the router say is. Changes nothing. */
export async function findDifferences(
  worker: Worker,
  environmentId: string,
  /** Null when the router does not answer: then nothing is said of routes */
  table: RouterTable | null,
  restarts: RestartCount,
): Promise<Difference[]> {
  const environment = await worker.db.environment.findUnique({ where: { id: environmentId }, include: WITH_KEPT });
  if (!environment) return [];
  const live = environment.releases.find(({ id }) => id === environment.currentReleaseId);
  try {
    return await compare(worker, environment, live, table, restarts);
  } catch (error) {
    if (!live || !isEngineAway(error)) throw error;
    const { message } = error as Error;
    return [{ kind: "runtime_unavailable", subject: live.runtime, seen: message, runtime: live.runtime }];
  }
}

async function compare(
  worker: Worker,
  environment: Environment,
  live: Release | undefined,
  table: RouterTable | null,
  restarts: RestartCount,
): Promise<Difference[]> {
  const found: Difference[] = [];
  if (live) {
    const adapters = worker.runtimeOf(live.runtime);
    if ("problem" in adapters)
      return [{ kind: "runtime_unavailable", subject: live.runtime, seen: adapters.problem, runtime: live.runtime }];
    if (!environment.stoppedAt) found.push(...(await checkLive(adapters, live, restarts)));
    found.push(...checkRoutes(environment, live, table));
  }
  for (const kind of RuntimeKind.options) {
    const adapters = worker.runtimeOf(kind);
    if (!("problem" in adapters)) found.push(...(await checkOwned(adapters, environment)));
  }
  return found;
}

async function checkLive({ runtime }: RuntimePorts, live: Release, restarts: RestartCount): Promise<Difference[]> {
  const about = { releaseId: live.id, runtime: live.runtime };
  const running = live.instances.filter(({ status }) => status === "running");
  if (running.length === 0) {
    const seen = `No instance of release ${live.number}, which is live, was running.`;
    return [{ kind: "instance_down", subject: `release ${live.number}`, seen, ...about }];
  }
  const found: Difference[] = [];
  for (const { name, address } of running) {
    const state = await runtime.inspect(name);
    const look = (kind: FindingKind, seen: string) => found.push({ kind, subject: name, seen, ...about });
    const again = state.state === "missing" ? 0 : restarts.add(name, state.restarts);
    if (again > 0) look("crash_loop", `The app ended and was started again ${again} times in the last minutes.`);
    else if (state.state !== "running") look("instance_down", howItEnded(state));
    else if (state.address.host === "") look("instance_unreachable", "The instance runs, but is on no network.");
    else if (`${state.address.host}:${state.address.port}` !== address)
      look("address_moved", `The instance runs at ${state.address.host}:${state.address.port}, not at ${address}.`);
  }
  return found;
}

function howItEnded(state: Exclude<InstanceState, { state: "running" }>): string {
  if (state.state === "missing") return "The instance of the live release was gone.";
  if (state.outOfMemory) return "The live release's instance used more memory than its limit and was ended.";
  if (state.signal) return `The live release's instance was ended by ${state.signal}.`;
  const code = state.exitCode === null ? "" : ` with exit code ${state.exitCode}`;
  return `The live release's instance had ended${code}.`;
}

function checkRoutes(environment: Environment, live: Release, table: RouterTable | null): Difference[] {
  const running = live.instances.filter(({ status }) => status === "running");
  const isStopped = environment.stoppedAt !== null;
  if (!table || (running.length === 0 && !isStopped)) return [];
  const about = {
    kind: "route_lost" as const,
    subject: environment.routes[0]?.host ?? "router",
    runtime: live.runtime,
  };
  const service = table.services.find(({ service }) => service === environment.id);
  if (!service) return [{ ...about, seen: "The router did not know the environment." }];
  const hosts = hostsOf(environment);
  if (!sameSet(service.hosts, hosts))
    return [
      { ...about, seen: `The router sent ${service.hosts.join(", ") || "no host"} here, not ${hosts.join(", ")}.` },
    ];
  const { hold, holdApplied, holdVersion } = environment;
  if (holdApplied === holdVersion && (hold === null) !== (service.hold === null))
    return [{ ...about, seen: "The router did not know whether requests are held back." }];
  const is = service.target;
  if (isStopped) {
    const isClosed = is === null && service.notice !== null;
    return isClosed ? [] : [{ ...about, seen: "The router did not know that the environment is stopped." }];
  }
  const should = targetOf(live.id, running.map(instanceOf));
  if (is?.id === should.id && sameSet(listAddresses(is), listAddresses(should))) return [];
  const seen = `The router sent requests to ${listAddresses(is).join(", ") || "nothing"}, not to ${listAddresses(should).join(", ")}.`;
  return [{ ...about, seen }];
}

const listAddresses = (target: Target | null): string[] =>
  target?.addresses.map(({ host, port }) => `${host}:${port}`) ?? [];

const sameSet = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((one) => b.includes(one));

/** What is there of the environment in one runtime, and whether something accounts for it. */
async function checkOwned(adapters: RuntimePorts, environment: Environment): Promise<Difference[]> {
  const { kind: runtime } = adapters.runtime;
  const [instances, artifacts, strangers] = await Promise.all([
    adapters.runtime.listOwned(environment.id),
    adapters.builder.listOwned(environment.id),
    adapters.inventory.strangers(environment.id),
  ]);
  const releases = environment.releases.filter((release) => release.runtime === runtime);
  const rows = releases.flatMap((release) => release.instances.map((row) => ({ ...row, release })));
  const found: Difference[] = [];
  for (const { name, labels } of instances) {
    const isOfLive = labels.releaseId === environment.currentReleaseId && !environment.stoppedAt;
    if (isOfLive || rows.some((row) => row.name === name)) continue;
    found.push({
      kind: "instance_left",
      subject: name,
      seen: `${name} is there, and nothing accounts for it.`,
      runtime,
    });
  }
  for (const { name, status, release } of rows) {
    if (status === "running" && release.id === environment.currentReleaseId) continue;
    if (status === "retiring") {
      found.push({ kind: "instance_left", subject: name, seen: `${name} was replaced, and still there.`, runtime });
      continue;
    }
    const { state } = await adapters.runtime.inspect(name);
    if (state === "running") continue;
    const seen = `${name} of release ${release.number}, which was kept running, had ended.`;
    found.push({ kind: "instance_gone", subject: name, seen, runtime });
  }
  for (const { releaseId, artifact } of artifacts) {
    if (releases.some(({ id }) => id === releaseId)) continue;
    const subject = nameOf(artifact);
    found.push({ kind: "artifact_left", subject, seen: `${subject} belongs to no kept release.`, runtime, artifact });
  }
  for (const release of releases) {
    if (artifacts.some(({ releaseId }) => releaseId === release.id)) continue;
    const subject = nameOf(Artifact.parse(release.artifact));
    const seen = `Release ${release.number} is kept, but ${subject} was removed from the server.`;
    found.push({ kind: "artifact_missing", subject, seen, runtime, releaseId: release.id });
  }
  for (const name of strangers) {
    const seen = `The container ${name}, which Windlass did not make, is on the environment's network.`;
    found.push({ kind: "stranger", subject: name, seen, runtime });
  }
  return found;
}

const nameOf = (artifact: Artifact): string => (artifact.kind === "image" ? artifact.tag : artifact.path);
