import type { Artifact, EnvironmentConfig, GitRef, HostName, Notice, Secret, StartedInstance } from "@windlass/domain";
import type { OwnerLabels, SourceAccess } from "../ports.ts";

/** The release that takes the traffic while this deployment runs. */
export interface LiveRelease {
  releaseId: string;
  artifact: Artifact;
  instances: StartedInstance[];
  config: EnvironmentConfig;
  commitSha: string | null;
  variableDigests: Record<string, string>;
}

/** What any pipeline needs to know; a picture taken when the deployment started. */
export interface ReleaseRequest {
  deploymentId: string;
  labels: OwnerLabels;
  /** The lease's: it goes with every command to the router */
  fencingToken: number;
  hosts: HostName[];
  /** Which instances of the release shall run */
  ordinals: number[];
  config: EnvironmentConfig;
  variables: Record<string, Secret | string>;
  variableDigests: Record<string, string>;
  live: LiveRelease | null;
  /** What people are told while nothing is live: that it is stopped */
  notice: Notice | null;
}

export interface DeployRequest extends ReleaseRequest {
  access: SourceAccess;
  /** Empty for an image */
  ref: GitRef | "";
  /** Asked for on purpose also when what is live contains the commit already */
  allowOlder: boolean;
  /** Asked for on purpose: nothing that was built before is taken, nor what the build's cache has */
  rebuild: boolean;
}

/** A release that exists already. */
export interface RelaunchRequest extends ReleaseRequest {
  artifact: Artifact;
  commitSha: string | null;
  /** Whether it took traffic and was not turned back for what it did then */
  hasServed: boolean;
}

export interface RollbackRequest extends RelaunchRequest {
  /** The release's instances that run on out of the traffic, when it stayed warm */
  warm: StartedInstance[];
}

export interface RemoveRequest extends ReleaseRequest {
  /** Deployments whose source may lie about */
  deploymentIds: string[];
  /** When nothing else uses the source: what was kept of it goes too */
  unusedSource: SourceAccess | null;
}
