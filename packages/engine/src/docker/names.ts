import { createHash } from "node:crypto";
import type { OwnerLabels } from "../ports.ts";

// Names that follow from what a thing is, so that whoever comes after a crash finds it again, and labels that say whose
// it is, so that nothing else is ever touched.

/** Interfaces of Windlass's bridges begin so; the host's firewall rule matches on it. */
export const BRIDGE_PREFIX = "wl";

const digest = (text: string, length: number): string =>
  createHash("sha256").update(text).digest("hex").slice(0, length);

/** The last part of a UUIDv7 is its random one: two releases of one second differ there. */
const shortId = (id: string): string =>
  id
    .toLowerCase()
    .replace(/[^a-z0-9]/g, "")
    .slice(-12);

export const containerName = (labels: OwnerLabels, ordinal: number | string): string =>
  `wl-${labels.appSlug}-${labels.environmentSlug}-${shortId(labels.releaseId)}-${ordinal}`;

/** What the names of all of an owner's images begin with. */
export const imagePrefix = (owner: string): string => `windlass/${digest(owner, 10)}/`;

/** What the names of an environment's images end with, before the tag. */
const imageSuffix = (environmentId: string): string => `-${digest(environmentId, 10)}`;

/**
 * Whose an image is stands in its name and not in labels: the classic builder makes a step of each label, 70 ms apiece,
 * and two releases with the same content would be two images.
 */
export const imageTag = ({ owner, appSlug, environmentSlug, environmentId, releaseId }: OwnerLabels): string =>
  `${imagePrefix(owner)}${appSlug}-${environmentSlug}${imageSuffix(environmentId)}:${releaseId}`;

/** The release id in an image's tag, when it is of this owner's environment. */
export function releaseOfTag(tag: string, owner: string, environmentId: string): string | undefined {
  const colon = tag.lastIndexOf(":");
  const isOurs = tag.startsWith(imagePrefix(owner)) && tag.slice(0, colon).endsWith(imageSuffix(environmentId));
  return isOurs ? tag.slice(colon + 1) : undefined;
}

/** A network by what it is for: an environment's id, or a team's builds. Owners that share an engine have different ones. */
export function networkNames(owner: string, purpose: string): { network: string; bridge: string; seed: number } {
  const hash = digest(`${owner}\n${purpose}`, 20);
  return {
    network: `wl-net-${hash}`,
    // Linux cuts an interface's name at 15 characters.
    bridge: `${BRIDGE_PREFIX}${hash.slice(0, 12)}`,
    seed: Number.parseInt(hash.slice(0, 8), 16),
  };
}

/** What a network is for that a team's builds run in. */
export const buildPurpose = (teamId: string): string => `build ${teamId}`;
export const isBuildPurpose = (purpose: string | undefined): boolean => purpose?.startsWith("build ") === true;

const LABEL_KEYS = {
  owner: "io.windlass.owner",
  teamId: "io.windlass.team",
  appId: "io.windlass.app",
  appSlug: "io.windlass.app-slug",
  environmentId: "io.windlass.environment",
  environmentSlug: "io.windlass.environment-slug",
  deploymentId: "io.windlass.deployment",
  releaseId: "io.windlass.release",
} as const satisfies Record<keyof OwnerLabels, string>;

/** On all that an owner's builds make, also on what is no part of an image in the end. */
export const BUILT_BY_LABEL = "io.windlass.built-by";

/** The port that the app in a container listens on. */
export const PORT_LABEL = "io.windlass.port";

/** Which of its release's instances a container is. */
export const ORDINAL_LABEL = "io.windlass.ordinal";

export function writeLabels(labels: OwnerLabels): Record<string, string> {
  return Object.fromEntries(
    Object.entries(LABEL_KEYS).map(([key, name]) => [name, labels[key as keyof OwnerLabels]] as const),
  );
}

/** The labels on a thing, or undefined when it is not one of ours. */
export function readLabels(labels: Record<string, string> | null | undefined): OwnerLabels | undefined {
  const entries = Object.entries(LABEL_KEYS).map(([key, name]) => [key, labels?.[name]] as const);
  if (entries.some(([, value]) => value === undefined)) return undefined;
  return Object.fromEntries(entries) as unknown as OwnerLabels;
}

/** An engine filter for what an owner has, in one environment when given. */
export function ownedBy(owner: string, environmentId?: string): { label: string[] } {
  const label = [`${LABEL_KEYS.owner}=${owner}`];
  if (environmentId !== undefined) label.push(`${LABEL_KEYS.environmentId}=${environmentId}`);
  return { label };
}

/** The labels of a network: it belongs to an environment, not to a release. */
export function networkLabels(owner: string, environmentId: string): Record<string, string> {
  return { [LABEL_KEYS.owner]: owner, [LABEL_KEYS.environmentId]: environmentId };
}

/** The environment that a container's or network's labels name. */
export const environmentOfLabels = (labels: Record<string, string> | null | undefined): string | undefined =>
  labels?.[LABEL_KEYS.environmentId];
