import type { Prisma } from "@windlass/db";
import { Artifact, EnvironmentConfig, HostName, type Notice, Secret, type StartedInstance } from "@windlass/domain";
import type { LiveRelease, OwnerLabels } from "@windlass/engine";
import { z } from "zod";
import type { Worker } from "../wiring.ts";

export const WITH_LIVE = {
  app: true,
  routes: { orderBy: { createdAt: "asc" } },
  currentRelease: { include: { instances: { where: { status: "running" }, orderBy: { ordinal: "asc" } } } },
} satisfies Prisma.EnvironmentInclude;

export type EnvironmentRow = Prisma.EnvironmentGetPayload<{ include: typeof WITH_LIVE }>;

type InstanceRow = { name: string; ordinal: number; address: string };

export type Variables = Record<string, Secret | string>;

/** As stored in a release: sealed as one, with which of them are secret. */
const SealedVariables = z.record(z.string(), z.object({ value: z.string(), isSecret: z.boolean() }));

/** The environment's variables now, decrypted. */
export async function readVariables({ db, cipher }: Worker, environmentId: string): Promise<Variables> {
  const rows = await db.variable.findMany({ where: { environmentId } });
  return Object.fromEntries(
    rows.map((row) => [row.key, row.secret ? cipher.decrypt(row.secret, "variable") : (row.value ?? "")]),
  );
}

export const secretsIn = (variables: Variables): Secret[] =>
  Object.values(variables).filter((value) => value instanceof Secret);

const plain = (value: Secret | string): string => (value instanceof Secret ? value.reveal() : value);

export function sealVariables({ cipher }: Pick<Worker, "cipher">, variables: Variables): Uint8Array<ArrayBuffer> {
  const entries = Object.entries(variables).map(([key, value]) => [
    key,
    { value: plain(value), isSecret: value instanceof Secret },
  ]);
  return cipher.encrypt(JSON.stringify(Object.fromEntries(entries)), "releaseVariables");
}

export function openVariables({ cipher }: Pick<Worker, "cipher">, sealed: Uint8Array): Variables {
  const entries = SealedVariables.parse(JSON.parse(cipher.decrypt(sealed, "releaseVariables").reveal()));
  return Object.fromEntries(
    Object.entries(entries).map(([key, { value, isSecret }]) => [key, isSecret ? new Secret(value) : value]),
  );
}

export const digestVariables = ({ cipher }: Pick<Worker, "cipher">, variables: Variables): Record<string, string> =>
  Object.fromEntries(Object.entries(variables).map(([key, value]) => [key, cipher.digest(plain(value), "variable")]));

export const labelsOf = (
  worker: Worker,
  environment: EnvironmentRow,
  deploymentId: string,
  releaseId: string,
): OwnerLabels => ({
  owner: worker.owner,
  teamId: environment.teamId,
  appId: environment.appId,
  appSlug: environment.app.slug,
  environmentId: environment.id,
  environmentSlug: environment.slug,
  deploymentId,
  releaseId,
});

export const hostsOf = (environment: Pick<EnvironmentRow, "routes">): HostName[] =>
  environment.routes.map((route) => HostName.parse(route.host));

/** The release that takes the traffic now, when there is one; without instances while the environment is stopped. */
export function liveReleaseOf(environment: EnvironmentRow): LiveRelease | null {
  const release = environment.currentRelease;
  if (!release) return null;
  return {
    releaseId: release.id,
    artifact: Artifact.parse(release.artifact),
    instances: release.instances.map(instanceOf),
    config: { ...EnvironmentConfig.parse(release.config), instances: release.instances.length || 1 },
    commitSha: release.commitSha,
    variableDigests: release.variableDigests as Record<string, string>,
  };
}

export function instanceOf({ name, ordinal, address }: InstanceRow): StartedInstance {
  const colon = address.lastIndexOf(":");
  return { name, ordinal, address: { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) } };
}

const WHEN = new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeStyle: "short", timeZone: "UTC" });

/** What people who open a stopped environment are told. */
export function stoppedNotice({ app, stoppedAt, stoppedBy }: EnvironmentRow): Notice | null {
  if (!stoppedAt) return null;
  return {
    title: `${app.name} is stopped`,
    text: `Stopped by ${stoppedBy ?? "somebody"}, since ${WHEN.format(stoppedAt)} UTC.`,
  };
}

/** The ordinals of a release's first `count` instances. */
export const firstOrdinals = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);
