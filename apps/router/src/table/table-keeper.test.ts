import { describe, expect, it } from "vitest";
import type { ServiceRecord } from "./draft-table.ts";
import { NotSaved, TableKeeper } from "./table-keeper.ts";

describe("the keeper of the table", () => {
  it("saves before anything takes effect, and commands that wait share one save", async () => {
    const events: string[] = [];
    const firstSave = Promise.withResolvers<void>();
    const keeper = new TableKeeper(
      new Map(),
      async (records) => {
        events.push(`save ${[...records.keys()]}`);
        if (events.length === 1) await firstSave.promise;
      },
      (changed) => void events.push(`live ${[...changed]}`),
    );
    const apply = (service: string) =>
      keeper.change((draft) => draft.apply({ service, token: 1, hosts: [], target: null }));
    const commands = [apply("a")];
    commands.push(apply("b"), apply("c"));
    expect(events).toEqual(["save a"]);
    firstSave.resolve();
    await Promise.all(commands);
    expect(events).toEqual(["save a", "live a", "save a,b,c", "live b,c"]);
  });

  it("changes nothing when the disk refuses, and works again when it does not", async () => {
    let disk: "full" | "free" = "full";
    const live: ReadonlyMap<string, ServiceRecord>[] = [];
    const keeper = new TableKeeper(
      new Map(),
      async () => {
        if (disk === "full") throw Object.assign(new Error("no space"), { code: "ENOSPC" });
      },
      (_changed, records) => void live.push(records),
    );
    const apply = () => keeper.change((draft) => draft.apply({ service: "a", token: 1, hosts: [], target: null }));
    await expect(apply()).rejects.toBeInstanceOf(NotSaved);
    expect(live).toEqual([]);
    disk = "free";
    await apply();
    expect(live[0]?.has("a")).toBe(true);
  });

  it("answers the others when one command of a batch is refused", async () => {
    const keeper = new TableKeeper(
      new Map(),
      async () => {},
      () => {},
    );
    const results = await Promise.allSettled([
      keeper.change((draft) => draft.apply({ service: "a", token: 2, hosts: [], target: null })),
      keeper.change((draft) => draft.fence("a", 1)),
      keeper.change((draft) => draft.fence("a", 3)),
    ]);
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  });
});
