import type { TrafficHold } from "@windlass/domain";

/** A hold as it stands in the form: text, as it is typed, of both kinds at once. */
export interface HoldDraft {
  kind: TrafficHold["kind"];
  title: string;
  text: string;
  retryAfterSeconds: string;
  allow: string;
  maxRequests: string;
  maxSeconds: string;
}

const DEFAULT_DRAFT: HoldDraft = {
  kind: "maintenance",
  title: "Back in a moment",
  text: "We are working on this site. Please try again shortly.",
  retryAfterSeconds: "300",
  allow: "",
  maxRequests: "1000",
  maxSeconds: "30",
};

export function draftFromHold(hold: TrafficHold | null): HoldDraft {
  if (hold === null) return DEFAULT_DRAFT;
  if (hold.kind === "paused") {
    const { maxRequests, maxSeconds } = hold;
    return { ...DEFAULT_DRAFT, kind: "paused", maxRequests: String(maxRequests), maxSeconds: String(maxSeconds) };
  }
  const { notice, retryAfterSeconds, allow } = hold;
  return { ...DEFAULT_DRAFT, ...notice, retryAfterSeconds: String(retryAfterSeconds), allow: allow.join("\n") };
}

export function holdFromDraft(draft: HoldDraft): TrafficHold {
  if (draft.kind === "paused")
    return { kind: "paused", maxRequests: Number(draft.maxRequests), maxSeconds: Number(draft.maxSeconds) };
  return {
    kind: "maintenance",
    notice: { title: draft.title, text: draft.text },
    retryAfterSeconds: Number(draft.retryAfterSeconds),
    allow: draft.allow.split(/[\s,]+/).filter((range) => range !== ""),
  };
}
