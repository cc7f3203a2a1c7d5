import type { Artifact, EnvironmentConfig, GitRef, HostName, Secret, StartedInstance } from "@windlass/domain";
import type { OwnerLabels, SourceAccess } from "../ports.ts";

/** The release that takes the traffic while this deployment runs. */
export interface LiveRelease {
  releaseId: string;
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
}

export interface DeployRequest extends ReleaseRequest {
  access: SourceAccess;
  /** Empty for an image */
  ref: GitRef | "";
  /** Asked for on purpose also when what is live contains the commit already */
  allowOlder: boolean;
}

export interface RollbackRequest extends ReleaseRequest {
  artifact: Artifact;
  commitSha: string | null;
  /** The release's instances that run on out of the traffic, when it stayed warm */
  warm: StartedInstance[];
}
