"use client";

import { useCan, useSession } from "./team-context";

/** Says why nothing can be changed, to those whose role may only look. */
export function LooksOnly() {
  const { team } = useSession();
  if (useCan()("environment", "update")) return null;
  return (
    <p className="rounded-md border border-border bg-waiting-ground px-4 py-3 text-sm">
      Your role in {team.name} ({team.role}) may look only. Ask one of its admins to change something here, or your
      role.
    </p>
  );
}
