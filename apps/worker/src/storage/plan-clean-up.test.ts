import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { createRandom } from "../testing/random.ts";
import { pastKept } from "./past-kept.ts";
import { type Books, type Bounds, planCleanUp, type Thing } from "./plan-clean-up.ts";

const NOW = Date.parse("2026-11-21T12:00:00Z");
const DAY = 86_400_000;
const BOUNDS: Bounds = { mirrorDays: 30, mirrorBytes: 100, cacheDays: 14, cacheBytes: 100 };
const ENVIRONMENT = randomUUID();

const thing = (kind: Thing["kind"], change: Partial<Thing> = {}): Thing => ({
  kind,
  name: `${kind} ${randomUUID()}`,
  environmentId: null,
  releaseId: null,
  bytes: 10,
  usedAt: new Date(NOW - DAY),
  use: "docker",
  ...change,
});

function books(change: Partial<Books> = {}): Books {
  return {
    environments: new Set([ENVIRONMENT]),
    releases: new Map(),
    forgotten: new Map(),
    deployments: new Map(),
    ...change,
  };
}

const about = (id: string, row: object) => new Map([[id, { environmentId: ENVIRONMENT, number: 1, ...row }]]) as never;
const reasons = (things: Thing[], of: Books, bounds = BOUNDS) =>
  planCleanUp(things, of, bounds, NOW).map(({ reason }) => reason);

describe("a clean-up", () => {
  const releaseId = randomUUID();
  const image = thing("image", { releaseId });

  it("takes a release that is kept no longer, and none that is", () => {
    expect(reasons([image], books({ releases: about(releaseId, { isKept: false }) }))).toEqual(["past_kept"]);
    expect(reasons([image], books({ forgotten: about(releaseId, {}) }))).toEqual(["past_kept"]);
    expect(reasons([image], books({ releases: about(releaseId, { isKept: true }) }))).toEqual([]);
  });

  it("takes what a deployment left that has ended, and nothing of one that has not", () => {
    const source = thing("source", { releaseId, use: "sources" });
    expect(reasons([image, source], books({ deployments: about(releaseId, { isEnded: true }) }))).toEqual([
      "killed_build",
      "killed_build",
    ]);
    expect(reasons([image, source], books({ deployments: about(releaseId, { isEnded: false }) }))).toEqual([]);
  });

  it("takes what no row tells of any more, and leaves what it does not understand", () => {
    const cache = thing("cache", { environmentId: randomUUID(), usedAt: new Date(NOW) });
    expect(reasons([image, cache], books())).toEqual(["environment_deleted", "environment_deleted"]);
    expect(reasons([thing("image", { releaseId: "latest" }), thing("image"), thing("network")], books())).toEqual([]);
  });

  it("takes caches and mirrors past their days, and the oldest past their bound; the others when somebody wants that", () => {
    const used = (days: number, bytes: number) => ({ usedAt: new Date(NOW - days * DAY), bytes });
    const layers = [thing("layer", used(20, 1)), thing("layer", used(3, 60)), thing("layer", used(2, 90))];
    expect(planCleanUp(layers, books(), BOUNDS, NOW).map(({ reason }) => reason)).toEqual([
      "cache_past_bound",
      "cache_past_bound",
      "filled_again",
    ]);
    const mirrors = [thing("mirror", used(2, 101)), thing("mirror", used(40, 5))];
    expect(reasons(mirrors, books())).toEqual(["unused_mirror", "mirrors_past_bound"]);
  });

  it("leaves what was used a moment ago, however much it is", () => {
    const lately = { usedAt: new Date(NOW - 60_000), bytes: 1e12 };
    expect(reasons([thing("layer", lately), thing("mirror", lately), thing("cache", lately)], books())).toEqual([]);
  });

  it("never takes anything of a release that is live, runs, is wanted, or is one of those that are kept", () => {
    const random = createRandom(20261121);
    for (let round = 0; round < 500; round++) {
      const keeping = { keepReleases: 1 + random.below(5), keepDays: random.below(3) * 30 };
      const count = 1 + random.below(12);
      const live = random.below(count);
      const rows = Array.from({ length: count }, (_, index) => {
        const createdAt = new Date(NOW - index * 20 * DAY);
        const status = random.below(6) === 0 ? (["running", "warm", "retiring"][random.below(3)] ?? "") : "stopped";
        const instances = [{ status, warmedAt: null, stoppedAt: createdAt }];
        return { id: randomUUID(), createdAt, isLive: index === live, isWanted: random.below(8) === 0, instances };
      });
      const past = new Set(pastKept(rows, keeping, NOW).map(({ id }) => id));
      const releases = new Map(
        rows.map(({ id, isLive }) => [id, { environmentId: ENVIRONMENT, number: 1, isLive, isKept: !past.has(id) }]),
      );
      const things = rows.map(({ id }) => thing(random.below(2) ? "image" : "folder", { releaseId: id }));
      const gone = new Set(planCleanUp(things, books({ releases }), BOUNDS, NOW).map((one) => one.thing.releaseId));
      const before = rows.filter(({ isLive }) => !isLive);
      for (const [index, { id, isWanted, instances, createdAt }] of before.entries()) {
        const isYoung = keeping.keepDays === 0 || createdAt.getTime() >= NOW - keeping.keepDays * DAY;
        const isKept = index < keeping.keepReleases && (index === 0 || isYoung);
        const mustStay = isWanted || isKept || instances.some(({ status }) => status !== "stopped");
        expect(gone.has(id), `round ${round}, release ${index} of ${count}`).toBe(!mustStay);
      }
      expect(gone.has(rows[live]?.id ?? "")).toBe(false);
    }
  });
});
