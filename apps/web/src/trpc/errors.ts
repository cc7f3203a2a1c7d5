import type { DomainErrorShape } from "@windlass/api";

const UNREACHABLE = "Windlass cannot be reached. Look at your connection and try again.";

/** What went wrong, in words for the person, with the field it is about when there is one. */
export function problemOf(error: unknown): DomainErrorShape {
  const domain = (error as { data?: { domain?: DomainErrorShape } | null } | null)?.data?.domain;
  return domain ?? { code: "unexpected", message: UNREACHABLE, field: null, evidence: [] };
}

/** The message when the error is about this field (or a part of it), else null. */
export function messageAt(problem: DomainErrorShape | null, field: string): string | null {
  if (!problem?.field) return null;
  return problem.field === field || problem.field.startsWith(`${field}.`) ? problem.message : null;
}
