import type { DeploymentEnd, FailureCause } from "@windlass/domain";

/** Where a failure is mended, as a link to the place with words for its button. */
export interface Remedy {
  label: string;
  /** What follows the app's address */
  query: string;
}

/** What the button says, by the setting that it leads to. */
const SETTINGS: Record<string, string> = {
  "config.port": "Change the port",
  "config.command": "Change the start command",
  "config.build": "Change the build",
  "config.resources.memoryMb": "Change the memory limit",
  "config.health": "Change the health check",
  "config.health.kind": "Change the kind of check",
  "config.health.path": "Change the health path",
  "config.health.codes": "Change the expected codes",
  "config.health.body": "Change the text",
  "config.health.headers": "Change the headers",
  "config.health.command": "Change the check's command",
  "config.health.timeoutSeconds": "Change the limit of a check",
  "config.health.startPeriodSeconds": "Change the start period",
};

/** Ends without a cause, by their reason: the part of the settings that they are about. */
const SECTIONS: Record<string, { label: string; section: string }> = {
  unhealthy: { label: "Change the health check", section: "health" },
  build_failed: { label: "Change the build", section: "build" },
  start_failed: { label: "Change how it starts", section: "run" },
  ref_not_found: { label: "Change the branch", section: "source" },
  source_denied: { label: "Change the repository's access", section: "access" },
  source_unreachable: { label: "Look at the source", section: "source" },
  host_key_unknown: { label: "Look at the source", section: "source" },
  runtime_unavailable: { label: "Change the runtime", section: "run" },
  image_unavailable: { label: "Look at the source", section: "source" },
};

/** The one place to go to; null when nothing in Windlass is to be changed. */
export function remedyOf({ reason, cause }: DeploymentEnd): Remedy | null {
  if (cause) return remedyOfCause(cause);
  const known = SECTIONS[reason];
  return known ? { label: known.label, query: `tab=settings#${known.section}` } : null;
}

function remedyOfCause({ place, field }: FailureCause): Remedy | null {
  switch (place) {
    case "settings": {
      const name = field ?? "config.health";
      return {
        label: SETTINGS[name] ?? "Change the settings",
        query: `tab=settings&field=${encodeURIComponent(name)}`,
      };
    }
    case "variables": {
      if (field === null) return { label: "Change the variables", query: "tab=variables" };
      return { label: `Change ${field}`, query: `tab=variables&field=${encodeURIComponent(field)}` };
    }
    case "app":
    case "server":
      return null;
  }
}
