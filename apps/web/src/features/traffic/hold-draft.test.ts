import type { TrafficHold } from "@windlass/domain";
import { describe, expect, it } from "vitest";
import { draftFromHold, holdFromDraft } from "./hold-draft";

describe("the draft of a hold", () => {
  it.each<TrafficHold>([
    {
      kind: "maintenance",
      notice: { title: "Back at noon", text: "We move." },
      retryAfterSeconds: 60,
      allow: ["10.0.0.0/8", "::1"],
    },
    { kind: "paused", maxRequests: 5, maxSeconds: 7 },
  ])("keeps a $kind as it was", (hold) => expect(holdFromDraft(draftFromHold(hold))).toEqual(hold));

  it("takes addresses apart however they are written below each other", () => {
    const draft = { ...draftFromHold(null), allow: " 10.0.0.1,10.0.0.2\n\n 10.0.0.3 " };
    expect(holdFromDraft(draft)).toMatchObject({ allow: ["10.0.0.1", "10.0.0.2", "10.0.0.3"] });
  });
});
