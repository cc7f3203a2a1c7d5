import type { ConfigChange, DeploymentPlan } from "./deployment.ts";
import type { EnvironmentConfig } from "./settings.ts";

/** The settings that differ, by dotted name. `before` null: there was no release. */
export function diffConfig(before: EnvironmentConfig | null, after: EnvironmentConfig): ConfigChange[] {
  const old = before ? flatten(before) : new Map<string, string>();
  const now = flatten(after);
  if (!before) return [];
  return [...new Set([...old.keys(), ...now.keys()])]
    .filter((name) => old.get(name) !== now.get(name))
    .map((name) => ({ name, before: old.get(name) ?? null, after: now.get(name) ?? null }));
}

/** Names that were added, changed or removed between two maps of digests; values never appear. */
export function diffNames(before: Record<string, string>, after: Record<string, string>): DeploymentPlan["variables"] {
  const names = (keep: (name: string) => boolean, of: Record<string, string>) => Object.keys(of).filter(keep).sort();
  return {
    added: names((name) => !(name in before), after),
    changed: names((name) => name in before && before[name] !== after[name], after),
    removed: names((name) => !(name in after), before),
  };
}

function flatten(value: unknown, prefix = ""): Map<string, string> {
  if (Array.isArray(value) || typeof value !== "object" || value === null) {
    return value === undefined
      ? new Map()
      : new Map([[prefix, typeof value === "string" ? value : JSON.stringify(value)]]);
  }
  return new Map(
    Object.entries(value).flatMap(([key, inner]) => [...flatten(inner, prefix ? `${prefix}.${key}` : key)]),
  );
}
